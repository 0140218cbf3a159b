"""How the change of an item between two versions is told: people, standard, the rest, and one sentence."""

from dataclasses import dataclass
from decimal import Decimal

from apps.budget.rules.narrative import (
    Cause,
    ChangeSplit,
    amount_words,
    change_percent,
    direction,
    percent_words,
)

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class ItemChange:
    """One item before and after, in yuan; None where the version did not have it.

    `split` compares the calculations; `moved_before` and `moved_after` are the adjustments (调剂、追加、追减) that stand
    in the amounts beside them.
    """

    title: str
    before: Decimal | None
    after: Decimal | None
    split: ChangeSplit
    moved_before: Decimal = ZERO
    moved_after: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return (self.after or ZERO) - (self.before or ZERO)

    @property
    def percent(self) -> Decimal | None:
        """Signed, one decimal; None on a zero or missing base."""
        if self.after is None:
            return None
        found = change_percent(self.before, self.after)
        return found if found is None or self.difference >= 0 else -found

    @property
    def is_added(self) -> bool:
        return self.before is None

    @property
    def is_removed(self) -> bool:
        return self.after is None

    @property
    def is_changed(self) -> bool:
        """Also when figures moved and the amount stayed."""
        return self.is_added or self.is_removed or bool(self.difference or self.split.details())

    @property
    def _lived_on(self) -> bool:
        return not (self.is_added or self.is_removed)

    @property
    def people_effect(self) -> Decimal:
        """人数因素 (and 数量因素, where something else than people is counted)."""
        if not self._lived_on:
            return ZERO
        return self.split.amount_of(Cause.PEOPLE) + self.split.amount_of(Cause.QUANTITY)

    @property
    def rate_effect(self) -> Decimal:
        """标准因素."""
        return self.split.amount_of(Cause.RATE) if self._lived_on else ZERO

    @property
    def other_effect(self) -> Decimal:
        """All the rest: items new or gone, base, quota, adjustments. With the other two exactly the difference."""
        return self.difference - self.people_effect - self.rate_effect

    @property
    def moved(self) -> Decimal:
        """What adjustments after 批复 contributed to the difference."""
        return self.moved_after - self.moved_before


def change_words(change: ItemChange, *, earlier: str) -> str:
    """One sentence: by how much and by what the item differs from `earlier`; no factor is left out."""
    if change.is_added:
        return f"比{earlier}新增，安排{amount_words(change.after or ZERO)}。"
    if change.is_removed:
        return f"{earlier}安排{amount_words(change.before or ZERO)}，现不再安排。"
    if not change.is_changed:
        return f"与{earlier}持平。"
    if change.difference:
        head = f"比{earlier}{direction(change.difference)}{amount_words(abs(change.difference))}"
        if not change.before:
            head += "（基数为零，不计算增幅）"
        share = percent_words(change.before, change.after or ZERO)
        head = "，".join(part for part in (head, share) if part)
    else:
        head = f"与{earlier}持平"
    causes = [change.split.factors_sentence()]
    if change.moved:
        causes.append(f"调剂、追加、追减净{direction(change.moved)}{amount_words(abs(change.moved))}")
    told = "，".join(cause for cause in causes if cause)
    details = "；".join(change.split.details())
    return f"{head}{f'：{told}' if told else ''}。{f'{details}。' if details else ''}"
