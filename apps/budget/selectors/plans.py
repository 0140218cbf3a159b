"""Plans with the amounts of their editions: lists, the page of one plan, and what each stage says of each item."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from apps.accounts.models import Union, User
from apps.budget.models import Adjustment, CalcLine, Edition, IssuedDocument, Item, Plan
from apps.budget.rules.stages import (
    CONTROLLED_STAGES,
    STAGE_MEANING,
    TONES,
    Book,
    Stage,
    Status,
)
from apps.budget.selectors.last_year import compared_edition, last_final_edition, why_no_last_year
from apps.budget.selectors.sheet import NOTHING


@dataclass(frozen=True)
class EditionAmounts:
    """What an edition comes to, in yuan."""

    calculated: Decimal = NOTHING
    """By its calculation lines: 申报数, 草案数, 批复数 …"""
    adjustment: Decimal = NOTHING
    """All movements up to and with this edition (追加 minus 追减; transfers are zero in sum)."""
    control: Decimal | None = None
    item_count: int = 0
    control_missing: int = 0
    """Items without a control figure: while there are any, the sum of the others bounds nothing."""

    @property
    def total(self) -> Decimal:
        """What the edition stands at; after an adjustment 调整后预算数."""
        return self.calculated + self.adjustment


def edition_amounts(plan_ids: Iterable[int]) -> dict[int, EditionAmounts]:
    """Amounts of every edition of these plans by edition id, in four queries however many there are."""
    ids = list(plan_ids)
    editions = list(Edition.objects.filter(plan__in=ids).order_by("plan", "sequence", "id"))
    calculated = _sums(CalcLine.objects.filter(item__edition__plan__in=ids), "item__edition", "amount")
    moved = _sums(Adjustment.objects.filter(item__edition__plan__in=ids), "item__edition", "amount")
    counted: dict[int, tuple[int, Decimal | None, int]] = {
        row["edition"]: (row["items"], row["control"], row["items"] - row["controlled"])
        for row in Item.objects.filter(edition__plan__in=ids)
        .order_by()
        .values("edition")
        .annotate(items=Count("pk"), control=Sum("control_amount"), controlled=Count("control_amount"))
    }
    running: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    found: dict[int, EditionAmounts] = {}
    for edition in editions:
        if edition.stage == Stage.ADJUSTMENT:
            running[edition.plan_id] += moved.get(edition.pk, NOTHING)
        item_count, control, control_missing = counted.get(edition.pk, (0, None, 0))
        found[edition.pk] = EditionAmounts(
            calculated=calculated.get(edition.pk, NOTHING),
            adjustment=running[edition.plan_id] if edition.stage == Stage.ADJUSTMENT else NOTHING,
            control=control,
            item_count=item_count,
            control_missing=control_missing,
        )
    return found


def _sums(rows: QuerySet[Any], key: str, field: str) -> dict[int, Decimal]:
    summed = rows.order_by().values(key).annotate(total=Sum(field))
    return {row[key]: row["total"] or NOTHING for row in summed}


def in_order(editions: Iterable[Edition]) -> list[Edition]:
    """Oldest first: the order in which a plan went through its stages."""
    return sorted(editions, key=lambda edition: edition.pk)


@dataclass(frozen=True)
class PlanRow:
    """One plan of the list, at its newest edition. `earlier`: the stages it has passed, each with its last edition."""

    plan: Plan
    edition: Edition
    earlier: tuple[Edition, ...]
    total: Decimal
    ratified: Decimal | None
    adjustment: Decimal | None

    @property
    def year(self) -> int:
        return self.plan.year

    @property
    def union_name(self) -> str:
        return self.plan.union.name

    @property
    def book(self) -> str:
        return self.plan.book

    @property
    def book_label(self) -> str:
        return str(self.plan.get_book_display())

    @property
    def edition_label(self) -> str:
        return self.edition.label

    @property
    def status(self) -> str:
        return self.edition.status

    @property
    def tone(self) -> str:
        return TONES[self.status]

    @property
    def adjusted(self) -> Decimal | None:
        """调整后预算数; None before 批复."""
        return None if self.ratified is None else self.ratified + (self.adjustment or NOTHING)


def plan_rows(
    user: User, *, year: int | None = None, book: str = "", union_id: int | None = None
) -> list[PlanRow]:
    """Plans the person may see, newest year first."""
    plans = Plan.objects.visible_to(user).for_list()
    if year is not None:
        plans = plans.filter(fiscal_year=year)
    if book:
        plans = plans.filter(book=book)
    if union_id is not None:
        plans = plans.filter(union=union_id)
    found = list(plans)
    amounts = edition_amounts([plan.pk for plan in found])
    return [row for plan in found if (row := _plan_row(plan, amounts)) is not None]


def _plan_row(plan: Plan, amounts: Mapping[int, EditionAmounts]) -> PlanRow | None:
    editions = in_order(plan.editions.all())
    if not editions:
        return None
    newest = editions[-1]
    stages = {edition.stage: edition for edition in editions if edition.stage != newest.stage}
    approved = [edition for edition in editions if edition.status == Status.APPROVED]
    ratified = next((edition for edition in approved if edition.stage == Stage.RATIFIED), None)
    moved = [edition for edition in approved if edition.stage == Stage.ADJUSTMENT]
    return PlanRow(
        plan=plan,
        edition=newest,
        earlier=tuple(stages.values()),
        total=amounts[newest.pk].total,
        ratified=amounts[ratified.pk].total if ratified is not None else None,
        adjustment=amounts[moved[-1].pk].adjustment if moved else None,
    )


@dataclass(frozen=True)
class BookTotal:
    """The sum of one book over the rows shown. The three are never added to one another."""

    book: str
    label: str
    total: Decimal
    plan_count: int


def book_totals(rows: Sequence[PlanRow]) -> list[BookTotal]:
    return [
        BookTotal(
            book=book,
            label=str(book.label),
            total=sum((row.total for row in rows if row.book == book), NOTHING),
            plan_count=sum(1 for row in rows if row.book == book),
        )
        for book in Book
        if any(row.book == book for row in rows)
    ]


@dataclass(frozen=True)
class PlanChoices:
    """What the list can be narrowed to."""

    years: list[int]
    unions: list[Union]


def plan_choices(user: User) -> PlanChoices:
    plans = Plan.objects.visible_to(user)
    return PlanChoices(
        years=sorted(set(plans.values_list("fiscal_year", flat=True)), reverse=True),
        unions=list(Union.objects.filter(pk__in=plans.values("union")).in_tree_order()),
    )


@dataclass(frozen=True)
class EditionRow:
    """One edition of a plan beside the one before it."""

    edition: Edition
    amounts: EditionAmounts
    before: Decimal | None
    before_label: str

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else self.amounts.total - self.before

    @property
    def control(self) -> Decimal | None:
        return self.amounts.control if self.edition.stage in CONTROLLED_STAGES else None

    @property
    def meaning(self) -> str:
        return STAGE_MEANING[self.edition.stage]

    @property
    def tone(self) -> str:
        return TONES[self.edition.status]


@dataclass(frozen=True)
class StageColumn:
    """One column of the table of items by stage."""

    key: str
    label: str
    total: Decimal


@dataclass(frozen=True)
class StageItem:
    """One item by stage, in yuan; None where the stage did not have it."""

    title: str
    group: str
    amounts: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class PlanPage:
    """Everything the page of one plan shows."""

    plan: Plan
    rows: list[EditionRow]
    columns: list[StageColumn]
    items: list[StageItem]
    issued: list[IssuedDocument]
    last_year: Edition | None
    last_year_note: str
    """Why last year gives no figures, though it has a budget."""

    @cached_property
    def newest(self) -> Edition:
        return self.rows[-1].edition

    @property
    def open_edition(self) -> Edition | None:
        return None if self.newest.status == Status.APPROVED else self.newest

    @property
    def can_copy(self) -> bool:
        """An empty 一上, and a last year that may be copied."""
        first = self.rows[0]
        return (
            len(self.rows) == 1
            and first.edition.is_open
            and not first.amounts.item_count
            and self.last_year is not None
        )


def plan_page(plan: Plan) -> PlanPage:
    """The plan with all its editions, in a fixed number of queries."""
    editions = list(plan.editions.for_detail().order_by("id"))
    last_year = last_final_edition(plan)
    amounts = edition_amounts([plan.pk] + ([last_year.plan_id] if last_year is not None else []))
    rows: list[EditionRow] = []
    for edition in editions:
        if rows:
            before, label = rows[-1].amounts.total, rows[-1].edition.label
        elif (compared := compared_edition(edition)) is not None:
            before, label = amounts[compared.pk].total, f"{compared.plan.year}年{compared.label}"
        else:
            before, label = None, ""
        rows.append(EditionRow(edition, amounts[edition.pk], before, label))
    columns, items = _stage_items(plan, editions)
    issued = list(IssuedDocument.objects.filter(edition__plan=plan).for_list())
    return PlanPage(
        plan=plan,
        rows=rows,
        columns=columns,
        items=items,
        issued=issued,
        last_year=last_year,
        last_year_note="" if last_year is not None else _last_year_note(plan),
    )


def _last_year_note(plan: Plan) -> str:
    """Said only where last year has a budget that was never granted; a first year needs no word."""
    last = Plan.objects.filter(union=plan.union_id, book=plan.book, fiscal_year=plan.year - 1)
    return why_no_last_year(plan.union.path, plan.book, plan.year - 1) if last.exists() else ""


_COLUMNS = (
    ("applied", "申报数", Stage.FIRST_UP),
    ("control", "控制数", Stage.FIRST_DOWN),
    ("draft", "草案数", Stage.SECOND_UP),
    ("ratified", "批复数", Stage.RATIFIED),
)


def _stage_amount(item: Item | None, key: str) -> Decimal | None:
    if item is None:
        return None
    if key == "control":
        return item.control_amount
    if key == "moved":
        return item.adjustment
    return item.amount + item.adjustment if key == "adjusted" else item.amount


def _place(stages: Mapping[str, Item]) -> tuple[int, str, int]:
    """Where an item stands in print, by its newest version (the first one read)."""
    newest = next(iter(stages.values()))
    return newest.group.ordinal, newest.group.code, newest.ordinal


def _stage_items(plan: Plan, editions: Sequence[Edition]) -> tuple[list[StageColumn], list[StageItem]]:
    """申报数, 控制数, 草案数, 批复数, 调整, 调整后预算数 of each item, joined by lineage."""
    by_stage = {edition.stage: edition for edition in editions}  # the last adjustment stands for all of them
    used = {edition.pk for edition in by_stage.values()}
    items = list(
        Item.objects.filter(edition__in=used)
        .with_amount()
        .with_adjustment()
        .select_related("group")
        .order_by("-edition_id", "group__ordinal", "group__code", "ordinal", "id")
    )
    table: dict[UUID, dict[str, Item]] = {}
    stage_of = {edition.pk: edition.stage for edition in editions}
    for item in items:
        table.setdefault(item.lineage, {})[stage_of[item.edition_id]] = item
    ordered = sorted(table.values(), key=_place)
    shown = [column for column in _COLUMNS if column[2] in by_stage]
    has_moves = Stage.ADJUSTMENT in by_stage
    rows: list[StageItem] = []
    for found in ordered:
        amounts = [_stage_amount(found.get(stage), key) for key, _, stage in shown]
        if has_moves:
            moved = found.get(Stage.ADJUSTMENT)
            amounts += [_stage_amount(moved, "moved"), _stage_amount(moved, "adjusted")]
        newest = next(iter(found.values()))
        rows.append(StageItem(newest.title(plan.year), newest.group.name, tuple(amounts)))
    labels = [(key, label) for key, label, _ in shown]
    if has_moves:
        labels += [("moved", "调整"), ("adjusted", "调整后预算数")]
    columns = [
        StageColumn(key, label, sum((row.amounts[place] or NOTHING for row in rows), NOTHING))
        for place, (key, label) in enumerate(labels)
    ]
    return columns, rows
