"""An adjustment edition as its page shows it: 批复数, 调整, 调整后预算数 of each item, and the movements registered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from apps.accounts.models import User
from apps.budget.models import Adjustment, Edition, Item, ItemGroup
from apps.budget.selectors.sheet import NOTHING

Kind = Adjustment.Kind


@dataclass(frozen=True)
class Movement:
    """One registered movement. A transfer is told once, from one item to another. Amount in yuan, always positive."""

    pk: int
    kind: str
    label: str
    amount: Decimal
    from_title: str
    to_title: str
    reason: str
    created_by: User
    created_at: datetime
    pair: UUID | None = None


@dataclass(frozen=True)
class AdjustedItem:
    """One item. `earlier` is what former adjustment editions moved, the rest is this edition's."""

    item: Item
    title: str
    ratified: Decimal
    earlier: Decimal
    transferred: Decimal
    added: Decimal
    cut: Decimal
    is_new: bool

    @property
    def moved(self) -> Decimal:
        """调整: everything since 批复."""
        return self.earlier + self.transferred + self.added + self.cut

    @property
    def adjusted(self) -> Decimal:
        """调整后预算数."""
        return self.ratified + self.moved

    @property
    def is_untouched(self) -> bool:
        return not (self.transferred or self.added or self.cut)


@dataclass(frozen=True)
class AdjustedGroup:
    group: ItemGroup
    items: tuple[AdjustedItem, ...]

    def total(self, name: str) -> Decimal:
        return sum((getattr(item, name) for item in self.items), NOTHING)

    @property
    def sums(self) -> dict[str, Decimal]:
        return {name: self.total(name) for name in _AMOUNTS}


_AMOUNTS = ("ratified", "earlier", "transferred", "added", "cut", "moved", "adjusted")


@dataclass(frozen=True)
class AdjustmentSheet:
    edition: Edition
    groups: tuple[AdjustedGroup, ...]
    movements: tuple[Movement, ...]

    @cached_property
    def items(self) -> tuple[AdjustedItem, ...]:
        return tuple(item for group in self.groups for item in group.items)

    @cached_property
    def sums(self) -> dict[str, Decimal]:
        return {name: sum((getattr(item, name) for item in self.items), NOTHING) for name in _AMOUNTS}

    @property
    def given(self) -> Decimal:
        """调出 of this edition; always equal to what is taken."""
        return sum(
            (move.amount for move in self.movements if move.kind == Kind.TRANSFER and move.from_title),
            NOTHING,
        )

    @property
    def taken(self) -> Decimal:
        """调入 of this edition."""
        return sum(
            (move.amount for move in self.movements if move.kind == Kind.TRANSFER and move.to_title), NOTHING
        )

    @property
    def has_earlier(self) -> bool:
        return self.edition.sequence > 1


def adjustment_sheet(edition: Edition) -> AdjustmentSheet:
    """Items with their movements, in three queries."""
    year = edition.plan.year
    items = list(
        Item.objects.filter(edition=edition)
        .with_amount()
        .with_adjustment()
        .select_related("group")
        .order_by("group__ordinal", "group__code", "ordinal", "id")
    )
    moves = list(Adjustment.objects.filter(item__edition=edition).select_related("created_by").order_by("id"))
    known = set(
        Item.objects.filter(edition=edition.based_on_id).values_list("lineage", flat=True)
        if edition.based_on_id is not None
        else ()
    )
    rows: dict[int, tuple[ItemGroup, list[AdjustedItem]]] = {}
    for item in items:
        own = dict.fromkeys(Kind.values, NOTHING)
        for move in moves:
            if move.item_id == item.pk:
                own[move.kind] += move.amount
        _, found = rows.setdefault(item.group_id, (item.group, []))
        found.append(
            AdjustedItem(
                item=item,
                title=item.title(year),
                ratified=item.amount,
                earlier=item.adjustment - sum(own.values(), NOTHING),
                transferred=own[Kind.TRANSFER],
                added=own[Kind.ADDITION],
                cut=own[Kind.CUT],
                is_new=item.lineage not in known,
            )
        )
    titles = {item.pk: item.title(year) for item in items}
    return AdjustmentSheet(
        edition=edition,
        groups=tuple(AdjustedGroup(group, tuple(found)) for group, found in rows.values()),
        movements=_movements(moves, titles),
    )


def _movements(moves: Sequence[Adjustment], titles: dict[int, str]) -> tuple[Movement, ...]:
    """Each addition and cut, and each transfer once (told by the row that gives)."""
    taken = {move.pair: move for move in moves if move.kind == Kind.TRANSFER and move.amount > 0}
    found: list[Movement] = []
    for move in moves:
        is_transfer = move.kind == Kind.TRANSFER
        if is_transfer and move.amount > 0:
            continue
        other = taken.get(move.pair) if is_transfer else None
        gives = titles[move.item_id] if move.amount < 0 else ""
        takes = (
            titles[other.item_id] if other is not None else titles[move.item_id] if move.amount > 0 else ""
        )
        found.append(
            Movement(
                pk=move.pk,
                kind=move.kind,
                label=str(Kind(move.kind).label),
                amount=abs(move.amount),
                from_title=gives,
                to_title=takes,
                reason=move.reason,
                created_by=move.created_by,
                created_at=move.created_at,
                pair=move.pair,
            )
        )
    return tuple(found)


def adjusted_amount(item_id: int) -> Decimal:
    """调整后预算数 of one item now, in yuan."""
    item = Item.objects.filter(pk=item_id).with_amount().with_adjustment().get()
    return item.amount + item.adjustment
