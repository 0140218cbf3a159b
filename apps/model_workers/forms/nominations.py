"""Proposing somebody for an honour, and what the approval asks for."""

from typing import Any, cast

from django import forms

from apps.accounts.fields import UnionChoice
from apps.accounts.models import Union
from apps.cases.forms import StepForm
from apps.core.forms import HouseForm
from apps.model_workers.forms.choices import TitleChoice, text
from apps.model_workers.forms.honours import AwardFactsForm
from apps.model_workers.models import HonourTitle
from apps.model_workers.services.nominations import Award
from apps.people.models import Person


class NominationForm(HouseForm):
    title = TitleChoice(
        label="拟授荣誉", queryset=HonourTitle.objects.filter(is_active=True), empty_label="请选择"
    )
    year = forms.IntegerField(label="评选年度", min_value=1950, max_value=2200)
    recommended_by = UnionChoice(label="推荐工会", queryset=Union.objects.none(), empty_label="请选择")
    merits = text(
        8, label="主要事迹", max_length=2000, help_text="不超过 2000 字，原样印在推荐审批表上；不写证件号码。"
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = person.union.path.rstrip("/").split("/")
        paths = ["/".join(codes[: end + 1]) + "/" for end in range(len(codes))]
        cast(UnionChoice, self.fields["recommended_by"]).queryset = Union.objects.filter(
            path__in=paths
        ).order_by("path")


class ApproveForm(StepForm, AwardFactsForm):
    """The approval with the facts of the honour it makes."""

    field_order = ("minutes", "opinion")

    @property
    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"award": Award(data["awarded_on"], self.facts, data["scan"])}
