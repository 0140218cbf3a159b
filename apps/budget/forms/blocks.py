"""What the grid sends: the cells of one row, or a block copied out of Excel or WPS with the place it lands on."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.budget.forms.cells import Parsed, parse_item, parse_line
from apps.budget.models import CalcLine, Item
from apps.budget.rules.calculation import Method
from apps.budget.rules.columns import LINE_COLUMNS, item_columns
from apps.budget.rules.trials import RowInput
from apps.budget.services.blocks import MOST_ROWS
from apps.core.errors import Refused

MOST_COLUMNS = 40
_LARGEST_KEY = 2**63 - 1
_UNREADABLE = "发来的内容读不懂，请刷新页面后重试。"


@dataclass(frozen=True)
class RowPayload:
    version: int
    cells: Mapping[str, object]
    back_to: int | None = None
    """The version of the row whose cells are taken back, when this is an undo."""


@dataclass(frozen=True)
class BlockPayload:
    """A block: its cells, the row and column it starts at (no row: behind the last one), versions it was tried against."""

    table: str
    parent_id: int
    start_id: int | None
    column: str
    cells: tuple[tuple[str, ...], ...]
    seen: Mapping[str, int]
    left_out: frozenset[str] = frozenset()
    """Columns of the grid whose cells the person decided not to paste."""


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a request body. Raises Refused."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(_UNREADABLE, code="unreadable") from None
    if not isinstance(payload, dict):
        raise Refused(_UNREADABLE, code="unreadable")
    return payload


def row_payload(body: bytes, *, is_new: bool = False) -> RowPayload:
    """Version and cells of one row; a new row has no version yet. Raises Refused."""
    payload = read_json(body)
    cells = payload.get("cells", {})
    if not isinstance(cells, dict):
        raise Refused(_UNREADABLE, code="unreadable")
    back_to = payload.get("back_to")
    return RowPayload(
        0 if is_new else _key(payload.get("version")), cells, None if back_to is None else _key(back_to)
    )


def steps_payload(body: bytes) -> int:
    """How far to move a row: -1 up, 1 down. Raises Refused."""
    steps = read_json(body).get("steps")
    if isinstance(steps, bool) or steps not in (-1, 1):
        raise Refused("只能上移或下移一行。", code="unreadable")
    return int(steps)


def block_payload(body: bytes) -> BlockPayload:
    """A pasted block. Raises Refused for what is no table, too large, or starts at no column."""
    payload = read_json(body)
    table, column, text = payload.get("table"), payload.get("column"), payload.get("text")
    seen, left_out = payload.get("seen", {}), payload.get("left_out", [])
    if table not in ("line", "item") or not isinstance(column, str) or not isinstance(seen, dict):
        raise Refused(_UNREADABLE, code="unreadable")
    if not isinstance(left_out, list) or not all(isinstance(name, str) for name in left_out):
        raise Refused(_UNREADABLE, code="unreadable")
    start = payload.get("start")
    return BlockPayload(
        table=table,
        parent_id=_key(payload.get("parent")),
        start_id=None if start is None else _key(start),
        column=column,
        cells=split_block(text),
        seen={str(key): _key(value) for key, value in seen.items()},
        left_out=frozenset(left_out),
    )


def split_block(text: object) -> tuple[tuple[str, ...], ...]:
    """The cells of a copied block: tabs between cells, quotes around cells that hold line breaks."""
    if not isinstance(text, str) or not text.strip():
        raise Refused("剪贴板里没有可以粘贴的内容。", code="empty")
    if "\x00" in text:
        raise Refused("粘贴的内容含有看不见的控制字符，请从 Excel 或 WPS 重新复制。", code="control")
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), dialect="excel-tab")]
    except csv.Error:
        raise Refused("粘贴的内容不是表格里的一块，请从 Excel 或 WPS 重新复制。", code="unreadable") from None
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise Refused("剪贴板里没有可以粘贴的内容。", code="empty")
    if len(rows) > MOST_ROWS:
        raise Refused(
            f"一次最多粘贴 {MOST_ROWS:,} 行，这里有 {len(rows):,} 行，请分几次粘贴或用“导入”。",
            code="too_many",
        )
    if max(len(row) for row in rows) > MOST_COLUMNS:
        raise Refused(f"粘贴的内容有 {max(len(row) for row in rows)} 列，表格没有这么多列。", code="too_wide")
    return tuple(rows)


def line_rows(payload: BlockPayload, lines: Sequence[CalcLine]) -> list[RowInput]:
    """The block laid over these lines of an item, in order; what is left over becomes new lines behind the last."""
    names = [column.name for column in LINE_COLUMNS]
    at = _start_column(payload, names, [column.label for column in LINE_COLUMNS])
    rows = []
    for place, cells in enumerate(payload.cells, start=1):
        line = lines[place - 1] if place <= len(lines) else None
        if line is None and not any(cell.strip() for cell in cells):
            continue
        parsed = parse_line(
            _named(payload, cells, names[at:]),
            method=line.method if line is not None else Method.HEADCOUNT,
        )
        target = {"record_id": line.pk} if line is not None else {"parent_id": payload.parent_id}
        rows.append(_row("line", place, parsed, **target))
    return rows


def item_rows(payload: BlockPayload, items: Sequence[Item], stage: str) -> list[RowInput]:
    """The block laid over these items, in order; what is left over becomes new items of the group."""
    columns = item_columns(stage)
    names = [column.name for column in columns]
    at = _start_column(payload, names, [column.label for column in columns])
    rows = []
    for place, cells in enumerate(payload.cells, start=1):
        item = items[place - 1] if place <= len(items) else None
        if item is None and not any(cell.strip() for cell in cells):
            continue
        parsed = parse_item(_named(payload, cells, names[at:]), stage=stage)
        target = {"record_id": item.pk} if item is not None else {"parent_id": payload.parent_id}
        rows.append(_row("item", place, parsed, **target))
    return rows


def block_summary(payload: BlockPayload, stage: str) -> str:
    """What was pasted, in the words under which it can be undone; columns left out are named."""
    columns = LINE_COLUMNS if payload.table == "line" else item_columns(stage)
    left_out = [f"“{column.label}”" for column in columns if column.name in payload.left_out]
    size = f"粘贴 {len(payload.cells)} 行 {max(len(row) for row in payload.cells)} 列"
    return f"{size}，没有粘贴{''.join(left_out)}" if left_out else size


def _start_column(payload: BlockPayload, names: Sequence[str], labels: Sequence[str]) -> int:
    if payload.column not in names:
        raise Refused("粘贴的起点不在表格的列里。", code="column")
    at = names.index(payload.column)
    widest = max(place for row in payload.cells for place, cell in enumerate(row, start=1) if cell.strip())
    if widest > len(names) - at:
        raise Refused(
            f"粘贴的内容有 {widest} 列，从“{labels[at]}”起只有 {len(names) - at} 列。请从更靠左的格开始粘贴。",
            code="too_wide",
        )
    return at


def _named(payload: BlockPayload, cells: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    named = zip(names, cells, strict=False)
    return {name: cell for name, cell in named if name not in payload.left_out}


def _row(table: str, place: int, parsed: Parsed, **target: int) -> RowInput:
    return RowInput(
        table=table,
        place=place,
        values=parsed.values,
        problems=parsed.problems,
        checked=parsed.checked,
        given=parsed.given,
        **target,
    )


def _key(value: object) -> int:
    """A whole number that a key or version may be. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_KEY:
        raise Refused(_UNREADABLE, code="unreadable")
    return value
