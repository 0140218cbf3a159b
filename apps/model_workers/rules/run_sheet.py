"""The classes of a run and the sentence that tells them as the budget does. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from apps.budget.rules import calculation
from apps.budget.rules.calculation import Line, Method
from apps.core import money
from apps.model_workers.rules.honours import AwardClass

COUNTED_AS = "离退休市级劳模"
BANKRUPT = "破产或撤销企业劳模"
# As the classes follow each other in the sentence of the budget.
CLASS_WORDS: dict[AwardClass, str] = {
    AwardClass.ONCE: "市级劳模荣誉获得一次",
    AwardClass.TWICE: "获得二次",
    AwardClass.THREE_OR_MORE: "获得三次及其以上",
}


@dataclass(frozen=True)
class ClassCount:
    """One class. `standard` in yuan a year, None where nobody is paid a whole year; the partial are in `people` too."""

    award_class: AwardClass
    people: int
    bankrupt: int
    standard: Decimal | None
    amount: Decimal
    partial: int = 0
    partial_bankrupt: int = 0
    partial_amount: Decimal = Decimal(0)

    @property
    def label(self) -> str:
        return str(self.award_class.label)

    @property
    def line(self) -> Line:
        """The people paid a whole year, as a line of the budget."""
        bankrupt = self.bankrupt - self.partial_bankrupt
        return Line(
            method=Method.TIERED,
            label=CLASS_WORDS[self.award_class],
            people=self.people - self.partial,
            of_which_label=BANKRUPT if bankrupt else "",
            of_which_people=bankrupt or None,
            rate=self.standard,
        )


@dataclass(frozen=True)
class RunSheet:
    """All classes of one run."""

    classes: tuple[ClassCount, ...]

    @property
    def people(self) -> int:
        return sum(one.people for one in self.classes)

    @property
    def bankrupt(self) -> int:
        return sum(one.bankrupt for one in self.classes)

    @property
    def partial(self) -> int:
        return sum(one.partial for one in self.classes)

    @property
    def amount(self) -> Decimal:
        return sum((one.amount for one in self.classes), Decimal("0.00"))

    @property
    def lines(self) -> tuple[Line, ...]:
        """As calculation lines of the budget: the classes, then those paid by month as one sum."""
        lines = [one.line for one in self.classes if one.people > one.partial]
        by_month = sum((one.partial_amount for one in self.classes), Decimal(0))
        if self.partial:
            lines.append(
                Line(
                    method=Method.ACTUAL, label=f"当年情况变动按月折算{self.partial}人", fixed_amount=by_month
                )
            )
        return tuple(lines)

    @property
    def sentence(self) -> str:
        """The 测算句 of the budget, word for word."""
        return calculation.sentence(self.lines, counted_as=COUNTED_AS)

    @property
    def whole_sentence(self) -> str:
        return f"{self.sentence}，共计{money.format_plain(self.amount)}元" if self.classes else ""
