"""The file of a model worker: its facts and its treatment."""

from django import forms

from apps.budget.models import PolicyDocument
from apps.core.forms import HouseForm
from apps.model_workers.forms.choices import DocumentChoice
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
