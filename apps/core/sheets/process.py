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

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_ERROR_CELL = re.compile(rb"<c\b[^>]*\bt\s*=\s*[\"']e[\"'][^>]*>")
_EMPTY_FORMULA = re.compile(rb"<c\b[^>]*>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>")
_PIECE = 1024 * 1024
_LONG = 8 * 1024 * 1024
_LONGEST_CELL = 4 * 1024 * 1024
_NUMBERED_ROW = re.compile(rb"<row (?:[^<>]*?\s)?r=[\"']([0-9]{1,7})[\"']")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3}[0-9]{1,7})[\"']")


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
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        name = sheet_name or next(iter(names), "")
        if name not in names:
            yield {"refused": "sheet_missing" if sheet_name else "no_sheet", "names": names[:20]}
            return
        part = _part_of(data, name)
        if unreadable := _unreadable_cells(data, part):
            yield {"refused": "formula", "cells": unreadable}
            return
        books: Iterator[bytes] = iter(())
        if part and (height := _height_of_long(data, part)):
            del book
            books = _books(data, part)
            book = CalamineWorkbook.from_filelike(io.BytesIO(next(books)))
        del data
        sheet = book.get_sheet_by_name(name)
        del book
        if not height:
            height = sheet.end[0] + 1 if sheet.end is not None else 0
        yield {"sheet": name, "height": height}
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
        wanted = next((s.get(_RELATION) for s in book.iter(f"{_MAIN}sheet") if s.get("name") == name), None)
        target = next(
            (
                link.get("Target")
                for link in links.iter(f"{_PACKAGE}Relationship")
                if link.get("Id") == wanted
            ),
            None,
        )
        if target is None:
            return ""
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        return part if part in archive.namelist() else ""


def _unreadable_cells(data: bytes, part: str) -> list[str]:
    """Cells that show an error (#REF!) or hold a formula never calculated: the reader would take them for empty."""
    found: list[str] = []
    if not part:
        return found
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(part) as sheet:
        for cells in _between(sheet, b"<c "):
            for pattern in (_ERROR_CELL, _EMPTY_FORMULA):
                for matched in pattern.finditer(cells):
                    reference = _REFERENCE.search(matched[0])
                    found.append(reference[1].decode() if reference else "?")
                    if len(found) >= 5:
                        return found
    return found


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
            end = len(text) if len(text) > _LONGEST_CELL else 0
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
