"""Basis documents: the register's form, with the scan read through the guard."""

from typing import Any

from django import forms
from django.conf import settings

from apps.budget.models import PolicyDocument
from apps.budget.services.policies import EDITABLE
from apps.core.errors import Refused
from apps.core.forms import HouseForm, day
from apps.core.uploads import UploadedContent, require_upload


class PolicyDocumentForm(HouseForm):
    title = forms.CharField(
        label="标题", max_length=200, required=False, help_text="不带书名号；只知道文号的可以留空"
    )
    number = forms.CharField(
        label="文号",
        max_length=60,
        required=False,
        help_text="照抄来文即可，【】[]() 会改成六角括号〔〕；法律没有文号的留空",
    )
    issuer = forms.CharField(label="发文机关", max_length=120)
    kind = forms.ChoiceField(
        label="性质", choices=PolicyDocument.Kind.choices, help_text="领导讲话作依据时会提示效力不足"
    )
    issued_on = day(label="发文日期", required=False)
    in_force_until = day(
        label="有效期至", required=False, help_text="长期有效的留空；过期后引用它的项目会有提示"
    )
    scan = forms.FileField(label="扫描件", required=False, help_text="PDF、JPG 或 PNG，不超过 20 MB")
    note = forms.CharField(label="备注", max_length=300, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean_scan(self) -> UploadedContent | None:
        upload = self.cleaned_data.get("scan")
        if not upload:
            return None
        try:
            return require_upload(upload, kinds={"pdf", "jpg", "png"}, max_bytes=settings.UPLOAD_MAX_BYTES)
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in EDITABLE}

    @staticmethod
    def initial_of(document: PolicyDocument) -> dict[str, Any]:
        return {name: getattr(document, name) for name in EDITABLE} | {"version": document.version}


class CorrectionForm(PolicyDocumentForm):
    reason = forms.CharField(
        label="更正理由", max_length=300, help_text="哪里登记错了，依据什么改；和更正前后的内容一起留存"
    )
    field_order = ("reason",)
