"""The calendar of working days: a year as its notice announces it, single days put right, the years that are shipped."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.basis.models import CalendarDay, CalendarYear
from apps.basis.rules.calendar import (
    LOADED,
    REGISTERED,
    Announced,
    read_days,
    require_differs,
    require_year,
)
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused

TAKEN = "{day:%Y-%m-%d} 已登记。"


@transaction.atomic
def register_year(*, year: int, basis: str, text: str, actor: User) -> CalendarYear:
    """Enter all days of the notice for one year; from then on its working days are counted. Raises Refused."""
    _require_editor(actor)
    if not CalendarYear.FIRST <= year <= CalendarYear.LAST:
        raise Refused(
            f"“年度”应在 {CalendarYear.FIRST} 至 {CalendarYear.LAST} 之间，“{year}”不在其中。", field="year"
        )
    if CalendarYear.objects.filter(pk=year).exists():
        raise Refused(f"{year} 年的放假安排已登记，请在那一年里增加或更正。", field="year")
    basis = _basis(basis, field="basis")
    days = read_days(text, field="text")
    require_year(year, days, field="text")
    with audit.because(actor_id=actor.pk, action=REGISTERED):
        try:
            with transaction.atomic():
                record = CalendarYear.objects.create(year=year, basis=basis)
        except IntegrityError:  # somebody was faster between the check and the write
            raise Refused(f"{year} 年的放假安排已登记。", field="year") from None
        _add(days, year=year, basis=basis, field="text")
    return record


@transaction.atomic
def add_day(*, day: date, is_working: bool, note: str, basis: str, actor: User) -> CalendarDay:
    """Enter one more day of a known year, such as one that a later notice gave. Raises Refused."""
    _require_editor(actor)
    record = CalendarDay()
    with audit.because(actor_id=actor.pk, action="增加放假与调休日"):
        _fill(record, day=day, is_working=is_working, note=note, basis=basis)
    return record


@transaction.atomic
def correct_day(*, pk: int, day: date, is_working: bool, note: str, basis: str, actor: User) -> CalendarDay:
    """Put one day right. Raises Refused."""
    _require_editor(actor)
    record = CalendarDay.objects.select_for_update().get(pk=pk)
    with audit.because(actor_id=actor.pk, action="更正放假与调休日"):
        _fill(record, day=day, is_working=is_working, note=note, basis=basis)
    return record


@transaction.atomic
def remove_day(*, pk: int, reason: str, actor: User) -> None:
    """The day is as its weekday after all. Raises Refused."""
    _require_editor(actor)
    reason = typed.line(reason, label="理由", field="reason")
    if not reason:
        raise Refused("请填写“理由”，如更改放假安排的通知的文号。", field="reason")
    record = CalendarDay.objects.select_for_update().get(pk=pk)
    with audit.because(actor_id=actor.pk, action="删去放假与调休日", reason=reason):
        record.delete()


@transaction.atomic
def load_calendars(folder: Path) -> int:
    """Add the years that are missing; those that are there stay as staff left them. Returns how many were added."""
    known = set(CalendarYear.objects.values_list("pk", flat=True))
    added = 0
    with audit.because(actor_id=None, action=LOADED):
        for row in json.loads((folder / "calendars.json").read_text(encoding="utf-8")):
            if row["year"] in known:
                continue
            main = row["notices"][0]["basis"]
            CalendarYear.objects.create(year=row["year"], basis=main)
            for notice in row["notices"]:
                _add(read_days("\n".join(notice["days"])), year=row["year"], basis=notice["basis"])
            added += 1
    return added


def _add(days: Iterable[Announced], *, year: int, basis: str, field: str | None = None) -> None:
    """Days of another year than the one the notice is for keep its number; it is not that of their own year."""
    known = dict(CalendarYear.objects.values_list("pk", "basis"))
    there = set(CalendarDay.objects.filter(day__in=[one.day for one in days]).values_list("day", flat=True))
    for one in days:
        if one.day.year not in known:
            raise Refused(
                f"{one.day:%Y-%m-%d} 在 {one.day.year} 年，这一年的放假安排还没有登记，请先登记。",
                field=field,
            )
        if one.day in there:
            raise Refused(TAKEN.format(day=one.day), field=field)
        CalendarDay.objects.create(
            year_id=one.day.year,
            day=one.day,
            is_working=one.is_working,
            note=typed.line(one.note, label="说明", field=field)[:60],
            basis="" if basis == known[one.day.year] else basis,
        )


def _fill(record: CalendarDay, *, day: date, is_working: bool, note: str, basis: str) -> None:
    year = CalendarYear.objects.select_for_update().filter(pk=day.year).first()
    if year is None:
        raise Refused(f"{day.year} 年的放假安排还没有登记，请先登记这一年的全部日子。", field="day")
    require_differs(day, is_working=is_working)
    note = typed.line(note, label="说明", field="note")
    if not note:
        raise Refused("“说明”没有填写，如：国庆节。", field="note")
    basis = _basis(basis, field="basis")
    record.year, record.day, record.is_working, record.note = year, day, is_working, note
    record.basis = "" if basis == year.basis else basis
    try:
        with transaction.atomic():
            record.save()
    except IntegrityError:
        raise Refused(TAKEN.format(day=day), field="day") from None


def _basis(basis: str, *, field: str) -> str:
    basis = typed.line(basis, label="依据文件", field=field)
    if not basis:
        raise Refused("“依据文件”没有填写：写放假通知的文号，如 国办发明电〔2015〕18号。", field=field)
    return basis


def _require_editor(actor: User) -> None:
    if not actor.may("parameter.edit"):
        raise Refused("您没有维护放假安排的权限。", code="permission")
