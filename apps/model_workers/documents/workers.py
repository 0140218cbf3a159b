"""The printed roster (名册) of model workers: which rows stand on which sheet, and what is said around them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.core.folios import Folio, lay_out, lines_needed
from apps.model_workers.selectors.workers import class_label, honours_in_words
from apps.people.rules.standing import UnitNature
from apps.people.selectors.people import life_standing, work_standing

# Hundredths of a millimetre: a line of 9.5 pt, the space around the lines of a row, what is left for rows on a sheet.
_LINE, _AROUND, _ROOM = 455, 190, 13_300
# Half-width characters side by side in the columns that may break (static/css/worker_print.css sets the widths).
_NAME, _UNIT, _UNION, _HONOURS = 10, 28, 14, 38


@dataclass(frozen=True)
class RosterRow:
    name: str
    sex: str
    born: str
    unit: str
    nature: str
    union: str
    honours: str
    award_class: str
    state: str


@dataclass(frozen=True)
class RosterDocument:
    """劳模名册. `chosen` says in words which people these are."""

    union: str
    as_of: date
    chosen: str
    folios: tuple[Folio[RosterRow], ...]
    total: int
    printed_by: str
    printed_at: datetime
    title: str = "劳动模范名册"

    def in_less_room(self, percent: int) -> "RosterDocument":
        """The same rows with fewer on a sheet."""
        rows = [row for folio in self.folios for row in folio.rows]
        return replace(self, folios=_folios(rows, percent=percent))


def roster_document(
    people: Iterable[Any], *, as_of: date, chosen: str, user: User, now: datetime
) -> RosterDocument:
    rows = [_row(person) for person in people]
    return RosterDocument(
        union=user.union.name,
        as_of=as_of,
        chosen=chosen,
        folios=_folios(rows),
        total=len(rows),
        printed_by=f"{user.full_name}（{user.union}）",
        printed_at=timezone.localtime(now),
    )


def _folios(rows: list[RosterRow], *, percent: int = 100) -> tuple[Folio[RosterRow], ...]:
    return tuple(lay_out(rows, height=_height, room=_ROOM * percent // 100))


def _height(row: RosterRow) -> int:
    broken = (
        lines_needed(row.name, halves=_NAME),
        lines_needed(row.unit, halves=_UNIT) + (1 if row.nature else 0),
        lines_needed(row.union, halves=_UNION),
        lines_needed(row.honours, halves=_HONOURS),
        lines_needed(row.state, halves=_NAME),
    )
    return max(broken) * _LINE + _AROUND


def _row(person: Any) -> RosterRow:
    gone, work = life_standing(person.life), work_standing(person.work)
    return RosterRow(
        name=person.name,
        sex=person.get_sex_display(),
        born=f"{person.birth_on:%Y-%m-%d}" if person.birth_on else "",
        unit=person.unit.name if person.unit else "",
        nature=UnitNature.BANKRUPT.label if person.is_bankrupt else "",
        union=person.union.short_name,
        honours=honours_in_words(person.shown_honours),
        award_class=class_label(person.award_class),
        state=gone.label if gone else work.label if person.work else "",
    )
