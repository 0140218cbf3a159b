"""The sheet as the grid shows it: the text of every cell, the marks of an item, the sums of the foot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apps.budget.models import CalcLine, Edition, Item, ItemGroup, Waiver
from apps.budget.rules import calculation, edition_checks
from apps.budget.rules.calculation import Method, ShareBasis
from apps.budget.rules.columns import (
    LINE_COLUMNS,
    GridColumn,
    is_item_filled_by_hand,
    item_columns,
    line_field,
)
from apps.budget.rules.findings import Finding
from apps.budget.rules.stages import Stage
from apps.budget.selectors.explanation import no_longer_planned
from apps.budget.selectors.sheet import NOTHING, ItemRow, LineRow, edition_sheet, item_row
from apps.core import money


@dataclass(frozen=True)
class Cell:
    """One cell: what it shows, and what stands in it for editing where that differs (a name with {年度})."""

    column: GridColumn
    text: str
    source: str = ""


@dataclass(frozen=True)
class Mark:
    """A short warning or fact beside an item, with the sentence behind it."""

    text: str
    tone: str
    title: str = ""


@dataclass(frozen=True)
class GridLine:
    record: CalcLine
    number: int
    cells: tuple[Cell, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class GridItem:
    record: Item
    number: int
    title: str
    cells: tuple[Cell, ...]
    lines: tuple[GridLine, ...]
    marks: tuple[Mark, ...]
    sentence: str


@dataclass(frozen=True)
class Sum:
    """A row of the foot. `bases` are what its items are compared with: 上年预算数, in an adjustment 批复数.

    Where one is missing the sum is not compared either, as in the printed 增减变化说明.
    """

    key: str
    label: str
    amount: Decimal
    bases: tuple[Decimal | None, ...]

    @property
    def wan(self) -> str:
        return money.format_wan_column(self.amount)

    @property
    def base(self) -> Decimal | None:
        known = [base for base in self.bases if base is not None]
        return sum(known, NOTHING) if known and len(known) == len(self.bases) else None

    @property
    def base_text(self) -> str:
        """The sum; how many figures it lacks where some items have theirs; nothing where none has."""
        if self.base is not None:
            return money.format_yuan(self.base)
        missing = self.bases.count(None)
        return f"缺 {missing} 项" if missing < len(self.bases) else ""

    @property
    def change_text(self) -> str:
        return "" if self.base is None else signed(self.amount - self.base)


@dataclass(frozen=True)
class GridGroup:
    group: ItemGroup
    items: tuple[GridItem, ...]


@dataclass(frozen=True)
class Grid:
    edition: Edition
    columns: tuple[GridColumn, ...]
    groups: tuple[GridGroup, ...]
    sums: tuple[Sum, ...]
    is_adjustment: bool

    @property
    def item_count(self) -> int:
        return sum(len(group.items) for group in self.groups)


def figure(value: Decimal | None) -> str:
    """A figure in a cell: 1,500 or 1,500.50."""
    return "" if value is None else money.format_grouped(value)


def signed(value: Decimal | None) -> str:
    """+2,800.00, -600.00, 0.00"""
    if value is None:
        return ""
    return ("+" if value > 0 else "") + money.format_yuan(value)


def change_rate(change: Decimal | None, base: Decimal | None) -> str:
    """+1.3%; 新增 on a base of zero, of which no percentage can be told; nothing without a base."""
    if change is None or base is None:
        return ""
    if not base:
        return "新增" if change > 0 else ""
    percent = (change * 100 / base).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{'+' if percent > 0 else ''}{percent}%"


def line_texts(record: CalcLine, amount: Decimal | None) -> dict[str, str]:
    """What each column of a line shows."""
    price = getattr(record, line_field("price", record.method), None)
    return {
        "label": record.label,
        "method": str(Method(record.method).label),
        "people": "" if record.people is None else money.format_count(record.people),
        "unit": record.unit if record.method in calculation.COUNTED_METHODS else "",
        "of_which_label": record.of_which_label,
        "of_which_people": ""
        if record.of_which_people is None
        else money.format_count(record.of_which_people),
        "price": figure(price),
        "ratio": "" if record.ratio is None else money.format_ratio(record.ratio),
        "share": "" if record.share is None else money.format_ratio(record.share),
        "share_basis": str(ShareBasis(record.share_basis).label) if record.share_basis else "",
        "note": record.note,
        "amount": "" if amount is None else money.format_yuan(amount),
        "wan": "" if amount is None else money.format_wan_column(amount),
    }


def item_texts(row: ItemRow, stage: str) -> dict[str, str]:
    """What each column of an item shows."""
    adjusted = stage == Stage.ADJUSTMENT
    base = row.ratified_amount if adjusted else row.prior_amount
    return item_texts_of(row.record, row.year) | {
        "change": signed(row.change),
        "change_rate": change_rate(row.adjustment if adjusted else row.change, base),
        "ratified": money.format_yuan(row.ratified_amount),
        "adjustment": signed(row.adjustment),
        "state": "",
    }


def item_texts_of(record: Item, year: int) -> dict[str, str]:
    """What the columns of an item show that come from the item itself; amounts where the query brought them."""
    texts = {
        "name": record.title(year),
        "prior_amount": "" if record.prior_amount is None else money.format_yuan(record.prior_amount),
        "control_amount": "" if record.control_amount is None else money.format_yuan(record.control_amount),
        "change_reason": record.change_reason,
    }
    stored = getattr(record, "amount", None)
    if stored is not None:
        amount = stored + record.adjustment
        texts |= {"amount": money.format_yuan(amount), "wan": money.format_wan_column(amount)}
    return texts


def item_computed_texts(record: Item, stage: str) -> dict[str, str]:
    """What the columns that nobody fills show for an item whose query brought its amounts; nothing for a new one."""
    amount = getattr(record, "amount", None)
    if amount is None:
        return {}
    if stage == Stage.ADJUSTMENT:
        return {
            "ratified": money.format_yuan(amount),
            "adjustment": signed(record.adjustment),
            "change_rate": change_rate(record.adjustment, amount),
        }
    change = None if record.prior_amount is None else amount - record.prior_amount
    return {"change": signed(change), "change_rate": change_rate(change, record.prior_amount)}


Waivers = Mapping[str, Waiver]
"""Reasons by which findings were let stand, by the finding's fingerprint."""


def mark_waivers(edition_id: int) -> dict[str, Waiver]:
    """The reasons given for findings that the grid marks."""
    waivers = Waiver.objects.filter(
        edition=edition_id, code__in=(edition_checks.NO_BASIS, edition_checks.NO_DOCUMENT)
    ).select_related("waived_by")
    return {waiver.fingerprint: waiver for waiver in waivers}


def item_marks(row: ItemRow, stage: str, waivers: Waivers) -> tuple[Mark, ...]:
    """What nobody should overlook: no lines, figures missing, no basis, over the control figure.

    What was let stand with a reason becomes one quiet mark that tells the reasons.
    """
    marks, reasons = list(_marks(row, stage)), []
    for text, finding, tone, title in _answerable(row):
        waiver = waivers.get(finding.fingerprint)
        if waiver is None:
            marks.append(Mark(text, tone, title))
        else:
            reasons.append(f"{text}：{waiver.reason}（{waiver.waived_by}）")
    return (*marks, Mark("已说明", "quiet", "；".join(reasons))) if reasons else tuple(marks)


def _answerable(row: ItemRow) -> Iterator[tuple[str, Finding, str, str]]:
    """Marks that a reason may quieten: text, finding, tone, title."""
    if not row.lines:
        return
    if not row.has_basis:
        yield "无测算依据", edition_checks.no_basis(row), "amber", "定额或据实的金额没有测算说明"
    if not row.citations:
        yield "无依据文件", edition_checks.no_document(row), "outline", "还没有选依据文件"


def _marks(row: ItemRow, stage: str) -> Iterator[Mark]:
    if not row.lines and stage != Stage.ADJUSTMENT:
        yield Mark("没有测算", "red", "还没有测算行，没有金额")
    missing = list(dict.fromkeys(label for line in row.lines for label in line.missing))
    if missing:
        yield Mark(
            f"缺{missing[0]}{'等' if len(missing) > 1 else ''}", "red", "测算缺少" + "、".join(missing)
        )
    control = row.record.control_amount
    if control is not None and row.amount > control and stage != Stage.ADJUSTMENT:
        yield Mark("超控制数", "red", f"超过控制数 {money.format_yuan(row.amount - control)} 元")


def grid_line(row: LineRow, number: int) -> GridLine:
    record = row.record
    texts = line_texts(record, record.amount)
    sources = {"label": record.label} if "{" in record.label else {}
    cells = tuple(
        Cell(
            column,
            row.line.label if column.name == "label" else texts[column.name],
            sources.get(column.name, ""),
        )
        for column in LINE_COLUMNS
    )
    return GridLine(record, number, cells, tuple(row.missing))


def blank_line() -> GridLine:
    """The row that a new line starts from."""
    record = CalcLine(version=0)
    texts = line_texts(record, None)
    cells = tuple(Cell(column, texts[column.name]) for column in LINE_COLUMNS)
    return GridLine(record, 0, cells, ())


def column_facts(stage: str) -> dict[str, Any]:
    """The columns as the page's scripts need them, so that they declare none of their own."""
    return {
        "line": [
            {"name": column.name, "label": column.label, "kind": column.kind, "methods": list(column.methods)}
            for column in LINE_COLUMNS
        ],
        "item": [
            {
                "name": column.name,
                "label": column.label,
                "kind": column.kind,
                "byHand": is_item_filled_by_hand(column, stage),
            }
            for column in item_columns(stage)
        ],
        "methods": [{"value": value, "label": str(label)} for value, label in Method.choices],
        "shares": [{"value": value, "label": str(label)} for value, label in ShareBasis.choices],
        "limit": str(calculation.AMOUNT_LIMIT),
        "countLimit": calculation.COUNT_LIMIT,
    }


def grid_item(row: ItemRow, stage: str, waivers: Waivers) -> GridItem:
    texts = item_texts(row, stage)
    name = row.record.name
    cells = tuple(
        Cell(column, texts[column.name], name if column.name == "name" and "{" in name else "")
        for column in item_columns(stage)
    )
    lines = tuple(grid_line(line, number) for number, line in enumerate(row.lines, start=1))
    marks = item_marks(row, stage, waivers)
    return GridItem(row.record, row.number, row.title, cells, lines, marks, row.sentence)


def fresh_item(item_id: int) -> GridItem:
    """One item with its lines as it stands now."""
    row = item_row(Item.objects.get(pk=item_id))
    return grid_item(row, row.record.edition.stage, mark_waivers(row.record.edition_id))


def edition_sums(edition: Edition) -> tuple[Sum, ...]:
    """小计 of each group, what is no longer planned, then 合计, counted afresh."""
    is_adjustment = edition.stage == Stage.ADJUSTMENT
    items: Any = (
        Item.objects.filter(edition=edition)
        .with_amount()
        .with_adjustment()
        .order_by("group__ordinal", "group__code")
        .values_list("group_id", "group__name", "amount", "adjustment", "prior_amount")  # type: ignore[misc]
    )
    groups: dict[int, Sum] = {}
    for key, name, ratified, adjustment, prior in items:
        so_far = groups.get(key, Sum(str(key), f"{name}小计", NOTHING, ()))
        base = ratified if is_adjustment else prior
        groups[key] = replace(
            so_far, amount=so_far.amount + ratified + adjustment, bases=(*so_far.bases, base)
        )
    rows = list(groups.values())
    gone = None if is_adjustment else no_longer_planned(edition)
    if gone is not None:
        rows.append(Sum("gone", "本年不再安排", NOTHING, (gone,)))
    bases = tuple(base for row in rows for base in row.bases)
    return (*rows, Sum("total", "合计", sum((row.amount for row in rows), NOTHING), bases))


def edition_grid(edition: Edition) -> Grid:
    """Everything the grid shows, the groups still without items included."""
    sheet = edition_sheet(edition)
    waivers = mark_waivers(edition.pk)
    groups = [
        GridGroup(row.group, tuple(grid_item(item, edition.stage, waivers) for item in row.items))
        for row in sheet.groups
    ]
    used = {group.group.pk for group in groups}
    empty = [
        GridGroup(group, ()) for group in ItemGroup.objects.of_book(edition.plan.book) if group.pk not in used
    ]
    return Grid(
        edition=edition,
        columns=item_columns(edition.stage),
        groups=tuple(sorted([*groups, *empty], key=lambda row: (row.group.ordinal, row.group.code))),
        sums=edition_sums(edition),
        is_adjustment=sheet.is_adjustment,
    )
