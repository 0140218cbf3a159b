"""A foreign text to check: pasted or uploaded."""

from typing import Any

from django import forms
from django.conf import settings

from apps.core.errors import Refused
from apps.core.forms import HouseForm
from apps.core.texts import from_pasted, read_text


class ForeignTextForm(HouseForm):
    year = forms.IntegerField(
        label="预算年度",
        min_value=2000,
        max_value=2100,
        required=False,
        help_text="文中除本年度和上年度外的年份会列出；不填则从文稿的标题判断",
    )
    text = forms.CharField(
        label="文稿",
        required=False,
        max_length=300_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text="把编制说明粘贴到这里，或在下面选择文件，二者选一",
    )
    file = forms.FileField(
        label="文件", required=False, help_text="txt、docx 或 pdf，不超过 20 MB；扫描成图片的 PDF 读不出文字"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        upload = data.get("file")
        if upload and (data.get("text") or "").strip():
            self.add_error("file", "文稿和文件只能选一样：请清空上面粘贴的文稿，或不选文件。")
        elif upload:
            if upload.size > settings.UPLOAD_MAX_BYTES:
                self.add_error("file", f"文件有 {upload.size / 1024 / 1024:.1f} MB，超过 20 MB 的上限。")
            else:
                try:
                    data["source"] = read_text(upload.name, upload.read())
                except Refused as refused:
                    self.add_error("file", refused.message)
        elif "file" in self.errors:  # told there
            return data
        elif not (data.get("text") or "").strip():
            self.add_error("text", "请粘贴文稿，或选择一个文件。")
        else:
            try:
                data["source"] = from_pasted(data["text"])
            except Refused as refused:
                self.add_error("text", refused.message)
        return data
