"""Reads for the pages of accounts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib.admin.utils import label_for_field
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.accounts import rules
from apps.accounts.models import (
    AccessRecord,
    PasswordReset,
    RoleGrant,
    SavedView,
    Session,
    Union,
    User,
    UserQuerySet,
)
from apps.accounts.roles import Role
from apps.core.desk import Errand, counted
from apps.core.history import TimelineEntry


@dataclass(frozen=True)
class SessionLine:
    """One running sign-in as its person sees it."""

    reference: UUID
    device: str
    address: str | None
    signed_in_at: datetime | None
    last_seen_at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class UnionLine:
    """One union of the tree with the number of enabled users in it."""

    union: Union
    depth: int
    users: int


def demo_users() -> list[User]:
    """Demo accounts in the order in which they were made."""
    return list(User.objects.with_roles().enabled().filter(is_demo=True).order_by("pk"))


def filtered_users(*, viewer: User, filters: Mapping[str, Any]) -> UserQuerySet:
    """People the viewer sees, by words, union (with all below it), role and state; empty filters do nothing."""
    people: UserQuerySet = User.objects.visible_to(viewer).for_list()
    if filters.get("q"):
        people = people.matching(filters["q"])
    if filters.get("union"):
        people = people.filter(union__path__startswith=filters["union"].path)
    if filters.get("role"):
        holding = RoleGrant.objects.in_force().filter(user=OuterRef("pk"), role=filters["role"])
        people = people.filter(Exists(holding))
    if filters.get("state"):
        people = people.filter(is_active=filters["state"] == "active")
    return people


def present_grants(*, user: User) -> list[RoleGrant]:
    """Roles that the person holds, will hold or waits for."""
    rows = RoleGrant.objects.not_ended().filter(user=user)
    return list(rows.select_related("granted_by", "stands_in_for").order_by("valid_from", "pk"))


def own_stand_ins(*, user: User) -> list[RoleGrant]:
    """Who stands in for the person, now or later, confirmed or not."""
    rows = RoleGrant.objects.not_ended().filter(stands_in_for=user)
    return list(rows.select_related("user").order_by("valid_from", "pk"))


def waiting_grants(*, viewer: User) -> list[RoleGrant]:
    """Grants that a 安全管理员 has to confirm, the oldest first."""
    rows = RoleGrant.objects.visible_to(viewer).waiting()
    return list(
        rows.select_related("user__union", "union", "granted_by", "stands_in_for").order_by(
            "valid_from", "pk"
        )
    )


def waiting_resets(*, viewer: User) -> list[PasswordReset]:
    """Passwords that a 安全管理员 has to confirm, the oldest first."""
    rows = PasswordReset.objects.visible_to(viewer).waiting()
    return list(rows.select_related("user__union", "requested_by").order_by("pk"))


def confirming_errands(user: User) -> Iterator[Errand]:
    """待办 of a 安全管理员."""
    if not user.may("account.confirm"):
        return
    rows: dict[str, QuerySet[Any]] = {
        "角色与代理": RoleGrant.objects.visible_to(user).waiting(),
        "密码重置": PasswordReset.objects.visible_to(user).waiting(),
    }
    for matter, waiting in rows.items():
        yield from counted(
            waiting, area="用户与工会", matter=matter, step="确认", url=reverse("accounts:confirm_list")
        )


def unread_events(*, user: User) -> list[AccessRecord]:
    """What others did to the person's account and the person has not yet acknowledged, the newest first."""
    return list(AccessRecord.objects.unread_by(user).select_related("actor").order_by("-pk"))


def own_sessions(*, user: User, current_key: str | None) -> list[SessionLine]:
    """Running sign-ins of the person, the present one first."""
    rows = Session.objects.running().filter(user=user).order_by("-last_seen_at")
    lines = [
        SessionLine(
            reference=row.reference,
            device=row.device or "未知设备",
            address=row.address,
            signed_in_at=row.signed_in_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: not line.is_current)


def lock_end(*, username: str) -> datetime | None:
    """When a name that is locked after wrong passwords opens again; None when it is not locked."""
    cool_off = get_cool_off()
    if cool_off is None:
        return None
    failures = AccessAttempt.objects.filter(username=username)
    return rules.lock_ends_at(
        failures=failures.values_list("attempt_time", "failures_since_start"),
        limit=settings.AXES_FAILURE_LIMIT,
        cool_off=cool_off,
        now=timezone.now(),
    )


def union_tree(*, user: User) -> list[UnionLine]:
    """The unions the person sees, parents before children."""
    own_depth = user.union.depth
    unions = Union.objects.visible_to(user).in_tree_order()
    counted = unions.annotate(enabled_users=Count("users", filter=Q(users__is_active=True)))
    return [
        UnionLine(union=union, depth=union.depth - own_depth, users=union.enabled_users) for union in counted
    ]


def actor_names(events: Iterable[Any]) -> dict[int, str]:
    """Full names of the people behind the rows of a history, by key."""
    actors = {(event.pgh_context or {}).get("user") for event in events} - {None}
    return dict(User.objects.filter(pk__in=actors).values_list("pk", "full_name"))


def user_history(*, user: User, limit: int = 50) -> list[TimelineEntry]:
    """What was done to the account, newest first, as the database wrote it down."""
    changes = list(_events("UserEvent", pgh_obj_id=user.pk)[: limit + 1])
    grants = list(_events("RoleGrantEvent", user_id=user.pk)[:limit])
    resets = list(_events("PasswordResetEvent", user_id=user.pk, pgh_label="insert")[:limit])
    names = actor_names([*changes, *grants, *resets])
    lines = [_line(event, names, _role_text(event)) for event in grants]
    lines += [_line(event, names, "提出重置密码") for event in resets]
    for newer, older in zip(changes, [*changes[1:], None], strict=False):
        lines.append(_line(newer, names, _change_text(newer, older)))
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


_SHOWN = ("full_name", "union_id", "post", "is_active", "must_change_password", "password_changed_at")


def _events(model: str, **lookup: Any) -> Any:
    return apps.get_model("accounts", model).objects.filter(**lookup).order_by("-pgh_id")


def _line(event: Any, names: Mapping[int, str], text: str) -> TimelineEntry:
    context = event.pgh_context or {}
    return TimelineEntry(
        at=event.pgh_created_at,
        who=names.get(context.get("user", 0), "系统"),
        action=text,
        note=context.get("reason", ""),
    )


def _role_text(event: Any) -> str:
    done = "授予" if event.pgh_label == "insert" else "撤销" if event.ended_by_id else "确认授予"
    place = "代·" if event.stands_in_for_id else ""
    return f"{done}“{place}{Role(event.role).label}”"


def _change_text(event: Any, older: Any | None) -> str:
    if event.pgh_label == "insert" or older is None:
        return "新建账号"
    changed = [name for name in _SHOWN if getattr(event, name) != getattr(older, name)]
    if "is_active" in changed:
        return "启用账号" if event.is_active else "停用账号"
    if "password_changed_at" in changed:
        return "重置密码" if event.must_change_password else "修改密码"
    labels = [str(label_for_field(name, User)) for name in changed]
    return f"修改{'、'.join(labels)}" if labels else "无可见改动"


def saved_views(*, user: User, page: str) -> list[SavedView]:
    """The person's own kept filters of one page."""
    return list(SavedView.objects.visible_to(user).filter(page=page))
