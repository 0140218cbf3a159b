"""What the pages of a run show beside its lines: who is left out, and what the budget of the year says."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition
from apps.core import money
from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules.allowances import why_not
from apps.model_workers.rules.honours import AwardClass
from apps.model_workers.rules.run_sheet import RunSheet
from apps.model_workers.selectors.counting import Counting, model_workers
from apps.model_workers.selectors.runs import paid_elsewhere
from apps.model_workers.selectors.stops import facts_of
from apps.people.models.persons import ROSTER_ORDER

SOURCE = "model_workers.retired_by_award_class"
"""The figure of the budget that a run answers to; its parameter `class` names the class."""


@dataclass(frozen=True)
class LeftOut:
    """A model worker of the tree who is not on the roster, and why."""

    public_id: str
    name: str
    union: str
    unit: str
    honours: int
    counted: int
    reason: str


def left_out(run: AllowanceRun) -> list[LeftOut]:
    """Everybody with an honour on the snapshot date who is not on the roster, as the register tells now."""
    people = list(
        model_workers(union_path=run.union.path, as_of=run.snapshot_on, counting=Counting.of(run.rule))
        .exclude(pk__in=AllowanceLine.objects.filter(case=run).values("person"))
        .select_related("union", "unit")
        .only("public_id", "name", "union__name", "union__short_name", "union__path", "unit__name")
        .order_by(*ROSTER_ORDER)
    )
    elsewhere = paid_elsewhere((one.pk for one in people), year=run.year, run=run)
    return [_left_out(one, elsewhere) for one in people]


def _left_out(person: Any, elsewhere: dict[int, str]) -> LeftOut:
    reason = why_not(facts_of(person))
    if not reason:
        other = elsewhere.get(person.pk)
        reason = f"已列入{other}" if other else "计数以后才符合条件"
    return LeftOut(
        public_id=str(person.public_id),
        name=person.name,
        union=person.union.short_name,
        unit=person.unit.name if person.unit else "",
        honours=person.honour_count,
        counted=person.award_count,
        reason=reason,
    )


def reasons_of(people: list[LeftOut]) -> list[tuple[str, int]]:
    """How many stand behind each reason, the most frequent first."""
    counts: dict[str, int] = {}
    for one in people:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


# --- beside the budget -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BudgetLine:
    """A calculation line of the budget that counts one class, beside the class of the run."""

    label: str
    people: int
    listed: int
    bankrupt: int | None
    listed_bankrupt: int
    amount: Decimal
    listed_amount: Decimal

    @property
    def difference(self) -> int:
        return self.listed - self.people

    @property
    def agrees(self) -> bool:
        return (
            self.people == self.listed
            and self.amount == self.listed_amount
            and self.bankrupt in (None, self.listed_bankrupt)
        )


@dataclass(frozen=True)
class BudgetItem:
    """An item of the year's budget that counts the classes of this run."""

    title: str
    edition: str
    url: str
    lines: tuple[BudgetLine, ...]
    listed_people: int
    listed_amount: Decimal

    @property
    def people(self) -> int:
        return sum(line.people for line in self.lines)

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def agrees(self) -> bool:
        return (
            all(line.agrees for line in self.lines)
            and self.people == self.listed_people
            and self.amount == self.listed_amount
        )

    @property
    def words(self) -> str:
        """名册比预算多 1 人、多 2,500.00 元."""
        parts = []
        people, amount = self.listed_people - self.people, self.listed_amount - self.amount
        if people:
            parts.append(f"{'多' if people > 0 else '少'} {abs(people)} 人")
        if amount:
            parts.append(f"{'多' if amount > 0 else '少'} {money.format_yuan(abs(amount))} 元")
        return "名册比预算" + "、".join(parts) if parts else "总数一致，分档不一致"


def budget_items(run: AllowanceRun, sheet: RunSheet, user: User) -> list[BudgetItem]:
    """Items in the newest editions of the union's budgets of that year whose lines are bound to the classes."""
    if not user.may("budget.read"):
        return []
    by_class = {one.award_class: one for one in sheet.classes}
    grouped: dict[int, list[tuple[CalcLine, BudgetLine]]] = {}
    for line in _bound_lines(run, user):
        award = _class_of(line)
        if award is None:
            continue
        own = by_class.get(award)
        grouped.setdefault(line.item_id, []).append(
            (
                line,
                BudgetLine(
                    label=line.label,
                    people=line.people or 0,
                    listed=own.people if own else 0,
                    bankrupt=line.of_which_people,
                    listed_bankrupt=own.bankrupt if own else 0,
                    amount=line.amount or Decimal(0),
                    listed_amount=own.amount if own else Decimal(0),
                ),
            )
        )
    return [
        BudgetItem(
            title=rows[0][0].item.title(run.year),
            edition=f"{rows[0][0].item.edition}",
            url=reverse("budget:item_detail", args=[item_id]),
            lines=tuple(row for _, row in rows),
            listed_people=sheet.people,
            listed_amount=sheet.amount,
        )
        for item_id, rows in grouped.items()
    ]


def _bound_lines(run: AllowanceRun, user: User) -> QuerySet[CalcLine]:
    newest = Edition.objects.filter(plan=OuterRef("item__edition__plan")).order_by("-id").values("pk")[:1]
    return (
        CalcLine.objects.visible_to(user)
        .filter(
            source_key=SOURCE,
            item__edition__plan__fiscal_year=run.year,
            item__edition__plan__union=run.union_id,
            item__edition=Subquery(newest),
        )
        .select_related("item__edition__plan__union", "item__edition__plan__fiscal_year")
        .order_by("item_id", "ordinal", "id")
    )


def _class_of(line: CalcLine) -> AwardClass | None:
    chosen = str(line.source_parameters.get("class", ""))
    return AwardClass(int(chosen)) if chosen in {str(award.value) for award in AwardClass} else None
