"""Form fields that every app uses: a union chosen in the tree."""

from typing import Any

from django import forms

from apps.accounts.models import Union


class UnionChoice(forms.ModelChoiceField):
    """Unions in the order of the tree, each level set in by one character."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"empty_label": "请选择"} | kwargs))

    def label_from_instance(self, obj: Union) -> str:
        return f"{'　' * obj.depth}{obj.name}"
