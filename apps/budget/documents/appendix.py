"""The tables of the explanation: summary, changes, performance targets, calculations, basis documents."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import zip_longest

from django.utils import timezone

from apps.budget.documents.parts import (
    BLANK,
    Column,
    Piece,
    PrintedTable,
    Row,
    Text,
    in_wan_column,
    in_yuan_column,
)
from apps.budget.models import CalcLine, ClassificationCode, Indicator
from apps.budget.rules import calculation, narrative, wording
from apps.budget.rules.calculation import Method
from apps.budget.selectors.figures import (
    TOTAL,
    by_function,
    by_source,
    group_key,
    item_key,
    line_key,
    numbered,
    total_of,
)
from apps.budget.selectors.sheet import ItemRow, LineRow, Sheet
from apps.core import money, quantities


def item_anchor(item: ItemRow) -> str:
    return f"item-{item.record.pk}"


def calculation_anchor(item: ItemRow) -> str:
    return f"calculation-{item.record.pk}"


# --- income, expenditure and items -------------------------------------------------------------------------


def summary_tables(sheet: Sheet) -> tuple[PrintedTable, ...]:
    return (_income_and_expenditure(sheet), _items_table(sheet))


def _income_and_expenditure(sheet: Sheet) -> PrintedTable:
    income = [(part.name, in_wan_column(part.amount, part.key)) for part in by_source(sheet)]
    spent = [(part.name, in_wan_column(part.amount, part.key)) for part in by_function(sheet)]
    rows = [
        Row("line", (Piece(str(at)), Piece(left[0]), left[1], Piece(right[0]), right[1]))
        for at, (left, right) in enumerate(zip_longest(income, spent, fillvalue=("", BLANK)), start=1)
    ]
    whole = in_wan_column(sheet.amount, TOTAL)
    rows.append(Row("total", (Piece(str(len(rows) + 1)), Piece("收入总计"), whole, Piece("支出总计"), whole)))
    return PrintedTable(
        title=f"{sheet.year}年预算收支总表",
        unit="万元",
        columns=(
            Column("序号", "centre", 8),
            Column("收入项目", "text", 29),
            Column("预算数", "number", 14),
            Column("支出项目", "text", 35),
            Column("预算数", "number", 14),
        ),
        rows=tuple(rows),
        notes=(narrative.PROJECTS_ONLY,),
    )


def _items_table(sheet: Sheet) -> PrintedTable:
    moved = sheet.is_adjustment
    columns = [Column("编号", "centre", 9), Column("项目", "text", 25 if moved else 29)]
    if not moved:
        columns += [Column("功能分类", "centre", 13), Column("部门经济分类", "centre", 16)]
    columns.append(Column("资金来源", "text", 20))
    if moved:
        columns += [Column("批复数", "number", 15), Column("调整", "number", 14)]
    columns.append(Column("调整后预算数" if moved else "预算数", "number", 17 if moved else 13))

    def amounts(rows: Sequence[ItemRow], key: str) -> list[Piece]:
        ratified = sum((item.ratified_amount for item in rows), Decimal("0.00"))
        change = sum((item.adjustment for item in rows), Decimal("0.00"))
        before = [in_wan_column(ratified, key), in_wan_column(change or None, key)] if moved else []
        return [*before, in_wan_column(total_of(rows), key)]

    blanks = [BLANK] * (1 if moved else 3)
    rows: list[Row] = []
    for number, group in enumerate(sheet.groups, start=1):
        for item in group.items:
            record = item.record
            codes = [] if moved else [_code(record.function_code), _code(record.department_economic_code)]
            source = Piece(record.funding_source.name if record.funding_source else "")
            mark = Piece(narrative.calculation_mark(number, item.number))
            rows.append(
                Row("line", (mark, Piece(item.title), *codes, source, *amounts([item], item_key(item))))
            )
        rows.append(
            Row(
                "subtotal",
                (BLANK, Piece(f"{group.group.name}小计"), *blanks, *amounts(group.items, group_key(group))),
            )
        )
    rows.append(Row("total", (BLANK, Piece("合计"), *blanks, *amounts(sheet.items, TOTAL))))
    return PrintedTable(
        title=f"{sheet.year}年预算项目汇总表",
        unit="万元",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=_code_notes(sheet) if not moved else (),
    )


def _code(code: ClassificationCode | None) -> Piece:
    return Piece(code.code) if code else BLANK


def _code_notes(sheet: Sheet) -> tuple[str, ...]:
    """The names of the codes in the table, once each."""

    def named(label: str, codes: Iterable[ClassificationCode | None]) -> str:
        names = dict.fromkeys(f"{code.code} {code.name}" for code in codes if code)
        return f"{label}：{'，'.join(sorted(names))}。" if names else ""

    notes = (
        named("功能分类", (item.record.function_code for item in sheet.items)),
        named("部门经济分类", (item.record.department_economic_code for item in sheet.items)),
    )
    return tuple(note for note in notes if note)


# --- changes -----------------------------------------------------------------------------------------------


def changes_table(sheet: Sheet, gone: Decimal | None = None) -> PrintedTable:
    """Item by item against last year. `gone`: what last year spent on items that are no longer planned."""

    def cells(
        name: str, before: Decimal | None, after: Decimal, key: str, mark: str = ""
    ) -> tuple[Piece, ...]:
        change = None if before is None else after - before
        share = narrative.change_percent(before, after)
        sign = "-" if change is not None and change < 0 and share else ""
        return (
            Piece(mark),
            Piece(name),
            in_wan_column(before, key),
            in_wan_column(after, key),
            in_wan_column(change, key),
            BLANK if share is None else Piece(f"{sign}{share}"),
        )

    rows: list[Row] = []
    complete = True
    for number, group in enumerate(sheet.groups, start=1):
        for item in group.items:
            mark = narrative.calculation_mark(number, item.number)
            rows.append(Row("line", cells(item.title, item.prior_amount, item.amount, item_key(item), mark)))
        known = all(item.prior_amount is not None for item in group.items)
        complete = complete and known
        before = group.prior_amount if known else None
        rows.append(Row("subtotal", cells(f"{group.group.name}小计", before, group.amount, group_key(group))))
    if gone is not None:
        rows.append(Row("subtotal", cells("本年不再安排的项目", gone, Decimal("0.00"), TOTAL)))
    before = (sheet.prior_amount or Decimal("0.00")) + (gone or Decimal("0.00")) if complete else None
    rows.append(Row("total", cells("合计", before, sheet.amount, TOTAL)))
    return PrintedTable(
        title=f"{sheet.year}年预算增减变化表",
        unit="万元",
        columns=(
            Column("编号", "centre", 9),
            Column("项目", "text", 32),
            Column(f"{sheet.year - 1}年预算数", "number", 17),
            Column(f"{sheet.year}年预算数", "number", 17),
            Column("增减额", "number", 13),
            Column("增减%", "number", 12),
        ),
        rows=tuple(rows),
        notes=("上年没有登记的，增减额和增减%留空；基数为零的，增减%留空。",)
        if any(not item.prior_amount for item in sheet.items)
        else (),
    )


# --- performance targets -----------------------------------------------------------------------------------


def targets_table(sheet: Sheet) -> PrintedTable:
    rows: list[Row] = []
    without: list[str] = []
    for mark, _, item in numbered(sheet):
        if not item.indicators:
            without.append(item.title)
            continue
        rows.append(
            Row(
                "item",
                (
                    (
                        Piece(f"{mark}　{item.title}　"),
                        in_wan_column(item.amount, item_key(item)),
                        Piece("万元"),
                    ),
                ),
            )
        )
        for indicator in item.indicators:
            rows.append(Row("line", _target(indicator, item)))
    if not rows:
        rows.append(Row("empty", ((Piece("本表为空表：项目没有填报绩效指标。"),),)))
        without = []
    return PrintedTable(
        title=f"{sheet.year}年项目绩效目标表",
        columns=(
            Column("一级指标", "text", 14),
            Column("二级指标", "text", 23),
            Column("三级指标", "text", 23),
            Column("目标值", "text", 15),
            Column("权重", "number", 8),
            Column("数据来源", "text", 17),
        ),
        rows=tuple(rows),
        notes=(f"没有填报绩效指标的项目：{'、'.join(without)}。",) if without else (),
    )


def _target(indicator: Indicator, item: ItemRow) -> tuple[Piece | Text, ...]:
    value = wording.fill(indicator.target, item.placeholders())
    if indicator.direction == Indicator.Direction.QUALITATIVE:
        target = value
    else:
        target = f"{indicator.get_direction_display()}{value}{indicator.unit}"
    # A target made from a placeholder comes from the rows, so it leads to them.
    key = item_key(item) if "{" in indicator.target else ""
    weight = "" if indicator.weight is None else money.format_plain(indicator.weight)
    return (
        Piece(indicator.get_level_display()),
        Piece(indicator.second_level),
        Piece(indicator.name),
        Piece(target, key),
        Piece(weight),
        Piece(indicator.data_source),
    )


# --- calculations ------------------------------------------------------------------------------------------


def calculations_table(sheet: Sheet) -> PrintedTable:
    rows: list[Row] = []
    read: dict[str, list[str]] = {}
    for number, group in enumerate(sheet.groups, start=1):
        for item in group.items:
            mark = narrative.calculation_mark(number, item.number)
            rows.append(
                Row(
                    "item",
                    (Piece(mark), (Piece(item.title),), in_yuan_column(item.amount, item_key(item))),
                    anchor=calculation_anchor(item),
                    back=item_anchor(item),
                )
            )
            for at, line in enumerate(item.lines, start=1):
                place = f"{mark.removeprefix('测')}-{at}"
                rows.append(_calculation(item, line, place))
                if line.record.source_key and line.record.source_read_at:
                    read.setdefault(_source_words(line.record), []).append(place)
            if not item.lines:
                rows.append(Row("line", (BLANK, Piece("没有测算行"), BLANK, BLANK)))
            if item.adjustment:
                words = (Piece("批复后的调剂、追加、追减"),)
                rows.append(
                    Row("line", (BLANK, words, BLANK, in_yuan_column(item.adjustment, item_key(item))))
                )
        rows.append(
            Row(
                "subtotal",
                (BLANK, Piece(f"{group.group.name}小计"), in_yuan_column(group.amount, group_key(group))),
            )
        )
    rows.append(Row("total", (BLANK, Piece("合计"), in_yuan_column(sheet.amount, TOTAL))))
    return PrintedTable(
        title=f"{sheet.year}年项目测算明细表",
        unit="元",
        columns=(
            Column("编号", "centre", 10),
            Column("测算内容", "text", 36),
            Column("测算式", "text", 36),
            Column("金额", "number", 18),
        ),
        rows=tuple(rows),
        notes=(
            "编号“测1-1”与正文中项目后的标记相同。",
            *(f"{'、'.join(places)}的数量来自{words}。" for words, places in read.items()),
        ),
    )


def _source_words(record: CalcLine) -> str:
    source = quantities.find(record.source_key)
    name = source.label if source else record.source_key
    return f"{name}，{timezone.localtime(record.source_read_at):%Y-%m-%d %H:%M}读取"


def _calculation(item: ItemRow, row: LineRow, mark: str) -> Row:
    line, record = row.line, row.record
    key = line_key(record)
    label = line.label or item.title
    inside = calculation.of_which(line)
    content = [Piece(f"{label}（{inside}）" if inside else label)]
    if record.source_key and record.source_value is not None and record.people != record.source_value:
        kept = record.source_kept_reason or "未说明理由"
        content.append(
            Piece(f"（读取{money.format_plain(record.source_value)}{line.unit}，保留原数：{kept}）")
        )
    return Row("line", (Piece(mark), tuple(content), _formula(row, key), in_yuan_column(row.amount, key)))


def _formula(row: LineRow, key: str) -> Text:
    """245×1,500＝367,500元; a fixed amount says what it is and on what it rests."""
    line = row.line
    figures = calculation.formula(line)
    if figures:
        basis = f"（{calculation.ShareBasis(line.share_basis).label}）" if line.share_basis else ""
        if line.amount is None:
            return (Piece(f"{figures}＝——"),)
        return (Piece(f"{figures}＝"), Piece(f"{money.format_grouped(line.amount)}元", key), Piece(basis))
    words = "定额" if line.method == Method.QUOTA else "据实"
    amount = "——" if line.fixed_amount is None else f"{money.format_grouped(line.fixed_amount)}元"
    note = f"，{line.note}" if line.note else "（无测算依据）"
    return (Piece(words), Piece(amount, key), Piece(note))


# --- basis documents ---------------------------------------------------------------------------------------


def documents_table(sheet: Sheet) -> PrintedTable:
    cited: dict[int, list[str]] = {}
    for mark, _, item in numbered(sheet):
        for citation in item.citations:
            cited.setdefault(citation.document.pk, []).append(
                mark + (f"（{citation.article}）" if citation.article else "")
            )
    documents = sheet.documents()
    is_dated = any(document.issued_on or document.in_force_until for document in documents)
    rows = []
    for at, document in enumerate(documents, start=1):
        dated = f"{document.issued_on:%Y-%m-%d}" if document.issued_on else ""
        until = f"有效期至{document.in_force_until:%Y-%m-%d}" if document.in_force_until else ""
        dates = (Piece("，".join(part for part in (dated, until) if part)),) if is_dated else ()
        cells = (Piece(str(at)), Piece(document.citation()), Piece(document.issuer), *dates)
        marks = Piece("、".join(cited[document.pk]))
        rows.append(Row("line", (*cells, Piece(document.get_kind_display()), marks)))
    date_column = (Column("日期", "text", 13),) if is_dated else ()
    return PrintedTable(
        title="依据文件目录",
        columns=(
            Column("序号", "centre", 6),
            Column("文件和文号", "text", 34 if is_dated else 45),
            Column("发文机关", "text", 18 if is_dated else 20),
            *date_column,
            Column("性质", "text", 14),
            Column("引用项目", "text", 15),
        ),
        rows=tuple(rows),
    )
