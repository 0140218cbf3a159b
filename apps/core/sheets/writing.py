"""Writing spreadsheets: text stays text, amounts are numbers, and the same rows give the same bytes."""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

from apps.core.errors import Refused
from apps.core.sheets.columns import Column, Kind

_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"text_wrap": True},
    "identifier": {"num_format": "@"},
    "count": {"num_format": "#,##0"},
    "amount": {"num_format": "#,##0.00"},
    "ratio": {"num_format": "0.##%"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
}
_WIDTHS: dict[Kind, int] = {"text": 28, "identifier": 22, "count": 10, "amount": 16, "ratio": 10, "date": 12}
_LONGEST_CELL = 32_767
_FONT = {"font_name": "宋体", "font_size": 11}


@dataclass(frozen=True)
class Sheet:
    """One sheet: rows by column key, an optional title above the headings and an optional row of totals below."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Mapping[str, object]]
    title: str = ""
    totals: Mapping[str, object] | None = None


def write_table(
    rows: Iterable[Mapping[str, object]],
    *,
    columns: Sequence[Column],
    created: datetime,
    sheet_name: str = "数据",
    title: str = "",
    constant_memory: bool = False,
) -> bytes:
    """One sheet as xlsx. `created` stands in the file's properties: the same input gives the same bytes."""
    return write_sheets(
        [Sheet(sheet_name, columns, rows, title)], created=created, constant_memory=constant_memory
    )


def write_sheets(sheets: Sequence[Sheet], *, created: datetime, constant_memory: bool = False) -> bytes:
    """A workbook; with `constant_memory` the rows go to a temporary file one by one (very long exports)."""
    output = io.BytesIO()
    _write_book(output, sheets, created=created, constant_memory=constant_memory)
    return output.getvalue()


def write_into(
    output: IO[bytes],
    rows: Iterable[Mapping[str, object]],
    *,
    columns: Sequence[Column],
    created: datetime,
    sheet_name: str = "数据",
) -> int:
    """One sheet of any length into a file, row by row; returns how many rows there were."""
    count = 0

    def counted() -> Iterator[Mapping[str, object]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    _write_book(output, [Sheet(sheet_name, columns, counted())], created=created, constant_memory=True)
    return count


def _write_book(
    output: IO[bytes], sheets: Sequence[Sheet], *, created: datetime, constant_memory: bool
) -> None:
    memory = {"constant_memory": True} if constant_memory else {"in_memory": True}
    book = xlsxwriter.Workbook(output, {**memory, "default_format_properties": dict(_FONT)})
    book.set_properties({"created": created.astimezone(UTC).replace(tzinfo=None), "title": sheets[0].title})
    formats = {kind: book.add_format({**_FONT, "valign": "top", **look}) for kind, look in _FORMATS.items()}
    totals = {
        kind: book.add_format({**_FONT, "bold": True, "top": 1, **look}) for kind, look in _FORMATS.items()
    }
    heading = book.add_format({**_FONT, "bold": True, "bg_color": "#EEEEEE", "bottom": 1, "text_wrap": True})
    caption = book.add_format({**_FONT, "bold": True, "font_size": 14})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for place, column in enumerate(sheet.columns):
            page.set_column(
                place, place, column.width or max(_WIDTHS[column.kind], _shown_width(column.name) + 2)
            )
        line = 0
        if sheet.title:
            page.write_string(0, 0, sheet.title, caption)
            line = 1
        for place, column in enumerate(sheet.columns):
            page.write_string(line, place, column.name, heading)
        page.freeze_panes(line + 1, 0)
        page.repeat_rows(line)
        for row in sheet.rows:
            line += 1
            _write_row(page, line, row, sheet.columns, formats)
        if sheet.totals is not None:
            _write_row(page, line + 1, sheet.totals, sheet.columns, totals)
    book.close()


def _write_row(
    page: Any, line: int, row: Mapping[str, object], columns: Sequence[Column], formats: Mapping[Kind, Any]
) -> None:
    for place, column in enumerate(columns):
        write_cell(page, line, place, row.get(column.key), formats[column.kind])


def write_cell(page: Any, line: int, place: int, value: object, look: Any) -> None:
    """Text is always written as text, whatever its first character: a formula in it stays inert."""
    if value is None or value == "":
        page.write_blank(line, place, None, look)
    elif isinstance(value, bool):
        page.write_string(line, place, "是" if value else "否", look)
    elif isinstance(value, int | Decimal):
        page.write_number(line, place, value, look)
    elif isinstance(value, datetime):
        page.write_string(line, place, value.isoformat(sep=" ", timespec="seconds"), look)
    elif isinstance(value, date):
        page.write_datetime(line, place, value, look)
    else:
        text = str(value)
        if len(text) > _LONGEST_CELL:
            raise Refused(
                f"第{line + 1}行有一格超过 {_LONGEST_CELL:,} 个字，表格软件放不下。", code="too_long"
            )
        page.write_string(line, place, text, look)


def _shown_width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
