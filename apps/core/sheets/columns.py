"""One declaration of a spreadsheet column, for reading and for writing, and how a cell becomes a value."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Literal

from apps.core import money
from apps.core import text as typed
from apps.core.errors import Refused

Kind = Literal["text", "count", "amount", "ratio", "date", "identifier"]
Cell = str | Decimal | bool | date | datetime | time | timedelta | None
Value = str | int | Decimal | date | None

# A spreadsheet computes with 15 significant digits: what it shows as 3.3 may be stored as 3.3000000000000003.
_SPREADSHEET = Context(prec=15)


@dataclass(frozen=True)
class Column:
    """A column: `name` is the heading people see, `key` the name in code."""

    name: str
    key: str
    kind: Kind = "text"
    required: bool = True
    max_length: int = 200
    negative: bool = False
    aliases: tuple[str, ...] = ()
    width: int | None = None
    figure: bool = False
    """A number of its own though read as text: merged over several rows it counts for none of them."""

    @property
    def spreads(self) -> bool:
        """Whether a merged cell counts for all its rows: a unit does, an amount would be counted twice."""
        return not self.figure and self.kind in ("text", "date", "identifier")


@dataclass(frozen=True)
class CellError:
    """What is wrong with one cell, with its place as people find it."""

    row: int
    column: str
    message: str

    @property
    def place(self) -> str:
        return f"第{self.row}行“{self.column}”列"

    def __str__(self) -> str:
        return f"{self.place}：{self.message}"


def value_of(cell: Cell, column: Column) -> Value:
    """The value of a cell under the rules of its column. Raises Refused; the sentence leaves out the place."""
    try:
        return _value_of(cell, column)
    except Refused as refusal:
        raise Refused(
            refusal.message.removeprefix(f"“{column.name}”"), field=column.key, code=refusal.code
        ) from None


def _value_of(cell: Cell, column: Column) -> Value:
    if isinstance(cell, str):
        cell = typed.visible(cell).strip()
    if cell is None or cell == "":
        if column.required:
            raise Refused("必须填写。", code="required")
        return "" if column.kind in ("text", "identifier") else None
    if column.kind == "date":
        return _date(cell, column)
    if column.kind == "identifier":
        return _identifier(cell, column)
    text = cell if isinstance(cell, str) else text_of(cell)
    if column.kind == "count":
        return money.parse_count(text, field=column.name)
    if column.kind == "amount":
        return money.parse_amount(text, field=column.name, negative=column.negative)
    if column.kind == "ratio":
        return money.parse_ratio(text, field=column.name)
    return _text(text, column)


def text_of(cell: Cell) -> str:
    """What a cell shows, as text: 99999 and not 99999.0."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, Decimal):
        return f"{exact(cell):f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def exact(number: Decimal) -> Decimal:
    """The number a spreadsheet means: 15 significant digits, no trailing zeros."""
    rounded = _SPREADSHEET.create_decimal(number)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def _text(text: str, column: Column) -> str:
    text = typed.prose(text, label=column.name)
    if len(text) > column.max_length:
        raise Refused(f"不能超过 {column.max_length} 个字，现有 {len(text)} 个字。", code="too_long")
    return text


def _identifier(cell: Cell, column: Column) -> str:
    if not isinstance(cell, str):
        raise Refused(
            "是数字格式，表格软件只保留 15 位有效数字，后几位可能已经变成 0；请把这一列设为“文本”格式后重新填写。",
            code="numeric_identifier",
        )
    return _text("".join(cell.split()), column)


def _date(cell: Cell, column: Column) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return typed.day(text_of(cell), label=column.name)
