"""The upload of a spreadsheet for a whole edition."""

from typing import Any

from django import forms

from apps.core.errors import Refused
from apps.core.forms import HouseForm
from apps.core.uploads import UploadedContent, require_upload


class ImportForm(HouseForm):
    """One xlsx file, judged before anything opens it."""

    file = forms.FileField(
        label="文件",
        allow_empty_file=True,  # told by require_upload, with its size
        help_text="xlsx，不超过 20 MB。表头须有“项目名称”，可先导出一份照着填；没有的列不改，空格即清空。",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
    )

    def clean_file(self) -> Any:
        try:
            self.upload: UploadedContent = require_upload(self.cleaned_data["file"], kinds=("xlsx",))
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused
        return self.cleaned_data["file"]
