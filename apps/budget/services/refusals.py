"""What the database refuses, told as a sentence: the last word behind every rule."""

from django.apps import apps
from django.db import DatabaseError

from apps.core.errors import Refused

_GENERAL = "数据库没有接受这次修改，请刷新页面后重试。"


def explain(error: DatabaseError) -> Refused:
    """The message of the constraint or trigger that refused a row of the budget."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    for model in apps.get_app_config("budget").get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return Refused(str(constraint.violation_error_message), code="constraint")
    primary = getattr(diagnosis, "message_primary", None) or ""
    if name.startswith("budget_") and any("\u4e00" <= character <= "\u9fff" for character in primary):
        return Refused(primary, code="constraint")
    return Refused(_GENERAL, code="database")
