"""A foreign text to check: pasted or uploaded."""

from typing import Any

from django import forms
from django.conf import settings

from apps.core.forms import HouseForm
from apps.core.texts import MAX_CHARACTERS, too_large


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
        max_length=MAX_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=f"把编制说明粘贴到这里，或在下面选择文件，二者选一；最多 {MAX_CHARACTERS:,} 个字符",
    )
    file = forms.FileField(
        label="文件", required=False, help_text="txt、docx 或 pdf，不超过 20 MB；扫描成图片的 PDF 读不出文字"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        upload = data.get("file")
        has_text = bool((data.get("text") or "").strip())
        if upload and has_text:
            self.add_error("file", "文稿和文件只能选一样：请清空上面粘贴的文稿，或不选文件。")
        elif upload and upload.size > settings.UPLOAD_MAX_BYTES:
            self.add_error("file", too_large(upload.size).message)
        elif not upload and not has_text and not {"text", "file"} & self.errors.keys():
            self.add_error("text", "请粘贴文稿，或选择一个文件。")
        return data
