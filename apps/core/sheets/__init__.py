"""Spreadsheets coming in (guarded) and going out (plain, inert, reproducible)."""

from apps.core.sheets.columns import CellError, Column, Kind
from apps.core.sheets.formats import GuardedXlsx
from apps.core.sheets.reading import OpenTable, Table, TableRow, open_table, read_cells, read_table
from apps.core.sheets.stream import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from apps.core.sheets.writing import Sheet, write_into, write_sheets, write_table

__all__ = [
    "MAX_BYTES",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "CellError",
    "Column",
    "GuardedXlsx",
    "Kind",
    "OpenTable",
    "Sheet",
    "Table",
    "TableRow",
    "open_table",
    "read_cells",
    "read_table",
    "write_into",
    "write_sheets",
    "write_table",
]
