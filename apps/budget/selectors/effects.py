"""What other figures in the lines of an item would make of the item, its group and the whole; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.budget.rules import calculation
from apps.budget.selectors.sheet import GroupRow, ItemRow, LineRow, Sheet


@dataclass(frozen=True)
class Trial:
    """Figures tried in one line; None leaves the line's own. `came` and `went` name rows of its source."""

    people: int | None = None
    of_which_people: int | None = None
    rate: Decimal | None = None
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()


@dataclass(frozen=True)
class Before:
    """An amount as it stands and as it would stand, in yuan."""

    label: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class LineEffect:
    row: LineRow
    tried: calculation.Line
    trial: Trial

    @property
    def amount(self) -> Before:
        return Before(self.row.line.label, self.row.amount, self.tried.amount or Decimal("0.00"))


@dataclass(frozen=True)
class Effect:
    """The lines of the item, then item, group and whole, before and after."""

    lines: tuple[LineEffect, ...]
    item: Before
    group: Before
    whole: Before
    people_before: int
    people_after: int
    sentence: str

    @property
    def sums(self) -> tuple[Before, Before, Before]:
        return (self.item, self.group, self.whole)


def tried_line(line: calculation.Line, trial: Trial) -> calculation.Line:
    """The line with the figures of the trial. Raises Refused when they contradict each other."""
    tried = replace(
        line,
        people=line.people if trial.people is None else trial.people,
        of_which_people=line.of_which_people if trial.of_which_people is None else trial.of_which_people,
        rate=line.rate if trial.rate is None else trial.rate,
    )
    calculation.require_sound(tried)
    return tried


def effect_of(sheet: Sheet, item: ItemRow, trials: Mapping[int, Trial]) -> Effect:
    """The effect of the trials, by id of the line. Raises Refused when a line would contradict itself."""
    lines = tuple(
        LineEffect(row, tried_line(row.line, trial), trial)
        for row in item.lines
        for trial in (trials.get(row.record.pk, Trial()),)
    )
    change = sum((line.amount.change for line in lines), Decimal("0.00"))
    group = _group_of(sheet, item)
    return Effect(
        lines=lines,
        item=Before(item.title, item.amount, item.amount + change),
        group=Before(f"{group.group.name}小计", group.amount, group.amount + change),
        whole=Before("合计", sheet.amount, sheet.amount + change),
        people_before=item.people,
        people_after=sum(line.tried.people or 0 for line in lines),
        sentence=calculation.sentence(tuple(line.tried for line in lines), counted_as=item.record.counted_as),
    )


def _group_of(sheet: Sheet, item: ItemRow) -> GroupRow:
    return next(group for group in sheet.groups if group.group.pk == item.record.group_id)
