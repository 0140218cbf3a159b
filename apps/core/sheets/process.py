"""Opens one spreadsheet in a process of its own: bytes on standard input, a line of JSON per row on standard output.

A few hundred bytes can describe a sheet of 17 thousand million cells, and the reader would take the memory for it
and bring the whole server down. Here it only brings this process down.
"""

import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any
from xml.etree import ElementTree

_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_PIECE = 1024 * 1024
_LONG = 8 * 1024 * 1024
_LONGEST_CELL = 4 * 1024 * 1024
_NUMBERED_ROW = re.compile(rb"<row (?:[^<>]*?\s)?r=[\"']([0-9]{1,7})[\"']")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"'](([A-Z]{1,3})[0-9]{1,7})[\"']")
_PREFIX = re.compile(rb"<(\w+:)?worksheet\b")
_NUMBER = re.compile(rb"\br\s*=\s*[\"']([0-9]{1,7})[\"']")
_SPAN = re.compile(rb"\b(min|max)\s*=\s*[\"']([0-9]{1,7})[\"']")
_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"'](?:1|true)[\"']|\b(?:ht|width)\s*=\s*[\"']0+(?:\.0*)?[\"']")
_RANGE = re.compile(rb"\bref\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']")
# A hundred thousand people in units of four, with unit and kind of unit merged.
MAX_MERGED = 50_000
_NAMED = 10


def read(data: bytes, *, sheet_name: str, max_rows: int, max_columns: int) -> Iterator[Any]:
    """The name and height of the sheet (the named one or the first visible), then its rows with their numbers.

    A dictionary with "refused" ends it early.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    height = 0
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {
            sheet.name: sheet.visible == SheetVisibleEnum.Visible
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        }
        names = [name for name, visible in sheets.items() if visible]
        name = sheet_name or next(iter(names), "")
        if name not in names:
            yield {"refused": "sheet_missing" if sheet_name else "no_sheet", "names": names[:20]}
            return
        part = _part_of(data, name)
        if not part:
            yield {"refused": "broken"}
            return
        survey = _survey(data, part, max_columns=max_columns)
        if refusal := survey.refusal():
            yield refusal
            return
        books: Iterator[bytes] = iter(())
        if height := _height_of_long(data, part):
            del book
            books = _books(data, part)
            book = CalamineWorkbook.from_filelike(io.BytesIO(next(books)))
        del data
        sheet = book.get_sheet_by_name(name)
        del book
        if not height:
            height = sheet.end[0] + 1 if sheet.end is not None else 0
        others = [[other, visible] for other, visible in sheets.items() if other != name]
        yield {"sheet": name, "height": height, "merged": survey.merged, "unread": others}
        count = 0
        while True:
            if sheet.end is not None and sheet.end[1] >= max_columns:
                yield {"refused": "columns", "count": sheet.end[1] + 1}
                return
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                if all(cell == "" for cell in cells):
                    continue
                count += 1
                if count > max_rows + 1:
                    yield {"refused": "rows"}
                    return
                yield [number, [_plain(cell) for cell in cells]]
            del sheet
            piece = next(books, None)
            if piece is None:
                return
            sheet = CalamineWorkbook.from_filelike(io.BytesIO(piece)).get_sheet_by_name(name)
    except PasswordError:
        yield {"refused": "encrypted"}
    except (CalamineError, ElementTree.ParseError, KeyError, zipfile.BadZipFile):
        yield {"refused": "broken"}


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    if isinstance(cell, time):
        return {"time": cell.isoformat()}
    if isinstance(cell, timedelta):
        return str(cell)
    return cell


def _part_of(data: bytes, name: str) -> str:
    """The part of the file that holds the sheet; empty when there is none."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (no DOCTYPE gets this far)
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        # The strict kind of the format has namespaces of its own.
        wanted = next(
            (
                value
                for sheet in book.iterfind(".//{*}sheet")
                if sheet.get("name") == name
                for key, value in sheet.attrib.items()
                if key.endswith("}id")
            ),
            None,
        )
        target = next(
            (
                link.get("Target", "")
                for link in links.iter(f"{_PACKAGE}Relationship")
                if link.get("Id") == wanted
            ),
            "",
        )
        part = target.removeprefix("/") if target.startswith(("/", "xl/")) else f"xl/{target}"
        return next((entry for entry in archive.namelist() if entry.lower() == part.lower()), "")


class _Survey:
    """What a first pass over a sheet finds and the reader would pass over without a word.

    Cells that show an error (#REF!) or hold a formula never calculated, rows and columns that hold something and are
    hidden, merged cells: these stand behind all the rows.
    """

    def __init__(self, prefix: bytes, *, max_columns: int) -> None:
        self.merged: list[tuple[int, int, int, int]] = []
        self._max_columns = max_columns
        self._unreadable: list[str] = []
        self._hidden_runs: list[list[int]] = []
        """The first runs of hidden rows that follow each other: [[3, 3], [5, 9]]."""
        self._hidden_count = 0
        self._hidden_columns: dict[int, bool] = {}
        """Whether anything stands in them."""
        self._row = 0
        self._row_is_hidden = False
        cell, formula, value = (prefix + tag for tag in (b"c", b"f", b"v"))
        self._unreadable_cells = (
            re.compile(b"<%b\\b[^>]*\\bt\\s*=\\s*[\"']e[\"'][^>]*>" % cell),
            re.compile(
                b"<%b\\b[^>]*>(?:<%b\\b[^>]*/>|<%b\\b[^>]*>[^<]*</%b>)(?:<%b\\s*/>|<%b></%b>)?</%b>"
                % (cell, formula, formula, formula, value, value, value, cell)
            ),
        )
        self._row_tag = re.compile(b"<%brow\\b[^>]*>" % prefix)
        self._column_tag = re.compile(b"<%bcol\\b[^>]*>" % prefix)
        self._merged_tag = re.compile(b"<%bmergeCell\\b[^>]*>" % prefix)
        self._filled_cell = re.compile(b"<%b\\b[^>]*(?<!/)>(?!\\s*</)" % cell)

    def take(self, piece: bytes) -> None:
        for pattern in self._unreadable_cells:
            for matched in pattern.finditer(piece):
                reference = _REFERENCE.search(matched[0])
                self._unreadable.append(reference[1].decode() if reference else "?")
        if not self._row:
            for tag in self._column_tag.finditer(piece):
                self._take_column(tag[0])
        self._take_rows(piece)
        if self._hidden_columns:
            for cell in self._filled_cell.finditer(piece):
                reference = _REFERENCE.search(cell[0])
                # A cell that does not say where it stands may stand in any of them.
                for place in [_place(reference[2])] if reference else list(self._hidden_columns):
                    if place in self._hidden_columns:
                        self._hidden_columns[place] = True
        for tag in self._merged_tag.finditer(piece) if b"mergeCell" in piece else ():
            if (found := _RANGE.search(tag[0])) and not self.is_full:
                left, top, right, bottom = found.groups()
                self.merged.append((int(top), _place(left), int(bottom), _place(right)))

    def _take_column(self, tag: bytes) -> None:
        span = {name: int(number) for name, number in _SPAN.findall(tag)}
        if _HIDDEN.search(tag):
            for place in range(span.get(b"min", 1) - 1, min(span.get(b"max", 1), self._max_columns)):
                self._hidden_columns[place] = False

    def _take_rows(self, piece: bytes) -> None:
        start = 0
        for tag in self._row_tag.finditer(piece):
            self._end_row(piece, start, tag.start())
            start = tag.end()
            number = _NUMBER.search(tag[0])
            self._row = int(number[1]) if number else self._row + 1
            self._row_is_hidden = _HIDDEN.search(tag[0]) is not None
        self._end_row(piece, start, len(piece))

    def _end_row(self, piece: bytes, start: int, end: int) -> None:
        if self._row_is_hidden and self._filled_cell.search(piece, start, end):
            self._row_is_hidden = False
            self._hidden_count += 1
            if self._hidden_runs and self._row == self._hidden_runs[-1][1] + 1:
                self._hidden_runs[-1][1] = self._row
            elif len(self._hidden_runs) < _NAMED:
                self._hidden_runs.append([self._row, self._row])

    @property
    def is_full(self) -> bool:
        """Enough is known to refuse the file; a hostile one goes on for a hundred megabytes."""
        return len(self._unreadable) >= 5 or len(self.merged) > MAX_MERGED

    def refusal(self) -> dict[str, Any] | None:
        if self._unreadable:
            return {"refused": "formula", "cells": self._unreadable[:5]}
        if len(self.merged) > MAX_MERGED:
            return {"refused": "merged_many", "count": MAX_MERGED}
        columns = sorted(place for place, holds in self._hidden_columns.items() if holds)
        if columns or self._hidden_count:
            return {
                "refused": "hidden",
                "rows": self._hidden_runs,
                "count": self._hidden_count,
                "columns": columns,
            }
        return None


def _survey(data: bytes, part: str, *, max_columns: int) -> _Survey:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        with archive.open(part) as sheet:
            root = _PREFIX.search(sheet.read(_PIECE))
        prefix = (root[1] if root else None) or b""
        survey = _Survey(prefix, max_columns=max_columns)
        with archive.open(part) as sheet:
            for piece in _between(sheet, b"<%bc " % prefix):
                survey.take(piece)
                if survey.is_full:
                    break
    return survey


def _place(letters: bytes) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _height_of_long(data: bytes, part: str) -> int:
    """The last row's number of a sheet that is long and says it of each row; 0 for any other sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.getinfo(part).file_size <= _LONG:
            return 0
        height = 0
        with archive.open(part) as sheet:
            for rows in _between(sheet, b"<row "):
                if rows.count(b"<row ") != len(numbers := _NUMBERED_ROW.findall(rows)):
                    return 0
                height = int(numbers[-1]) if numbers else height
        return height


def _books(data: bytes, part: str) -> Iterator[bytes]:
    """A long sheet as workbooks with some of its rows each: the reader takes twenty times a sheet's size in memory."""
    common = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(common, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
    ):
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")) and not name.startswith("xl/worksheets/"):
                copy.writestr(name, archive.read(name))
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(part) as sheet:
        del data
        top = b""
        for rows in _between(sheet, b"<row ", size=_LONG):
            if not top:
                top, row, rest = rows.partition(b"<row ")
                rows = row + rest
            rows, closed, _ = rows.partition(b"</sheetData>")  # what follows may be long and is not read
            book = io.BytesIO(common.getvalue())
            with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
                copy.writestr(part, top + rows + b"</sheetData></worksheet>")
            del rows
            yield book.getvalue()
            if closed:
                return


def _between(sheet: IO[bytes], tag: bytes, *, size: int = _PIECE) -> Iterator[bytes]:
    """The part in pieces that end before such a tag: the whole of it may be a hundred megabytes."""
    rest = b""
    while piece := sheet.read(size):
        text = rest + piece
        end = text.rfind(tag)
        if end <= 0:
            end = 0
            if len(text) > _LONGEST_CELL:  # no such tag for long: at least no other tag is cut in two
                end = max(text.rfind(b"<"), 0) or len(text)
        rest = text[end:]
        del piece
        text = text[:end]
        yield text
        del text
    yield rest


def main() -> None:
    sheet_name, max_rows, max_columns = sys.argv[1:4]
    lines = read(
        sys.stdin.buffer.read(), sheet_name=sheet_name, max_rows=int(max_rows), max_columns=int(max_columns)
    )
    for line in lines:
        sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    main()
