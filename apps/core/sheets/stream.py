"""The rows of an uploaded xlsx one by one, from the process that opens it: a long sheet never stands in memory."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.core.archives import MAX_TOTAL_BYTES, OLE_MAGIC, ZIP_MAGIC, part_names, require_safe_zip
from apps.core.errors import Refused
from apps.core.processes import Limits, Overrun, lines_from
from apps.core.sheets.columns import Cell
from apps.core.sheets.merged import MergedRange, column_letters

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 256
# Enough for the largest file that passes the guard (measured: 100 MB inside, 2 million cells of text).
_MEMORY_BYTES = 400 * 1024 * 1024
_CPU_SECONDS = 20
_SILENT_SECONDS = 30
_PROCESS = Path(__file__).with_name("process.py")
_TOO_WIDE = (
    "表格的范围太大或内容异常（可能在很远的行或列里有多余的内容），没有读取；"
    "请把需要的行和列复制到一个新表格里再上传。"
)
# No number passes through binary floating point on its way from the file.
_exact = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=str)


@dataclass(frozen=True)
class OpenSheet:
    """A sheet being read. `rows`: those that hold anything, with their row numbers; taken once, in order.

    Taking them raises Refused where the sheet turns out to be too long or to be no table after all.
    """

    name: str
    height: int
    """Rows from the top to the last one used: how long it may take."""
    rows: Iterator[tuple[int, list[Cell]]]
    merged: tuple[MergedRange, ...] = ()
    unread: tuple[tuple[str, bool], ...] = ()
    """Other sheets of the file, and whether each can be seen."""


@contextmanager
def open_rows(
    data: bytes,
    *,
    sheet: str = "",
    max_rows: int = MAX_ROWS,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    field: str | None = None,
) -> Iterator[OpenSheet]:
    """The named sheet, or the first visible one. Raises Refused for the file."""
    _require_xlsx(data, max_total_bytes=max_total_bytes, field=field)
    limits = Limits(_MEMORY_BYTES, _CPU_SECONDS, _SILENT_SECONDS)
    arguments = ["-I", str(_PROCESS), sheet, str(max_rows), str(MAX_COLUMNS)]
    with lines_from(arguments, data, limits=limits) as lines:
        del data
        answers = _answers(lines, sheet=sheet, max_rows=max_rows, field=field)
        head = next(answers, None)
        if head is None:
            raise Refused(_TOO_WIDE, field=field, code="too_wide")
        rows = (
            (int(number), [_cell(cell) if isinstance(cell, dict) else cell or _kept(cell) for cell in cells])
            for number, cells in answers
        )
        yield OpenSheet(
            head["sheet"],
            int(head["height"]),
            rows,
            merged=tuple(MergedRange(*map(int, corners)) for corners in head["merged"]),
            unread=tuple((name, bool(visible)) for name, visible in head["unread"]),
        )


def _answers(lines: Iterator[bytes], *, sheet: str, max_rows: int, field: str | None) -> Iterator[Any]:
    """What the process says, line by line. Raises Refused when it refuses, falls silent or ends badly."""
    try:
        for line in lines:
            answer = _exact.decode(line.decode())
            if isinstance(answer, dict) and "refused" in answer:
                raise _refusal(answer, sheet=sheet, max_rows=max_rows, field=field)
            yield answer
    except Overrun:
        raise Refused(_TOO_WIDE, field=field, code="too_wide") from None


def _require_xlsx(data: bytes, *, max_total_bytes: int, field: str | None) -> None:
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
    require_safe_zip(data, field=field, max_total_bytes=max_total_bytes)
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
    elif code == "hidden":
        message = (
            f"表格里有隐藏的{_hidden(answer)}，看不见的内容不能导入。请取消隐藏（筛选过的先清除筛选，"
            "折叠的先展开），不要的行和列请删去，保存后再上传。"
        )
    else:
        message = {
            "encrypted": "文件设有密码，打不开；请去掉密码后再上传。",
            "broken": "文件已损坏，打不开；请在 Excel 或 WPS 中重新保存后再上传。",
            "no_sheet": "文件里没有可见的工作表。",
            "merged_many": f"合并单元格超过 {answer.get('count', 0):,} 处的上限；请取消合并，逐格填写后再上传。",
            "rows": f"表格超过 {max_rows:,} 行的上限；请分几个文件上传。",
            "columns": f"表格有 {answer.get('count', 0):,} 列，超过 {MAX_COLUMNS} 列的上限；请删去多余的列。",
        }[code]
    return Refused(message, field=field, code=code)


def _hidden(answer: Mapping[str, Any]) -> str:
    """第3、5—9行、B、C列"""
    parts = []
    if answer["rows"]:
        runs = "、".join(f"{first}" if first == last else f"{first}—{last}" for first, last in answer["rows"])
        told = sum(last - first + 1 for first, last in answer["rows"])
        parts.append(f"第 {runs} 行" + (f"等 {answer['count']:,} 行" if told < answer["count"] else ""))
    if answer["columns"]:
        parts.append(f" {'、'.join(column_letters(int(place)) for place in answer['columns'])} 列")
    return "和".join(parts)


_READERS: Mapping[str, Callable[[str], Cell]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _cell(cell: dict[str, str]) -> Cell:
    kind, text = next(iter(cell.items()))
    return _READERS[kind](text)


def _kept(cell: Cell) -> Cell:
    """No is an answer and zero a number; an empty text is no cell."""
    return None if cell == "" else cell
