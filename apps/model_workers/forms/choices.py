"""Choosing a title or a basis document; several lines of text."""

from typing import Any

from django import forms


class DocumentChoice(forms.ModelChoiceField):
    """Basis documents as they are cited."""

    def label_from_instance(self, obj: Any) -> str:
        return obj.citation()


def text(rows: int = 3, **kwargs: Any) -> forms.CharField:
    """Several lines of text."""
    return forms.CharField(widget=forms.Textarea({"rows": rows}), **kwargs)


class TitleChoice(forms.ModelChoiceField):
    """Titles with their level, so that alike names are told apart."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}（{obj.get_level_display()}）"
