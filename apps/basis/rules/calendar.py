"""The days off of a year as the notice announces them: read from lines, and what a year cannot be without. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from apps.core import text as typed
from apps.core.errors import Refused

OFF, WORKED = "放假", "上班"
LOADED, REGISTERED = "载入放假安排", "登记放假安排"
WHOLE_YEAR = (LOADED, REGISTERED)
"""What the record says of days that came with their whole year."""
LONGEST = 20
"""More days off in a row than any notice gave: the end was mistyped."""
_FRIDAY = 5
_LINE = re.compile(r"(?P<first>\S+?)(?:至(?P<last>\S+))?\s+(?P<kind>放假|上班)(?:\s+(?P<note>.+))?")


@dataclass(frozen=True)
class Announced:
    """One day that is not as its weekday is."""

    day: date
    is_working: bool
    note: str


def differs(day: date, *, is_working: bool) -> bool:
    """Whether the day is not what its weekday makes it anyway."""
    return is_working == (day.isoweekday() > _FRIDAY)


def require_differs(day: date, *, is_working: bool) -> None:
    if not differs(day, is_working=is_working):
        weekday = "周末，平常就不上班" if day.isoweekday() > _FRIDAY else "周一至周五，平常就上班"
        raise Refused(f"{day:%Y-%m-%d} 是{weekday}，不用登记。", field="is_working")


def read_days(text: str, *, field: str | None = None) -> list[Announced]:
    """The days of the lines, weekends inside a holiday left out, in their order.

    A line is “2027-10-01至2027-10-07 放假 国庆节” or “2027-10-09 上班 国庆节调休”. Raises Refused naming the line.
    """
    found: dict[date, Announced] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            for one in _read_line(typed.line(line, label="放假安排", field=field), number, field):
                if one.day in found:
                    raise Refused(f"第 {number} 行：{one.day:%Y-%m-%d} 前面已写过。", field=field)
                found[one.day] = one
    return sorted(found.values(), key=lambda one: one.day)


def _read_line(line: str, number: int, field: str | None) -> Iterator[Announced]:
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise Refused(
            f"第 {number} 行“{line[:30]}”看不懂，应写成“2016-10-01至2016-10-07 放假 国庆节”"
            "或“2016-10-08 上班 国庆节调休”，中间用空格隔开。",
            field=field,
        )
    label = f"第 {number} 行的日期"
    first = typed.day(matched["first"], label=label, field=field)
    last = typed.day(matched["last"], label=label, field=field) if matched["last"] else first
    if not 0 <= (last - first).days < LONGEST:
        raise Refused(f"第 {number} 行：从 {first:%Y-%m-%d} 到 {last:%Y-%m-%d} 的天数不对。", field=field)
    is_working, note = matched["kind"] == WORKED, matched["note"] or ""
    if not note:
        raise Refused(f"第 {number} 行没有写是哪个节日。", field=field)
    for offset in range((last - first).days + 1):
        day = first + timedelta(offset)
        if differs(day, is_working=is_working):
            yield Announced(day, is_working, note)
        elif is_working:
            raise Refused(f"第 {number} 行：{day:%Y-%m-%d} 是周一至周五，平常就上班。", field=field)


def require_year(year: int, days: Iterable[Announced], *, field: str | None = None) -> None:
    """Raises Refused for a day of another year, and when a day that is off by law in every year is worked.

    元旦, 劳动节 and 国庆节 stand on fixed days (全国年节及纪念日放假办法, art. 2). A notice gives days of the December
    before, when 元旦 is joined to its weekend.
    """
    off = set()
    for one in days:
        if one.day.year != year and (one.day.year, one.day.month) != (year - 1, 12):
            raise Refused(f"{one.day:%Y-%m-%d} 不是 {year} 年的日子。", field=field)
        if not one.is_working:
            off.add(one.day)
    for month, day, name in (
        (1, 1, "元旦"),
        (5, 1, "劳动节"),
        (10, 1, "国庆节"),
        (10, 2, "国庆节"),
        (10, 3, "国庆节"),
    ):
        holiday = date(year, month, day)
        if holiday.isoweekday() <= _FRIDAY and holiday not in off:
            raise Refused(f"{holiday:%Y-%m-%d} 是{name}，没有写放假；请把通知里的日子写全。", field=field)
