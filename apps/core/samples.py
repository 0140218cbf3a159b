"""Example data of the pages that show the components; the words come from fixtures/components.json."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import django_tables2 as tables
from django import forms
from django.http import HttpRequest

from apps.core.forms import HouseForm
from apps.core.tables import (
    BadgeColumn,
    CountColumn,
    HouseTable,
    MoneyColumn,
    NameColumn,
    TimeColumn,
    WanColumn,
)

_FILE = Path(__file__).resolve().parents[2] / "fixtures" / "components.json"


class SampleForm(HouseForm):
    """Every kind of field once."""

    name = forms.CharField(
        label="项目名称", max_length=60, help_text="可用 {年度} 代替年份，复制到下一年时自动更新。"
    )
    kind = forms.ChoiceField(
        label="测算方式",
        choices=[("", "请选择"), ("count", "人数×标准"), ("tiers", "分档人数×标准"), ("fixed", "定额")],
        help_text="定额与据实没有算式，须由财务负责人说明理由。",
    )
    count = forms.IntegerField(
        label="人数", min_value=0, max_value=100_000, help_text="整数；“含”的人数不得超过本档。"
    )
    amount = forms.DecimalField(
        label="标准", max_digits=12, decimal_places=2, help_text="以元为单位，最多到分。",
        widget=forms.TextInput(attrs={"class": "money", "inputmode": "decimal"}),
    )  # fmt: skip
    issued_on = forms.DateField(
        label="发布日期", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    flags = forms.MultipleChoiceField(
        label="标记", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[("purchase", "政府采购"), ("person", "补贴到人"), ("travel", "三公经费")],
    )  # fmt: skip
    origin = forms.ChoiceField(
        label="资金来源", widget=forms.RadioSelect, choices=[("budget", "财政拨款"), ("union", "工会经费")]
    )
    purpose = forms.CharField(
        label="用途说明", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="数字只用占位符：{人数}、{标准}、{金额}、{万元}。",
    )  # fmt: skip
    scan = forms.FileField(label="扫描件", required=False, help_text="PDF 或图片，不超过 20 MB。")
    accepted = forms.BooleanField(label="我已核对原件", required=False)

    amount.unit = "元/人"  # type: ignore[attr-defined]
    count.unit = "人"  # type: ignore[attr-defined]


class SampleTable(HouseTable):
    label = "预算版本"
    name = NameColumn(verbose_name="名称", note="note", footer="合计", linkify=lambda: "#table")
    stage = tables.Column(verbose_name="阶段")
    status = BadgeColumn(verbose_name="状态", tones={}, labels={})
    count = CountColumn(verbose_name="项目数", footer="34")
    amount = MoneyColumn(verbose_name="金额（元）", footer="37,481,500.00")
    wan = WanColumn(verbose_name="万元", accessor="amount", orderable=False, footer="3,748.15")
    at = TimeColumn(verbose_name="最后修改")

    class Meta(HouseTable.Meta):
        order_by_field = "sort"


class _FarPage:
    """The shape of a page found by key: it knows its neighbours, not its number."""

    previous_url = ""
    next_url = "#pager"
    note = "最近 50 条"


def gallery(request: HttpRequest) -> dict[str, Any]:
    """Context of the page with every component."""
    words = _words()
    statuses = words["statuses"]
    table = SampleTable(
        [row | {"amount": Decimal(row["amount"])} for row in words["records"]],
        order_by=request.GET.get("sort", ""),
    )
    status = table.base_columns["status"]
    status.tones = {key: tone for key, (_, tone) in statuses.items()}
    status.labels = {key: label for key, (label, _) in statuses.items()}
    table.columns["status"].column.tones = status.tones
    table.columns["status"].column.labels = status.labels
    return words | {
        "form": SampleForm(initial={"name": "{年度}年劳模体检费", "kind": "count", "origin": "budget"}),
        "wrong_form": SampleForm(
            {
                "wrong-name": "{年度}年劳模体检费",
                "wrong-kind": "count",
                "wrong-count": "-5",
                "wrong-amount": "四百",
                "wrong-origin": "budget",
            },
            prefix="wrong",
        ),
        "dialog_form": SampleForm(prefix="dialog"),
        "table": table.paged(request.GET.get("page")),
        "empty_table": SampleTable([]),
        "far_page": _FarPage(),
        "number": Decimal("436500.00"),
        "total_amount": Decimal("7859300.00"),
    }


def page() -> dict[str, Any]:
    """Context of the whole page set from the components."""
    return _words() | {"total_amount": Decimal("7859300.00")}


def _words() -> dict[str, Any]:
    words: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    for row in [*words["events"], *words["records"]]:
        row["at"] = datetime.fromisoformat(row["at"])
    return words
