"""What left the system or was refused, written down for good."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import AccessRecord, Acknowledgement, User
from apps.core import actors, once

SAME_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Copy:
    """A file as it leaves. `row_count`: how many people or cases it tells of."""

    name: str
    data: bytes = field(repr=False)
    sha256: str
    row_count: int = 1


def record_access(
    *,
    kind: str,
    actor: User | AnonymousUser | None,
    subject: str,
    detail: str = "",
    row_count: int | None = None,
    sha256: str = "",
    address: str | None = None,
    concerns: User | None = None,
) -> AccessRecord:
    """Write one record (AccessRecord.Kind), in the name of the person at work. It can be neither changed nor deleted."""
    person = actor if isinstance(actor, User) else None
    with transaction.atomic():
        if person is not None:
            actors.announce(person.pk)
        return AccessRecord.objects.create(
            kind=AccessRecord.Kind(kind),
            actor=person,
            subject=subject[:200],
            detail=detail[:500],
            row_count=row_count,
            sha256=sha256,
            address=address,
            concerns=concerns,
        )


def record_account(*, actor: User | None, user: User, event: str, reason: str = "") -> AccessRecord:
    """Something was done to somebody's account: told to its owner at the next sign-in."""
    return record_access(
        kind=AccessRecord.Kind.ACCOUNT,
        actor=actor,
        subject=f"用户 {user.username}（{user.full_name}）",
        detail=f"{event}：{reason}" if reason else event,
        concerns=user,
    )


@transaction.atomic
def acknowledge(*, user: User, up_to: int) -> int:
    """The person has read what was done to the account, up to this record; returns how many were new."""
    once.take()
    unread = AccessRecord.objects.unread_by(user).filter(pk__lte=up_to)
    made = Acknowledgement.objects.bulk_create(
        [Acknowledgement(record=record) for record in unread], ignore_conflicts=True
    )
    return len(made)


def record_export(
    *, actor: User, subject: str, row_count: int, sha256: str = "", address: str | None = None
) -> AccessRecord:
    """Rows went out as a file."""
    return record_access(
        kind=AccessRecord.Kind.EXPORT,
        actor=actor,
        subject=subject,
        row_count=row_count,
        sha256=sha256,
        address=address,
    )


def record_print(*, actor: User, subject: str, sha256: str = "", address: str | None = None) -> AccessRecord:
    """A form or an explanation was printed."""
    return record_access(
        kind=AccessRecord.Kind.PRINT, actor=actor, subject=subject, sha256=sha256, address=address
    )


def record_denial(
    *, actor: User | AnonymousUser | None, path: str, reason: str, address: str | None = None
) -> None:
    """Somebody asked for a page he may not open. The same again within a minute is one record: a script that asks
    without end must not fill the table."""
    person = actor if isinstance(actor, User) else None
    just_now = AccessRecord.objects.filter(
        actor=person,
        kind=AccessRecord.Kind.DENIED,
        subject=path[:200],
        detail=reason[:500],
        at__gt=timezone.now() - SAME_WITHIN,
    )
    if not just_now.order_by("-id").exists():
        record_access(
            kind=AccessRecord.Kind.DENIED, actor=actor, subject=path, detail=reason, address=address
        )
