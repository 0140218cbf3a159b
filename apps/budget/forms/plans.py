"""Opening a plan and deciding on an edition: what people type, cleaned."""

from typing import Any, cast

from django import forms
from django.utils import timezone

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.budget.rules.stages import Book
from apps.core.errors import Refused
from apps.core.numbering import normalise_document_number


class PlanForm(forms.Form):
    """Year, book and union of a new plan. Whether it may be opened is the service's answer."""

    year = forms.IntegerField(label="年度", help_text="四位数字，如 2016")
    book = forms.ChoiceField(
        label="预算体系", choices=Book.choices, help_text="三本预算分别编制、分别打印，互不相加"
    )
    union = UnionChoice(
        label="工会", queryset=Union.objects.none(), empty_label=None, help_text="本级及所属工会"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unions = cast(UnionChoice, self.fields["union"])
        unions.queryset = Union.objects.visible_to(user).in_use().in_tree_order()
        self.fields["year"].initial = timezone.localdate().year + 1
        self.fields["union"].initial = user.union_id


class DecisionForm(forms.Form):
    """The opinion and the number of the minutes, as far as the step asks for them."""

    note = forms.CharField(
        label="意见",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不超过 500 字，随审批记录保存",
    )
    minutes_number = forms.CharField(
        label="会议纪要文号",
        max_length=60,
        required=False,
        help_text="主席办公会或党组会的纪要，如 廊工纪〔2015〕12号",
    )

    def __init__(self, *args: Any, needs_note: bool, needs_minutes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The service has the last word on a missing opinion; these only mark the field and ask for it at once.
        self.fields["note"].required = needs_note
        self.fields["note"].error_messages["required"] = "请填写“意见”。"
        if needs_minutes:
            self.fields["minutes_number"].required = True
            self.fields["minutes_number"].error_messages["required"] = "请填写“会议纪要文号”。"
        else:
            del self.fields["minutes_number"]

    def clean_minutes_number(self) -> str:
        """In its one written form; what is no document number is refused."""
        text = self.cleaned_data["minutes_number"].strip()
        try:
            return normalise_document_number(text, field="会议纪要文号") if text else ""
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused
