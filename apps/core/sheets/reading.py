"""Reading a table from an uploaded xlsx: what is wrong with the file, with the headings, and with each cell."""

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.core.archives import OLE_MAGIC, ZIP_MAGIC, part_names, require_safe_zip
from apps.core.errors import Refused
from apps.core.sheets.columns import Cell, CellError, Column, Value, text_of, value_of

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 256
_HEADING_WITHIN_ROWS = 20
_TIMEOUT_SECONDS = 30
_PROCESS = Path(__file__).with_name("process.py")
_TOO_WIDE = (
    "表格的范围太大或内容异常（可能在很远的行或列里有多余的内容），没有读取；"
    "请把需要的行和列复制到一个新表格里再上传。"
)


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
    name, rows = read_cells(data, sheet=sheet, max_rows=max_rows, field=field)
    heading_at = _heading_row(rows, columns)
    if heading_at is None:
        wanted = "、".join(f"“{column.name}”" for column in columns if column.required)
        raise Refused(
            f"工作表“{name}”里没有找到表头；第一行应有这些列：{wanted}。", field=field, code="heading"
        )
    places, ignored = _match_headings(
        rows[heading_at][1], columns, field=field, ignore_unknown=ignore_unknown
    )
    found: list[TableRow] = []
    errors: list[CellError] = []
    for number, cells in rows[heading_at + 1 :]:
        values: dict[str, Value] = {}
        if all(place >= len(cells) or _blank(cells[place]) for place in places.values()):
            continue
        for column in columns:
            place = places.get(column.key)
            cell = cells[place] if place is not None and place < len(cells) else None
            try:
                values[column.key] = value_of(cell, column)
            except Refused as refusal:
                values[column.key] = None
                errors.append(CellError(number, column.name, refusal.message))
        found.append(TableRow(number, values))
    if not found:
        raise Refused(f"工作表“{name}”只有表头，没有数据行。", field=field, code="no_rows")
    return Table(name, tuple(found), tuple(errors), ignored, tuple(places))


def read_cells(
    data: bytes, *, sheet: str = "", max_rows: int = MAX_ROWS, field: str | None = None
) -> tuple[str, list[tuple[int, list[Cell]]]]:
    """Name of the sheet read, and its rows that hold anything, with their row numbers. Raises Refused."""
    _require_xlsx(data, field=field)
    command = [sys.executable, "-I", str(_PROCESS), sheet, str(max_rows), str(MAX_COLUMNS)]
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH", "LANG") if key in os.environ}
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False, env=kept, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise Refused(_TOO_WIDE, field=field, code="too_wide") from None
    if done.returncode != 0 or not done.stdout:
        raise Refused(_TOO_WIDE, field=field, code="too_wide")
    answers = [_exact_json(line) for line in done.stdout.split(b"\n") if line]
    for answer in (answers[0], answers[-1]):
        if isinstance(answer, dict):
            raise _refusal(answer, sheet=sheet, max_rows=max_rows, field=field)
    return answers[0], [(int(number), [_cell(cell) for cell in cells]) for number, cells in answers[1:]]


def _exact_json(line: bytes) -> Any:
    """No number passes through binary floating point on its way from the file."""
    return json.loads(line, parse_float=Decimal, parse_int=Decimal, parse_constant=str)


def _require_xlsx(data: bytes, *, field: str | None) -> None:
    def refuse(message: str, code: str) -> Refused:
        return Refused(message, field=field, code=code)

    if not data:
        raise refuse("文件是空的（0 字节）。", "empty")
    if len(data) > MAX_BYTES:
        size = f"{Decimal(len(data)) / 1024 / 1024:.1f}"
        raise refuse(f"上传的文件有 {size} MB，超过 {MAX_BYTES // 1024 // 1024} MB 的上限。", "too_large")
    if data.startswith(OLE_MAGIC):
        raise refuse("文件设有密码，或是旧版 xls 格式；请去掉密码并另存为 xlsx 后再上传。", "encrypted")
    if not data.startswith(ZIP_MAGIC):
        kind = "网页" if data.lstrip()[:1] == b"<" else "文本或其他文件"
        raise refuse(
            f"文件内容不是 xlsx 表格（像是改了扩展名的{kind}）；请用 Excel 或 WPS 另存为 xlsx。", "not_xlsx"
        )
    require_safe_zip(data, field=field)
    if "xl/workbook.xml" not in part_names(data):
        raise refuse("文件内容不是 xlsx 表格；请用 Excel 或 WPS 另存为 xlsx。", "not_xlsx")


def _refusal(answer: Mapping[str, Any], *, sheet: str, max_rows: int, field: str | None) -> Refused:
    code = str(answer["refused"])
    if code == "formula":
        cells = "、".join(answer["cells"])
        message = f"单元格 {cells} 的公式出错或还没有算出结果；请在 Excel 或 WPS 中改好并保存后再上传。"
    elif code == "sheet_missing":
        names = "、".join(answer["names"]) or "没有"
        message = f"文件里没有名为“{sheet}”的工作表；现有：{names}。"
    else:
        message = {
            "encrypted": "文件设有密码，打不开；请去掉密码后再上传。",
            "broken": "文件已损坏，打不开；请在 Excel 或 WPS 中重新保存后再上传。",
            "no_sheet": "文件里没有可见的工作表。",
            "rows": f"表格超过 {max_rows:,} 行的上限；请分几个文件上传。",
            "columns": f"表格有 {answer.get('count', 0):,} 列，超过 {MAX_COLUMNS} 列的上限；请删去多余的列。",
        }[code]
    return Refused(message, field=field, code=code)


def _cell(cell: Any) -> Cell:
    if isinstance(cell, dict):
        kind, text = next(iter(cell.items()))
        readers = {"datetime": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}
        return readers[kind](text)  # type: ignore[return-value]
    return None if cell == "" else cell


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
