"""What left the system or was refused, written down for good."""

from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import AccessRecord, User


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
) -> AccessRecord:
    """Write one record (AccessRecord.Kind). It can be neither changed nor deleted afterwards."""
    return AccessRecord.objects.create(
        kind=AccessRecord.Kind(kind),
        actor=actor if isinstance(actor, User) else None,
        subject=subject[:200],
        detail=detail[:500],
        row_count=row_count,
        sha256=sha256,
        address=address,
    )


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
) -> AccessRecord:
    """Somebody asked for a page he may not open."""
    return record_access(
        kind=AccessRecord.Kind.DENIED, actor=actor, subject=path, detail=reason, address=address
    )
