"""Choosing a unit of one union."""

from typing import Any
from uuid import UUID

from django import forms

from apps.people.models import Unit


class UnitChoice(forms.ModelChoiceField):
    """Units by their public identifier; one out of use says so."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Unit.objects.none(), to_field_name="public_id", required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if not isinstance(value, Unit):
            try:
                UUID(str(value))
            except ValueError:
                raise forms.ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice"
                ) from None
        return super().to_python(value)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}{'' if obj.is_active else '（停用）'}"
