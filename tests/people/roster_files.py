"""Rosters as clerks send them."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import xlsxwriter
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.people.models import RosterImport, RosterRow
from apps.people.rules.roster_cells import BY_KEY
from apps.people.services import roster_reading, roster_taking
from apps.people.services.rosters import request_taking, upload_roster
from tests.people.identity import AREA, account_number, resident_number

HEADINGS = tuple(column.name for column in BY_KEY.values())


def roster_file(
    *rows: Mapping[str, Any],
    headings: Sequence[str] = HEADINGS,
    title: str = "",
    merged: Sequence[str] = (),
    hidden_rows: Sequence[int] = (),
    hidden_columns: str = "",
    hidden_sheet: str = "",
) -> bytes:
    """An xlsx as a spreadsheet program saves it; rows by heading, text as text, numbers as numbers."""
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True, "strings_to_numbers": False})
    book.set_properties({"created": datetime(2016, 1, 31)})  # noqa: DTZ001 - the same rows are the same file
    page = book.add_worksheet("名册")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for area in merged:
        page.merge_range(area, "")
    for number in hidden_rows:
        page.set_row(number - 1, None, None, {"hidden": True})
    if hidden_columns:
        page.set_column(hidden_columns, None, None, {"hidden": True})
    if hidden_sheet:
        book.add_worksheet(hidden_sheet).hide()
    top = 0
    if title:
        page.write_string(0, 0, title)
        top = 1
    for place, heading in enumerate(headings):
        page.write_string(top, place, heading)
    for line, row in enumerate(rows, start=top + 1):
        assert set(row) <= set(headings), set(row) - set(headings)
        for place, heading in enumerate(headings):
            value = row.get(heading)
            if isinstance(value, date):
                page.write_datetime(line, place, value, day)
            elif isinstance(value, str) and value:
                page.write_string(line, place, value)
            elif value is not None and value != "":
                page.write(line, place, value)
    book.close()
    return output.getvalue()


def number_of(order: int, *, area: str = AREA) -> str:
    """A valid number that the factories never give."""
    return resident_number(order, birth_on=date(1940 + order // 1000, 1, 1), area=area)


def account_of(order: int) -> str:
    """A valid account that the factories never give."""
    return account_number(10**9 + order)


def somebody(order: int, **more: Any) -> dict[str, Any]:
    """A row with all that a new person needs; an order is a person."""
    return {
        "姓名": f"示例{chr(0x4E00 + order % 5000)}",
        "证件号码": number_of(order),
        "联系电话": f"139{order:08}",
        "银行账号": account_of(order),
        "开户银行": "示例银行",
    } | more


def uploaded(*, union: Union, actor: User, content: bytes, now: datetime | None = None) -> RosterImport:
    """A roster waiting for the background."""
    return upload_roster(
        union=union,
        actor=actor,
        name="示例名册.xlsx",
        content=content,
        sha256=sha256(content).hexdigest(),
        now=now or timezone.now(),
    )


def staged(*, union: Union, actor: User, content: bytes) -> RosterImport:
    """A roster as the background leaves it."""
    roster = uploaded(union=union, actor=actor, content=content)
    roster_reading.read_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    return roster


def take(roster: RosterImport, actor: User) -> RosterImport:
    request_taking(roster_id=roster.pk, actor=actor, now=timezone.now())
    roster_taking.take_roster(roster_id=roster.pk)
    roster.refresh_from_db()
    return roster


def counts(roster: RosterImport) -> tuple[int, int, int, int]:
    """New, changed, unchanged, wrong."""
    return (roster.new_count, roster.changed_count, roster.same_count, roster.error_count)


def row_of(roster: RosterImport, number: int) -> RosterRow:
    return RosterRow.objects.get(roster=roster, number=number)


def reasons(roster: RosterImport, number: int) -> list[str]:
    return [f"{column}：{reason}" for column, reason in row_of(roster, number).errors]


def hints(roster: RosterImport, number: int) -> list[list[str]]:
    """The hints of a row but the one that nobody lives in the area of these made-up numbers."""
    return [hint for hint in row_of(roster, number).warnings if "区划代码表" not in hint[1]]
