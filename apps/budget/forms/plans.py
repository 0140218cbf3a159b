"""Opening a plan and correcting its last edition: what people type, cleaned."""

from typing import Any, cast

from django import forms
from django.utils import timezone

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union, User
from apps.budget.rules.stages import REASON_LENGTH, Book
from apps.core.forms import HouseForm


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


class CorrectionForm(HouseForm):
    reason = forms.CharField(
        label="更正理由",
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="改什么、为什么改；印在更正后的编制说明上",
    )
