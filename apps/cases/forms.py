"""The dialog of a step: the opinion, and what the person saw when giving it."""

from typing import Any

from django import forms

from apps.cases.rules.flow import Step
from apps.cases.services import NoticeText, Seen
from apps.core.errors import Refused
from apps.core.forms import HouseForm, day
from apps.core.numbering import normalise_document_number


class StepForm(HouseForm):
    opinion = forms.CharField(
        label="意见",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="随审批记录保存；有审批表的，印在表上",
    )
    minutes = forms.CharField(
        label="会议纪要文号", max_length=60, help_text="主席办公会或党组会的纪要，如 廊工纪〔2015〕12号"
    )
    number = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(widget=forms.HiddenInput)
    count = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The service has the last word on missing words; this marks the fields.
        self.fields["opinion"].required = step.needs_opinion
        if not step.needs_minutes:
            del self.fields["minutes"]

    def clean_minutes(self) -> str:
        """In its one written form; what is no document number is refused."""
        try:
            return normalise_document_number(self.cleaned_data["minutes"], field="会议纪要文号")
        except Refused as refused:
            raise forms.ValidationError(refused.message) from refused

    @property
    def seen(self) -> Seen:
        data = self.cleaned_data
        return Seen(data["number"], data["amount"], data["count"])

    @property
    def given(self) -> dict[str, Any]:
        """What a step takes besides, as its service names it."""
        return {}

    @staticmethod
    def initial_of(seen: Seen) -> dict[str, Any]:
        return {"number": seen.number, "amount": seen.amount, "count": seen.count}


class NoticeStepForm(StepForm):
    """The step that puts up a notice."""

    place = forms.CharField(label="公示地点或网址", max_length=200)
    first_on = day(label="公示开始", help_text="今天或以后")
    last_on = day(label="公示结束", help_text="首尾两天都算，只数工作日")
    field_order = ("place", "first_on", "last_on", "opinion")

    @property
    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"notice": NoticeText(data["place"], data["first_on"], data["last_on"])}


class ObjectionForm(HouseForm):
    said = forms.CharField(
        label="反映的情况",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="谁在什么时候反映了什么；登记后不能修改。",
    )


class AnswerForm(HouseForm):
    holds = forms.TypedChoiceField(
        label="核查结论",
        choices=(("", "请选择"), ("yes", "属实"), ("no", "不属实")),
        coerce=lambda value: value == "yes",
    )
    words = forms.CharField(
        label="核查情况",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="怎样核查、依据什么；登记后不能修改。",
    )
