"""The one way accounts write a row: what its fields and constraints forbid comes back as a sentence."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from psycopg.errors import CheckViolation

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.core.explaining import explain


def save_checked(row: models.Model) -> None:
    """Save a row. Raises Refused with the first message of its fields and constraints."""
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(messages[0], field=None if field == NON_FIELD_ERRORS else field) from error
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if isinstance(error.__cause__, CheckViolation):  # a guard that looks further than the row
            raise explain(error, app_label=row._meta.app_label) from error
        # somebody was faster between the check and the write
        raise Refused("刚才有人写入了相同的内容，请刷新页面后再试。") from error


def require_manager(actor: User | None) -> None:
    """Raises Refused unless the actor manages accounts; None stands for a command run on the server."""
    if actor is not None and not actor.may("account.manage"):
        raise Refused("您没有管理用户与工会组织的权限。", code="permission")


def require_confirmer(actor: User) -> None:
    """Raises Refused unless the actor confirms what administrators do."""
    if not actor.may("account.confirm"):
        raise Refused("您没有确认账号变动的权限。", code="permission")
