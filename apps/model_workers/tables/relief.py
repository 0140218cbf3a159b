"""Relief cases: on screen and as a spreadsheet."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.sheets import Column, Sheet, write_sheets
from apps.core.tables import BadgeColumn, HouseTable, MoneyColumn
from apps.model_workers.models import ReliefCase
from apps.model_workers.rules.relief import TONES, ReliefStatus


class ReliefTable(HouseTable):
    label = "困难救助"

    name = tables.Column("姓名", accessor="person__name", attrs={"td": {"class": "name nowrap"}})
    year = tables.Column("年度", attrs={"td": {"class": "tight"}})
    kind = tables.Column("种类", attrs={"td": {"class": "nowrap"}})
    group = tables.Column(
        "适用人员", accessor="standard__get_group_display", attrs={"td": {"class": "nowrap"}}
    )
    unit = tables.Column("单位", accessor="person__unit__name")
    union = tables.Column("管理工会", accessor="union__short_name", attrs={"td": {"class": "nowrap"}})
    monthly_income = MoneyColumn(verbose_name="月均收入（元）")
    months = tables.Column("月数", attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    amount = MoneyColumn(verbose_name="救助金额（元）")
    status = BadgeColumn(verbose_name="状态", tones=TONES, labels=dict(ReliefStatus.choices))

    class Meta(HouseTable.Meta):
        orderable = False

    def render_name(self, value: str, record: ReliefCase) -> SafeString:
        return format_html(
            '<a class="quiet" href="{}">{}</a>',
            reverse("model_workers:relief_detail", args=[record.public_id]),
            value,
        )


_EXPORTED = (
    Column("年度", "year", "count", width=8),
    Column("姓名", "name", width=12),
    Column("性别", "sex", width=6),
    Column("证件号码", "id_number", "identifier"),
    Column("单位", "unit", width=32),
    Column("管理工会", "union", width=24),
    Column("种类", "kind", width=16),
    Column("适用人员", "group", width=18),
    Column("救助线（元/月）", "line", "amount"),
    Column("最高额（元）", "cap", "amount"),
    Column("月均收入（元）", "income", "amount"),
    Column("月数", "months", "count", width=8),
    Column("救助金额（元）", "amount", "amount"),
    Column("困难情况", "circumstances", width=48),
    Column("少发理由", "lower_reason", width=24),
    Column("与名册不同的理由", "group_reason", width=24),
    Column("状态", "status", width=12),
    Column("开户银行", "bank", width=24),
    Column("银行账号", "account", "identifier", width=16),
)


def cases_workbook(cases: QuerySet[ReliefCase], *, title: str, created: datetime) -> tuple[bytes, int]:
    """The rows as xlsx with their sum, numbers as their masks, and how many rows they were."""
    found = list(cases)
    total = sum((case.amount for case in found), Decimal(0))

    def rows() -> Iterator[Mapping[str, object]]:
        yield from (_exported(case) for case in found)

    sheet = Sheet(
        name="困难救助", columns=_EXPORTED, rows=rows(), title=title, totals={"name": "合计", "amount": total}
    )
    return write_sheets([sheet], created=created), len(found)


def _exported(case: Any) -> dict[str, object]:
    person, standard = case.person, case.standard
    return {
        "year": case.year,
        "name": person.name,
        "sex": person.get_sex_display(),
        "id_number": "" if person.id_number is None else str(person.id_number),
        "unit": person.unit.name if person.unit else "",
        "union": case.union.name,
        "kind": case.get_kind_display(),
        "group": standard.get_group_display(),
        "line": standard.line,
        "cap": standard.cap,
        "income": case.monthly_income,
        "months": case.months,
        "amount": case.amount,
        "circumstances": case.circumstances,
        "lower_reason": case.lower_reason,
        "group_reason": case.group_reason,
        "status": case.get_status_display(),
        "bank": " ".join(part for part in (person.bank_name, person.bank_branch) if part),
        "account": "" if person.account is None else str(person.account),
    }
