"""Dated parameters: what people type, cleaned. One form a kind; period, basis and 示例 are the same for all."""

from typing import Any, cast

from django import forms

from apps.budget.models import PolicyDocument
from apps.core.forms import AmountField, HouseForm, day
from apps.model_workers.forms.choices import DocumentChoice
from apps.model_workers.rules.allowances import DeathRule
from apps.model_workers.rules.honours import AwardClass, Category, Level
from apps.model_workers.rules.parameters import OLDEST_AGE
from apps.model_workers.rules.relief import LineGroup, ReliefKind

_EMPTY = ("", "请选择")


class ParameterForm(HouseForm):
    """What every parameter has. `seen` tells the service which state of the row the person looked at."""

    valid_from = day(label="起始日期", help_text="从这一天起生效；现行的一项自动在前一天截止")
    valid_until = day(label="截止日期", required=False, help_text="当天仍有效；长期有效的留空")
    document = DocumentChoice(
        label="依据文件",
        queryset=PolicyDocument.objects.none(),
        required=False,
        empty_label="没有（只能标为示例）",
        help_text="在“预算 → 依据文件”中登记",
    )
    is_sample = forms.BooleanField(
        label="示例", required=False, help_text="没有公布的数，仅供演示；正式使用前换成有依据的"
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, fixed: tuple[str, ...] = (), **kwargs: Any) -> None:
        """`fixed`: columns of an existing parameter that never change."""
        super().__init__(*args, **kwargs)
        documents = PolicyDocument.objects.current().order_by("title", "number")
        cast(DocumentChoice, self.fields["document"]).queryset = documents
        for name in fixed:
            del self.fields[name]
        common = ("valid_from", "valid_until", "document", "is_sample", "seen")
        self.order_fields([*(name for name in self.fields if name not in common), *common])

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class AllowanceStandardForm(ParameterForm):
    award_class = forms.TypedChoiceField(
        label="档次", coerce=int, choices=[_EMPTY, *AwardClass.choices], help_text="市级荣誉的次数"
    )
    amount = AmountField(label="标准", help_text="每人每年，如 1500")


class CountingRuleForm(ParameterForm):
    categories = forms.MultipleChoiceField(
        label="计入的类别",
        choices=Category.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="归口管理的类别；农民劳模由农业农村部门管理的不选",
    )
    higher_counts = forms.BooleanField(
        label="上级荣誉也计入次数", required=False, help_text="全国、省部级荣誉是否计入市级次数"
    )
    death_rule = forms.ChoiceField(
        label="去世当年", choices=DeathRule.choices, help_text="移居、失联、暂停和撤销的当年同样办理"
    )


class ExamRuleForm(ParameterForm):
    levels = forms.MultipleChoiceField(
        label="荣誉级别", choices=Level.choices, widget=forms.CheckboxSelectMultiple
    )
    minimum_age = forms.IntegerField(
        label="最低年龄",
        required=False,
        min_value=1,
        max_value=OLDEST_AGE,
        help_text="不限年龄的留空；按名册日期计算",
    )
    rate = AmountField(label="每人标准", help_text="如 400")


class ReliefStandardForm(ParameterForm):
    kind = forms.ChoiceField(label="种类", choices=[_EMPTY, *ReliefKind.choices])
    group = forms.ChoiceField(label="适用人员", choices=[_EMPTY, *LineGroup.choices])
    line = AmountField(label="救助线", required=False, help_text="每月；只有生活困难救助填写")
    cap = AmountField(label="最高额", help_text="生活困难救助按月，其他按次")


FORMS: dict[str, type[ParameterForm]] = {
    "allowance-standard": AllowanceStandardForm,
    "counting-rule": CountingRuleForm,
    "exam-rule": ExamRuleForm,
    "relief-standard": ReliefStandardForm,
}


class EndForm(HouseForm):
    until = day(label="截止日期", help_text="当天仍有效")
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
