"""Every figure that is printed has a key; from the key come the rows behind it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from apps.budget.models import Adjustment, CalcLine
from apps.budget.rules import calculation, narrative
from apps.budget.rules.calculation import Method
from apps.budget.selectors.explanation import EarlierItem, no_longer_planned
from apps.budget.selectors.sheet import NOTHING, GroupRow, ItemRow, LineRow, Sheet
from apps.core import money, quantities

TOTAL = "total"
NOT_NAMED = "未注明"


def item_key(item: ItemRow) -> str:
    return f"item-{item.record.lineage}"


def group_key(group: GroupRow) -> str:
    return f"group-{group.group.code}"


def line_key(line: CalcLine) -> str:
    return f"line-{line.pk}"


def numbered(sheet: Sheet) -> Iterator[tuple[str, GroupRow, ItemRow]]:
    """Every item with its group and its mark 测1-1."""
    for number, group in enumerate(sheet.groups, start=1):
        for item in group.items:
            yield narrative.calculation_mark(number, item.number), group, item


def total_of(items: Iterable[ItemRow]) -> Decimal:
    return sum((item.amount for item in items), NOTHING)


@dataclass(frozen=True)
class Slice:
    """The items of one source of money or one function code."""

    key: str
    name: str
    items: tuple[ItemRow, ...]

    @property
    def amount(self) -> Decimal:
        return total_of(self.items)


def by_source(sheet: Sheet) -> list[Slice]:
    """Sources of money in the order of the reference data; items without one come last."""

    def place(item: ItemRow) -> tuple[Any, ...]:
        source = item.record.funding_source
        return (
            (0, source.ordinal, source.code, source.name)
            if source
            else (1, 0, "none", f"{NOT_NAMED}资金来源")
        )

    return _slices(sheet, "source", place)


def by_function(sheet: Sheet) -> list[Slice]:
    """Function codes in order; items without one come last."""

    def place(item: ItemRow) -> tuple[Any, ...]:
        code = item.record.function_code
        return (0, 0, code.code, str(code)) if code else (1, 0, "none", f"{NOT_NAMED}功能分类")

    return _slices(sheet, "function", place)


def _slices(sheet: Sheet, prefix: str, place: Callable[[ItemRow], tuple[Any, ...]]) -> list[Slice]:
    found: dict[tuple[Any, ...], list[ItemRow]] = {}
    for item in sheet.items:
        found.setdefault(place(item), []).append(item)
    return [
        Slice(f"{prefix}-{where[2]}", where[3], tuple(items))
        for where, items in sorted(found.items(), key=lambda pair: pair[0])
    ]


# --- every amount there is ---------------------------------------------------------------------------------


def known_amounts(sheet: Sheet, earlier: Mapping[UUID, EarlierItem]) -> frozenset[Decimal]:
    """All amounts in yuan, without signs, that this year's and last year's rows hold or add up to.

    Counts are left out: prose speaks of people whom no calculation counts.
    """
    return frozenset(abs(amount) for amount in _amounts(sheet, earlier) if amount is not None)


def _amounts(sheet: Sheet, earlier: Mapping[UUID, EarlierItem]) -> Iterator[Decimal | None]:
    for item in sheet.items:
        before = earlier.get(item.record.lineage)
        yield from (item.amount, item.ratified_amount, item.adjustment, item.prior_amount, item.change)
        yield item.record.control_amount
        for line in item.rule_lines:
            yield from _line_amounts(line)
        split = narrative.explain_change(before.lines if before else (), item.rule_lines)
        yield from (factor.amount for factor in split.factors)
        yield from (change.difference for change in split.lines)
    for row in earlier.values():
        yield row.amount
        for line in row.lines:
            yield from _line_amounts(line)
    for group in sheet.groups:
        yield from (group.amount, group.prior_amount, group.amount - (group.prior_amount or NOTHING))
    yield from (part.amount for part in (*by_source(sheet), *by_function(sheet)))
    lineages = {item.record.lineage for item in sheet.items}
    gone = sum((row.amount for lineage, row in earlier.items() if lineage not in lineages), NOTHING)
    before_all = (sheet.prior_amount or NOTHING) + gone
    yield from (sheet.amount, sheet.prior_amount, gone, before_all, sheet.amount - before_all)
    if sheet.is_adjustment:
        yield from (move.amount for move in moves_of(sheet))


def _line_amounts(line: calculation.Line) -> Iterator[Decimal | None]:
    yield from (line.amount, line.rate, line.base_amount, line.fixed_amount)
    if line.base_amount is not None and line.ratio is not None:
        yield money.round_fen(line.base_amount * line.ratio)  # 计提数, of which the line is a share


def moves_of(sheet: Sheet) -> QuerySet[Adjustment]:
    """Adjustments of the plan up to and with this edition."""
    edition = sheet.edition
    return Adjustment.objects.filter(
        item__edition__plan=edition.plan_id,
        item__edition__stage=edition.stage,
        item__edition__sequence__lte=edition.sequence,
    )


# --- the page of a figure ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One calculation line behind a figure."""

    key: str
    label: str
    of_which: str
    method: str
    formula: str
    amount: Decimal
    note: str
    source: str
    source_value: Decimal | None
    source_read_at: datetime | None
    source_kept_reason: str
    source_row_count: int
    record_id: int
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True)
class Part:
    """An item or a group as a part of a sum."""

    key: str
    mark: str
    title: str
    amount: Decimal


@dataclass(frozen=True)
class Figure:
    """A printed figure: what it is, how it came about, where it stands. Amounts in yuan."""

    key: str
    title: str
    amount: Decimal
    formula: str
    parts: tuple[Part, ...] = ()
    steps: tuple[Step, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    ratified: Decimal | None = None
    prior: Decimal | None = None
    change_sentence: str = ""
    item: ItemRow | None = None
    above: tuple[Part, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Pairs under the head."""
        pairs = []
        if self.prior is not None:
            pairs.append(("上年预算数", f"{money.format_yuan(self.prior)} 元"))
        if self.item is not None:
            record = self.item.record
            pairs.append(("资金来源", record.funding_source.name if record.funding_source else ""))
            pairs.append(("功能分类", str(record.function_code or "")))
            pairs.append(("依据文件", "、".join(citation.text() for citation in self.item.citations)))
        return pairs

    @property
    def is_of_items(self) -> bool:
        """Whether the parts are items, which have a mark, or groups."""
        return any(part.mark for part in self.parts)

    @property
    def history_url(self) -> str:
        """The history of the line or of the item behind the figure."""
        if self.item is None:
            return ""
        if self.key.startswith("line-"):
            return reverse("budget:grid_history", args=["lines", self.steps[0].record_id])
        return reverse("budget:grid_history", args=["items", self.item.record.pk])


def find_figure(sheet: Sheet, key: str) -> Figure | None:
    """The figure of this key, or None when the edition has no such row (any more)."""
    kind, _, rest = key.partition("-")
    if key == TOTAL:
        return _total(sheet)
    if kind == "group":
        return _group(sheet, rest)
    if kind in ("source", "function"):
        return _slice(sheet, kind, key)
    if kind == "item":
        return _item(sheet, key)
    return _line(sheet, key) if kind == "line" else None


def _sum_words(amounts: list[Decimal], total: Decimal) -> str:
    if not amounts:
        return ""
    words = "＋".join(money.format_grouped(amount) for amount in amounts).replace("＋-", "－")
    return f"{words}＝{money.format_grouped(total)}元"


def _item_part(mark: str, item: ItemRow) -> Part:
    return Part(item_key(item), mark, item.title, item.amount)


def _total_part(sheet: Sheet) -> Part:
    return Part(TOTAL, "", "合计", sheet.amount)


def _group_part(group: GroupRow) -> Part:
    return Part(group_key(group), "", f"{group.group.name}小计", group.amount)


def _total(sheet: Sheet) -> Figure | None:
    if not sheet.items:
        return None
    return Figure(
        key=TOTAL,
        title=f"{sheet.year}年项目支出合计",
        amount=sheet.amount,
        formula=_sum_words([group.amount for group in sheet.groups], sheet.amount),
        parts=tuple(_group_part(group) for group in sheet.groups),
        prior=_prior_total(sheet),
        places=("正文末一组项目之后的合计", "预算收支总表", "预算项目汇总表", "测算明细表"),
    )


def _prior_total(sheet: Sheet) -> Decimal | None:
    """Last year's total, with what is no longer planned; None where a figure of it is not registered."""
    known = [item.prior_amount for item in sheet.items if item.prior_amount is not None]
    if len(known) < len(sheet.items):
        return None
    return sum(known, no_longer_planned(sheet.edition) or NOTHING)


def _group(sheet: Sheet, code: str) -> Figure | None:
    for number, group in enumerate(sheet.groups, start=1):
        if group.group.code == code:
            return Figure(
                key=group_key(group),
                title=f"{group.group.name}小计",
                amount=group.amount,
                formula=_sum_words([item.amount for item in group.items], group.amount),
                parts=tuple(
                    _item_part(narrative.calculation_mark(number, item.number), item) for item in group.items
                ),
                above=(_total_part(sheet),),
                places=(f"正文“{group.group.name}说明”之末", "预算项目汇总表", "测算明细表"),
            )
    return None


def _slice(sheet: Sheet, kind: str, key: str) -> Figure | None:
    slices = by_source(sheet) if kind == "source" else by_function(sheet)
    found = next((part for part in slices if part.key == key), None)
    if found is None:
        return None
    marks = {item.record.pk: mark for mark, _, item in numbered(sheet)}
    return Figure(
        key=key,
        title=f"{'资金来源' if kind == 'source' else '功能分类'}：{found.name}",
        amount=found.amount,
        formula=_sum_words([item.amount for item in found.items], found.amount),
        parts=tuple(_item_part(marks[item.record.pk], item) for item in found.items),
        above=(_total_part(sheet),),
        places=("预算收支总表",),
    )


def _item(sheet: Sheet, key: str) -> Figure | None:
    for mark, group, item in numbered(sheet):
        if item_key(item) == key:
            moves = tuple(
                moves_of(sheet)
                .filter(item__lineage=item.record.lineage)
                .select_related("item__edition", "created_by")
                .order_by("id")
            )
            amounts = [row.amount for row in item.lines] + [move.amount for move in moves]
            return Figure(
                key=key,
                title=f"{mark}　{item.title}",
                amount=item.amount,
                formula=_sum_words(amounts, item.amount),
                steps=tuple(_step(row, item) for row in item.lines),
                adjustments=moves,
                ratified=item.ratified_amount if moves else None,
                prior=item.prior_amount,
                change_sentence=narrative.change_sentence(
                    subject=item.title,
                    before=item.prior_amount,
                    after=item.amount,
                    reason=item.record.change_reason,
                ),
                item=item,
                above=(_group_part(group), _total_part(sheet)),
                places=(
                    f"正文“{group.group.name}说明”项目{item.number}",
                    "预算项目汇总表",
                    f"测算明细表{mark}",
                    *(("绩效目标表",) if item.indicators else ()),
                ),
            )
    return None


def _line(sheet: Sheet, key: str) -> Figure | None:
    for mark, group, item in numbered(sheet):
        for at, row in enumerate(item.lines, start=1):
            if line_key(row.record) == key:
                return Figure(
                    key=key,
                    title=f"{mark}-{at}　{row.line.label or item.title}",
                    amount=row.amount,
                    formula=_line_formula(row),
                    steps=(_step(row, item),),
                    item=item,
                    above=(_item_part(mark, item), _group_part(group), _total_part(sheet)),
                    places=(f"测算明细表{mark}第{at}行",),
                )
    return None


def _line_formula(row: LineRow) -> str:
    figures = calculation.formula(row.line)
    if not figures:
        return f"{Method(row.line.method).label}{money.format_grouped(row.amount)}元"
    return f"{figures}＝{money.format_grouped(row.amount)}元"


def _step(row: LineRow, item: ItemRow) -> Step:
    line, record = row.line, row.record
    source = quantities.find(record.source_key) if record.source_key else None
    basis = f"（{calculation.ShareBasis(line.share_basis).label}）" if line.share_basis else ""
    return Step(
        key=line_key(record),
        label=line.label or item.title,
        of_which=calculation.of_which(line),
        method=f"{Method(line.method).label}{basis}",
        formula=_line_formula(row),
        amount=row.amount,
        note=line.note or ("" if line.has_basis else "无测算依据"),
        source=source.label if source else record.source_key,
        source_value=record.source_value,
        source_read_at=record.source_read_at,
        source_kept_reason=record.source_kept_reason,
        source_row_count=len(record.source_rows or {}),
        record_id=record.pk,
        updated_by=str(record.updated_by or ""),
        updated_at=record.updated_at,
    )
