"""Merged cells: on screen one cell, in the file a value for the first of its rows and nothing for the others."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.core.errors import Refused
from apps.core.sheets.columns import Cell

_NAMED = 5


@dataclass(frozen=True, order=True, slots=True)
class MergedRange:
    """Rows count from 1 as people see them, columns from 0 as cells are numbered."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        first, last = column_letters(self.first_column), column_letters(self.last_column)
        return f"{first}{self.first_row}:{last}{self.last_row}"

    @property
    def is_vertical(self) -> bool:
        return self.first_column == self.last_column


@dataclass(frozen=True)
class MergedCells:
    """The merged cells that concern a table: `spread` count for all their rows, `barred` mean nobody knows what."""

    spread: tuple[MergedRange, ...] = ()
    barred: tuple[MergedRange, ...] = ()

    def over(
        self, rows: Iterable[tuple[int, list[Cell]]], places: Sequence[int], *, field: str | None
    ) -> Iterator[tuple[int, list[Cell]]]:
        """Rows whose cells are those at `places`, each with what is merged into it.

        Raises Refused at the first row that a barred range reaches: one that holds nothing does no harm.
        """
        at = {place: index for index, place in enumerate(places)}
        waiting, barred = deque(self.spread), deque(self.barred)
        barred_until = 0
        active: dict[int, tuple[int, Cell]] = {}
        for number, cells in rows:
            while barred and barred[0].first_row <= number:
                barred_until = max(barred_until, barred.popleft().last_row)
            if number <= barred_until:
                raise refused(self.barred, field=field)
            while waiting and waiting[0].first_row <= number:
                one = waiting.popleft()
                index = at[one.first_column]
                # A first row without a word never came by: then the merged cell is empty.
                active[index] = (one.last_row, cells[index] if one.first_row == number else None)
            for index, (last_row, value) in list(active.items()):
                if last_row < number:
                    del active[index]
                else:
                    cells[index] = value
            yield number, cells


def judge(
    ranges: Sequence[MergedRange], *, heading: int, columns: Mapping[int, bool], field: str | None = None
) -> MergedCells:
    """What merged cells mean under a heading: `columns` says of each column read whether a value may count for many rows.

    Raises Refused where headings are merged across columns. Titles above the heading may be merged as they like.
    """
    places = sorted(columns)
    concerned = [
        one
        for one in ranges
        if one.last_row >= heading
        and bisect_left(places, one.first_column) < bisect_right(places, one.last_column)
    ]
    across = [one for one in concerned if one.first_row <= heading and not one.is_vertical]
    if across:
        raise refused(across, field=field)
    below = [one for one in concerned if one.last_row > heading]
    spread = {
        one for one in below if one.first_row > heading and one.is_vertical and columns[one.first_column]
    }
    return MergedCells(tuple(sorted(spread)), tuple(sorted(set(below) - spread)))


def refused(ranges: Sequence[MergedRange], *, field: str | None) -> Refused:
    return Refused(
        f"合并单元格 {named(ranges)}横跨几列、连着表头，或是几行共用一个数，看不出内容属于哪一格；"
        "请取消合并，逐格填写后再上传。",
        field=field,
        code="merged",
    )


def named(ranges: Sequence[MergedRange]) -> str:
    more = f" 等 {len(ranges):,} 处" if len(ranges) > _NAMED else " "
    return "、".join(str(one) for one in ranges[:_NAMED]) + more


def column_letters(column: int) -> str:
    """What people call a column: A, B, …, AA."""
    text = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
