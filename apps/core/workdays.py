"""Working days: Monday to Friday, except what is announced otherwise day by day."""

from collections.abc import Mapping
from datetime import date, timedelta

_FRIDAY = 5


def is_working_day(day: date, exceptions: Mapping[date, bool]) -> bool:
    """`exceptions` says of single days whether they are worked: False for a day off, True for a weekend worked."""
    return exceptions.get(day, day.isoweekday() <= _FRIDAY)


def count_working_days(first: date, last: date, exceptions: Mapping[date, bool]) -> int:
    """Working days from the first to the last, both counted; 0 when they are in the wrong order."""
    days = max(0, (last - first).days + 1)
    return sum(is_working_day(first + timedelta(n), exceptions) for n in range(days))


def last_of_working_days(first: date, wanted: int, exceptions: Mapping[date, bool]) -> date:
    """The day on which so many working days are full, counted from `first` on."""
    if wanted < 1:
        raise ValueError(f"{wanted} working days end nowhere")
    day, found = first, 0
    while True:
        found += is_working_day(day, exceptions)
        if found == wanted:
            return day
        day += timedelta(1)
