"""The empty roster that clerks fill in: its headings, and a row that says what goes under them."""

from dataclasses import replace
from datetime import datetime

from apps.core.sheets import Column, write_table
from apps.people.rules.roster_cells import COLUMNS, HINTS

# Columns of digits are text in the template, so that the spreadsheet keeps every one of them.
_DIGITS = ("id_number", "credit_code", "phone", "account")
_WIDE = 22


def template_workbook(*, created: datetime) -> bytes:
    """The same for everybody; holds nothing of anybody."""
    columns = [_for_typing(column) for column in COLUMNS]
    return write_table([HINTS], columns=columns, created=created, sheet_name="名册")


def _for_typing(column: Column) -> Column:
    hinted = column.key in HINTS
    if column.key in _DIGITS:
        return replace(column, kind="identifier", width=_WIDE)
    return replace(column, kind="text", width=_WIDE if hinted else 14)
