"""Lists of the budget, on screen and going out as spreadsheets."""

from datetime import datetime

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.budget.models import Edition
from apps.budget.rules.stages import TONES, Book, Status
from apps.budget.selectors.comparison import ComparedItem, Comparison
from apps.budget.selectors.plans import PlanRow
from apps.core.sheets import Column, Sheet, write_sheets
from apps.core.tables import BadgeColumn, HouseTable, NameColumn, WanColumn


class PlanTable(HouseTable):
    """One row a plan. There is no row of totals: plans of different books are never added together."""

    label = "年度预算"
    empty_title = "没有符合条件的预算"
    empty_hint = "换一个年度或预算体系再看；还没有编制的，请新建预算。"

    year = tables.Column("年度", attrs={"td": {"class": "tight"}})
    union_name = NameColumn(verbose_name="工会", linkify=("budget:plan_detail", {"pk": tables.A("plan__pk")}))
    book = tables.Column("预算体系", attrs={"td": {"class": "nowrap"}})
    edition_label = tables.Column("当前版本", order_by="edition__pk")
    status = BadgeColumn(verbose_name="状态", tones=TONES, labels=dict(Status.choices))
    total = WanColumn(verbose_name="当前合计（万元）")
    ratified = WanColumn(verbose_name="批复数（万元）")
    adjusted = WanColumn(verbose_name="调整后预算数（万元）")

    def render_book(self, value: str) -> str:
        return str(Book(value).label)

    def render_edition_label(self, record: PlanRow) -> SafeString:
        """The newest edition; quietly below it the stages before, each a way back, and the close of the year."""
        before = format_html_join("、", "{}", ((_to_grid(edition),) for edition in record.earlier))
        notes: list[str] = [format_html("此前 {}", before)] if before else []
        if record.plan.fiscal_year.is_closed:
            notes.append("年度已关闭")
        below = format_html_join("", '<span class="row-note muted">{}</span>', ((note,) for note in notes))
        return format_html("{}{}", _to_grid(record.edition), below)


def _to_grid(edition: Edition) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("budget:edition_grid", args=[edition.pk]), edition.label
    )


def comparison_workbook(comparison: Comparison, *, title: str, created: datetime) -> bytes:
    """The rows shown on the page with their sentences, and the total of all rows."""
    columns = (
        Column("项目分组", "group"),
        Column("项目", "title"),
        Column(f"{comparison.before_label}（元）", "before", "amount"),
        Column(f"{comparison.after_label}（元）", "after", "amount"),
        Column("增减（元）", "difference", "amount"),
        Column("增减率（%）", "percent", "amount"),
        Column("人数因素（元）", "people", "amount"),
        Column("标准因素（元）", "rate", "amount"),
        Column("其他因素（元）", "other", "amount"),
        Column("说明", "sentence", width=60),
    )
    totals = comparison.totals
    sheet = Sheet(
        name="版本对比",
        columns=columns,
        rows=[_compared(row) for row in comparison.rows()],
        title=title,
        totals={
            "group": "合计（全部项目）",
            "before": totals.before,
            "after": totals.after,
            "difference": totals.difference,
            "percent": totals.percent,
            "people": totals.people_effect,
            "rate": totals.rate_effect,
            "other": totals.other_effect,
            "sentence": comparison.sentence,
        },
    )
    return write_sheets([sheet], created=created)


def _compared(row: ComparedItem) -> dict[str, object]:
    change = row.change
    return {
        "group": row.group,
        "title": change.title,
        "before": change.before,
        "after": change.after,
        "difference": change.difference,
        "percent": change.percent,
        "people": change.people_effect,
        "rate": change.rate_effect,
        "other": change.other_effect,
        "sentence": row.sentence,
    }
