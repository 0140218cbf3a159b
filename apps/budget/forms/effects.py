"""Trying other figures in the lines of an item: counts, standards, and the day its sources are read for."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from apps.budget.rules.calculation import COUNT_LIMIT, COUNTED_METHODS
from apps.budget.selectors.sheet import LineRow
from apps.core import quantities
from apps.core.forms import AmountField, HouseForm


class TrialForm(HouseForm):
    """One standard for each counted line, one count for each line that is entered by hand, one day for the sources."""

    def __init__(self, *args: Any, lines: Sequence[LineRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [row for row in lines if row.line.method in COUNTED_METHODS]
        days = {day for row in self.lines if (day := _source_day(row))}
        if days:
            self.fields["snapshot_on"] = forms.DateField(
                label="快照日",
                required=False,
                initial=max(days),
                widget=forms.DateInput(attrs={"type": "date"}),
                help_text="换一个日期，绑定名册的各行按那一天重新计数",
            )
        for row in self.lines:
            if not row.record.source_key:
                self.fields[f"people_{row.record.pk}"] = forms.IntegerField(
                    label=f"{row.line.label} 数量",
                    required=False,
                    min_value=0,
                    max_value=COUNT_LIMIT,
                    initial=row.line.people,
                    widget=forms.NumberInput(attrs={"class": "num"}),
                )
            self.fields[f"rate_{row.record.pk}"] = AmountField(
                label=f"{row.line.label} 标准", required=False, initial=row.line.rate
            )
        self.phrase_errors()

    @property
    def inputs(self) -> dict[int, tuple[forms.BoundField | None, forms.BoundField]]:
        """By id of the line: where its count (unless a source gives it) and its standard are typed."""
        return {
            row.record.pk: (
                self[f"people_{row.record.pk}"] if f"people_{row.record.pk}" in self.fields else None,
                self[f"rate_{row.record.pk}"],
            )
            for row in self.lines
        }

    def people(self, row: LineRow) -> int | None:
        return self.cleaned_data.get(f"people_{row.record.pk}")

    def rate(self, row: LineRow) -> Decimal | None:
        return self.cleaned_data.get(f"rate_{row.record.pk}")


def _source_day(row: LineRow) -> str:
    """The day the source of a line was asked for; empty without one."""
    source = quantities.find(row.record.source_key) if row.record.source_key else None
    if source is None:
        return ""
    return next(
        (
            row.record.source_parameters.get(parameter.name, "")
            for parameter in source.parameters
            if parameter.kind == "date"
        ),
        "",
    )
