"""Lists of the budget: one declaration of columns for screen and print."""

import django_tables2 as tables
from django.utils.html import format_html

from apps.budget.rules.stages import Book, Status
from apps.budget.selectors.frame import TONES
from apps.budget.selectors.plans import PlanRow
from apps.core.tables import BadgeColumn, HouseTable, NameColumn, WanColumn


class PlanTable(HouseTable):
    """One row a plan. There is no row of totals: plans of different books are never added together."""

    label = "年度预算"
    empty_title = "没有符合条件的预算"
    empty_hint = "换一个年度或预算体系再看；还没有编制的，请新建预算。"

    year = tables.Column("年度", attrs={"td": {"class": "tight"}})
    union_name = NameColumn(verbose_name="工会", linkify=("budget:plan_detail", {"pk": tables.A("plan__pk")}))
    book = tables.Column("预算体系", attrs={"td": {"class": "nowrap"}})
    edition_label = tables.Column(
        "当前版本", order_by="edition__pk", linkify=("budget:edition_grid", {"pk": tables.A("edition__pk")})
    )
    status = BadgeColumn(verbose_name="状态", tones=TONES, labels=dict(Status.choices))
    total = WanColumn(verbose_name="当前合计（万元）")
    ratified = WanColumn(verbose_name="批复数（万元）")
    adjusted = WanColumn(verbose_name="调整后预算数（万元）")

    def render_book(self, value: str) -> str:
        return str(Book(value).label)

    def render_edition_label(self, value: str, record: PlanRow) -> str:
        if not record.plan.fiscal_year.is_closed:
            return value
        return format_html('{}<span class="row-note">年度已关闭</span>', value)
