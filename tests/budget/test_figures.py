"""The page behind every printed figure."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from apps.budget import printing
from apps.budget.models import CalcLine, Edition
from apps.budget.rules.stages import Stage
from apps.budget.selectors.figures import find_figure
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services import adjustments
from apps.budget.services.items import change_item
from apps.budget.services.lines import change_line, remove_line
from tests.budget.paper import example_edition
from tests.clients import signed_in
from tests.factories import UnionFactory, UserFactory


def page(edition: Edition, key: str, reader) -> str:
    answer = signed_in(reader).get(reverse("budget:figure", args=[edition.pk, key]))
    assert answer.status_code == 200, key
    return answer.content.decode()


def printed_keys(edition: Edition) -> set[str]:
    document = printing.prepare(edition, style="gongwen").document
    html = render_to_string("budget/pdf/explanation.html", {"document": document, "style": "gongwen"})
    return {
        key.rstrip("/") for key in re.findall(rf'class="figure" href="{document.figures_url}([^"]+)"', html)
    }


def test_every_printed_figure_has_its_page_with_the_same_amount(office):
    edition = example_edition(office)
    client = signed_in(office.clerk)
    sheet = edition_sheet(edition)
    keys = printed_keys(edition)
    assert len(keys) > 15
    for key in keys:
        answer = client.get(reverse("budget:figure", args=[edition.pk, key]))
        assert answer.status_code == 200, key
        found = find_figure(sheet, key)
        assert f"{found.amount:,.2f}" in answer.content.decode()


def test_an_item_shows_its_formula_its_lines_and_where_it_is_printed(office):
    edition = example_edition(office)
    item = edition.items.get(name="市级离退休劳模津贴")
    text = page(edition, f"item-{item.lineage}", office.clerk)
    for said in (
        "367,500＋44,000＋25,000＝436,500元",
        "245×1,500＝367,500元",
        "含破产或撤销企业劳模6人",
        "人民币肆拾叁万陆仟伍佰元整",
        "正文“单位专项项目说明”项目4",
        "测算明细表测2-4",
        reverse("budget:grid_history", args=["items", item.pk]),
    ):
        assert said in text, said


def test_sums_lead_down_to_their_parts_and_parts_up_to_their_sum(office):
    edition = example_edition(office)
    total = page(edition, "total", office.clerk)
    assert "5,922,800＋1,936,500＝7,859,300元" in total
    assert reverse("budget:figure", args=[edition.pk, "group-special"]) in total
    group = page(edition, "group-special", office.clerk)
    assert "750,000＋300,000＋450,000＋436,500＝1,936,500元" in group
    line = CalcLine.objects.get(item__edition=edition, people=245)
    one = page(edition, f"line-{line.pk}", office.clerk)
    for key in (f"item-{line.item.lineage}", "group-special", "total"):
        assert reverse("budget:figure", args=[edition.pk, key]) in one


def test_a_fixed_amount_without_a_note_says_that_it_has_no_basis(office):
    edition = example_edition(office)
    item = edition.items.get(name="厂务公开经费")
    assert "无测算依据" in page(edition, f"item-{item.lineage}", office.clerk)


def test_a_line_bound_to_a_source_shows_what_was_read_and_when(office):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    read_at = datetime(2015, 12, 1, 1, 30, tzinfo=UTC)
    CalcLine.objects.filter(pk=line.pk).update(
        source_key="gone.source",
        source_value=Decimal(245),
        source_read_at=read_at,
        source_rows={"1": "示例甲"},
    )
    text = page(edition, f"line-{line.pk}", office.clerk)
    assert "2015-12-01 09:30 读取 245，明细 1 条" in text
    assert "示例甲" not in text


def test_movements_after_the_approval_are_part_of_the_figure(office):
    edition = office.adjustment(items=2)
    first, second = edition.items.order_by("ordinal")
    adjustments.transfer_between(
        edition_id=edition.pk,
        from_item_id=first.pk,
        to_item_id=second.pk,
        amount=Decimal(5000),
        reason="示例调剂",
        actor=office.clerk,
        now=office.now,
    )
    assert edition.stage == Stage.ADJUSTMENT
    text = page(edition, f"item-{second.lineage}", office.clerk)
    for said in ("示例调剂", "367,500＋5,000＝372,500元", "372,500.00"):
        assert said in text
    assert "367,500－5,000＝362,500元" in page(edition, f"item-{first.lineage}", office.clerk)


def test_the_change_against_last_year_stands_on_the_page(office):
    edition = office.plan().editions.get()
    item = edition.items.get()
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"prior_amount": Decimal(300000), "change_reason": "人数增加"},
        seen_version=item.version,
        now=office.now,
    )
    assert "比上年增加6.75万元，增长22.5%，主要原因是人数增加。" in page(
        edition, f"item-{item.lineage}", office.clerk
    )


def test_the_page_follows_a_change(office):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    change_line(
        line_id=line.pk, actor=office.clerk, values={"people": 251}, seen_version=line.version, now=office.now
    )
    assert "251×1,500＝376,500元" in page(edition, f"line-{line.pk}", office.clerk)


def test_a_link_to_a_row_that_is_gone_says_so(office):
    edition = office.plan().editions.get()
    line = CalcLine.objects.get(item__edition=edition)
    remove_line(line_id=line.pk, actor=office.clerk, seen_version=line.version)
    answer = signed_in(office.clerk).get(reverse("budget:figure", args=[edition.pk, f"line-{line.pk}"]))
    assert answer.status_code == 404
    assert "本版本里没有这个数字了" in answer.content.decode()


@pytest.mark.parametrize("key", ["item-x", "line-0", "group-", "source-none-x", "nothing", "合计"])
def test_an_invented_key_is_no_error(office, key):
    edition = office.plan().editions.get()
    answer = signed_in(office.clerk).get(reverse("budget:figure", args=[edition.pk, key]))
    assert answer.status_code == 404
    assert "没有这个数字" in answer.content.decode()


def test_figures_of_another_union_do_not_exist_for_the_reader(office):
    edition = office.plan().editions.get()
    url = reverse("budget:figure", args=[edition.pk, "total"])
    assert signed_in(UserFactory(union=UnionFactory(), finance_head=True)).get(url).status_code == 404
    assert signed_in(UserFactory(grassroots=True)).get(url).status_code == 403
