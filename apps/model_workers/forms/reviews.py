"""Answering a review, and doing one thing to many people."""

from datetime import date
from typing import Any

from django import forms

from apps.core.forms import HouseForm, day
from apps.model_workers.forms.choices import text
from apps.model_workers.models import Review


class OutcomeForm(HouseForm):
    outcome = forms.ChoiceField(label="结果", choices=Review.Outcome.choices, widget=forms.RadioSelect)
    note = text(
        label="说明", max_length=300, required=False, help_text="情况有变或存疑的必须写明；不写证件号码。"
    )


class ChosenForm(HouseForm):
    """`expected`: how many people were shown before the deed was confirmed."""

    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ReviewPlanForm(ChosenForm):
    year = forms.IntegerField(label="复核年度", min_value=1950, max_value=2200)
    due_on = day(label="办结期限", help_text="到期没有登记结果的，在复核清单里标为逾期。")

    @classmethod
    def suggested(cls, *, today: date, expected: int) -> dict[str, Any]:
        return {"year": today.year, "expected": expected}


class KeeperForm(ChosenForm):
    managed_by = forms.CharField(label="归口管理单位", max_length=60)

    @classmethod
    def suggested(cls, *, today: date, expected: int) -> dict[str, Any]:
        return {"expected": expected}
