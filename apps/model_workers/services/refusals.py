"""What the database refuses, told as a sentence: the last word behind every rule."""

from django.db import DatabaseError

from apps.core import explaining
from apps.core.errors import Refused


def constraint_name(error: DatabaseError) -> str:
    """The constraint that refused a row; empty when it was something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def explain(error: DatabaseError, *, field: str | None = None) -> Refused:
    """The message of the constraint or trigger that refused a row of the model workers."""
    return explaining.explain(error, app_label="model_workers", field=field)
