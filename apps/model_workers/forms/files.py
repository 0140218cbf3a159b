"""The file of a model worker: its facts, its treatment, its suspension and revocation."""

from typing import Any

from django import forms

from apps.budget.models import PolicyDocument
from apps.core.forms import HouseForm, day
from apps.model_workers.forms.choices import DocumentChoice, text
from apps.model_workers.models import Honour
from apps.model_workers.rules.files import FileAction
from apps.model_workers.rules.honours import Level


class FileForm(HouseForm):
    number = forms.CharField(
        label="档案号",
        max_length=40,
        required=False,
        help_text="沿用纸质档案号；留空则按工会和年度自动编号。",
    )
    managed_by = forms.CharField(label="归口管理单位", max_length=60, required=False)
    archive_reference = forms.CharField(
        label="档案出处", max_length=100, required=False, help_text="登记表及档案页码，或证明原件"
    )
    note = forms.CharField(label="备注", max_length=200, required=False)


class TreatmentForm(HouseForm):
    level = forms.ChoiceField(
        label="享受待遇级别",
        required=False,
        choices=[("", "未确定"), *Level.choices],
        help_text="荣誉不等于待遇：按依据文件定，可以与荣誉级别不同。",
    )
    document = DocumentChoice(
        label="依据文件",
        queryset=PolicyDocument.objects.current().order_by("-issued_on", "title"),
        required=False,
        empty_label="请选择",
        help_text="在“预算 → 依据文件”里登记后选择。",
    )


class DecideForm(HouseForm):
    effective_on = day(label="生效日期")
    document = forms.CharField(
        label="文件", max_length=200, help_text="处理决定、立案通知、判决书等的名称和文号"
    )
    reason = text(label="理由", max_length=300, help_text="不写证件号码。")

    def __init__(self, *args: Any, action: str, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if action == FileAction.REVOKE:
            self.fields["honours"] = forms.ModelMultipleChoiceField(
                label="同时撤销的荣誉",
                queryset=Honour.objects.standing().filter(person=person).for_list(),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text="只勾选这份文件写明撤销的；各级荣誉由授予机关撤销。没有勾选的留在档案里，档案撤销后不再享受待遇。",
            )

    @property
    def honour_ids(self) -> list[int]:
        return [honour.pk for honour in self.cleaned_data.get("honours") or ()]
