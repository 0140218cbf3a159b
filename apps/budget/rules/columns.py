"""The columns of the budget grid: one declaration for the screen, the pasted block and the spreadsheet."""

from dataclasses import dataclass
from typing import Literal

from apps.budget.rules.calculation import COMPUTED_METHODS, COUNTED_METHODS, FIXED_METHODS, Method
from apps.budget.rules.stages import Stage

Kind = Literal["text", "count", "amount", "ratio", "method", "share_basis", "computed"]
_ALL = tuple(Method)


@dataclass(frozen=True)
class GridColumn:
    """`name` is the key in code, `label` the heading. `methods`: the ways to calculate in which a person fills it."""

    name: str
    label: str
    kind: Kind
    max_length: int = 0
    methods: tuple[str, ...] = _ALL

    @property
    def is_number(self) -> bool:
        return self.kind in ("count", "amount", "ratio", "computed")


LINE_COLUMNS: tuple[GridColumn, ...] = (
    GridColumn("label", "测算内容", "text", 120),
    GridColumn("method", "测算方式", "method"),
    GridColumn("people", "数量", "count", methods=COUNTED_METHODS),
    GridColumn("unit", "单位", "text", 6, COUNTED_METHODS),
    GridColumn("of_which_label", "其中", "text", 60, COUNTED_METHODS),
    GridColumn("of_which_people", "其中数", "count", methods=COUNTED_METHODS),
    GridColumn("price", "标准/基数", "amount", methods=COMPUTED_METHODS),
    GridColumn("ratio", "比例", "ratio", methods=(Method.BASE_RATIO,)),
    GridColumn("share", "分成", "ratio", methods=(Method.BASE_RATIO,)),
    GridColumn("share_basis", "分成口径", "share_basis", methods=(Method.BASE_RATIO,)),
    GridColumn("note", "测算说明", "text", 300),
    GridColumn("amount", "金额（元）", "amount", methods=FIXED_METHODS),
    GridColumn("wan", "万元", "computed", methods=()),
)
_NAME = GridColumn("name", "项目名称", "text", 120)
_REASON = GridColumn("change_reason", "增减原因", "text", 300)
_CHANGE = GridColumn("change", "增减", "computed", methods=())
_STATE = GridColumn("state", "提示", "computed", methods=())
_AMOUNTS = (
    GridColumn("amount", "金额（元）", "computed", methods=()),
    GridColumn("wan", "万元", "computed", methods=()),
)
_CONTROL = GridColumn("control_amount", "控制数", "amount")
_ITEM_FIGURES: dict[str, tuple[GridColumn, ...]] = {
    Stage.FIRST_UP: (
        GridColumn("prior_amount", "上年预算数", "amount"),
        _CHANGE,
        GridColumn("change_rate", "增减率", "computed", methods=()),
    ),
    Stage.ADJUSTMENT: (
        GridColumn("ratified", "批复数", "computed", methods=()),
        GridColumn("adjustment", "调整", "computed", methods=()),
        GridColumn("change_rate", "增减率", "computed", methods=()),
    ),
}
_CONTROLLED: tuple[GridColumn, ...] = (GridColumn("prior_amount", "上年预算数", "amount"), _CHANGE, _CONTROL)


def item_columns(stage: str) -> tuple[GridColumn, ...]:
    """Columns of an item row: control figures from 一下 on; in an adjustment 批复数, 调整 and what results."""
    return (_NAME, *_ITEM_FIGURES.get(stage, _CONTROLLED), _STATE, _REASON, *_AMOUNTS)


def item_column(name: str, stage: str) -> GridColumn | None:
    return next((column for column in item_columns(stage) if column.name == name), None)


def is_item_filled_by_hand(column: GridColumn, stage: str) -> bool:
    """The control figure is the bureau's: it is written down in 一下 and only read afterwards."""
    if column.name == "control_amount":
        return stage == Stage.FIRST_DOWN
    return bool(column.methods)


LINE_COLUMN = {column.name: column for column in LINE_COLUMNS}

# One column on screen holds what the method needs: the rate of a person, or the base of a share.
_FIELD_BY_METHOD = {
    ("price", Method.HEADCOUNT): "rate",
    ("price", Method.TIERED): "rate",
    ("price", Method.BASE_RATIO): "base_amount",
    ("amount", Method.QUOTA): "fixed_amount",
    ("amount", Method.ACTUAL): "fixed_amount",
}
_COLUMN_BY_FIELD = {"rate": "price", "base_amount": "price", "fixed_amount": "amount"}


def line_field(column: str, method: str) -> str:
    """The stored field behind a column of a line with this method."""
    return _FIELD_BY_METHOD.get((column, Method(method)), column)


def column_of(field: str | None) -> str | None:
    """The column in which a refused field of a line stands."""
    return None if field is None else _COLUMN_BY_FIELD.get(field, field)


def is_filled_by_hand(column: GridColumn, method: str) -> bool:
    """Whether a line with this method takes a value in the column; in the others the cell is empty or computed."""
    return method in column.methods
