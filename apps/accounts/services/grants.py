"""Giving roles, taking them away, standing in, and what a second person confirms."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts import rules
from apps.accounts.models import RoleGrant, User
from apps.accounts.roles import Role
from apps.accounts.services.records import record_account
from apps.accounts.services.writing import require_confirmer, require_manager, save_checked
from apps.core import audit
from apps.core.errors import Refused


@transaction.atomic
def grant_role(*, actor: User, user_id: int, role: str) -> RoleGrant:
    """Give a person a role. Nobody gives one to himself; roles of different classes never meet in one person.

    A role that weighs takes effect when a 安全管理员 has confirmed it.
    """
    require_manager(actor)
    user = locked(user_id)
    if not user.is_active:
        raise Refused("该账号已停用，不能授予角色。", field="role")
    with audit.because(actor_id=actor.pk, action="授予角色"):
        return give(actor=actor, user=user, role=role)


@transaction.atomic
def revoke_role(*, actor: User, user_id: int, role: str) -> None:
    """Take a role away from a person: the grant ends now and stays on record."""
    require_manager(actor)
    user = locked(user_id)
    rules.require_other_person(actor_id=actor.pk, user_id=user_id, action="撤销自己的角色")
    grants = list(RoleGrant.objects.select_for_update(of=("self",)).not_ended().filter(user=user, role=role))
    if not grants:
        raise Refused("该用户没有这个角色。", field="role")
    if role == Role.SYSTEM_ADMIN and not any(grant.is_waiting for grant in grants):
        rules.require_administrator_remains(others=other_administrators(user))
    with audit.because(actor_id=actor.pk, action="撤销角色"):
        for grant in grants:
            _end(grant, actor)
        record_account(actor=actor, user=user, event=f"撤销“{Role(role).label}”角色")


@transaction.atomic
def name_stand_in(*, actor: User, role: str, user: User, starts_at: datetime, ends_at: datetime) -> RoleGrant:
    """Somebody who will be absent names who stands in, for one role held now; a 安全管理员 confirms."""
    own = RoleGrant.objects.in_force().filter(user=actor, role=role, stands_in_for__isnull=True).first()
    if own is None:
        raise Refused("只能请人代理自己此刻持有的角色。", field="role")
    rules.require_stand_in(
        actor_id=actor.pk,
        user_id=user.pk,
        same_union=user.union_id == own.union_id and user.is_active,
        role=role,
        held=held_by(user),
        starts_at=starts_at,
        ends_at=ends_at,
        now=timezone.now(),
    )
    grant = RoleGrant(
        user=user,
        role=role,
        union_id=own.union_id,
        valid_from=starts_at,
        valid_until=ends_at,
        granted_by=actor,
        stands_in_for=actor,
    )
    with audit.because(actor_id=actor.pk, action="指定代理人"):
        save_checked(grant)
        record_account(
            actor=actor,
            user=user,
            event=f"请您代理“{grant}”，至 {grant.last_day:%Y-%m-%d}，等待安全管理员确认",
        )
    return grant


@transaction.atomic
def end_stand_in(*, actor: User, grant_id: int) -> RoleGrant:
    """The absent person is back earlier."""
    grant: RoleGrant = RoleGrant.objects.select_for_update(of=("self",)).get(pk=grant_id, stands_in_for=actor)
    _require_running(grant)
    with audit.because(actor_id=actor.pk, action="提前结束代理"):
        _end(grant, actor)
        record_account(actor=actor, user=grant.user, event=f"提前结束代理“{grant}”")
    return grant


@transaction.atomic
def confirm_grant(*, actor: User, grant_id: int) -> RoleGrant:
    """A 安全管理员 agrees: from now on the role is held."""
    grant = _waiting(actor, grant_id)
    grant.confirmed_by, grant.confirmed_at = actor, timezone.now()
    with audit.because(actor_id=actor.pk, action="确认授予"):
        save_checked(grant)
        for person, event in _told(grant):
            record_account(actor=actor, user=person, event=f"{event}，已确认")
    return grant


@transaction.atomic
def refuse_grant(*, actor: User, grant_id: int, reason: str) -> RoleGrant:
    """A 安全管理员 does not agree: the grant ends before it began."""
    grant = _waiting(actor, grant_id)
    if not reason.strip():
        raise Refused("不同意必须填写原因。", field="reason")
    with audit.because(actor_id=actor.pk, action="不同意授予", reason=reason.strip()):
        _end(grant, actor)
        for person, event in _told(grant):
            record_account(actor=actor, user=person, event=f"{event}，未同意", reason=reason.strip())
    return grant


def _told(grant: RoleGrant) -> list[tuple[User, str]]:
    """Whom a decision upon a grant concerns, and in which words."""
    if grant.stands_in_for is None:
        return [(grant.user, f"授予“{grant}”角色")]
    event = f"{grant.user}代理{grant.stands_in_for}的“{grant}”"
    return [(grant.user, event), (grant.stands_in_for, event)]


def _waiting(actor: User, grant_id: int) -> RoleGrant:
    require_confirmer(actor)
    rows = RoleGrant.objects.visible_to(actor).select_for_update(of=("self",))
    grant: RoleGrant = rows.get(pk=grant_id)
    if not grant.is_waiting:
        raise Refused("这一项已经确认过。")
    _require_running(grant)
    rules.require_another_confirms(
        actor_id=actor.pk, concerned=(grant.granted_by_id, grant.user_id, grant.stands_in_for_id)
    )
    return grant


def _require_running(grant: RoleGrant) -> None:
    if grant.valid_until is not None and grant.valid_until <= timezone.now():
        raise Refused("这一项已经结束。")


def _end(grant: RoleGrant, actor: User) -> None:
    grant.valid_until, grant.ended_by = max(grant.valid_from, timezone.now()), actor
    save_checked(grant)


def locked(user_id: int) -> User:
    user: User = (
        User.objects.select_for_update(of=("self",), no_key=True).select_related("union").get(pk=user_id)
    )
    return user


def held_by(user: User) -> frozenset[str]:
    """Roles held or on the way to be."""
    grants = RoleGrant.objects.not_ended().filter(user=user)
    return frozenset(grants.values_list("role", flat=True))


def other_administrators(user: User) -> int:
    """Enabled administrators besides this one; counted under a lock, so two cannot leave at the same moment."""
    grants = RoleGrant.objects.in_force().filter(role=Role.SYSTEM_ADMIN)
    list(grants.select_for_update(of=("self",)).order_by("pk"))
    return grants.filter(user__is_active=True).exclude(user=user).count()


def give(*, actor: User | None, user: User, role: str) -> RoleGrant:
    """One grant over the person's own union. Raises Refused."""
    rules.require_grantable(
        role=role,
        held=held_by(user),
        kind=user.union.kind,
        actor_id=actor.pk if actor else None,
        user_id=user.pk,
    )
    grant = RoleGrant(user=user, role=role, union=user.union, granted_by=actor)
    save_checked(grant)
    grant.refresh_from_db(fields=["confirmed_at"])
    waits = "，等待安全管理员确认" if grant.is_waiting else ""
    record_account(actor=actor, user=user, event=f"授予“{grant}”角色{waits}")
    return grant
