"""What the database refused, in the words of the constraint or guard that refused it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Model

from apps.core.errors import Refused

_GENERAL = "数据库没有接受这次修改，请刷新页面后重试。"


def explain(error: DatabaseError, *, app_label: str, field: str | None = None) -> Refused:
    """The sentence of the constraint or trigger that refused a row of this app; its name is the code."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or ""
    for model in apps.get_app_config(app_label).get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return Refused(str(constraint.violation_error_message), field=field, code=name)
    said = getattr(diagnosis, "message_primary", None) or ""
    if name.startswith((f"{app_label}_", "house_")) and any("\u4e00" <= one <= "\u9fff" for one in said):
        return Refused(said, field=field, code=name)
    return Refused(_GENERAL, code="database")


@contextmanager
def explained(row: Model) -> Iterator[None]:
    """Turns what the database refuses of this row into Refused; what was written inside is taken back."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        raise explain(error, app_label=row._meta.app_label) from error
