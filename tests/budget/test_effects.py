"""A source that counts a part of its figure, names not everybody may see, and what other figures would make."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.budget.checks import edition_findings
from apps.budget.models import CalcLine, Edition, Item
from apps.budget.selectors.effects import Trial, effect_of
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.sources import line_state
from apps.budget.services.lines import add_line
from apps.budget.services.sources import accept_reading, bind_source, read_source
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.quantities import CountedRow, Parameter, Part, Reading
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class Register:
    """A register read for a day: people leave it, and some of them are a part told apart."""

    key = "test.register"
    label = "示例名册"
    unit = "人"
    permission = "model_worker.read"
    parameters: tuple[Parameter, ...] = (Parameter("snapshot_on", "快照日", kind="date"),)

    def __init__(self) -> None:
        self.left: dict[str, date] = {}
        self.people = [f"示例{number}" for number in range(1, 11)]
        self.part = {"示例1", "示例2"}

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        try:
            day = date.fromisoformat(parameters["snapshot_on"])
        except ValueError:
            raise Refused("“快照日”应为日期。", field="snapshot_on") from None
        here = [name for name in self.people if self.left.get(name, date.max) > day]
        rows = tuple(CountedRow(name, name) for name in here)
        part = tuple(row for row in rows if row.key in self.part)
        return Reading(Decimal(len(rows)), day, rows, part=Part("破产企业人员", Decimal(len(part)), part))


@pytest.fixture
def register() -> Iterator[Register]:
    source = Register()
    quantities._sources[source.key] = source
    yield source
    quantities._sources.pop(source.key, None)


@pytest.fixture
def item(office) -> Item:
    return office.add_item(office.plan(items=0).editions.get(), people=8, rate="1500")


@pytest.fixture
def line(office, item, register) -> CalcLine:
    return bind_source(
        line_id=item.lines.get().pk,
        key=register.key,
        parameters={"snapshot_on": "2015-12-31"},
        actor=office.clerk,
        now=office.now,
    )


def of_edition(item: Item) -> Edition:
    return Edition.objects.for_detail().get(pk=item.edition_id)


def test_binding_takes_the_figure_with_its_part(line):
    assert (line.people, line.of_which_people, line.of_which_label) == (10, 2, "破产企业人员")
    assert line.source_part["value"] == 2


def test_a_part_that_changed_is_a_change_although_the_whole_did_not(office, line, register):
    register.part = {"示例1"}
    found = line_state(line)
    assert found.is_changed
    assert found.change_words == "其中的数量有变"
    assert found.part_words == "破产企业人员 2人 → 1人"
    read_source(line_id=line.pk, actor=office.clerk, now=office.now)
    line.refresh_from_db()
    assert line.of_which_people == 2
    accept_reading(line_id=line.pk, seen_value=Decimal(10), actor=office.clerk, now=office.now)
    line.refresh_from_db()
    assert line.of_which_people == 1
    assert not line_state(line).is_changed


def test_a_part_of_nobody_is_not_written(office, line, register):
    register.part = set()
    accept_reading(line_id=line.pk, seen_value=Decimal(10), actor=office.clerk, now=office.now)
    line.refresh_from_db()
    assert line.of_which_people is None


def test_who_left_after_the_day_is_still_counted_and_before_it_not(line, register):
    register.left["示例9"] = date(2016, 1, 1)
    assert not line_state(line).is_changed
    register.left["示例9"] = date(2015, 12, 31)
    found = line_state(line)
    assert (found.difference.now, found.difference.went) == (9, ("示例9",))


def test_the_panel_shows_what_taking_the_figure_would_make(client, office, line, register):
    register.left["示例9"] = date(2015, 1, 1)
    client.force_login(office.clerk)
    shown = client.get(reverse("budget:line_source", args=[line.pk])).content.decode()
    for text in ("-1 自上次读取", "减少：</span>示例9", "本项目人数", "1.50", "1.35", "其中</dt>"):
        assert text in shown


def test_names_are_shown_to_those_alone_who_may_see_them(client, line, register):
    register.left["示例9"] = date(2015, 1, 1)
    client.force_login(UserFactory(reader=True))
    shown = client.get(reverse("budget:line_source", args=[line.pk])).content.decode()
    assert "-1 自上次读取" in shown
    assert "示例9" not in shown
    assert "示例1" not in shown
    told = [found.finding.hint for found in edition_findings(of_edition(line.item))]
    assert any("新增 0、减少 1，名单见数据来源" in hint for hint in told)
    assert not any("示例9" in hint for hint in told)


def test_a_day_that_is_none_is_refused_where_it_was_typed(client, office, item, register):
    client.force_login(office.clerk)
    line = item.lines.get()
    answer = client.post(
        reverse("budget:source_bind", args=[line.pk]), {"key": register.key, "snapshot_on": "2015-13-01"}
    )
    assert answer.status_code == 422
    assert "“快照日”应填写日期" in answer.content.decode()


def test_a_trial_reaches_item_group_and_whole(office, item):
    add_line(
        item_id=item.pk,
        actor=office.clerk,
        now=office.now,
        values={"method": "headcount", "label": "其他人员", "people": 2, "rate": Decimal("0.05")},
    )
    sheet = edition_sheet(of_edition(item))
    row = sheet.items[0]
    first = row.lines[0].record.pk
    found = effect_of(sheet, row, {first: Trial(people=9, rate=Decimal("1600.50"))})
    assert found.item.before == Decimal("12000.10")
    assert found.item.after == Decimal("14404.60")
    assert found.group.change == found.whole.change == Decimal("2404.50")
    assert (found.people_before, found.people_after) == (10, 11)
    assert "9人，每人1600.50元" in found.sentence


def test_a_trial_that_contradicts_itself_is_refused(item, line):
    sheet = edition_sheet(of_edition(item))
    with pytest.raises(Refused, match="超过本行的数量"):
        effect_of(sheet, sheet.items[0], {line.pk: Trial(people=1)})


def test_trying_other_figures_stores_nothing(client, office, item, line, register):
    register.left["示例9"] = date(2016, 6, 30)
    client.force_login(office.chair)
    address = reverse("budget:item_what_if", args=[item.pk])
    shown = client.get(address).content.decode()
    assert "对合计的影响" not in shown
    shown = client.get(address, {"snapshot_on": "2016-12-31", f"rate_{line.pk}": "2,000"}).content.decode()
    for text in ("减少：示例9", "15,000.00", "18,000.00", "3,000.00", "试算的测算句", "每人2000元"):
        assert text in shown
    line.refresh_from_db()
    assert (line.people, line.rate) == (10, 1500)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate": "abc"}, "应填写数字"),
        ({"rate": "-1"}, "不能是负数"),
        ({"snapshot_on": "昨天"}, "“快照日”应填写日期"),
    ],
)
def test_wrong_input_to_a_trial_gets_its_sentence_and_is_kept(client, office, item, line, changes, sentence):
    client.force_login(office.clerk)
    typed = {f"rate_{line.pk}" if name == "rate" else name: value for name, value in changes.items()}
    answer = client.get(reverse("budget:item_what_if", args=[item.pk]), typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert next(iter(changes.values())) in answer.content.decode()
