"""The dry run of many rows at once: what came in, what would become of it, what is wrong and what has no place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MOST_EXAMPLES = 3


@dataclass(frozen=True)
class RowInput:
    """Cells for one row, read but not yet judged. `place` is where the person finds the row: in the block or the file.

    Without a `record_id` it is a new row of `parent_id` (an item for a line, a group for an item) or of the new item
    whose row stands at `parent_place`.
    """

    table: str
    place: int
    values: Mapping[str, Any]
    record_id: int | None = None
    parent_id: int | None = None
    parent_place: int | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, Decimal] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CellChange:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Problem:
    """One wrong cell, named by row and column."""

    place: int
    label: str
    message: str

    def __str__(self) -> str:
        words = self.message.removeprefix(f"“{self.label}”")
        return f"第{self.place}行“{self.label}”：{words}"


@dataclass(frozen=True)
class Unplaced:
    """A column that takes nothing from the block: which cells fall on it, by place, so that none is dropped unsaid."""

    column: str
    label: str
    cells: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        first = "、".join(f"第{place}行“{text[:20]}”" for place, text in self.cells[:MOST_EXAMPLES])
        more = "等" if len(self.cells) > MOST_EXAMPLES else ""
        return f"“{self.label}”这一列不能录入，{first}{more} {len(self.cells)} 格没有地方放。"


@dataclass(frozen=True)
class RowTrial:
    """What one row would become."""

    table: str
    place: int
    title: str
    is_new: bool
    cells: tuple[CellChange, ...]


@dataclass(frozen=True)
class Trial:
    """The dry run of a block. `seen` are the versions it was tried against."""

    rows: tuple[RowTrial, ...]
    problems: tuple[Problem, ...]
    unplaced: tuple[Unplaced, ...]
    seen: Mapping[str, int]
    amount_before: Decimal
    amount_after: Decimal

    @property
    def faults(self) -> "tuple[Unplaced | Problem, ...]":
        """Everything for which nothing of the block is taken over."""
        return (*self.unplaced, *self.problems)

    @property
    def changed(self) -> tuple[RowTrial, ...]:
        return tuple(row for row in self.rows if row.cells or row.is_new)

    @property
    def new_count(self) -> int:
        return sum(row.is_new for row in self.rows)

    @property
    def unchanged_count(self) -> int:
        return len(self.rows) - len(self.changed)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Items and lines apart, of which each row of a file may hold both: changed, new and unchanged ones."""
        kinds = {"changed": (True, False), "new": (True, True), "unchanged": (False, False)}
        return {
            kind: {
                table: sum(
                    row.table == table and (bool(row.cells) or row.is_new, row.is_new) == wanted
                    for row in self.rows
                )
                for table in ("item", "line")
            }
            for kind, wanted in kinds.items()
        }
