"""Working days: Monday to Friday, except what is announced otherwise day by day; of a year not announced, nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from apps.core.errors import Refused

_FRIDAY = 5


@dataclass(frozen=True)
class Calendar:
    """The years whose days off are known, and the days in them that are not as their weekday is.

    `exceptions` says of single days whether they are worked: False for a day off, True for a weekend worked.
    """

    years: frozenset[int]
    exceptions: Mapping[date, bool] = field(default_factory=dict)


def require_known(year: int, calendar: Calendar, *, field: str | None = None) -> None:
    """Raises Refused for a year whose days off nobody entered: counting its weekdays would count National Day."""
    if year not in calendar.years:
        raise Refused(
            f"{year} 年的放假安排还没有登记，不能计算工作日；请先在“系统 → 放假安排”里登记。",
            field=field,
            code="calendar",
        )


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Raises Refused for a day of a year that is not known."""
    require_known(day.year, calendar)
    return calendar.exceptions.get(day, day.isoweekday() <= _FRIDAY)


def count_working_days(first: date, last: date, calendar: Calendar) -> int:
    """Working days from the first to the last, both counted; 0 when they are in the wrong order. Raises Refused."""
    days = max(0, (last - first).days + 1)
    return sum(is_working_day(first + timedelta(n), calendar) for n in range(days))


def last_of_working_days(first: date, wanted: int, calendar: Calendar) -> date:
    """The day on which so many working days are full, counted from `first` on. Raises Refused."""
    if wanted < 1:
        raise ValueError(f"{wanted} working days end nowhere")
    day, found = first, 0
    while True:
        found += is_working_day(day, calendar)
        if found == wanted:
            return day
        day += timedelta(1)
