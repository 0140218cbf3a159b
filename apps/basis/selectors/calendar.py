"""The calendar read for counting and for its pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import Count, Q

from apps.accounts.selectors import actor_names
from apps.basis.models import CalendarDay, CalendarYear
from apps.basis.rules.calendar import OFF, WHOLE_YEAR, WORKED
from apps.core.history import TimelineEntry
from apps.core.workdays import Calendar


@dataclass(frozen=True)
class YearPage:
    """One year with its days and what was done to them."""

    year: CalendarYear
    days: tuple[CalendarDay, ...]
    history: tuple[TimelineEntry, ...]


def calendar_between(*, first: date, last: date) -> Calendar:
    """What is known of the days of the span."""
    days = CalendarDay.objects.filter(day__range=(first, last)).values_list("day", "is_working")
    return Calendar(frozenset(CalendarYear.objects.values_list("pk", flat=True)), dict(days))


def years_with_counts() -> list[CalendarYear]:
    """All years that were entered, the newest first, with how many days they move."""
    return list(
        CalendarYear.objects.annotate(
            off_count=Count("days", filter=Q(days__is_working=False)),
            worked_count=Count("days", filter=Q(days__is_working=True)),
        )
    )


def year_page(year: CalendarYear) -> YearPage:
    return YearPage(year, tuple(year.days.select_related("year").order_by("day")), _history(year))


def _history(year: CalendarYear) -> tuple[TimelineEntry, ...]:
    """Who entered the year, and every day that was put right afterwards; newest first."""
    years = list(_events("CalendarYearEvent").filter(pgh_obj_id=year.pk))
    days = list(_events("CalendarDayEvent").filter(year_id=year.pk))
    names = actor_names([*years, *days])
    told = [_entry(event, names, note=event.basis) for event in years]
    before: dict[int, str] = {}
    for event in days:
        words = _words(event)
        old = before.get(event.pgh_obj_id)
        before[event.pgh_obj_id] = words
        if (event.pgh_context or {}).get("action") not in WHOLE_YEAR:
            changed = f"{old} → {words}" if event.pgh_label == "update" and old else words
            reason = (event.pgh_context or {}).get("reason", "")
            told.append(_entry(event, names, note="。".join(part for part in (changed, reason) if part)))
    return tuple(sorted(told, key=lambda entry: entry.at)[::-1])


def _events(model: str) -> Any:
    return apps.get_model("basis", model)._default_manager.order_by("pgh_id")


def _entry(event: Any, names: Mapping[int, str], *, note: str) -> TimelineEntry:
    context = event.pgh_context or {}
    return TimelineEntry(
        at=event.pgh_created_at,
        who=names.get(context.get("user", 0), "系统"),
        action=context.get("action", "登记放假安排"),
        note=note,
    )


def _words(event: Any) -> str:
    kind = WORKED if event.is_working else OFF
    return " ".join(part for part in (f"{event.day:%Y-%m-%d}", kind, event.note, event.basis) if part)
