"""What was done to many people at once, and what of it can still be taken back."""

from dataclasses import dataclass
from datetime import datetime

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.model_workers.models import BulkChange
from apps.model_workers.rules.bulk import require_undoable

SHOWN = 100


@dataclass(frozen=True)
class BulkLine:
    """`kept`: why the person cannot take it back; empty when it is possible."""

    change: BulkChange
    kept: str


def bulk_lines(*, viewer: User, now: datetime) -> list[BulkLine]:
    """The latest ones the viewer sees."""
    return [
        BulkLine(change, _kept(change, viewer, now))
        for change in BulkChange.objects.visible_to(viewer).for_list()[:SHOWN]
    ]


def _kept(change: BulkChange, viewer: User, now: datetime) -> str:
    try:
        require_undoable(
            done_at=change.at,
            undone_at=change.undone_at,
            is_own=change.actor_id == viewer.pk or viewer.may("model_worker.decide"),
            now=now,
        )
    except Refused as refused:
        return refused.message
    return ""
