"""Changing one's own password, and giving somebody a password that works until the first sign-in."""

import secrets

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from apps.accounts import rules
from apps.accounts.models import PasswordReset, User
from apps.accounts.services.records import record_account
from apps.accounts.services.sessions import end_all_sessions, end_other_sessions
from apps.accounts.services.writing import require_confirmer, require_manager, save_checked
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
    person: User = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    if person.is_demo:
        raise Refused("演示账号没有密码，不能修改。")
    if not person.check_password(old_password):
        raise Refused("原密码不正确。", field="old_password")
    if old_password == new_password:
        raise Refused("新密码不能与原密码相同。", field="new_password")
    _require_good(new_password, person)
    person.set_password(new_password)
    person.must_change_password = False
    person.password_changed_at = timezone.now()
    with audit.because(actor_id=person.pk, action="修改密码"):
        person.save(update_fields=["password", "must_change_password", "password_changed_at"])
    end_other_sessions(user=person, current_key=current_key)
    return person


def _require_good(password: str, person: User) -> None:
    """Raises Refused with every rule that the new password breaks."""
    if rules.is_derived(password, names=(person.username, person.full_name)):
        raise Refused(rules.PASSWORD_SENTENCES["password_too_similar"], field="new_password", code="derived")
    try:
        validate_password(password, person)
    except ValidationError as error:
        broken = [rules.PASSWORD_SENTENCES[str(one.code)] for one in error.error_list]
        raise Refused("".join(broken), field="new_password") from error


@transaction.atomic
def reset_password(*, actor: User, user_id: int) -> str:
    """Make a one-time password, to be shown once: it works when a 安全管理员 has confirmed it, the old one until then."""
    require_manager(actor)
    person = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user_id)
    rules.require_other_person(actor_id=actor.pk, user_id=user_id, action="重置自己的密码")
    if person.is_demo:
        raise Refused("演示账号没有密码，不能重置。")
    if not person.is_active:
        raise Refused("该账号已停用，请先启用再重置密码。")
    password = new_one_time_password()
    reset = PasswordReset(user=person, password=make_password(password), requested_by=actor)
    with audit.because(actor_id=actor.pk, action="重置密码"):
        save_checked(reset)
        record_account(actor=actor, user=person, event="重置密码，等待安全管理员确认")
    return password


@transaction.atomic
def confirm_reset(*, actor: User, reset_id: int) -> User:
    """A 安全管理员 agrees: the one-time password works now, must be changed at once, and all sign-ins end."""
    reset = _waiting(actor, reset_id)
    person: User = User.objects.select_for_update(of=("self",), no_key=True).get(pk=reset.user_id)
    if not person.is_active:
        raise Refused("该账号已停用，不能确认；请写明原因，不同意这次重置。")
    with audit.because(actor_id=actor.pk, action="确认重置密码"):
        _decide(reset, actor, is_confirmed=True)
        person.password, person.must_change_password = reset.password, True
        person.password_changed_at = timezone.now()
        person.save(update_fields=["password", "must_change_password", "password_changed_at"])
        record_account(actor=actor, user=person, event="重置密码，已确认")
    end_all_sessions(user_id=person.pk)
    return person


@transaction.atomic
def refuse_reset(*, actor: User, reset_id: int, reason: str) -> None:
    """A 安全管理员 does not agree: the one-time password never works."""
    reset = _waiting(actor, reset_id)
    if not reason.strip():
        raise Refused("不同意必须填写原因。", field="reason")
    with audit.because(actor_id=actor.pk, action="不同意重置密码", reason=reason.strip()):
        _decide(reset, actor, is_confirmed=False)
        record_account(actor=actor, user=reset.user, event="重置密码，未同意", reason=reason.strip())


def _waiting(actor: User, reset_id: int) -> PasswordReset:
    require_confirmer(actor)
    rows = PasswordReset.objects.visible_to(actor).select_for_update(of=("self",))
    reset: PasswordReset = rows.get(pk=reset_id)
    if reset.decided_at is not None:
        raise Refused("这一项已经处理过。")
    rules.require_another_confirms(actor_id=actor.pk, concerned=(reset.requested_by_id, reset.user_id))
    return reset


def _decide(reset: PasswordReset, actor: User, *, is_confirmed: bool) -> None:
    reset.decided_by, reset.decided_at, reset.is_confirmed = actor, timezone.now(), is_confirmed
    save_checked(reset)
