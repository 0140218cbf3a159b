"""Relief cases: the filters of the list, a case as it is entered, the opinion on it."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from apps.accounts.models import User
from apps.core.forms import AmountField, HouseForm
from apps.model_workers.forms.choices import text
from apps.model_workers.forms.filters import ScopedFilterForm
from apps.model_workers.rules.relief import LONGEST_REASON, MOST_MONTHS, LineGroup, ReliefKind, ReliefStatus
from apps.model_workers.services.relief import ReliefDraft


class ReliefFilterForm(ScopedFilterForm):
    year = forms.IntegerField(label="年度", required=False, min_value=1950, max_value=2200)
    kind = forms.ChoiceField(label="种类", required=False, choices=[("", "全部种类"), *ReliefKind.choices])
    group = forms.ChoiceField(
        label="适用人员", required=False, choices=[("", "适用人员"), *LineGroup.choices]
    )
    status = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部状态"), *ReliefStatus.choices]
    )

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data, user=user)

    @property
    def shown_year(self) -> int:
        """The year whose totals stand above the list."""
        return int(self.values.get("year") or timezone.localdate().year)


class ReliefForm(HouseForm):
    """One case. The rules of the amount are the service's; empty, the amount is what the standard gives."""

    year = forms.IntegerField(label="年度", help_text="往年的，按当年 12 月 31 日的情况和标准")
    kind = forms.ChoiceField(label="种类", choices=ReliefKind.choices, help_text="三类救助一年内不能重复享受")
    group = forms.ChoiceField(
        label="适用人员",
        choices=[("", "请选择"), *LineGroup.choices],
        help_text="按名册里的工作状态带出，请核对",
    )
    group_reason = forms.CharField(
        label="与名册不同的理由",
        max_length=LONGEST_REASON,
        required=False,
        help_text="只在适用人员与名册登记的不同时填写，审核、审批的人都看得到",
    )
    monthly_income = AmountField(
        label="本人月均收入",
        required=False,
        help_text="生活困难救助填写；荣誉津贴不计入收入的，按当地规定扣除",
    )
    months = forms.IntegerField(
        label="月数",
        required=False,
        min_value=1,
        max_value=MOST_MONTHS,
        help_text="生活困难救助填写，1 至 12",
    )
    circumstances = text(label="困难情况", max_length=500, rows=4, help_text="不要写证件号码、银行账号")
    amount = AmountField(label="救助金额", required=False, help_text="留空的按标准计算；只能少发，不能多发")
    lower_reason = forms.CharField(
        label="少发理由", max_length=LONGEST_REASON, required=False, help_text="金额低于按标准计算的数时必填"
    )

    @property
    def draft(self) -> ReliefDraft:
        return ReliefDraft(**self.cleaned_data)

    @staticmethod
    def initial_of(draft: ReliefDraft) -> dict[str, Any]:
        return {name: getattr(draft, name) for name in ReliefForm.base_fields}
