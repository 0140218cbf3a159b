"""Choosing a source for a calculation line, and deciding on what it says."""

from typing import Any, cast

from django import forms

from apps.core import quantities
from apps.core.forms import HouseForm
from apps.core.quantities import QuantitySource


class SourceChoiceForm(forms.Form):
    """Which source: the first step of binding, so that the second can ask its parameters and show its figure."""

    key = forms.ChoiceField(label="数据来源")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sources = [(source.key, source.label) for source in quantities.all_sources()]
        cast(forms.ChoiceField, self.fields["key"]).choices = [("", "请选择"), *sources]


class BindingForm(HouseForm):
    """The parameters of a source, and the reason when the line keeps its own figure."""

    keep_reason = forms.CharField(
        label="保留原数的理由",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="只绑定、不采用读取数时必填",
    )

    def __init__(self, *args: Any, source: QuantitySource, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [parameter for parameter in source.parameters if not parameter.is_given]
        for parameter in self.asked:
            if parameter.choices:
                field: forms.Field = forms.ChoiceField(
                    label=parameter.label, choices=[("", "请选择"), *parameter.choices]
                )
            elif parameter.kind == "date":
                field = forms.DateField(label=parameter.label, widget=forms.DateInput(attrs={"type": "date"}))
            else:
                field = forms.CharField(label=parameter.label, max_length=100)
            self.fields[parameter.name] = field
        self.phrase_errors()
        self.order_fields([*(parameter.name for parameter in self.asked), "keep_reason"])

    @property
    def parameters(self) -> dict[str, str]:
        """As they are stored: dates as 2015-12-31."""
        return {parameter.name: str(self.cleaned_data[parameter.name]) for parameter in self.asked}


class ReadingForm(forms.Form):
    """The figure that the person saw, and why the old one stays."""

    seen_value = forms.DecimalField(widget=forms.HiddenInput, max_digits=16, decimal_places=2)
    reason = forms.CharField(
        label="保留原数的理由",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="保留原数时必填，不超过 200 字",
    )
