"""What the database refuses, told as a sentence: the last word behind every rule."""

from django.apps import apps
from django.db import DatabaseError

from apps.core.errors import Refused

_GENERAL = "数据库没有接受这次修改，请刷新页面后重试。"


def constraint_name(error: DatabaseError) -> str:
    """The constraint that refused a row; empty when it was something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def explain(error: DatabaseError, *, field: str | None = None) -> Refused:
    """The message of the constraint or trigger that refused a row of the model workers."""
    name = constraint_name(error)
    for model in apps.get_app_config("model_workers").get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return Refused(str(constraint.violation_error_message), field=field, code="constraint")
    primary = getattr(getattr(error.__cause__, "diag", None), "message_primary", None) or ""
    if name.startswith("model_workers_") and any("\u4e00" <= character <= "\u9fff" for character in primary):
        return Refused(primary, field=field, code="constraint")
    return Refused(_GENERAL, code="database")
