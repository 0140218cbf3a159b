"""Opens one spreadsheet in a process of its own: bytes on standard input, a line of JSON per row on standard output.

A few hundred bytes can describe a sheet of 17 thousand million cells, and the reader would take the memory for it
and bring the whole server down. Here it only brings this process down.
"""

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

# Enough for the largest file that passes the guard (measured: 100 MB inside, 2 million cells of text).
MEMORY_BYTES = 400 * 1024 * 1024
CPU_SECONDS = 20

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_ERROR_CELL = re.compile(rb"<c\b[^>]*\bt\s*=\s*[\"']e[\"'][^>]*>")
_EMPTY_FORMULA = re.compile(rb"<c\b[^>]*>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3}[0-9]{1,7})[\"']")


def read(data: bytes, *, sheet_name: str, max_rows: int, max_columns: int) -> Iterator[Any]:
    """The name of the sheet (the named one or the first visible), then its rows with their numbers.

    A dictionary with "refused" ends it early.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

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
        if unreadable := _unreadable_cells(data, name):
            yield {"refused": "formula", "cells": unreadable}
            return
        sheet = book.get_sheet_by_name(name)
    except PasswordError:
        yield {"refused": "encrypted"}
        return
    except (CalamineError, ElementTree.ParseError, KeyError, zipfile.BadZipFile):
        yield {"refused": "broken"}
        return
    yield name
    if sheet.start is None or sheet.end is None:
        return
    if sheet.end[1] >= max_columns:
        yield {"refused": "columns", "count": sheet.end[1] + 1}
        return
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if all(cell == "" for cell in cells):
            continue
        count += 1
        if count > max_rows + 1:
            yield {"refused": "rows"}
            return
        yield [number, [_plain(cell) for cell in cells]]


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


def _unreadable_cells(data: bytes, name: str) -> list[str]:
    """Cells that show an error (#REF!) or hold a formula never calculated: the reader would take them for empty."""
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
            return []
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if part not in archive.namelist():
            return []
        sheet = archive.read(part)
    found: list[str] = []
    for pattern in (_ERROR_CELL, _EMPTY_FORMULA):
        for matched in pattern.finditer(sheet):
            reference = _REFERENCE.search(matched[0])
            found.append(reference[1].decode() if reference else "?")
            if len(found) >= 5:
                return found
    return found


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sheet_name, max_rows, max_columns = sys.argv[1:4]
    data = sys.stdin.buffer.read()
    for line in read(data, sheet_name=sheet_name, max_rows=int(max_rows), max_columns=int(max_columns)):
        sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    main()
