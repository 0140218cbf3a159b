"""What must hold of the secret columns before anything starts (`manage.py check`, the production entry)."""

from collections import Counter
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Field, Model
from pghistory.models import Event

from apps.core.encryption import EncryptedField, keyring

TAG = "secrets"


def check_keyring(**kwargs: Any) -> list[CheckMessage]:
    """The keys of the settings can be read; the message never holds one."""
    try:
        keyring()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="core.E001")]
    return []


def check_sealed_columns(**kwargs: Any) -> list[CheckMessage]:
    """Each secret column has a name of its own inside the seal, and a row that names it; no history copies it."""
    sealed = [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedField)
    ]
    labels = Counter(
        field.label for model, field in sealed if not issubclass(model, Event) and not field.is_in_transit
    )
    return [error for model, field in sealed for error in judge_column(model, field, labels)]


def judge_column(model: type[Model], field: EncryptedField, labels: Counter[str]) -> list[CheckMessage]:
    """`labels`: how many columns have each label, without those whose values are on their way into another."""
    name = f"{model._meta.label}.{field.name}"
    if issubclass(model, Event):
        return [
            Error(
                f"{name}: the history must not hold ciphertext, which nothing could ever re-seal; "
                "exclude the column from audit.tracked().",
                id="core.E002",
            )
        ]
    found: list[CheckMessage] = []
    if not field.label or labels[field.label] > 1:
        found.append(Error(f"{name}: needs a label of its own.", id="core.E003"))
    if field.is_in_transit and not labels[field.label]:
        found.append(Error(f"{name}: there is no column {field.label} to go to.", id="core.E005"))
    row: Field[Any, Any] | None = next(
        (one for one in model._meta.concrete_fields if one.name == field.row), None
    )
    if row is None:
        found.append(Error(f"{name}: there is no field {field.row} to name the row.", id="core.E004"))
    return found
