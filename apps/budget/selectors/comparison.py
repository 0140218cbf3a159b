"""Two editions side by side, item by item, joined by lineage."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from apps.accounts.models import User
from apps.budget.models import Edition, Plan
from apps.budget.rules import wording
from apps.budget.rules.comparison import ItemChange, change_words
from apps.budget.rules.narrative import change_percent, explain_change
from apps.budget.selectors.sheet import NOTHING, ItemRow, edition_sheet

SHOWS: dict[str, str] = {"all": "全部项目", "changed": "有变化的", "added": "新增的", "removed": "不再安排的"}


@dataclass(frozen=True)
class ComparedItem:
    """One row of the comparison with its sentence."""

    change: ItemChange
    sentence: str
    group: str
    group_place: tuple[int, str]

    @property
    def state(self) -> str:
        if self.change.is_added:
            return "added"
        if self.change.is_removed:
            return "removed"
        return "changed" if self.change.is_changed else "same"

    def belongs_to(self, show: str) -> bool:
        return show not in ("changed", "added", "removed") or (
            self.state != "same" if show == "changed" else self.state == show
        )


@dataclass(frozen=True)
class Totals:
    """Sums over rows, in yuan. The three effects add up to the difference."""

    before: Decimal
    after: Decimal
    people_effect: Decimal
    rate_effect: Decimal
    other_effect: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        found = change_percent(self.before, self.after)
        return found if found is None or self.difference >= 0 else -found


def totals_of(items: Iterable[ComparedItem]) -> Totals:
    changes = [item.change for item in items]
    return Totals(
        before=sum((change.before or NOTHING for change in changes), NOTHING),
        after=sum((change.after or NOTHING for change in changes), NOTHING),
        people_effect=sum((change.people_effect for change in changes), NOTHING),
        rate_effect=sum((change.rate_effect for change in changes), NOTHING),
        other_effect=sum((change.other_effect for change in changes), NOTHING),
    )


@dataclass(frozen=True)
class ComparedGroup:
    name: str
    items: tuple[ComparedItem, ...]

    @cached_property
    def totals(self) -> Totals:
        return totals_of(self.items)


@dataclass(frozen=True)
class Comparison:
    """`groups` hold the rows shown; the totals are those of all rows, whatever is shown."""

    before: Edition
    after: Edition
    before_label: str
    after_label: str
    groups: tuple[ComparedGroup, ...]
    totals: Totals
    counts: dict[str, int]

    @property
    def sentence(self) -> str:
        """The total in one sentence, as the groups' sentences are worded."""
        whole = ItemChange(
            title="合计", before=self.totals.before, after=self.totals.after, split=explain_change((), ())
        )
        return change_words(whole, earlier=self.before_label)

    def rows(self) -> list[ComparedItem]:
        return [item for group in self.groups for item in group.items]


def edition_name(edition: Edition, *, year: int) -> str:
    """一上, or 2015年批复 where the edition belongs to another year."""
    return edition.label if edition.plan.year == year else f"{edition.plan.year}年{edition.label}"


def comparable_editions(plan: Plan, user: User) -> list[Edition]:
    """Editions of the plan, newest first, then those of last year's budget of the same union and book."""
    editions = (
        Edition.objects.visible_to(user)
        .filter(
            plan__union=plan.union_id, plan__book=plan.book, plan__fiscal_year__in=(plan.year, plan.year - 1)
        )
        .select_related("plan__union", "plan__fiscal_year", "based_on__plan")
        .order_by("-plan__fiscal_year_id", "-id")
    )
    return list(editions)


def default_pair(plan: Plan, editions: list[Edition]) -> tuple[Edition, Edition] | None:
    """The newest edition against the one before it (or last year's last); None where there is nothing to compare."""
    own = [edition for edition in editions if edition.plan_id == plan.pk]
    if not own:
        return None
    older = editions[editions.index(own[0]) + 1 :]
    return (older[0], own[0]) if older else None


def compare_editions(before: Edition, after: Edition, *, show: str = "all") -> Comparison:
    """Both sheets in full, one row an item; what only one of them has is named as new or gone."""
    year = after.plan.year
    label = edition_name(before, year=year)
    old = {item.record.lineage: item for item in edition_sheet(before).items}
    rows: list[ComparedItem] = []
    for item in edition_sheet(after).items:
        rows.append(_compared(item, old.pop(item.record.lineage, None), item, earlier=label))
    rows += [_compared(item, item, None, earlier=label) for item in old.values()]
    shown = [row for row in rows if row.belongs_to(show)]
    groups: dict[tuple[int, str], list[ComparedItem]] = {}
    for row in shown:
        groups.setdefault(row.group_place, []).append(row)
    return Comparison(
        before=before,
        after=after,
        before_label=label,
        after_label=edition_name(after, year=year),
        groups=tuple(ComparedGroup(items[0].group, tuple(items)) for _, items in sorted(groups.items())),
        totals=totals_of(rows),
        counts={show: sum(1 for row in rows if row.belongs_to(show)) for show in SHOWS},
    )


def _compared(item: ItemRow, before: ItemRow | None, after: ItemRow | None, *, earlier: str) -> ComparedItem:
    """`item` gives the row its title and place: the newer of the two."""
    change = ItemChange(
        title=item.title,
        before=None if before is None else before.amount,
        after=None if after is None else after.amount,
        split=explain_change(before.rule_lines if before else (), after.rule_lines if after else ()),
        moved_before=before.adjustment if before else NOTHING,
        moved_after=after.adjustment if after else NOTHING,
    )
    group = item.record.group
    return ComparedItem(
        change=change,
        sentence=wording.fill(
            change_words(change, earlier=earlier), {"年度": str(item.year), "上年": str(item.year - 1)}
        ),
        group=group.name,
        group_place=(group.ordinal, group.code),
    )
