"""Calculation lines bound to a published figure: nothing moves by itself, everything that moved is named."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import Union
from apps.budget.checks import edition_findings
from apps.budget.models import CalcLine, Edition
from apps.budget.rules.calculation import Method
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.sources import line_state, source_findings
from apps.budget.selectors.waiting import moved_figures
from apps.budget.services.lines import change_line
from apps.budget.services.plans import copy_last_year, create_plan
from apps.budget.services.sources import (
    accept_reading,
    bind_source,
    keep_reading,
    read_source,
    unbind_source,
)
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.quantities import CountedRow, Parameter, Reading
from tests.factories import UnionFactory, UserFactory

COUNTIES = "accounts.county_unions"
GRASSROOTS = "accounts.grassroots_unions"
PRIOR = "budget.prior_year_quantity"


@pytest.fixture
def line(office) -> CalcLine:
    """A line of 245 people in an open 一上, in a city with two counties."""
    UnionFactory(name="示例甲县总工会")
    UnionFactory(name="示例乙县总工会")
    return office.plan().editions.get().items.get().lines.get()


def bind(office, line, key=COUNTIES, **values) -> CalcLine:
    parameters = values.pop("parameters", {})
    source = quantities.find(key)
    if source is not None:  # a line counts in the unit of its source
        CalcLine.objects.filter(pk=line.pk).update(unit=source.unit)
    return bind_source(
        line_id=line.pk, key=key, parameters=parameters, actor=office.clerk, now=office.now, **values
    )


def state(line):
    return line_state(CalcLine.objects.select_related("item__edition__plan__union").get(pk=line.pk))


def findings(line) -> list[str]:
    edition = Edition.objects.for_detail().get(items__lines=line.pk)
    return [
        found.message for found in edition_findings(edition) if found.finding.code.startswith("data.source")
    ]


def change(office, line, **values) -> None:
    version = CalcLine.objects.get(pk=line.pk).version
    change_line(line_id=line.pk, actor=office.clerk, values=values, seen_version=version, now=office.now)


# --- the built-in sources -------------------------------------------------------------------------------------


def test_three_sources_are_published():
    assert {COUNTIES, GRASSROOTS, PRIOR} <= {source.key for source in quantities.all_sources()}


def test_unions_are_counted_below_the_asking_union_and_in_use(office):
    county = UnionFactory(name="示例甲县总工会")
    UnionFactory(name="已撤并县总工会", is_active=False)
    UnionFactory(grassroots=True, parent=county)
    UnionFactory(grassroots=True, parent=UnionFactory(name="示例乙县总工会"))

    def count(key: str, path: str) -> Decimal:
        return (
            quantities.find(key).read(union_path=path, year=2016, as_of=date(2016, 1, 1), parameters={}).value
        )

    assert count(COUNTIES, office.union.path) == 2
    assert count(GRASSROOTS, county.path) == 1
    assert count(GRASSROOTS, office.union.path) == 2


def test_last_years_count_is_found_by_lineage_and_label(office):
    office.ratify(office.plan(year=2015))
    plan = create_plan(union_id=office.union.pk, year=2016, book="fiscal", actor=office.clerk, now=office.now)
    copy_last_year(edition_id=plan.editions.get().pk, actor=office.clerk, now=office.now)
    line = CalcLine.objects.get(item__edition__plan=plan)
    change(office, line, people=251)
    bound = bind(office, line, PRIOR)
    assert (bound.people, bound.source_value) == (245, 245)
    change(office, line, label="改了名")
    assert state(line).reading.value == 245


@pytest.fixture
def copied(office) -> Callable[[str, int], Edition]:
    """An open 一上 in which so many lines are bound to their own figure of last year."""

    def make(book: str, count: int) -> Edition:
        office.ratify(office.plan(year=2015, book=book, items=count))
        plan = create_plan(union_id=office.union.pk, year=2016, book=book, actor=office.clerk, now=office.now)
        copy_last_year(edition_id=plan.editions.get().pk, actor=office.clerk, now=office.now)
        for line in CalcLine.objects.filter(item__edition__plan=plan):
            bind(office, line, PRIOR)
        return Edition.objects.for_detail().get(plan=plan)

    return make


def test_findings_ask_a_source_once_however_many_lines_hang_on_it(copied):
    def queries(edition: Edition) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert list(source_findings(edition_sheet(edition))) == []
        return len(captured)

    assert queries(copied("union", 12)) == queries(copied("fiscal", 2))


def test_a_source_asked_for_many_answers_each_for_itself(copied):
    edition = copied("fiscal", 3)
    bound = CalcLine.objects.filter(item__edition=edition).order_by("id")
    CalcLine.objects.filter(pk=bound[0].pk).update(source_value=200)
    CalcLine.objects.filter(pk=bound[1].pk).update(
        source_parameters=bound[1].source_parameters | {"label": "没有"}
    )
    messages = [found.message for found in source_findings(edition_sheet(edition))]
    assert len(messages) == 2
    assert "示例项目甲" in messages[0]
    assert "+45 自上次读取" in messages[0]
    assert "示例项目乙" in messages[1]
    assert "读不到数" in messages[1]


def test_without_a_last_year_there_is_a_sentence_and_no_zero(office, line):
    with pytest.raises(Refused, match="2015年没有已审定的预算"):
        bind(office, line, PRIOR)
    assert CalcLine.objects.get(pk=line.pk).people == 245


# --- binding --------------------------------------------------------------------------------------------------


def test_binding_reads_and_the_line_takes_the_figure(office, line):
    bound = bind(office, line)
    assert (bound.people, bound.source_value, bound.source_kept_reason) == (2, 2, "")
    assert set(bound.source_rows.values()) == {"示例甲县总工会", "示例乙县总工会"}
    assert bound.source_read_at is not None
    bound.refresh_from_db()
    assert bound.amount == Decimal("3000.00")


def test_binding_may_keep_the_lines_own_figure_with_a_reason(office, line):
    with pytest.raises(Refused, match="保留原数的理由"):
        bind(office, line, keep_reason=" ")
    bound = bind(office, line, keep_reason="按会议名额计。")
    assert (bound.people, bound.source_value, bound.source_kept_reason) == (245, 2, "按会议名额计。")
    assert findings(line) == []


def test_only_a_counted_line_is_bound(office, line):
    change(office, line, method="quota", fixed_amount=Decimal(5))
    with pytest.raises(Refused, match="只有按数量测算的行"):
        bind(office, line)


def test_an_unknown_source_is_refused(office, line):
    with pytest.raises(Refused, match="没有这个数据来源"):
        bind(office, line, "gone.source")


def test_a_line_that_is_no_longer_counted_lets_its_source_go(office, line):
    bind(office, line)
    change(office, line, method="quota", fixed_amount=Decimal(5))
    line.refresh_from_db()
    assert (line.source_key, line.source_value, line.source_rows) == ("", None, {})


def test_a_figure_below_the_part_of_which_is_refused(office, line):
    change(office, line, of_which_label="破产企业", of_which_people=6)
    with pytest.raises(Refused, match="超过本行的数量"):
        bind(office, line)


# --- a source with parameters, that may go away ---------------------------------------------------------------


class Roll:
    """A published list the test changes at will."""

    key = "test.roll"
    label = "示例名册人数"
    unit = "人"
    permission = ""
    parameters: tuple[Parameter, ...] = (Parameter("class", "档次", (("1", "获得一次"), ("2", "获得二次"))),)

    def __init__(self) -> None:
        self.names = {"1": ["示例·甲", "示例·乙"], "2": ["示例·丙"]}
        self.value: Decimal | None = None

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        names = self.names[parameters["class"]]
        value = Decimal(len(names)) if self.value is None else self.value
        return Reading(value, as_of, tuple(CountedRow(name, name) for name in names))


@pytest.fixture
def roll() -> Iterator[Roll]:
    source = Roll()
    quantities._sources[source.key] = source
    yield source
    quantities._sources.pop(source.key, None)


@pytest.fixture
def bound(office, line, roll) -> CalcLine:
    return bind(office, line, roll.key, parameters={"class": "1"})


def test_a_parameter_is_asked_for_and_checked(office, line, roll):
    with pytest.raises(Refused, match="请选择“档次”") as refused:
        bind(office, line, roll.key)
    assert refused.value.field == "class"
    with pytest.raises(Refused, match="没有“9”这一项"):
        bind(office, line, roll.key, parameters={"class": "9"})
    assert bind(office, line, roll.key, parameters={"class": "2"}).people == 1


def test_a_way_to_calculate_that_is_taken_back_brings_its_source_back(office, line):
    bound = bind(office, line, keep_reason="按会议名额计。")
    kept = {"source_key": COUNTIES, "source_value": 2, "source_rows": bound.source_rows}
    before = bound.version

    def change(values, *, back_to=None):
        seen = CalcLine.objects.get(pk=line.pk).version
        change_line(
            line_id=line.pk,
            actor=office.clerk,
            values=values,
            seen_version=seen,
            now=office.now,
            back_to=back_to,
        )
        line.refresh_from_db()
        return {name: getattr(line, name) for name in kept}

    lost = {"source_key": "", "source_value": None, "source_rows": {}}
    assert change({"method": Method.QUOTA, "fixed_amount": Decimal(100)}) == lost
    figures = {"method": Method.HEADCOUNT, "people": 245, "rate": Decimal(1500)}
    assert change(figures) == lost  # chosen anew: a source is bound by a person
    change({"method": Method.QUOTA})
    assert change(figures, back_to=before) == kept
    assert (line.people, line.source_kept_reason) == (245, "按会议名额计。")
    change({"method": Method.QUOTA})
    assert change(figures | {"people": 246}, back_to=before) == kept
    assert line.source_kept_reason == ""
    change({"method": Method.QUOTA})
    assert change({"note": "甲"}, back_to=before) == lost
    assert change(figures, back_to=4_000) == lost


def test_a_change_is_shown_with_the_names_and_nothing_moves(roll, bound):
    roll.names["1"] = ["示例·乙", "示例·丁", "示例·戊"]
    found = state(bound)
    assert found.change_words == "+1 自上次读取"
    assert (found.difference.came, found.difference.went) == (("示例·丁", "示例·戊"), ("示例·甲",))
    assert findings(bound)[0].startswith(
        "“示例项目甲”示例人员的数据来源“示例名册人数”现为 3人，+1 自上次读取"
    )
    bound.refresh_from_db()
    assert (bound.people, bound.source_value) == (2, 2)


def test_whoever_writes_the_edition_finds_the_moved_figure_on_the_desk(office, roll, bound, client):
    assert list(moved_figures(office.clerk)) == []
    roll.names["1"] = ["示例·乙", "示例·丁", "示例·戊"]
    (errand,) = moved_figures(office.clerk)
    assert (errand.count, errand.detail) == ("1", "示例人员 +1 自上次读取")
    assert errand.url.endswith(f"#line-{bound.pk}")
    assert list(moved_figures(office.head)) == []
    client.force_login(office.clerk)
    assert "数据来源有变动" in client.get(reverse("home:workbench")).content.decode()


def test_one_for_one_is_a_change_too(roll, bound):
    roll.names["1"] = ["示例·甲", "示例·丁"]
    assert state(bound).change_words == "名单有变，数量未变"
    assert len(findings(bound)) == 1


def test_reading_again_without_a_change_only_moves_the_time(office, roll, bound):
    later = office.now
    assert read_source(line_id=bound.pk, actor=office.clerk, now=later).change == 0
    bound.refresh_from_db()
    assert bound.source_read_at == later


def test_reading_again_leaves_a_change_to_a_person(office, roll, bound):
    roll.names["1"].append("示例·丁")
    read_at = bound.source_read_at
    assert read_source(line_id=bound.pk, actor=office.clerk, now=office.now).change == 1
    bound.refresh_from_db()
    assert (bound.people, bound.source_read_at) == (2, read_at)


def test_accepting_takes_the_figure_that_was_seen(office, roll, bound):
    roll.names["1"].append("示例·丁")
    accept_reading(line_id=bound.pk, seen_value=Decimal(3), actor=office.clerk, now=office.now)
    bound.refresh_from_db()
    assert (bound.people, bound.source_value, bound.source_kept_reason) == (3, 3, "")
    assert findings(bound) == []


def test_a_figure_that_changed_again_meanwhile_is_not_accepted(office, roll, bound):
    roll.names["1"] += ["示例·丁", "示例·戊"]
    with pytest.raises(Refused, match="由 3 变为 4"):
        accept_reading(line_id=bound.pk, seen_value=Decimal(3), actor=office.clerk, now=office.now)
    assert CalcLine.objects.get(pk=bound.pk).people == 2


def test_keeping_needs_a_reason_and_settles_the_change(office, roll, bound):
    roll.names["1"].append("示例·丁")
    with pytest.raises(Refused, match="保留原数的理由"):
        keep_reading(line_id=bound.pk, seen_value=Decimal(3), reason="", actor=office.clerk, now=office.now)
    keep_reading(
        line_id=bound.pk, seen_value=Decimal(3), reason="名额已定。", actor=office.clerk, now=office.now
    )
    bound.refresh_from_db()
    assert (bound.people, bound.source_value, bound.source_kept_reason) == (2, 3, "名额已定。")
    assert findings(bound) == []
    roll.names["1"].append("示例·戊")
    assert state(bound).change_words == "+1 自上次读取"


def test_a_figure_that_is_no_count_is_not_taken(office, roll, bound):
    for value in (Decimal("2.5"), Decimal(-1), Decimal(10) ** 12):
        roll.value = value
        with pytest.raises(Refused, match="不能作为数量"):
            accept_reading(line_id=bound.pk, seen_value=value, actor=office.clerk, now=office.now)


def test_a_source_that_is_gone_shows_the_last_reading_and_warns(office, roll, bound):
    quantities._sources.pop(roll.key)
    found = state(bound)
    assert (found.is_missing, found.stored_words, found.difference) == (True, "2人", None)
    (message,) = findings(bound)
    assert "读不到数，沿用" in message
    assert "读取的 2人" in message
    with pytest.raises(Refused, match="上次读取的数仍然保留"):
        accept_reading(line_id=bound.pk, seen_value=Decimal(0), actor=office.clerk, now=office.now)
    assert CalcLine.objects.get(pk=bound.pk).people == 2


def test_unbinding_keeps_the_count(office, bound):
    unbind_source(line_id=bound.pk, actor=office.clerk, now=office.now)
    bound.refresh_from_db()
    assert (bound.people, bound.source_key, bound.source_value, bound.source_rows) == (2, "", None, {})
    with pytest.raises(Refused, match="没有绑定"):
        read_source(line_id=bound.pk, actor=office.clerk, now=office.now)


# --- after submission -----------------------------------------------------------------------------------------


def test_a_submitted_edition_never_moves_by_itself(office, roll, bound):
    edition = bound.item.edition
    office.submit(edition)
    roll.names["1"].append("示例·丁")
    common = {"line_id": bound.pk, "actor": office.clerk, "now": office.now}
    for attempt in (
        lambda: accept_reading(seen_value=Decimal(3), **common),
        lambda: keep_reading(seen_value=Decimal(3), reason="x", **common),
        lambda: read_source(**common),
        lambda: unbind_source(**common),
    ):
        with pytest.raises(Refused, match="内容不能修改"):
            attempt()
    assert CalcLine.objects.get(pk=bound.pk).people == 2
    assert len(findings(bound)) == 1
    office.settle(Edition.objects.get(pk=edition.pk))
    assert findings(bound) == []


def test_the_next_edition_keeps_the_binding_and_the_reading(office, bound):
    office.settle(bound.item.edition)
    copied = office.next(bound.item.edition.plan).items.get().lines.get()
    assert copied.source_key == bound.source_key
    assert (copied.source_value, copied.source_rows) == (bound.source_value, bound.source_rows)


# --- the panel ------------------------------------------------------------------------------------------------

HTMX = {"HX-Request": "true"}


def panel(client, line, **query) -> str:
    answer = client.get(reverse("budget:line_source", args=[line.pk]), query, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_panel_offers_the_sources_and_shows_what_binding_would_give(client, office, line):
    client.force_login(office.clerk)
    assert "县（市、区）总工会数" in panel(client, line)
    shown = panel(client, line, key=COUNTIES)
    for text in ("现在读到", "示例甲县总工会", "绑定并采用 2个", "绑定，保留 245人"):
        assert text in shown
    assert CalcLine.objects.get(pk=line.pk).source_key == ""
    assert "2015年没有已审定的预算" in panel(client, line, key=PRIOR)


def test_a_line_is_bound_from_the_panel_and_the_grid_is_told(client, office, line):
    CalcLine.objects.filter(pk=line.pk).update(unit="个")
    client.force_login(office.clerk)
    answer = client.post(reverse("budget:source_bind", args=[line.pk]), {"key": COUNTIES}, headers=HTMX)
    assert answer.status_code == 200
    told = json.loads(answer["HX-Trigger"])
    assert told["sourceChanged"] == {"line": line.pk, "item": line.item_id}
    assert CalcLine.objects.get(pk=line.pk).people == 2
    assert "没有变化" in answer.content.decode()


def test_the_panel_names_who_came_and_went_and_takes_the_answer(client, office, line):
    bind(office, line)
    Union.objects.filter(name="示例甲县总工会").update(is_active=False)
    UnionFactory(name="示例丙县总工会")
    UnionFactory(name="示例丁县总工会")
    client.force_login(office.clerk)
    shown = panel(client, line)
    for text in (
        "+1 自上次读取",
        "示例丙县总工会、示例丁县总工会",
        "减少：</span>示例甲县总工会",
        "采用 3个",
        "保留 2个",
    ):
        assert text in shown
    keep = reverse("budget:source_decide", args=[line.pk, "keep"])
    accept = reverse("budget:source_decide", args=[line.pk, "accept"])
    refused = client.post(keep, {"seen_value": "3", "reason": ""})
    assert (refused.status_code, "保留原数的理由" in refused.content.decode()) == (422, True)
    outdated = client.post(accept, {"seen_value": "9"})
    assert (outdated.status_code, "由 9 变为 3" in outdated.content.decode()) == (422, True)
    client.post(accept, {"seen_value": "3"})
    assert CalcLine.objects.get(pk=line.pk).people == 3
    client.post(reverse("budget:source_read", args=[line.pk]))
    client.post(reverse("budget:source_unbind", args=[line.pk]))
    assert CalcLine.objects.get(pk=line.pk).source_key == ""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("source_bind", {"key": "gone"}),
        ("source_bind", {"key": PRIOR}),
        ("source_bind", {"key": COUNTIES, "keep": "1"}),
        ("source_read", {}),
        ("source_unbind", {}),
    ],
)
def test_wrong_answers_to_the_panel_get_a_sentence(client, office, line, name, data):
    client.force_login(office.clerk)
    assert client.post(reverse(f"budget:{name}", args=[line.pk]), data).status_code == 422


def test_a_figure_nobody_saw_is_refused(client, office, line):
    bind(office, line)
    client.force_login(office.clerk)
    accept = reverse("budget:source_decide", args=[line.pk, "accept"])
    for seen in ("", "x", "9" * 60):
        assert client.post(accept, {"seen_value": seen}).status_code == 422
    guess = reverse("budget:source_decide", args=[line.pk, "guess"])
    assert client.post(guess, {"seen_value": "2"}).status_code == 404


def test_readers_see_the_source_and_have_no_buttons(client, office, line):
    bind(office, line)
    client.force_login(office.chair)
    shown = panel(client, line)
    assert "县（市、区）总工会数" in shown
    assert "<form" not in shown
    assert client.post(reverse("budget:source_read", args=[line.pk])).status_code == 403


def test_a_stranger_finds_no_line(client, line):
    client.force_login(UserFactory(union=UnionFactory(), finance_clerk=True))
    assert client.get(reverse("budget:line_source", args=[line.pk])).status_code == 404
    for name in ("source_bind", "source_read", "source_unbind"):
        assert client.post(reverse(f"budget:{name}", args=[line.pk])).status_code == 404
