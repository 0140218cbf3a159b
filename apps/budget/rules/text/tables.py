"""Checks of tables in the text (rows of cells kept apart by “ | ” or tabs): totals, count × rate, changes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from apps.budget.rules.findings import Finding, Severity, is_rounding
from apps.budget.rules.text.amounts import Amount, decimal, rounding_gap, said, unit_factor
from apps.budget.rules.text.draft import Draft, Line

_CELL_NUMBER = re.compile(
    r"[ 　]*(?P<sign>[-−])?(?P<number>\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,8})?|\d{1,15}(?:\.\d{1,8})?)"
    r"[ 　]?(?P<unit>亿元|万元|元|%|[人户名次场期个]{1,2}|元/[人户次场])?[ 　]*"
)
_CAPTION_UNIT = re.compile(r"单位[:：][ 　]*(万元|元)")
_HEADER_UNIT = re.compile(r"[（(](?:单位[:：])?(万元|元)[^）)]{0,4}[）)]")
_SUBTOTAL = re.compile(r"小计")
_TOTAL = re.compile(r"合计|总计")
_COUNT_HEAD = re.compile(r"人数|户数|数量|次数|期数")
_RATE_HEAD = re.compile(r"标准|单价")
_AMOUNT_HEAD = re.compile(r"金额|预算数|合计数?$|测算数")
_NOT_ADDED = re.compile(r"标准|单价|率|比例|比重|序号|编码|幅度|占比|年份|页码")
_CHANGE = re.compile(r"增减(?:额|数)?(?:[（(].*)?$|比上年增减$|变动额")
_RATE_OF_CHANGE = re.compile(r"增减率|增长率|增减幅度|增减%|变动率|[（(]%[）)]")
_MOST_COLUMNS = 60
_CODE = re.compile(r"\d{3}|\d{5}|\d{7}")
_ROW_MARK = re.compile(
    r"(?P<top>[一二三四五六七八九十]+、)|(?P<paren>[（(][一二三四五六七八九十]+[）)])|(?P<dot>\d{1,2}[.、．](?!\d))"
)
_ROW_RANKS = ("top", "paren", "dot")


@dataclass(frozen=True, slots=True)
class Part:
    """A summand of a column, with the level of its row."""

    value: Decimal
    rank: int = 9


@dataclass(slots=True)
class Cell:
    text: str
    start: int
    end: int
    value: Decimal | None
    unit: str

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


@dataclass
class Row:
    cells: tuple[Cell, ...]

    @cached_property
    def label(self) -> str:
        return "".join(cell.text for cell in self.cells if cell.value is None)[:60]

    @cached_property
    def rank(self) -> int:
        """Level of the row by its mark or classification code; 9 without either."""
        for cell in self.cells[:2]:
            if _CODE.fullmatch(cell.text):
                return len(cell.text)
            matched = _ROW_MARK.match(cell.text)
            if matched:
                return _ROW_RANKS.index(matched.lastgroup or "")
        return 9

    def figure(self, column: int) -> Decimal | None:
        """The number in a column, unless it is missing, no number or a percentage."""
        if column >= len(self.cells) or self.cells[column].unit == "%":
            return None
        return self.cells[column].value

    @cached_property
    def is_subtotal(self) -> bool:
        return _SUBTOTAL.search(self.label) is not None

    @cached_property
    def is_total(self) -> bool:
        return not self.is_subtotal and _TOTAL.search(self.label) is not None


@dataclass(frozen=True)
class Table:
    header: Row
    rows: tuple[Row, ...]
    unit: str
    """万元, 元 or empty when the table does not say."""

    @cached_property
    def heads(self) -> tuple[str, ...]:
        return tuple(re.sub(r"\s", "", cell.text) for cell in self.header.cells)

    @cached_property
    def _units(self) -> tuple[str, ...]:
        found = (_HEADER_UNIT.search(head) for head in self.heads)
        return tuple(matched[1] if matched else "" for matched in found)

    def head(self, column: int) -> str:
        return self.heads[column] if column < len(self.heads) else ""

    def has_own_unit(self, column: int) -> bool:
        return column < len(self._units) and bool(self._units[column])

    def unit_of(self, column: int) -> str:
        return self._units[column] if self.has_own_unit(column) else self.unit

    def column(self, pattern: re.Pattern[str], besides: int | None = None) -> int | None:
        """The only column whose head matches."""
        found = [at for at, head in enumerate(self.heads) if at != besides and pattern.search(head)]
        return found[0] if len(found) == 1 else None


def check(draft: Draft) -> Iterator[Finding]:
    for table in read_tables(draft):
        yield from _check_totals(draft, table)
        yield from _check_products(draft, table)
        yield from _check_changes(draft, table)


def read_tables(draft: Draft) -> Iterator[Table]:
    """Consecutive table lines of at least two rows; the first without figures is the header."""
    block: list[Line] = []
    for line in [*draft.lines, None]:
        if line is not None and line.is_table:
            block.append(line)
            continue
        if len(block) > 1:
            yield from _tables(draft, block)
        block = []


def _tables(draft: Draft, block: Sequence[Line]) -> Iterator[Table]:
    rows = [_row(draft, line) for line in block]
    header = rows[0]
    if any(cell.value is not None and not re.fullmatch(r"\d{4}", cell.text) for cell in header.cells):
        header = Row(())
    caption = draft.plain[max(0, block[0].start - 60) : block[0].start]
    stated = _CAPTION_UNIT.findall(caption) or _CAPTION_UNIT.findall(
        draft.plain[block[0].start : block[0].end]
    )
    yield Table(header, tuple(rows[1:] if header.cells else rows), stated[-1] if stated else "")


def _row(draft: Draft, line: Line) -> Row:
    joint = " |" if " | " in line.text else "\t"
    cells = []
    start = line.start
    for raw in line.text.split(joint):
        text = raw.strip(" 　|")
        matched = _CELL_NUMBER.fullmatch(text)
        value = decimal(matched["number"]) * (-1 if matched["sign"] else 1) if matched else None
        opened = start + len(raw) - len(raw.lstrip(" 　|"))
        end = max(opened + len(text), start)
        cells.append(Cell(text, opened, end, value, (matched["unit"] or "") if matched else ""))
        start += len(raw) + len(joint)
    return Row(tuple(cells))


def _check_totals(draft: Draft, table: Table) -> Iterator[Finding]:
    columns: list[list[Row]] = []
    for row in table.rows:
        for column in range(min(len(row.cells), _MOST_COLUMNS)):
            if column == len(columns):
                columns.append([])
            columns[column].append(row)
    for column, rows in enumerate(columns):
        if not _NOT_ADDED.search(table.head(column)):
            yield from _check_column(draft, table, column, rows)


def _check_column(draft: Draft, table: Table, column: int, within: Sequence[Row]) -> Iterator[Finding]:
    """小计 adds the rows since the one before, 合计 the 小计 or rows before it, 总计 the 合计 and what follows it."""
    rows: list[Part] = []
    subtotals: list[Part] = []
    total: Part | None = None
    leading: Row | None = None
    for row in within:
        value = row.figure(column)
        if value is None:
            continue
        if row.is_subtotal:
            yield from _compare(draft, table, column, row, rows)
            subtotals.append(Part(value))
            rows = []
        elif row.is_total:
            parts = [*subtotals, *rows]
            if total is not None and "总计" in row.label:
                parts = [total, *parts]
            if not parts and leading is None and total is None:
                leading = row
            yield from _compare(draft, table, column, row, parts)
            total, rows, subtotals = Part(value), [], []
        elif not _is_of_which(row):
            rows.append(Part(value, row.rank))
    if leading is not None and not subtotals:
        yield from _compare(draft, table, column, leading, rows)


def _is_of_which(row: Row) -> bool:
    return row.label.lstrip(" 　").startswith(("其中", "含", "#"))


def _compare(draft: Draft, table: Table, column: int, row: Row, parts: Sequence[Part]) -> Iterator[Finding]:
    """Where rows have levels (一、 above 1., 类 above 款) only the upper level is added."""
    printed = row.figure(column)
    if printed is None or not parts:
        return
    ranks = {part.rank for part in parts}
    upper = [part for part in parts if part.rank == min(ranks)]
    expected = sum((part.value for part in parts), Decimal(0))
    if printed in (expected, sum((part.value for part in upper), Decimal(0))):
        return
    if len(ranks) > 1:
        expected = sum((part.value for part in upper), Decimal(0))
    unit = table.unit_of(column)
    is_wan = unit == "万元" or (
        not unit and any(part.value != part.value.to_integral_value() for part in parts)
    )
    gap = (printed - expected) * (unit_factor(unit) or Decimal(10_000 if is_wan else 1))
    # Each part and the sum may be off by half a unit of the last place.
    is_drift = is_wan and not is_rounding(gap) and abs(gap) <= Decimal(50) * (len(parts) + 1)
    yield draft.finding(
        "amount.total",
        *row.cells[column].span,
        f"“{' '.join(row.label.split())[:20]}”一行{_head_words(table, column)}写的是 {printed:f}，各行相加是 {expected:f}。",
        hint="请核对合计和各行；多项四舍五入的尾差请说明。" if is_drift else "请核对合计和各行。",
        severity=Severity.SOFT if is_drift or len(ranks) > 1 else None,
        gap=gap if is_wan else None,
    )


def _head_words(table: Table, column: int) -> str:
    head = table.head(column)
    return f"“{head[:12]}”栏" if head else f"第{column + 1}栏"


def _check_products(draft: Draft, table: Table) -> Iterator[Finding]:
    count, rate, amount = table.column(_COUNT_HEAD), table.column(_RATE_HEAD), table.column(_AMOUNT_HEAD)
    if count is None or rate is None or amount is None:
        return
    for row in table.rows:
        if max(count, rate, amount) >= len(row.cells) or row.is_subtotal or row.is_total:
            continue
        how_many, price, result = (row.cells[at] for at in (count, rate, amount))
        if how_many.value is None or price.value is None or result.value is None or "%" in price.unit:
            continue
        product = how_many.value * price.value * (unit_factor(table.unit_of(rate)) or Decimal(1))
        unit = result.unit if result.unit in ("元", "万元") else table.unit_of(amount)
        if unit == "万元" and table.unit_of(rate) == "万元" and not table.has_own_unit(rate):
            # A caption of 万元 speaks of the amounts; a rate of 400 under it is still in 元.
            choices = [product, how_many.value * price.value]
        else:
            choices = [product]
        printed = result.value * (unit_factor(unit) or Decimal(1))
        accepted = [*choices, *([product / 10_000] if not unit else [])]
        if any(printed == choice for choice in accepted):
            continue
        expected = min(accepted, key=lambda choice: abs(printed - choice))
        shown = Amount(printed, unit or "元", result.start, result.end)
        yield draft.finding(
            "amount.product",
            *result.span,
            f"{how_many.text}×{price.text}＝{said(expected, in_wan=shown.is_in_wan)}，表中写的是 {result.text}。",
            hint="请核对数量、标准和金额，三者必有一错。",
            more=[how_many.span, price.span],
            gap=rounding_gap(printed - expected, shown),
        )


def _check_changes(draft: Draft, table: Table) -> Iterator[Finding]:
    last, this = _year_heads(draft.year)
    before = table.column(last)
    now = table.column(this, besides=before)
    change, rate = table.column(_CHANGE), table.column(_RATE_OF_CHANGE)
    if before is None or now is None:
        return
    for row in table.rows:
        if max(before, now) >= len(row.cells):
            continue
        old, new = row.cells[before].value, row.cells[now].value
        if new is None:
            continue
        if change is not None and change < len(row.cells) and old is not None:
            cell = row.cells[change]
            if cell.value is not None and cell.value != new - old:
                is_wan = table.unit_of(change) == "万元"
                yield draft.finding(
                    "change.direction" if cell.value * (new - old) < 0 else "change.amount",
                    *cell.span,
                    f"本年 {new:f} 比上年 {old:f} 应为 {new - old:f}，表中写的是 {cell.text}。",
                    hint="增减额＝本年数－上年数，减少用负数。",
                    gap=(cell.value - (new - old)) * 10_000 if is_wan else None,
                )
        if rate is not None and rate < len(row.cells) and row.cells[rate].value is not None:
            yield from _check_rate(draft, row.cells[rate], old or Decimal(0), new)


def _year_heads(year: int | None) -> tuple[re.Pattern[str], re.Pattern[str]]:
    if year is None:
        return re.compile(r"上年|去年"), re.compile(r"本年|今年|预算数$")
    return re.compile(rf"上年|去年|{year - 1}年"), re.compile(rf"本年|今年|{year}年|预算数$")


def _check_rate(draft: Draft, cell: Cell, old: Decimal, new: Decimal) -> Iterator[Finding]:
    if cell.value is None:
        return
    if not old:
        if cell.value:
            yield draft.finding(
                "change.zero_base",
                *cell.span,
                f"上年数为零，不能计算增减率，表中写的是 {cell.text}。",
                hint="上年数为零时，增减率一栏留空。",
            )
        return
    expected = (new - old) / old * 100
    if not agrees(cell.value, expected):
        yield draft.finding(
            "change.amount",
            *cell.span,
            f"增减率应为 {expected:.2f}%，表中写的是 {cell.text}。",
            hint="增减率＝（本年数－上年数）÷上年数。",
        )


def agrees(printed: Decimal, exact: Decimal) -> bool:
    """A printed percentage is right when it is off by no more than its last place (figures are rounded too)."""
    exponent = printed.as_tuple().exponent
    return abs(printed - exact) <= Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
