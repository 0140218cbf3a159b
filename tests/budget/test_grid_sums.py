"""The foot of the grid: 小计 and 合计 against last year, counted as the printed 增减变化说明 counts them."""

from decimal import Decimal

import pytest

from apps.budget import documents
from apps.budget.models import Edition, Item
from apps.budget.rules.stages import Book
from apps.budget.selectors.grid import Sum, edition_grid, edition_sums
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.adjustments import add_to_item
from apps.budget.services.items import remove_item
from apps.budget.services.plans import copy_last_year, create_plan


@pytest.fixture
def edition(office) -> Edition:
    """Two items of 367,500 yuan each."""
    return office.plan(items=2).editions.get()


def set_prior(edition: Edition, *amounts: int | None) -> None:
    for item, amount in zip(edition.items.order_by("ordinal"), amounts, strict=True):
        Item.objects.filter(pk=item.pk).update(prior_amount=None if amount is None else Decimal(amount))


def foot(edition: Edition) -> dict[str, tuple[str, str]]:
    """上年预算数 and 增减 of each row of the foot."""
    return {row.label: (row.base_text, row.change_text) for row in edition_sums(edition)}


def printed(edition: Edition) -> dict[str, tuple[str, str, str]]:
    """上年预算数, 增减额 and 增减% (in 万元) of each row of the printed table."""
    whole = documents.explanation(edition_sheet(edition), figures_url="")
    table = next(section for section in whole.sections if section.kind == "changes").tables[0]
    return {
        row.cells[1].text: (row.cells[2].text, row.cells[4].text, row.cells[5].text) for row in table.rows
    }


def test_a_sum_with_an_item_of_unknown_last_year_is_compared_neither_on_screen_nor_on_paper(edition):
    set_prior(edition, 300_000, None)
    assert foot(edition) == {"单位专项项目小计": ("缺 1 项", ""), "合计": ("缺 1 项", "")}
    paper = printed(edition)
    assert paper["单位专项项目小计"] == paper["合计"] == ("", "", "")
    assert (
        "下列项目没有登记2015年预算数，不作增减比较，合计数也不作比较：示例项目乙。"
        in documents.plain_text(edition_sheet(edition))
    )


def test_a_new_item_whose_last_year_is_nothing_counts_as_an_increase_from_zero(edition):
    set_prior(edition, 300_000, 0)
    assert foot(edition)["合计"] == ("300,000.00", "+435,000.00")
    assert printed(edition)["合计"][:2] == ("30.00", "43.50")
    cells = {
        cell.column.name: cell.text for cell in edition_grid(edition).groups[0].items[1].cells if cell.text
    }
    assert (cells["change"], cells["change_rate"]) == ("+367,500.00", "新增")
    assert "示例项目乙36.75万元，上年没有安排，增加36.75万元（基数为零，不计算增幅）" in documents.plain_text(
        edition_sheet(edition)
    )


def test_no_sum_is_compared_where_no_item_has_a_figure_of_last_year(edition):
    assert set(foot(edition).values()) == {("", "")}


def test_what_is_no_longer_planned_stands_in_its_own_row_and_in_the_total_as_on_paper(office):
    before = office.plan(year=2015, items=2)
    office.ratify(before)
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    gone = edition.items.order_by("ordinal").last()
    remove_item(item_id=gone.pk, actor=office.clerk, seen_version=gone.version)
    edition = Edition.objects.for_detail().get(pk=edition.pk)
    assert foot(edition) == {
        "单位专项项目小计": ("367,500.00", "0.00"),
        "本年不再安排": ("367,500.00", "-367,500.00"),
        "合计": ("735,000.00", "-367,500.00"),
    }
    paper = printed(edition)
    assert paper["本年不再安排的项目"][:2] == ("36.75", "-36.75")
    assert paper["合计"] == ("73.50", "-36.75", "-50.0")


def test_an_adjustment_is_compared_with_what_was_ratified(office):
    edition = office.adjustment()
    set_prior(edition, 300_000, 300_000)
    item = edition.items.order_by("ordinal").first()
    add_to_item(
        edition_id=edition.pk,
        actor=office.clerk,
        item_id=item.pk,
        amount=Decimal(20_000),
        reason="示例追加。",
        now=office.now,
    )
    assert foot(edition)["合计"] == ("735,000.00", "+20,000.00")


def test_the_sums_of_an_empty_edition_are_nothing():
    assert Sum("total", "合计", Decimal(0), ()).base_text == ""
