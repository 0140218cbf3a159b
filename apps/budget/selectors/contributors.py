"""Who wrote the content of an edition, read from the history that the database keeps."""

from collections.abc import Iterable

from django.apps import apps
from django.db.models import Q

from apps.budget.models import Edition

COPYING = ("开启编制阶段", "从上年复制")
"""Rows that a stage was opened with are not the work of the person who opened it."""

# A missing action is no copying: without the first part such rows would match neither way.
_NOT_COPIED = Q(pgh_context__action__isnull=True) | ~Q(pgh_context__action__in=COPYING)
_BY_EDITION = ("Item", "OutlineEntry")
_BY_ITEM = ("CalcLine", "Indicator", "ItemBasis", "Adjustment")


def contributors(edition: Edition) -> frozenset[int]:
    """Ids of the users who added, changed or removed content of this edition, deletions included."""
    item_events = apps.get_model("budget", "ItemEvent").objects.filter(edition_id=edition.pk)
    item_ids = item_events.order_by().values("pgh_obj_id").distinct()
    found: set[int] = set()
    for name in _BY_EDITION + _BY_ITEM:
        events = apps.get_model("budget", f"{name}Event").objects.filter(_NOT_COPIED)
        events = (
            events.filter(edition_id=edition.pk)
            if name in _BY_EDITION
            else events.filter(item_id__in=item_ids)
        )
        users = events.order_by().values_list("pgh_context__user", flat=True).distinct()
        found.update(user for user in users if user is not None)
    return frozenset(found)


def written_by(user_id: int, edition_ids: Iterable[int]) -> frozenset[int]:
    """Which of these editions this person contributed to, in a fixed number of queries."""
    wanted = set(edition_ids)
    item_events = apps.get_model("budget", "ItemEvent").objects.filter(edition_id__in=wanted)
    edition_of = dict(item_events.order_by().values_list("pgh_obj_id", "edition_id").distinct())
    found: set[int] = set()
    for name in _BY_EDITION + _BY_ITEM:
        events = apps.get_model("budget", f"{name}Event").objects.filter(_NOT_COPIED)
        events = events.filter(pgh_context__user=user_id).order_by()
        if name in _BY_EDITION:
            found.update(events.filter(edition_id__in=wanted).values_list("edition_id", flat=True).distinct())
        else:
            items = events.filter(item_id__in=edition_of).values_list("item_id", flat=True).distinct()
            found.update(edition_of[item] for item in items)
    return frozenset(found)
