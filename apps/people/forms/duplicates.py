"""Deciding pairs and taking merges back, as typed."""

from typing import Any

from django import forms

from apps.accounts.models import Union, User
from apps.core.forms import HouseForm
from apps.people.models import DuplicatePair


def _reason(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="理由", max_length=200, widget=forms.Textarea(attrs={"rows": 2}), help_text=help_text
    )


class MergeFilterForm(HouseForm):
    """Filters of the merges; what is not understood filters nothing. Nobody types here: a number would stand in the address."""

    person = forms.UUIDField(required=False, widget=forms.HiddenInput)
    union = forms.ModelChoiceField(queryset=Union.objects.none(), required=False, empty_label="全部工会")

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["union"].queryset = Union.objects.visible_to(viewer).in_tree_order()

    @property
    def filters(self) -> dict[str, Any]:
        self.is_valid()
        return self.cleaned_data


class PairFilterForm(MergeFilterForm):
    """Filters of the queue."""

    status = forms.ChoiceField(choices=DuplicatePair.Status.choices, required=False)


class DecisionForm(HouseForm):
    """One pair: which row stays, as it was seen, and why."""

    decision = forms.ChoiceField(choices=(("merge", "合并"), ("distinct", "不是同一人")), label="结论")
    kept = forms.ChoiceField(choices=(("first", "甲"), ("second", "乙")), required=False, label="保留")
    first_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    second_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = _reason("必填，例如“同一证件、同一单位，名册重复登记”")


class ApartForm(HouseForm):
    """Several pairs at once: none of them is one person."""

    reason = _reason("必填，写进每一对的核对记录")


class UndoForm(HouseForm):
    reason = _reason("必填，写进修改历史")
