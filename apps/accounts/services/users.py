"""Writing people."""

from collections.abc import Iterable

from axes.utils import reset as reset_failed_attempts
from django.db import transaction

from apps.accounts import rules
from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.accounts.services.grants import give, held_by, locked, other_administrators
from apps.accounts.services.passwords import new_one_time_password
from apps.accounts.services.records import record_account
from apps.accounts.services.sessions import end_all_sessions
from apps.accounts.services.writing import require_manager, save_checked
from apps.core import audit
from apps.core.errors import Refused


def _require_active(union: Union) -> None:
    """Under a shared lock, so that nobody closes the union while a person is put into it. Raises Refused."""
    present = Union.objects.select_for_update(of=("self",), no_key=True).get(pk=union.pk)
    if not present.is_active:
        raise Refused("所选工会已停用。", field="union")


@transaction.atomic
def create_user(
    *,
    actor: User | None,
    username: str,
    full_name: str,
    union: Union,
    post: str = "",
    roles: Iterable[str] = (),
    is_demo: bool = False,
) -> tuple[User, str]:
    """Add a person; returns the person and a one-time password (empty for a demo account, which has none).

    `actor` is None for commands run on the server. Raises Refused with the field that is wrong.
    """
    require_manager(actor)
    _require_active(union)
    user = User(
        username=rules.normal_username(username),
        full_name=full_name.strip(),
        union=union,
        post=post.strip(),
        is_demo=is_demo,
        must_change_password=not is_demo,
    )
    password = "" if is_demo else new_one_time_password()
    if is_demo:
        user.set_unusable_password()
    else:
        user.set_password(password)
    with audit.because(actor_id=actor.pk if actor else None, action="新建用户"):
        save_checked(user)
        for role in roles:
            give(actor=actor, user=user, role=role)
    return user, password


@transaction.atomic
def change_user(*, actor: User, user_id: int, full_name: str, union: Union, post: str) -> User:
    """Correct a person's name, union and post. The roles must fit the new union."""
    require_manager(actor)
    user = locked(user_id)
    if union.pk != user.union_id:
        _require_active(union)
        rules.require_no_roles(held=held_by(user))
    user.full_name, user.union, user.post = full_name.strip(), union, post.strip()
    with audit.because(actor_id=actor.pk, action="修改用户"):
        save_checked(user)
    return user


@transaction.atomic
def deactivate_user(*, actor: User, user_id: int, reason: str) -> User:
    """Close a person's account and end the sign-ins at once; what the person did stays."""
    require_manager(actor)
    user = locked(user_id)
    rules.require_other_person(actor_id=actor.pk, user_id=user_id, action="停用自己的账号")
    if not user.is_active:
        raise Refused("该账号已经停用。")
    if not reason.strip():
        raise Refused("停用账号必须填写原因。", field="reason")
    if Role.SYSTEM_ADMIN in held_by(user):
        rules.require_administrator_remains(others=other_administrators(user))
    user.is_active = False
    with audit.because(actor_id=actor.pk, action="停用账号", reason=reason.strip()):
        user.save(update_fields=["is_active"])
        record_account(actor=actor, user=user, event="停用账号", reason=reason.strip())
    end_all_sessions(user_id=user_id)
    return user


@transaction.atomic
def activate_user(*, actor: User, user_id: int) -> User:
    """Open a closed account again."""
    require_manager(actor)
    user = locked(user_id)
    if user.is_active:
        raise Refused("该账号已经启用。")
    if not user.union.is_active:
        raise Refused("该用户所属工会已停用，请先启用工会。")
    user.is_active = True
    with audit.because(actor_id=actor.pk, action="启用账号"):
        user.save(update_fields=["is_active"])
        record_account(actor=actor, user=user, event="启用账号")
    return user


@transaction.atomic
def unlock_user(*, actor: User, user_id: int) -> None:
    """Let a person try again at once after too many wrong passwords."""
    require_manager(actor)
    user = locked(user_id)
    if not reset_failed_attempts(username=user.username):
        raise Refused("该账号没有被锁定。")
    record_account(actor=actor, user=user, event="解除登录锁定")
