"""Filters of a list: they stand in the address, are described in words and go into a form or another address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms

from apps.core.forms import HouseForm


class FilterForm(HouseForm):
    """What filters of every list share. Wrong input is told, never guessed."""

    @property
    def values(self) -> dict[str, Any]:
        """The filters that are set; none while one of them is wrong."""
        return {name: value for name, value in self.cleaned_data.items() if value} if self.is_valid() else {}

    @property
    def is_filtered(self) -> bool:
        return any(bool(self.data.get(name)) for name in self.fields)

    @property
    def sentences(self) -> list[str]:
        """What is wrong with the filters."""
        return [str(message) for messages in self.errors.values() for message in messages]

    def pairs(self, *, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """The filters as they were given, for another address or a form that carries them on."""
        return [
            (name, str(value))
            for name in self.fields
            if name not in without and (value := self.data.get(name))
        ]

    def address(self, *, without: tuple[str, ...] = (), **changed: str) -> str:
        """A query string with its question mark; empty without any filter."""
        found = [*self.pairs(without=(*without, *changed)), *changed.items()]
        return f"?{urlencode(found)}" if found else ""

    @property
    def described(self) -> str:
        """The filters in words, for records and printed lists."""
        return "，".join(f"{self.fields[name].label} {self.shown(name)}" for name in self.values)

    def shown(self, name: str) -> str:
        """One filter as the screen calls it."""
        field, value = self.fields[name], self.values[name]
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            labels: Mapping[Any, Any] = dict(field.choices)  # type: ignore[arg-type]
            return str(labels.get(value, value))
        return str(value)
