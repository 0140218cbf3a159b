"""The dialog of a step: the opinion, and what the person saw when giving it."""

from typing import Any

from django import forms

from apps.cases.rules.flow import Step
from apps.cases.services import Seen
from apps.core.forms import HouseForm


class StepForm(HouseForm):
    opinion = forms.CharField(
        label="意见",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="随审批记录保存，印在审批表上",
    )
    minutes = forms.CharField(label="会议纪要文号", max_length=60)
    number = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(widget=forms.HiddenInput)
    count = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The service has the last word on missing words; this marks the fields.
        self.fields["opinion"].required = step.needs_opinion
        if not step.needs_minutes:
            del self.fields["minutes"]

    @property
    def seen(self) -> Seen:
        data = self.cleaned_data
        return Seen(data["number"], data["amount"], data["count"])

    @staticmethod
    def initial_of(seen: Seen) -> dict[str, Any]:
        return {"number": seen.number, "amount": seen.amount, "count": seen.count}
