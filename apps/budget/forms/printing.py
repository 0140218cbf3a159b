"""Printing, issuing and verifying an explanation."""

import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.budget.models.issues import Style
from apps.budget.rules.issuing import REASON_LENGTH, clean_hash
from apps.core.errors import Refused
from apps.core.forms import HouseForm
from apps.core.uploads import sniff

DRAFT, ISSUE = "draft", "issue"


def _choice(style: Style, note: str) -> tuple[str, SafeString]:
    return style, format_html('<span>{}<span class="choice-note">{}</span></span>', style.label, note)


class PrintForm(HouseForm):
    """Which style, and with what purpose; the button pressed says whether it is an issue."""

    style = forms.ChoiceField(
        label="版式",
        choices=(
            _choice(Style.GONGWEN, "A4 纵向，每面 22 行、每行 28 字，按公文格式排标题和页码"),
            _choice(Style.BOOK, "封面、目录、横向表格，适合装订和公开"),
        ),
        initial=Style.GONGWEN,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="更正理由",
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="首次签发不填；再次签发是更正，原件保留，理由印在新件上",
    )


class VerifyForm(HouseForm):
    """A file or its hash. The bytes are hashed as they came and kept nowhere."""

    file = forms.FileField(
        label="PDF 文件", required=False, help_text="不超过 20 MB；只计算它的 SHA-256，不保存文件"
    )
    sha256 = forms.CharField(
        label="SHA-256", required=False, max_length=200, help_text="64 位十六进制数字；上传了文件就不用填"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            upload = data.get("file")
            data["sha256"] = _hash_of(upload) if upload else clean_hash(data.get("sha256") or "")
            data["name"] = upload.name if upload else ""
        except Refused as refused:
            self.add_error(refused.field, refused.message)
        return data


def _hash_of(upload: Any) -> str:
    limit = settings.UPLOAD_MAX_BYTES
    if upload.size > limit:
        raise Refused(
            f"文件有 {upload.size / 1024 / 1024:.1f} MB，超过 {limit // 1024 // 1024} MB 的上限。",
            field="file",
        )
    content = upload.read(limit + 1)
    if sniff(content) != "pdf":
        raise Refused("上传的文件不是 PDF；请选择签发后下载的那份 PDF。", field="file", code="kind")
    return hashlib.sha256(content).hexdigest()
