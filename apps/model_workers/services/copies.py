"""The roster and the forms going out: as a spreadsheet or on paper, each written down."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import Copy, record_access, record_print
from apps.core.errors import Refused
from apps.model_workers.documents.nominations import nomination_form
from apps.model_workers.documents.workers import roster_document
from apps.model_workers.models import Nomination
from apps.model_workers.printing.workers import set_nomination, set_roster
from apps.model_workers.selectors.workers import Roster, for_list, roster
from apps.model_workers.services.reach import require_right
from apps.model_workers.tables.workers import workers_workbook

MOST_PRINTED = 800
"""So many people are some forty sheets and take some twenty seconds; more are printed union by union."""


def table_copy(
    name: str, data: bytes, *, title: str, described: str, row_count: int, actor: User, address: str | None
) -> Copy:
    """A spreadsheet in hand, the export of its rows written down. Within the caller's transaction."""
    copy = Copy(name, data, hashlib.sha256(data).hexdigest(), row_count)
    record_access(
        kind=AccessRecord.Kind.EXPORT,
        actor=actor,
        subject=title,
        detail=described,
        row_count=row_count,
        sha256=copy.sha256,
        address=address,
    )
    return copy


def _listed(filters: Mapping[str, Any], actor: User, now: datetime) -> Roster:
    require_right(actor, "person.export")
    found = roster(viewer=actor, filters=filters, today=timezone.localdate(now))
    if found.missing:
        raise Refused(found.missing, code="no_rule")
    return found


@transaction.atomic
def export_roster(
    *,
    filters: Mapping[str, Any],
    described: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The filtered roster as xlsx, numbers masked. `described` says the filters in words. Raises Refused."""
    found = _listed(filters, actor, now)
    title = f"劳模名册（截至{found.as_of:%Y-%m-%d}）"
    data, count = workers_workbook(for_list(found.people, found.as_of), title=title, created=now)
    name = f"劳模名册{found.as_of:%Y%m%d}.xlsx"
    return table_copy(
        name, data, title=title, described=described, row_count=count, actor=actor, address=address
    )


def print_roster(
    *,
    filters: Mapping[str, Any],
    described: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The filtered roster as PDF with the people of each page and signatures. Raises Refused."""
    found = _listed(filters, actor, now)
    people = list(for_list(found.people, found.as_of)[: MOST_PRINTED + 1])
    if len(people) > MOST_PRINTED:
        raise Refused(
            f"超过 {MOST_PRINTED:,} 人，一次打印太长；请按工会分开打印，或导出 xlsx。", code="too_many"
        )
    document = roster_document(people, as_of=found.as_of, chosen=described, user=actor, now=now)
    rendered = set_roster(document)
    with transaction.atomic():
        record_access(
            kind=AccessRecord.Kind.PRINT,
            actor=actor,
            subject=f"{document.title}（截至{found.as_of:%Y-%m-%d}）",
            detail=described,
            row_count=document.total,
            sha256=rendered.sha256,
            address=address,
        )
    return Copy(f"{document.title}{found.as_of:%Y%m%d}.pdf", rendered.data, rendered.sha256, document.total)


def print_nomination(*, nomination_id: int, actor: User, now: datetime, address: str | None = None) -> Copy:
    """The recommendation form as PDF. Raises Refused when a character cannot be drawn."""
    nomination = Nomination.objects.visible_to(actor).for_detail().get(pk=nomination_id)
    document = nomination_form(nomination, user=actor, now=now)
    rendered = set_nomination(document)
    with transaction.atomic():
        record_print(
            actor=actor,
            subject=f"{document.title}：{document.name} {document.year}年{document.honour}",
            sha256=rendered.sha256,
            address=address,
        )
    return Copy(f"{document.title} {document.name}.pdf", rendered.data, rendered.sha256)
