"""The findings of a whole edition: its rows, and the text that would be printed, held against its own figures."""

from decimal import Decimal

import pytest

from apps.budget import documents
from apps.budget.checks import edition_findings
from apps.budget.models import Edition, Item
from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.stages import Book
from apps.budget.selectors.explanation import earlier_year
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.adjustments import add_to_item
from apps.budget.services.items import change_item, remove_item
from apps.budget.services.lines import add_line, change_line
from apps.budget.services.outline import add_entry
from apps.budget.services.plans import copy_last_year, create_plan
from tests.budget.office import Office
from tests.budget.paper import example_edition


def unknown(edition: Edition) -> list[Finding]:
    findings = edition_findings(Edition.objects.for_detail().get(pk=edition.pk))
    return [found.finding for found in findings if found.finding.code == "amount.unknown"]


def write(office: Office, edition: Edition, text: str) -> None:
    add_entry(edition_id=edition.pk, section="tasks", text=text, actor=office.clerk)


def rewrite(office: Office, item: Item, **values: object) -> None:
    item = Item.objects.get(pk=item.pk)
    change_item(item_id=item.pk, actor=office.clerk, values=values, seen_version=item.version, now=office.now)


# --- figures typed into prose --------------------------------------------------------------------------------


def test_an_amount_in_prose_that_is_nowhere_in_the_data_is_named_with_its_place(office):
    edition = office.plan().editions.get()
    write(office, edition, "抓好职工服务。全年安排慰问经费600万元。")

    (finding,) = unknown(edition)

    assert finding.severity == Severity.SOFT
    assert finding.message == "“600万元”在预算数据里找不到。"
    assert finding.excerpt == "全年安排慰问经费600万元"
    assert "二、2016年主要任务和目标" in finding.place


def test_a_reason_for_a_change_is_held_against_the_figures_too(office):
    edition = office.plan().editions.get()
    item = edition.items.get()
    rewrite(office, item, prior_amount=Decimal(300000), change_reason="上级补助增加5.5万元")

    assert [finding.message for finding in unknown(edition)] == ["“5.5万元”在预算数据里找不到。"]


@pytest.mark.parametrize(
    "words",
    [
        "36.75万元",  # an item
        "367500元",
        "1500元",  # the standard
        "73.5万元",  # the group, the total
        "30万元",  # an item's figure of last year
        "6.75万元",  # by how much it grew
        "41万元",  # the group's figure of last year
        "32.5万元",  # by how much it grew
        "50万元",  # the control figure
    ],
)
def test_an_amount_of_the_budget_may_be_named_in_prose(office, words):
    plan = office.plan(items=2)
    office.settle(plan.editions.get())
    edition = office.next(plan)  # 一下, where the control figure is entered
    first, second = edition.items.order_by("ordinal")
    rewrite(
        office,
        first,
        prior_amount=Decimal(300000),
        change_reason="人数增加",
        control_amount=Decimal(500000),
    )
    rewrite(office, second, prior_amount=Decimal(110000), change_reason="人数增加")
    write(office, edition, f"统筹用好{words}。")

    assert unknown(edition) == []


def test_the_amount_in_the_title_of_a_document_is_no_figure_of_the_budget(office):
    edition = office.plan().editions.get()
    write(office, edition, "落实《关于发放600万元补助资金的通知》。")

    assert unknown(edition) == []


def test_what_the_text_tells_of_last_year_comes_from_last_years_rows(office):
    last = office.plan(year=2015, items=2).editions.get()
    for name, people in (("示例项目丙", 7), ("示例项目丁", 9)):
        office.add_item(last, name=name, people=people, rate="1000")
    add_line(
        item_id=last.items.order_by("ordinal")[0].pk,
        actor=office.clerk,
        now=office.now,
        values={"method": "headcount", "label": "随行人员", "people": 2, "rate": Decimal(1000)},
    )
    office.ratify(last.plan)
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    first, _, *gone = edition.items.order_by("ordinal")
    figures = ({"people": 251, "rate": Decimal(1600)}, {"people": 5})
    for line, values in zip(first.lines.order_by("ordinal"), figures, strict=True):
        change_line(
            line_id=line.pk,
            actor=office.clerk,
            values=values,
            seen_version=line.version,
            now=office.now,
        )
    rewrite(office, first, change_reason="人数和标准提高")
    for item in gone:
        remove_item(item_id=item.pk, actor=office.clerk, seen_version=item.version)
    write(office, edition, "因标准提高，示例人员一项增加3.41万元。")
    sheet = edition_sheet(Edition.objects.for_detail().get(pk=edition.pk))
    text = documents.plain_text(sheet, earlier_year(edition))

    assert "人数因素增加1.2万元，标准因素增加2.51万元" in text
    assert "本年不再安排的项目：示例项目丙（0.7万元）、示例项目丁（0.9万元）" in text
    assert unknown(edition) == []


def test_what_adjustments_moved_is_known(office):
    edition = office.adjustment()
    item = edition.items.order_by("ordinal").first()
    for amount in ("10000", "25000"):
        add_to_item(
            edition_id=edition.pk,
            item_id=item.pk,
            amount=Decimal(amount),
            reason="示例追加。",
            actor=office.clerk,
            now=office.now,
        )
    write(office, edition, "先追加1万元，再追加2.5万元，共追加3.5万元。")

    assert unknown(edition) == []


def test_the_example_names_no_amount_that_is_not_its_own(office):
    assert unknown(example_edition(office)) == []


# --- names that end in a digit -------------------------------------------------------------------------------


def test_a_name_that_ends_in_a_digit_is_not_read_as_part_of_the_amount(office):
    edition = office.plan().editions.get()
    item = edition.items.get()
    rewrite(office, item, name="示例项目10", prior_amount=Decimal(300000), change_reason="人数增加")
    line = item.lines.get()
    change_line(
        line_id=line.pk,
        actor=office.clerk,
        values={"label": "示例人员第2批1", "of_which_label": "其中第3批2", "of_which_people": 6},
        seen_version=line.version,
        now=office.now,
    )
    edition = Edition.objects.for_detail().get(pk=edition.pk)
    text = documents.plain_text(edition_sheet(edition))

    assert "项目1：示例项目10 36.75万元" in text
    assert "示例项目10 36.75万元，比上年增加6.75万元" in text
    assert "示例人员第2批1 245人（含其中第3批2 6人），每人1500元" in text
    hard = [found.message for found in edition_findings(edition) if found.is_hard]
    assert hard == []
    assert unknown(edition) == []
