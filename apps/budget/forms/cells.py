"""Cells of the grid: what a person types or pastes, column by column, into values of a line or an item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.budget.rules.calculation import AMOUNT_LIMIT, Method, ShareBasis
from apps.budget.rules.columns import (
    LINE_COLUMN,
    GridColumn,
    is_filled_by_hand,
    is_item_filled_by_hand,
    item_column,
    line_field,
)
from apps.core import money
from apps.core import text as typed
from apps.core.errors import Refused
from apps.core.sheets import Column
from apps.core.sheets.columns import value_of

_BASE_LIMIT = AMOUNT_LIMIT * 100
_DEFAULT_UNIT = "人"
_SAME_SIGNS = str.maketrans(
    {"*": "×", "x": "×", "X": "×", "＊": "×", "✕": "×", "·": "×", " ": None, "　": None}
)
_METHOD_WORDS: dict[str, str] = {
    **{label: value for value, label in Method.choices},
    **{value: value for value in Method.values},
    **{str(place): value for place, value in enumerate(Method.values, start=1)},
    "人数": Method.HEADCOUNT,
    "分档": Method.TIERED,
    "分档人数": Method.TIERED,
    "基数×比例": Method.BASE_RATIO,
    "据实列支": Method.ACTUAL,
    "定额安排": Method.QUOTA,
}
_SHARE_WORDS: dict[str, str] = {
    **{label: value for value, label in ShareBasis.choices},
    **{value: value for value in ShareBasis.values},
    **{str(place): value for place, value in enumerate(ShareBasis.values, start=1)},
}


@dataclass
class Parsed:
    """Values by stored field, problems by grid column, amounts that were given but must equal the computed ones, and
    what was given for columns that nobody fills."""

    values: dict[str, Any]
    problems: dict[str, str]
    checked: dict[str, Decimal]
    given: dict[str, str] = field(default_factory=dict)

    def forbidden(self, stage: str) -> dict[str, str]:
        """Cells of an item typed by hand although the stage fixes them; of a block they need only be as they are."""
        columns = {name: item_column(name, stage) for name in self.checked if name not in ("amount", "wan")}
        return {name: f"“{column.label}”在本阶段不能修改。" for name, column in columns.items() if column}

    def require_clean(self) -> dict[str, Any]:
        """The values. Raises Refused with the first problem."""
        for column, message in self.problems.items():
            raise Refused(message, field=column)
        return self.values


def parse_line(cells: Mapping[str, object], *, method: str) -> Parsed:
    """Read cells of a line by grid column; `method` is what stands in the row unless the cells change it."""
    parsed = Parsed({}, {}, {})
    if "method" in cells:
        try:
            method = parsed.values["method"] = _method(_text_of(cells["method"], "测算方式"))
        except Refused as refusal:
            parsed.problems["method"] = refusal.message
    for name, cell in cells.items():
        column = LINE_COLUMN.get(name)
        if column is None:
            parsed.problems[name] = f"没有“{name[:20]}”这一列。"
        elif name != "method":
            _read_line_cell(parsed, column, cell, method)
    return parsed


def _read_line_cell(parsed: Parsed, column: GridColumn, cell: object, method: str) -> None:
    try:
        text = _text_of(cell, column.label)
        if not is_filled_by_hand(column, method):
            _read_foreign_cell(parsed, column, text, method)
        else:
            parsed.values[line_field(column.name, method)] = _value(column, text, method)
    except Refused as refusal:
        parsed.problems[column.name] = refusal.message


def _read_foreign_cell(parsed: Parsed, column: GridColumn, text: str, method: str) -> None:
    """A cell that this method computes is compared; one that it does not use must be empty."""
    if not text.strip():
        return
    if column.name == "amount":
        parsed.checked["amount"] = money.parse_amount(text, field=column.label, maximum=AMOUNT_LIMIT)
    elif column.name == "wan":
        parsed.checked["wan"] = money.parse_amount(text, field=column.label, maximum=AMOUNT_LIMIT)
    elif column.name != "unit" or text.strip() != _DEFAULT_UNIT:
        raise Refused(f"测算方式为“{Method(method).label}”时不填“{column.label}”。")


def parse_item(cells: Mapping[str, object], *, stage: str) -> Parsed:
    """Read cells of an item by grid column."""
    parsed = Parsed({}, {}, {})
    for name, cell in cells.items():
        column = item_column(name, stage)
        try:
            if column is None:
                raise Refused(f"没有“{name[:20]}”这一列。")
            text = _text_of(cell, column.label)
            if is_item_filled_by_hand(column, stage):
                parsed.values[name] = _value(column, text, "")
            elif column.name in ("amount", "wan") and text.strip():
                parsed.checked[name] = money.parse_amount(text, field=column.label, negative=True)
            elif column.kind == "amount" and text.strip():  # an export brought back unchanged is no change
                parsed.checked[name] = money.parse_amount(text, field=column.label)
            elif text.strip():
                parsed.given[name] = text.strip()
        except Refused as refusal:
            parsed.problems[name] = refusal.message
    return parsed


def _value(column: GridColumn, text: str, method: str) -> Any:
    if column.kind == "text":
        return _text(column, text)
    if column.kind == "share_basis":
        return _share_basis(text)
    if not text.strip():
        return None
    if column.kind == "count":
        return money.parse_count(text, field=column.label)
    if column.kind == "ratio":
        return _ratio(column, text)
    label = {"price": "基数" if method == Method.BASE_RATIO else "标准", "amount": "金额"}.get(
        column.name, column.label
    )
    limit = _BASE_LIMIT if (column.name, method) == ("price", Method.BASE_RATIO) else AMOUNT_LIMIT
    return money.parse_amount(text, field=label, maximum=limit)


def _text_of(cell: object, label: str) -> str:
    """Cells arrive as text. Raises Refused for anything else and for text that the database cannot keep."""
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise Refused(f"“{label}”的内容读不懂，请重新输入。")
    text = typed.visible(cell) if isinstance(cell, str) else str(cell)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused(f"“{label}”含有不完整的字符，请重新输入。")
    return text


def _text(column: GridColumn, text: str) -> str:
    words = typed.line(text, label=column.label)
    if column.name == "unit" and not words:
        return _DEFAULT_UNIT
    try:
        return str(
            value_of(words, Column(column.label, column.name, required=False, max_length=column.max_length))
            or ""
        )
    except Refused as refusal:
        raise Refused(f"“{column.label}”{refusal.message}") from None


def _ratio(column: GridColumn, text: str) -> Decimal:
    ratio = money.parse_ratio(text, field=column.label)
    if ratio == 0:
        raise Refused(f"“{column.label}”必须大于 0、不超过 100%。")
    return ratio


def _method(text: str) -> str:
    found = _METHOD_WORDS.get(text.strip()) or _METHOD_WORDS.get(text.translate(_SAME_SIGNS))
    if found is None:
        raise Refused(f"“测算方式”只能是：{'、'.join(Method.labels)}；“{text.strip()[:20]}”不在其中。")
    return str(found)


def _share_basis(text: str) -> str:
    if not text.strip():
        return ""
    found = _SHARE_WORDS.get(text.strip())
    if found is None:
        raise Refused(f"“分成口径”只能是：{'、'.join(ShareBasis.labels)}；“{text.strip()[:20]}”不在其中。")
    return str(found)
