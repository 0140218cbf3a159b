"""Allowance runs and their lines on screen."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.tables import BadgeColumn, CountColumn, HouseTable, MoneyColumn, NameColumn
from apps.model_workers.models import AllowanceLine
from apps.model_workers.rules.allowances import MONTHS_IN_YEAR, RUN_TONES, RunStatus
from apps.model_workers.selectors.run_pages import LeftOut
from apps.people.rules.standing import UnitNature


class RunTable(HouseTable):
    label = "荣誉津贴发放"
    empty_title = "没有符合条件的名册"
    empty_hint = "换一个年度或状态再看。"

    year = NameColumn(verbose_name="年度", linkify=("model_workers:run_detail", {"pk": tables.A("pk")}))
    union = tables.Column("工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    snapshot_on = tables.DateColumn(format="Y-m-d", verbose_name="快照日", attrs={"td": {"class": "nowrap"}})
    people = CountColumn(verbose_name="人数")
    amount = MoneyColumn(verbose_name="金额（元）")
    status = BadgeColumn(verbose_name="状态", tones=RUN_TONES, labels=dict(RunStatus.choices))
    created_by = tables.Column("编制", attrs={"td": {"class": "nowrap"}})
    approved_on = tables.DateTimeColumn(
        format="Y-m-d", verbose_name="审批", attrs={"td": {"class": "nowrap"}}
    )

    class Meta(HouseTable.Meta):
        orderable = False

    def render_year(self, value: int) -> str:
        return f"{value}年"


def _worker_link(public_id: object, name: str) -> SafeString:
    return format_html(
        '<a class="quiet" href="{}">{}</a>', reverse("model_workers:worker_detail", args=[public_id]), name
    )


class LineTable(HouseTable):
    """The lines of one run, in the order of the paper. An account shows its last four digits, never more."""

    label = "发放名册"
    empty_title = "没有符合条件的人"
    empty_hint = "换一个条件，或清除筛选再看。"

    name = tables.Column("姓名", attrs={"td": {"class": "name nowrap"}})
    union_name = tables.Column("管理工会", attrs={"td": {"class": "nowrap"}})
    unit_name = tables.Column("单位", empty_values=())
    award_class = tables.Column("档次", attrs={"td": {"class": "nowrap"}})
    award_count = CountColumn(verbose_name="次数")
    months = CountColumn(verbose_name="月数")
    amount = MoneyColumn(verbose_name="金额（元）")
    bank_name = tables.Column("开户银行")
    account_last_four = tables.Column("银行账号", empty_values=(), attrs={"td": {"class": "nowrap"}})

    class Meta(HouseTable.Meta):
        orderable = False

    def render_name(self, value: str, record: AllowanceLine) -> SafeString:
        return _worker_link(record.person.public_id, value)

    def render_unit_name(self, record: AllowanceLine) -> SafeString | str:
        if record.unit_nature != UnitNature.BANKRUPT:
            return record.unit_name or "—"
        return format_html(
            '{}<span class="row-note">{}</span>', record.unit_name, record.get_unit_nature_display()
        )

    def render_months(self, value: int, record: AllowanceLine) -> SafeString | str:
        if value == MONTHS_IN_YEAR:
            return str(value)
        return format_html(
            '{}<span class="row-note">发至 {}</span>', value, f"{record.period_until:%Y-%m-%d}"
        )

    def render_account_last_four(self, record: AllowanceLine) -> SafeString | str:
        if not record.account_last_four:
            return format_html('<span class="negative">{}</span>', "缺账号")
        return f"****{record.account_last_four}"


class LeftOutTable(HouseTable):
    """Model workers who are not on the roster, and why."""

    label = "有荣誉未列入"
    empty_title = "没有这样的人"
    empty_hint = "快照日有荣誉的劳模都在名册里。"

    name = tables.Column("姓名", attrs={"td": {"class": "name nowrap"}})
    union = tables.Column("管理工会", attrs={"td": {"class": "nowrap"}})
    unit = tables.Column("单位")
    honours = CountColumn(verbose_name="荣誉项数")
    counted = CountColumn(verbose_name="计入次数")
    reason = tables.Column("未列入的原因")

    class Meta(HouseTable.Meta):
        orderable = False

    def render_name(self, value: str, record: LeftOut) -> SafeString:
        return _worker_link(record.public_id, value)

    def render_unit(self, value: Any) -> Any:
        return value or "—"
