"""The upload of a roster."""

from typing import Any

from django import forms
from django.conf import settings

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.core.errors import Refused
from apps.core.forms import HouseForm
from apps.core.uploads import UploadedContent, require_upload
from apps.people.services.roster_reading import MAX_INSIDE_BYTES


class RosterForm(HouseForm):
    """One union and one xlsx file, judged before anything opens it."""

    union = UnionChoice(
        label="工会",
        queryset=Union.objects.none(),
        help_text="新增的人归这个工会管理；已登记的人须在这个工会或它的下级",
    )
    file = forms.FileField(
        label="文件",
        allow_empty_file=True,  # told by require_upload, with its size
        help_text="xlsx，不超过 20 MB、100,000 行；号码所在的列须是文本格式",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unions = Union.objects.visible_to(user).in_use().in_tree_order()
        self.fields["union"].queryset = unions
        self.fields["union"].initial = user.union_id

    def clean_file(self) -> Any:
        try:
            self.upload: UploadedContent = require_upload(
                self.cleaned_data["file"],
                kinds=("xlsx",),
                max_bytes=settings.UPLOAD_MAX_BYTES,
                max_total_bytes=MAX_INSIDE_BYTES,
            )
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused
        return self.cleaned_data["file"]
