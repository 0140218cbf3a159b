"""The whole of an edition as one value: groups, items, lines and every sum, counted from living rows."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from apps.budget.models import CalcLine, Edition, Indicator, Item, ItemGroup, PolicyDocument
from apps.budget.rules import calculation, wording
from apps.budget.rules.stages import Stage
from apps.core import money

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class LineRow:
    """One calculation line with its amount as the database computed it."""

    record: CalcLine
    line: calculation.Line
    amount: Decimal

    @property
    def missing(self) -> list[str]:
        return calculation.missing_figures(self.line)


@dataclass(frozen=True)
class Citation:
    document: PolicyDocument
    article: str

    def text(self) -> str:
        return f"{self.document.citation()}{self.article}"


@dataclass(frozen=True)
class ItemRow:
    """One item of the sheet. `number` is its printed place in the group, from 1."""

    record: Item
    number: int
    year: int
    lines: tuple[LineRow, ...]
    citations: tuple[Citation, ...]
    indicators: tuple[Indicator, ...]
    ratified_amount: Decimal
    adjustment: Decimal

    @property
    def title(self) -> str:
        return self.record.title(self.year)

    @property
    def identity(self) -> str:
        """The same in all editions and years."""
        return str(self.record.lineage)

    @property
    def amount(self) -> Decimal:
        """What the item stands at: the calculation, after an adjustment edition also its movements (调整后预算数)."""
        return self.ratified_amount + self.adjustment

    @property
    def prior_amount(self) -> Decimal | None:
        return self.record.prior_amount

    @property
    def change(self) -> Decimal | None:
        return None if self.prior_amount is None else self.amount - self.prior_amount

    @cached_property
    def rule_lines(self) -> tuple[calculation.Line, ...]:
        return tuple(row.line for row in self.lines)

    @property
    def has_basis(self) -> bool:
        return calculation.has_basis(self.rule_lines)

    @property
    def people(self) -> int:
        return sum(row.line.people or 0 for row in self.lines)

    @property
    def sentence(self) -> str:
        told = calculation.sentence(self.rule_lines, counted_as=self.record.counted_as)
        return calculation.adjusted_sentence(
            told, calculated=self.ratified_amount, adjustment=self.adjustment
        )

    def placeholders(self) -> dict[str, str]:
        """Values of wording.ITEM_PLACEHOLDERS for this item."""
        rates = list(
            dict.fromkeys(
                money.format_plain(row.line.rate) for row in self.lines if row.line.rate is not None
            )
        )
        return {
            "依据": "和".join(citation.text() for citation in self.citations),
            "测算句": self.sentence,
            "人数": str(self.people),
            "标准": "、".join(rates),
            "金额": money.format_plain(self.amount),
            "万元": money.format_wan(self.amount),
            "大写": money.capital(self.amount),
            "年度": str(self.year),
            "上年": str(self.year - 1),
        }

    def explanation(self) -> str:
        """The 说明 of the item with all placeholders filled."""
        return wording.fill(self.record.purpose, self.placeholders())


@dataclass(frozen=True)
class GroupRow:
    group: ItemGroup
    items: tuple[ItemRow, ...]

    @property
    def amount(self) -> Decimal:
        return sum((item.amount for item in self.items), NOTHING)

    @property
    def prior_amount(self) -> Decimal | None:
        known = [item.prior_amount for item in self.items if item.prior_amount is not None]
        return sum(known, NOTHING) if known else None


@dataclass(frozen=True)
class Sheet:
    """An edition in full. Sums are made here once, over the items' own sums made by the database."""

    edition: Edition
    groups: tuple[GroupRow, ...]

    @property
    def year(self) -> int:
        return self.edition.plan.year

    @property
    def is_adjustment(self) -> bool:
        return self.edition.stage == Stage.ADJUSTMENT

    @cached_property
    def items(self) -> tuple[ItemRow, ...]:
        return tuple(item for group in self.groups for item in group.items)

    @property
    def amount(self) -> Decimal:
        return sum((group.amount for group in self.groups), NOTHING)

    @property
    def prior_amount(self) -> Decimal | None:
        known = [group.prior_amount for group in self.groups if group.prior_amount is not None]
        return sum(known, NOTHING) if known else None

    def documents(self) -> list[PolicyDocument]:
        """Every cited document once, in the order of first citation."""
        seen: dict[int, PolicyDocument] = {}
        for item in self.items:
            for citation in item.citations:
                seen.setdefault(citation.document.pk, citation.document)
        return list(seen.values())


def rule_line(record: CalcLine, year: int | None = None) -> calculation.Line:
    """The values of a stored line, for the pure rules; with a year the label's {年度} is filled."""
    label = record.label
    if year is not None:
        label = wording.fill(label, {"年度": str(year), "上年": str(year - 1)})
    return calculation.Line(
        method=record.method,
        label=label,
        people=record.people,
        unit=record.unit,
        of_which_label=record.of_which_label,
        of_which_people=record.of_which_people,
        rate=record.rate,
        base_amount=record.base_amount,
        ratio=record.ratio,
        share=record.share,
        share_basis=record.share_basis,
        fixed_amount=record.fixed_amount,
        note=record.note,
        key=record.label,
    )


def _row(item: Item, *, number: int, year: int) -> ItemRow:
    return ItemRow(
        record=item,
        number=number,
        year=year,
        lines=tuple(
            LineRow(record=line, line=rule_line(line, year), amount=line.amount or NOTHING)
            for line in item.lines.all()
        ),
        citations=tuple(Citation(citation.document, citation.article) for citation in item.citations.all()),
        indicators=tuple(item.indicators.all()),
        ratified_amount=item.amount,
        adjustment=item.adjustment,
    )


def edition_sheet(edition: Edition) -> Sheet:
    """Read the edition in five queries, however many items it has."""
    year = edition.plan.year
    groups: dict[int, tuple[ItemGroup, list[ItemRow]]] = {}
    for item in Item.objects.filter(edition=edition).for_document():
        _, rows = groups.setdefault(item.group_id, (item.group, []))
        rows.append(_row(item, number=len(rows) + 1, year=year))
    return Sheet(
        edition=edition, groups=tuple(GroupRow(group, tuple(rows)) for group, rows in groups.values())
    )


def item_row(item: Item) -> ItemRow:
    """One item as it stands in its edition's sheet."""
    before = Item.objects.filter(
        edition_id=item.edition_id, group_id=item.group_id, ordinal__lt=item.ordinal
    ).count()
    full = Item.objects.for_document().select_related("edition__plan").get(pk=item.pk)
    return _row(full, number=before + 1, year=full.edition.plan.year)
