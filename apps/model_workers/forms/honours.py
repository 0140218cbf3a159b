"""Entering an honour, its certificate, and what may happen to it afterwards."""

from django import forms

from apps.core.forms import HouseForm, day
from apps.model_workers.forms.choices import TitleChoice
from apps.model_workers.models import HonourTitle

_FACTS = ("session", "awarding_body", "document_number", "certificate_number", "note")
SCAN_RULE = "PDF、PNG 或 JPG，不超过 10 MB。没有扫描件的列入存疑，以后可以补。"


class AwardFactsForm(HouseForm):
    """What stands on the certificate."""

    awarded_on = day(label="表彰日期")
    awarding_body = forms.CharField(
        label="表彰机关", max_length=100, help_text="照抄表彰决定，如：廊坊市人民政府"
    )
    document_number = forms.CharField(
        label="表彰文号", max_length=60, required=False, help_text="照抄文号；年份的括号自动改成〔〕"
    )
    session = forms.CharField(label="届次", max_length=40, required=False)
    certificate_number = forms.CharField(label="证书编号", max_length=60, required=False)
    scan = forms.FileField(
        label="证书扫描件",
        required=False,
        help_text=SCAN_RULE,
        widget=forms.FileInput({"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    note = forms.CharField(label="备注", max_length=200, required=False)

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in _FACTS}


class HonourForm(AwardFactsForm):
    title = TitleChoice(
        label="荣誉称号", queryset=HonourTitle.objects.filter(is_active=True), empty_label="请选择"
    )
    field_order = ("title",)


class ScanForm(HouseForm):
    scan = forms.FileField(
        label="证书扫描件",
        help_text="PDF、PNG 或 JPG，不超过 10 MB；会换掉现有的扫描件。",
        widget=forms.FileInput({"accept": ".pdf,.png,.jpg,.jpeg"}),
    )


class VoidForm(HouseForm):
    """Why a wrong entry is taken out."""

    reason = forms.CharField(label="作废理由", max_length=200)
