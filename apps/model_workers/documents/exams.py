"""The papers of an exam: one slip a person, the roster people sign at the hospital, and the settlement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from apps.accounts.models import User
from apps.core.folios import Folio, lay_out, lines_needed
from apps.model_workers.models import Exam, ExamInvitation
from apps.model_workers.selectors.settled_exams import SettledExam, Told

# Hundredths of a millimetre: a line of 10 pt, the least height of a row to sign in, what is left for rows on a sheet.
_LINE, _AROUND, _LEAST, _ROOM = 480, 160, 900, 11_900
# Half-width characters side by side in the columns that may break (static/css/exam_print.css sets the widths).
_NAME, _UNIT, _UNION = 11, 34, 16


@dataclass(frozen=True)
class Slip:
    number: int
    name: str
    sex: str
    unit: str
    union: str
    phone: str
    hospital: str
    address: str
    hospital_phone: str


@dataclass(frozen=True)
class SlipSheets:
    """体检通知单, three on a page, or fewer where names and addresses are long."""

    union: str
    year: int
    starts_on: date
    ends_on: date
    rate: Decimal
    slips: tuple[Slip, ...]
    printed_at: datetime
    per_page: int = 3
    title: str = "劳动模范体检通知单"

    @property
    def pages(self) -> list[tuple[Slip, ...]]:
        return [self.slips[at : at + self.per_page] for at in range(0, len(self.slips), self.per_page)]

    def with_fewer(self, per_page: int) -> "SlipSheets":
        return replace(self, per_page=per_page)


@dataclass(frozen=True)
class RosterRow:
    number: int
    name: str
    sex: str
    born: str
    unit: str
    union: str
    phone: str
    outcome: str


@dataclass(frozen=True)
class ExamRoster:
    """体检名册, with a column to sign in. `chosen` says in words which people these are."""

    union: str
    year: int
    hospital: str
    chosen: str
    starts_on: date
    ends_on: date
    folios: tuple[Folio[RosterRow], ...]
    total: int
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范体检名册"

    def in_less_room(self, percent: int) -> "ExamRoster":
        """The same rows with fewer on a sheet."""
        rows = [row for folio in self.folios for row in folio.rows]
        return replace(self, folios=_folios(rows, percent=percent))


@dataclass(frozen=True)
class Settlement:
    """体检费用结算表. Amounts in yuan."""

    year: int
    starts_on: date
    ends_on: date
    exam: SettledExam
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范体检费用结算表"

    @property
    def union(self) -> str:
        return self.exam.union

    @property
    def people(self) -> int:
        return sum(row.bill.people for _, row in self.exam.rows if row.bill is not None)


def slip_sheets(exam: Exam, rows: Iterable[ExamInvitation], *, now: datetime) -> SlipSheets:
    return SlipSheets(
        union=exam.union.name,
        year=exam.year,
        starts_on=exam.starts_on,
        ends_on=exam.ends_on,
        rate=exam.rule.rate,
        slips=tuple(_slip(row) for row in rows),
        printed_at=timezone.localtime(now),
    )


def _slip(row: ExamInvitation) -> Slip:
    person, hospital = row.person, row.hospital
    return Slip(
        number=row.slip_number,
        name=person.name,
        sex=person.get_sex_display(),
        unit=person.unit.name if person.unit else "",
        union=person.union.name,
        phone=_shown(person.phone),
        hospital=hospital.name if hospital else "",
        address=hospital.address if hospital else "",
        hospital_phone=hospital.phone if hospital else "",
    )


def exam_roster(
    exam: Exam,
    rows: Iterable[tuple[ExamInvitation, Told]],
    *,
    hospital: str,
    chosen: str,
    user: User,
    now: datetime,
) -> ExamRoster:
    found = [_roster_row(row, told) for row, told in rows]
    return ExamRoster(
        union=exam.union.name,
        year=exam.year,
        hospital=hospital,
        chosen=chosen,
        starts_on=exam.starts_on,
        ends_on=exam.ends_on,
        folios=_folios(found),
        total=len(found),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _roster_row(row: ExamInvitation, told: Told) -> RosterRow:
    return RosterRow(
        number=row.slip_number,
        name=told.name,
        sex=told.sex,
        born=told.birth_on[:7],
        unit=told.unit,
        union=told.union_short,
        phone=_shown(row.person.phone),
        outcome=f"{row.attended_on:%Y-%m-%d}" if row.attended_on else row.get_absence_display(),
    )


def _folios(rows: Sequence[RosterRow], *, percent: int = 100) -> tuple[Folio[RosterRow], ...]:
    return tuple(lay_out(rows, height=_height, room=_ROOM * percent // 100))


def _height(row: RosterRow) -> int:
    lines = max(
        lines_needed(row.name, halves=_NAME),
        lines_needed(row.unit, halves=_UNIT),
        lines_needed(row.union, halves=_UNION),
    )
    return max(_LEAST, lines * _LINE + _AROUND)


def _shown(secret: object) -> str:
    """A number as its mask."""
    return "" if secret is None else str(secret)


def settlement(exam: Exam, settled: SettledExam, *, user: User, now: datetime) -> Settlement:
    return Settlement(
        year=exam.year,
        starts_on=exam.starts_on,
        ends_on=exam.ends_on,
        exam=settled,
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )
