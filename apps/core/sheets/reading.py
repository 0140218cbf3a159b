"""Reading a table from an uploaded xlsx: what is wrong with the file, with the headings, and with each cell."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from apps.core.archives import MAX_TOTAL_BYTES
from apps.core.errors import Refused
from apps.core.sheets.columns import Cell, CellError, Column, Value, text_of, value_of
from apps.core.sheets.merged import MergedCells, judge, named
from apps.core.sheets.stream import MAX_ROWS, OpenSheet, open_rows

_HEADING_WITHIN_ROWS = 20


@dataclass(frozen=True)
class TableRow:
    """One row by column key; `number` is its row in the spreadsheet. A wrong cell is None here and in the errors."""

    number: int
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Table:
    sheet: str
    rows: tuple[TableRow, ...]
    errors: tuple[CellError, ...]
    ignored_headings: tuple[str, ...] = ()
    found_keys: tuple[str, ...] = ()
    """Keys of the columns whose heading stands in the sheet: an absent column is something else than an empty cell."""
    notes: tuple[str, ...] = ()

    def require_clean(self, *, field: str | None = None, shown: int = 10) -> None:
        """Raises Refused naming the first wrong cells and how many there are."""
        if self.errors:
            named = "".join(str(error) for error in self.errors[:shown])
            count = (
                f"共有 {len(self.errors):,} 处错误，一行也没有导入。"
                if len(self.errors) > 1
                else "没有导入。"
            )
            raise Refused(f"{named}{count}", field=field, code="cells")


def read_table(
    data: bytes,
    *,
    columns: Sequence[Column],
    sheet: str = "",
    max_rows: int = MAX_ROWS,
    field: str | None = None,
    ignore_unknown: bool = False,
) -> Table:
    """Read the rows under the headings of `columns`, which may stand in any order and below a title.

    Raises Refused for the file and its headings; wrong cells are collected in the table.
    """
    with open_rows(data, sheet=sheet, max_rows=max_rows, field=field) as opened:
        table = _under_heading(opened, columns, field=field, ignore_unknown=ignore_unknown)
        rows = list(table.rows)
    found: list[TableRow] = []
    errors: list[CellError] = []
    for number, cells in rows:
        values: dict[str, Value] = {}
        held = dict(zip(table.keys, cells, strict=True))
        for column in columns:
            try:
                values[column.key] = value_of(held.get(column.key), column)
            except Refused as refusal:
                values[column.key] = None
                errors.append(CellError(number, column.name, refusal.message))
        found.append(TableRow(number, values))
    if not found:
        raise Refused(f"工作表“{table.sheet}”只有表头，没有数据行。", field=field, code="no_rows")
    return Table(table.sheet, tuple(found), tuple(errors), table.ignored_headings, table.keys, table.notes)


def read_cells(
    data: bytes, *, sheet: str = "", max_rows: int = MAX_ROWS, field: str | None = None
) -> tuple[str, list[tuple[int, list[Cell]]]]:
    """Name of the sheet read, and its rows that hold anything, with their row numbers. Raises Refused."""
    with open_rows(data, sheet=sheet, max_rows=max_rows, field=field) as opened:
        return opened.name, list(opened.rows)


@dataclass(frozen=True)
class OpenTable:
    """A table being read: the keys of the columns found, in the order of the sheet, and the cells under them.

    `rows` are taken once, in order, with their row numbers; those without a word are left out.
    """

    sheet: str
    height: int
    keys: tuple[str, ...]
    ignored_headings: tuple[str, ...]
    rows: Iterator[tuple[int, list[Cell]]]
    notes: tuple[str, ...] = ()
    """Sentences on what was read otherwise than it stands in the file, and what was not read at all."""


@contextmanager
def open_table(
    data: bytes,
    *,
    columns: Sequence[Column],
    max_rows: int = MAX_ROWS,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    field: str | None = None,
) -> Iterator[OpenTable]:
    """As `read_table` with unknown headings ignored, for sheets too long to be held: the cells are still to be judged.

    Raises Refused for the file and its headings.
    """
    with open_rows(data, max_rows=max_rows, max_total_bytes=max_total_bytes, field=field) as opened:
        del data
        yield _under_heading(opened, columns, field=field, ignore_unknown=True)


def _under_heading(
    opened: OpenSheet, columns: Sequence[Column], *, field: str | None, ignore_unknown: bool
) -> OpenTable:
    top = list(islice(opened.rows, _HEADING_WITHIN_ROWS))
    headings = _with_merged_headings(top, opened)
    heading_at = _heading_row(headings, columns)
    if heading_at is None:
        raise _no_heading(opened.name, columns, field)
    heading, names = headings[heading_at]
    found, ignored = _match_headings(names, columns, field=field, ignore_unknown=ignore_unknown)
    keys = tuple(sorted(found, key=found.__getitem__))
    places = [found[key] for key in keys]
    spreads = {found[column.key]: column.spreads for column in columns if column.key in found}
    merged = judge(opened.merged, heading=heading, columns=spreads, field=field)
    rows = _under(chain(top[heading_at + 1 :], opened.rows), places)
    return OpenTable(
        opened.name,
        opened.height,
        keys,
        ignored,
        merged.over(rows, places, field=field),
        _notes(opened, merged),
    )


def _with_merged_headings(
    top: Sequence[tuple[int, list[Cell]]], opened: OpenSheet
) -> list[tuple[int, list[Cell]]]:
    """The first rows as they are seen: a heading that reaches over two rows stands in both."""
    width = max((len(cells) for _, cells in top), default=0)
    wide = ((number, [*cells, *[None] * (width - len(cells))]) for number, cells in top)
    seen = judge(opened.merged, heading=0, columns=dict.fromkeys(range(width), True))
    return list(MergedCells(seen.spread).over(wide, range(width), field=None))


def _notes(opened: OpenSheet, merged: MergedCells) -> tuple[str, ...]:
    notes = []
    if merged.spread:
        notes.append(f"合并单元格 {named(merged.spread)}的内容，算作其中每一行的内容。")
    if opened.unread:
        others = "、".join(f"“{name}”" + ("" if seen else "（隐藏）") for name, seen in opened.unread[:10])
        more = f"等 {len(opened.unread):,} 个" if len(opened.unread) > 10 else ""
        notes.append(f"只读了工作表“{opened.name}”，没有读：{others}{more}。")
    return tuple(notes)


def _under(rows: Iterable[tuple[int, list[Cell]]], places: Sequence[int]) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in rows:
        width = len(cells)
        picked = [cells[place] if place < width else None for place in places]
        if not all(_blank(cell) for cell in picked):
            yield number, picked


def _no_heading(sheet: str, columns: Sequence[Column], field: str | None) -> Refused:
    wanted = "、".join(f"“{column.name}”" for column in columns if column.required)
    return Refused(
        f"工作表“{sheet}”里没有找到表头；第一行应有这些列：{wanted}。", field=field, code="heading"
    )


def _blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _heading(text: str) -> str:
    """Headings are compared without spaces, line breaks and the width of brackets."""
    return "".join(unicodedata.normalize("NFKC", text).split()).removeprefix("*")


def _names(column: Column) -> set[str]:
    return {_heading(name) for name in (column.name, *column.aliases)}


def _heading_row(rows: Sequence[tuple[int, list[Cell]]], columns: Sequence[Column]) -> int | None:
    """The row, near the top, in which most of the columns are found; a title may stand above it."""
    wanted = set().union(*(_names(column) for column in columns))
    best, best_count = None, 0
    for index, (_, cells) in enumerate(rows[:_HEADING_WITHIN_ROWS]):
        count = len({_heading(text_of(cell)) for cell in cells} & wanted)
        if count > best_count:
            best, best_count = index, count
    return best


def _match_headings(
    cells: Sequence[Cell], columns: Sequence[Column], *, field: str | None, ignore_unknown: bool
) -> tuple[dict[str, int], tuple[str, ...]]:
    by_name = {name: column for column in columns for name in _names(column)}
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(cells):
        text = text_of(cell).strip()
        column = by_name.get(_heading(text))
        if column is None:
            if text:
                unknown.append(text[:30])
        elif column.key in places:
            raise Refused(f"表头里“{column.name}”列出现了两次。", field=field, code="heading")
        else:
            places[column.key] = place
    missing = [column.name for column in columns if column.required and column.key not in places]
    complaints = []
    if missing:
        complaints.append("缺少" + "、".join(f"“{name}”" for name in missing) + "列")
    if unknown and not ignore_unknown:
        complaints.append("多出不认识的" + "、".join(f"“{name}”" for name in unknown[:10]) + "列")
    if complaints:
        raise Refused("表头" + "，".join(complaints) + "。", field=field, code="heading")
    return places, tuple(unknown)
