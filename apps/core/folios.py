"""Rows laid onto the sheets of a printed roster, so that each sheet can say how many people stand on it."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Folio(Generic[Row]):
    """One sheet. `before` rows stand on the sheets before it."""

    number: int
    before: int
    rows: tuple[Row, ...]

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def running(self) -> int:
        """Rows up to the end of this sheet."""
        return self.before + len(self.rows)

    @property
    def numbered(self) -> list[tuple[int, Row]]:
        """The rows with their numbers in the whole roster."""
        return list(enumerate(self.rows, start=self.before + 1))


def lay_out(rows: Iterable[Row], *, height: Callable[[Row], int], room: int) -> list[Folio[Row]]:
    """Sheets in order; `height` and `room` in one unit. A row higher than a sheet gets one to itself; no rows, one sheet."""
    folios: list[Folio[Row]] = []
    held: list[Row] = []
    used = before = 0
    for row in rows:
        needed = height(row)
        if held and used + needed > room:
            folios.append(Folio(len(folios) + 1, before, tuple(held)))
            before += len(held)
            held, used = [], 0
        held.append(row)
        used += needed
    if held or not folios:
        folios.append(Folio(len(folios) + 1, before, tuple(held)))
    return folios


def lines_needed(text: str, *, halves: int) -> int:
    """Lines a cell breaks into where `halves` half-width characters stand side by side."""
    lines, used = 1, 0
    for character in text:
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + width > halves:
            lines, used = lines + 1, 0
        used += width
    return lines
