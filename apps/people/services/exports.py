"""The register going out as a spreadsheet: exactly the filtered rows, masked or in full, written down either way."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import Copy, record_access
from apps.core.encryption import BrokenSealError, Secret
from apps.core.errors import Refused
from apps.people.selectors.search import filtered_people
from apps.people.services.secrets import require_reason
from apps.people.tables import people_workbook

FULL = "人员名册（完整号码）"
MOST_FULL_ROWS = 1000
"""Of more people than this within a day, full numbers need a second person."""


@transaction.atomic
def export_people(
    *,
    filters: Mapping[str, Any],
    described: str,
    is_full: bool,
    reason: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The people the filters leave, as the list shows them; `described` says the filters in words. Raises Refused."""
    if not actor.may("person.export"):
        raise Refused("您没有导出人员名册的权限。", code="permission")
    if is_full:
        reason = require_reason(reason, actor=actor)
    people = filtered_people(viewer=actor, filters=filters, as_of=timezone.localdate(now))
    if is_full:
        _require_few(len(people.order_by().values_list("pk")[: MOST_FULL_ROWS + 1]), actor, now)
    name = FULL if is_full else "人员名册"
    try:
        data, count = people_workbook(
            people, title=name, created=now, shown=Secret.reveal if is_full else str
        )
    except BrokenSealError:
        raise Refused("名册里有密文无法解开，没有导出；请告知系统管理员。", code="broken") from None
    exported = Copy(
        name=f"{name}{timezone.localdate(now):%Y%m%d}.xlsx",
        data=data,
        row_count=count,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    record_access(
        kind=AccessRecord.Kind.EXPORT,
        actor=actor,
        subject=name,
        detail="；".join(part for part in (described, f"理由：{reason}" if is_full else "") if part),
        row_count=count,
        sha256=exported.sha256,
        address=address,
    )
    return exported


def _require_few(wanted: int, actor: User, now: datetime) -> None:
    """Raises Refused: neither at once nor in pieces does one person take out more than the limit in a day."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    taken = (
        AccessRecord.objects.filter(
            actor=actor, kind=AccessRecord.Kind.EXPORT, subject=FULL, at__gt=now - timedelta(days=1)
        ).aggregate(total=Sum("row_count"))["total"]
        or 0
    )
    if taken + wanted > MOST_FULL_ROWS:
        before = f"您 24 小时内已导出 {taken:,} 人，再加上这次就" if taken else "这次筛选的结果"
        raise Refused(
            f"{before}超过 {MOST_FULL_ROWS:,} 人，一个人不能导出这么多完整号码。请缩小筛选范围；确需整册的，"
            "请找本级另一位可查看完整号码的负责人一起办理，或改为导出打码的名册。",
            code="too_many",
        )
