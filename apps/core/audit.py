"""Who, where from and why of every change: the context that the history triggers store beside each row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
import pgtrigger
from pghistory.middleware import HistoryMiddleware

from apps.core import actors, once
from apps.core.triggers import DeleteEvent, InsertEvent, Protect, UpdateEvent


class HistoryContextMiddleware(HistoryMiddleware):
    """Adds the signed-in person and the page to the context of each writing request."""

    def get_context(self, request: Any) -> dict[str, Any]:
        user = getattr(request, "user", None)
        return {
            "user": user.pk if user is not None and user.is_authenticated else None,
            "url": request.path,
            "address": request.META.get("REMOTE_ADDR", ""),
        }


@contextmanager
def because(*, actor_id: int | None, action: str, reason: str = "") -> Iterator[None]:
    """State who does what and why for all rows written inside; outside a request too (commands, jobs).

    The request that asked for it has its effect here, so its key is taken here (`apps/core/once.py`).
    """
    facts: dict[str, Any] = {"action": action}
    if actor_id is not None:
        facts["user"] = actor_id
    if reason:
        facts["reason"] = reason
    with pghistory.context(**facts):
        if actor_id is not None:
            actors.announce(actor_id)
        once.take()
        yield


def tracked(*, exclude: tuple[str, ...] = (), in_bulk: bool = False) -> Any:
    """Class decorator: inserts, changes and deletions of the model leave an event row, written by the database.

    `in_bulk`: one trigger call for each statement instead of each row, for tables that are filled by the ten thousand.
    """
    level = pgtrigger.Statement if in_bulk else pgtrigger.Row
    return pghistory.track(
        InsertEvent(level=level),
        UpdateEvent(level=level),
        DeleteEvent(level=level),
        exclude=list(exclude) or None,
        append_only=False,  # by our own trigger instead of the library's
        meta={"triggers": [Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]},
    )
