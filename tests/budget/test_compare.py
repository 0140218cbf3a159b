"""Two editions side by side: what changed, by people or by price, in a sentence; on screen and as a spreadsheet."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import AccessRecord
from apps.budget.models import CalcLine, Edition
from apps.budget.rules.calculation import Line, Method
from apps.budget.rules.comparison import ItemChange, change_words
from apps.budget.rules.narrative import explain_change
from apps.budget.selectors.comparison import compare_editions
from apps.budget.services.adjustments import cut_item
from apps.budget.services.items import remove_item
from apps.budget.services.lines import change_line
from apps.budget.services.plans import copy_last_year, create_plan
from apps.core.sheets import read_cells
from tests.factories import UnionFactory, UserFactory

EACH = Decimal("367500.00")


def set_line(office, edition, *, name="示例项目甲", **values) -> None:
    line = CalcLine.objects.get(item__edition=edition, item__name=name)
    change_line(line_id=line.pk, actor=office.clerk, values=values, seen_version=line.version, now=office.now)


@pytest.fixture
def pair(office) -> tuple[Edition, Edition]:
    """一上 and 一下: one item changed, one gone, one new, one the same."""
    plan = office.plan(items=3)
    before = office.settle(plan.editions.get())
    after = office.next(plan)
    set_line(office, after, people=251, rate=Decimal("1600"))
    gone = after.items.get(name="示例项目乙")
    remove_item(item_id=gone.pk, actor=office.clerk, seen_version=gone.version)
    office.add_item(after, name="示例项目丁", people=10, rate="100")
    return before, Edition.objects.for_detail().get(pk=after.pk)


def row(comparison, title):
    return next(row for row in comparison.rows() if row.change.title == title)


# --- the words ------------------------------------------------------------------------------------------------


def headcount(people: int, rate: str, label: str = "示例人员") -> Line:
    return Line(method=Method.HEADCOUNT, label=label, people=people, rate=Decimal(rate))


def change(old, new, **values) -> ItemChange:
    split = explain_change(old, new)
    facts = {"title": "示例", "before": split.before, "after": split.after, "split": split} | values
    return ItemChange(**facts)


def test_a_change_is_split_into_people_and_standard_without_a_rest():
    told = change([headcount(245, "1500")], [headcount(251, "1600")])
    assert (told.people_effect, told.rate_effect, told.other_effect) == (9000, 25100, 0)
    assert told.difference == 34100
    assert change_words(told, earlier="一上") == (
        "比一上增加3.41万元，增长9.3%：人数因素增加0.9万元，标准因素增加2.51万元。"
        "示例人员由245人增至251人、每人标准由1500元增至1600元，增加3.41万元。"
    )


def test_factors_that_cancel_out_are_still_told():
    told = change([headcount(100, "200")], [headcount(200, "100")])
    assert told.is_changed
    assert change_words(told, earlier="一上").startswith("与一上持平：人数因素增加2万元，标准因素减少2万元。")


def test_a_change_inside_a_line_that_moves_no_amount_is_told():
    old = Line(
        method=Method.TIERED,
        label="获得一次",
        people=245,
        rate=Decimal(1500),
        of_which_label="破产企业",
        of_which_people=6,
    )
    new = Line(
        method=Method.TIERED,
        label="获得一次",
        people=245,
        rate=Decimal(1500),
        of_which_label="破产企业",
        of_which_people=8,
    )
    told = change([old], [new])
    assert told.is_changed
    assert "由6人增至8人" in change_words(told, earlier="一上")


def test_an_item_that_is_new_or_gone_counts_as_other():
    new = change([], [headcount(10, "100")], before=None)
    assert (new.people_effect, new.other_effect, new.percent) == (0, 1000, None)
    assert change_words(new, earlier="一上") == "比一上新增，安排0.1万元。"
    gone = change([headcount(10, "100")], [], after=None)
    assert (gone.difference, gone.other_effect) == (-1000, -1000)
    assert change_words(gone, earlier="一上") == "一上安排0.1万元，现不再安排。"


def test_a_zero_base_gets_no_percentage():
    told = change([headcount(0, "100")], [headcount(10, "100")])
    assert told.percent is None
    assert "基数为零，不计算增幅" in change_words(told, earlier="一上")
    assert "%" not in change_words(told, earlier="一上")


def test_nothing_changed_is_said_in_three_words():
    told = change([headcount(245, "1500")], [headcount(245, "1500")])
    assert not told.is_changed
    assert change_words(told, earlier="2015年批复") == "与2015年批复持平。"


def test_adjustments_are_a_cause_of_their_own():
    told = change(
        [headcount(245, "1500")], [headcount(245, "1500")], after=EACH - 500, moved_after=Decimal("-500.00")
    )
    assert (told.difference, told.other_effect, told.moved) == (-500, -500, -500)
    assert "调剂、追加、追减净减少0.05万元" in change_words(told, earlier="批复")


# --- two editions ---------------------------------------------------------------------------------------------


def test_items_are_joined_by_lineage_and_named_when_new_or_gone(pair):
    comparison = compare_editions(*pair)
    assert {row.change.title: row.state for row in comparison.rows()} == {
        "示例项目甲": "changed", "示例项目丙": "same", "示例项目丁": "added", "示例项目乙": "removed",
    }  # fmt: skip
    assert comparison.counts == {"all": 4, "changed": 3, "added": 1, "removed": 1}
    assert row(comparison, "示例项目甲").sentence.startswith("比一上增加3.41万元")


def test_the_totals_are_those_of_all_rows_and_their_parts_add_up(pair):
    for show in ("all", "changed", "added"):
        totals = compare_editions(*pair, show=show).totals
        assert (totals.before, totals.after) == (3 * EACH, 2 * EACH + 34100 + 1000)
        assert totals.people_effect + totals.rate_effect + totals.other_effect == totals.difference
    assert len(compare_editions(*pair, show="added").rows()) == 1


def test_a_renamed_item_is_the_same_item(office):
    plan = office.plan()
    before = office.settle(plan.editions.get())
    after = office.next(plan)
    after.items.update(name="改了名的项目")
    comparison = compare_editions(before, Edition.objects.for_detail().get(pk=after.pk))
    assert [(row.change.title, row.state) for row in comparison.rows()] == [("改了名的项目", "same")]


def test_a_year_is_compared_with_the_last(office):
    last = office.ratify(office.plan(year=2015))
    plan = create_plan(union_id=office.union.pk, year=2016, book="fiscal", actor=office.clerk, now=office.now)
    edition = plan.editions.get()
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    set_line(office, edition, people=250)
    comparison = compare_editions(last, Edition.objects.for_detail().get(pk=edition.pk))
    assert comparison.before_label == "2015年批复"
    assert comparison.rows()[0].sentence.startswith(
        "比2015年批复增加0.75万元，增长2%：人数因素增加0.75万元。"
    )


def test_an_adjustment_edition_is_compared_at_its_adjusted_amounts(office):
    edition = office.adjustment()
    item = edition.items.order_by("ordinal").first()
    cut_item(
        edition_id=edition.pk,
        item_id=item.pk,
        amount=Decimal("500"),
        reason="压减。",
        actor=office.clerk,
        now=office.now,
    )
    comparison = compare_editions(edition.based_on, edition)
    changed = row(comparison, "示例项目甲")
    assert (changed.change.after, changed.change.other_effect) == (EACH - 500, -500)
    assert "调剂、追加、追减净减少0.05万元" in changed.sentence


# --- the page and the file ------------------------------------------------------------------------------------


def url_of(pair, name="plan_compare") -> str:
    return reverse(f"budget:{name}", args=[pair[0].plan_id])


def test_the_page_compares_the_newest_with_the_one_before(client, office, pair):
    client.force_login(office.chair)
    page = client.get(url_of(pair))
    assert (page.context["comparison"].before, page.context["comparison"].after) == pair
    text = page.content.decode()
    for said in (
        "人数因素",
        "9,000.00",
        "25,100.00",
        "+9.3%",
        "不再安排",
        "新增",
        "比一上增加3.41万元，增长9.3%",
    ):
        assert said in text


def test_the_address_says_what_is_compared_and_shown(client, office, pair):
    client.force_login(office.clerk)
    before, after = pair
    page = client.get(url_of(pair), {"before": after.pk, "after": before.pk, "show": "removed"})
    comparison = page.context["comparison"]
    assert (comparison.before, comparison.after, page.context["show"]) == (after, before, "removed")
    assert [row.change.title for row in comparison.rows()] == ["示例项目丁"]
    assert client.get(url_of(pair), {"show": "everything"}).context["show"] == "all"
    for other in ("999999", "x"):
        assert client.get(url_of(pair), {"before": other}).status_code == 404


def test_a_plan_with_one_edition_says_that_there_is_nothing_to_compare(client, office):
    plan = office.plan()
    client.force_login(office.clerk)
    url = reverse("budget:plan_compare", args=[plan.pk])
    assert "还没有可以对比的版本" in client.get(url).content.decode()
    assert client.post(reverse("budget:compare_export", args=[plan.pk])).status_code == 404


def test_the_rows_shown_go_out_as_a_spreadsheet_and_that_is_recorded(client, office, pair):
    client.force_login(office.chair)
    before, after = pair
    answer = client.post(
        url_of(pair, "compare_export"), {"before": before.pk, "after": after.pk, "show": "changed"}
    )
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    _, rows = read_cells(answer.content)
    cells = [cell for _, row in rows for cell in row]
    assert "示例项目甲" in cells
    assert "示例项目丙" not in cells
    assert Decimal(34100) in cells
    assert "合计（全部项目）" in cells
    record = AccessRecord.objects.get(kind="export")
    assert (record.actor, record.row_count) == (office.chair, 3)
    assert "一上与一下对比" in record.subject
    assert len(record.sha256) == 64


def test_a_stranger_compares_and_exports_nothing(client, pair):
    client.force_login(UserFactory(union=UnionFactory(), finance_clerk=True))
    assert client.get(url_of(pair)).status_code == 404
    assert client.post(url_of(pair, "compare_export")).status_code == 404
    assert not AccessRecord.objects.filter(kind="export").exists()


def test_the_page_asks_as_much_for_twelve_items_as_for_two(client, office):
    counts = []
    for year, items in ((2001, 2), (2005, 12)):
        plan = office.plan(year=year, items=items)
        office.settle(plan.editions.get())
        office.next(plan)
        client.force_login(office.clerk)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("budget:plan_compare", args=[plan.pk])).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
