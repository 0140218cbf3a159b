"""Changing one's own password, and giving somebody a password that works until the first sign-in."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from apps.accounts import rules
from apps.accounts.models import User
from apps.accounts.services.sessions import end_all_sessions, end_other_sessions
from apps.accounts.services.writing import require_manager
from apps.core import audit
from apps.core.errors import Refused

# Without the characters that are mistaken for one another when read out on the telephone.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_one_time_password() -> str:
    """Four groups of four characters, about 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@transaction.atomic
def change_password(*, user: User, old_password: str, new_password: str, current_key: str | None) -> User:
    """Set one's own password and end all other sign-ins. Raises Refused with the field that is wrong."""
    person: User = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if person.is_demo:
        raise Refused("演示账号没有密码，不能修改。")
    if not person.check_password(old_password):
        raise Refused("原密码不正确。", field="old_password")
    if old_password == new_password:
        raise Refused("新密码不能与原密码相同。", field="new_password")
    try:
        validate_password(new_password, person)
    except ValidationError as error:
        raise Refused("".join(error.messages), field="new_password") from error
    person.set_password(new_password)
    person.must_change_password = False
    person.password_changed_at = timezone.now()
    with audit.because(actor_id=person.pk, action="修改密码"):
        person.save(update_fields=["password", "must_change_password", "password_changed_at"])
    end_other_sessions(user=person, current_key=current_key)
    return person


@transaction.atomic
def reset_password(*, actor: User | None, user_id: int) -> str:
    """Give the person a one-time password, to be shown once and changed at the first sign-in; ends all sign-ins."""
    require_manager(actor)
    person = User.objects.select_for_update(of=("self",)).get(pk=user_id)
    rules.require_other_person(actor_id=actor.pk if actor else None, user_id=user_id, action="重置自己的密码")
    if person.is_demo:
        raise Refused("演示账号没有密码，不能重置。")
    if not person.is_active:
        raise Refused("该账号已停用，请先启用再重置密码。")
    password = new_one_time_password()
    person.set_password(password)
    person.must_change_password = True
    person.password_changed_at = timezone.now()
    with audit.because(actor_id=actor.pk if actor else None, action="重置密码"):
        person.save(update_fields=["password", "must_change_password", "password_changed_at"])
    end_all_sessions(user_id=user_id)
    return password
