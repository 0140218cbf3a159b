"""The exam of a year read for its pages, its papers and the budget."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from apps.accounts.models import Union, User
from apps.budget.models import CalcLine, Edition, Item
from apps.budget.rules.stages import Status
from apps.cases.selectors import facts_as_decided
from apps.model_workers.models import Exam, ExamBill, ExamInvitation, Hospital
from apps.model_workers.rules.exams import ExamMoney, why_not_closable
from apps.model_workers.selectors.counting import Counting, Workers, exam_eligible, model_workers
from apps.people.models import Person
from apps.people.rules.names import spoken

BUDGET_SOURCE = "model_workers.exam_eligible"
"""The figure that a calculation line of the budget is bound to when it pays for the exam."""
NO_HOSPITAL = "none"
PENDING, ATTENDED, ABSENT = "pending", "attended", "absent"
ABSENCE_LABELS = [
    *((value, str(label)) for value, label in ExamInvitation.Absence.choices),
    ("", "未登记"),
]
_NOTHING = Decimal("0.00")
_LAST = "\uffff"  # people without a unit stand behind those with one


def exam_attended(*, union_path: str, year: int) -> QuerySet[Person]:
    """Who came to an exam of that year which a union of this part of the tree held, each once."""
    came = ExamInvitation.objects.attended().filter(case__union__path__startswith=union_path, case__year=year)
    rows = Q(pk__in=came.values("person")) | Q(merged_rows__in=came.values("person"))
    return Person.objects.living_rows().filter(rows).distinct()


# --- who is on the roster ------------------------------------------------------------------------------------


def eligible(exam: Exam) -> Workers:
    """Everybody the exam's rule invites on the day of its roster; the exam comes with its union and rule."""
    workers = model_workers(
        union_path=exam.union.path, as_of=exam.snapshot_on, counting=Counting((), higher_counts=False)
    )
    return exam_eligible(
        workers, levels=list(exam.rule.levels), minimum_age=exam.rule.minimum_age, as_of=exam.snapshot_on
    )


def in_tree_order(people: Workers) -> list[int]:
    """Keys of people by union, unit and the pinyin of the name: the order in which slips are numbered."""
    rows = people.values_list("pk", "union__path", "unit__name", "search_text")
    ordered = sorted((path, unit or _LAST, spoken(words), pk) for pk, path, unit, words in rows)
    return [pk for *_, pk in ordered]


@dataclass(frozen=True)
class RosterDifference:
    """The roster against the register as it stands now."""

    came: tuple[int, ...]
    """Keys of people to be added, in the order of the tree."""
    came_names: tuple[str, ...]
    went: tuple[ExamInvitation, ...]
    """No longer eligible and nothing says that they came: they leave the roster."""
    stay: tuple[ExamInvitation, ...]
    """No longer eligible, but they came: they stay."""

    @property
    def is_empty(self) -> bool:
        return not (self.came or self.went)


def roster_difference(exam: Exam) -> RosterDifference:
    """Who is eligible and not on the roster, and who is on it without being eligible any more."""
    invited = {row.person_id: row for row in exam.invitations.select_related("person")}
    ordered = in_tree_order(eligible(exam))
    came = [pk for pk in ordered if pk not in invited]
    names = dict(Person.objects.filter(pk__in=came).values_list("pk", "name"))
    still = set(ordered)
    gone = [
        row for pk, row in sorted(invited.items(), key=lambda pair: pair[1].slip_number) if pk not in still
    ]
    return RosterDifference(
        came=tuple(came),
        came_names=tuple(names[pk] for pk in came),
        went=tuple(row for row in gone if row.attended_on is None),
        stay=tuple(row for row in gone if row.attended_on is not None),
    )


def roster(exam: Exam, *, viewer: User, filters: Mapping[str, Any] | None = None) -> QuerySet[ExamInvitation]:
    """The roster as the viewer may see it; empty filters do nothing."""
    rows = ExamInvitation.objects.visible_to(viewer).filter(case=exam).for_list()
    chosen = filters or {}
    if chosen.get("q"):
        people = Person.objects.visible_to(viewer).matching(chosen["q"])
        rows = rows.filter(person__in=people.values("pk"))
    if chosen.get("union"):
        rows = rows.filter(person__union__path__startswith=chosen["union"].path)
    if chosen.get("hospital") == NO_HOSPITAL:
        rows = rows.filter(hospital__isnull=True)
    elif chosen.get("hospital"):
        rows = rows.filter(hospital=int(chosen["hospital"]))
    return _in_state(rows, chosen.get("state") or "")


def _in_state(rows: QuerySet[ExamInvitation], state: str) -> QuerySet[ExamInvitation]:
    if state == PENDING:
        return rows.filter(attended_on__isnull=True, absence="")
    if state == ATTENDED:
        return rows.filter(attended_on__isnull=False)
    if state == ABSENT:
        return rows.exclude(absence="")
    return rows.filter(absence=state) if state else rows


# --- counts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExamCounts:
    invited: int = 0
    attended: int = 0
    absent: int = 0

    @property
    def pending(self) -> int:
        return self.invited - self.attended - self.absent


_COUNTS: dict[str, Any] = {
    "invited": Count("pk"),
    "attended": Count("pk", filter=Q(attended_on__isnull=False)),
    "absent": Count("pk", filter=~Q(absence="")),
}


def exam_counts(exam_ids: Iterable[int]) -> dict[int, ExamCounts]:
    """Invited, came, did not come: of several exams in one query."""
    rows: Any = (
        ExamInvitation.objects.filter(case__in=list(exam_ids)).order_by().values("case").annotate(**_COUNTS)
    )
    return {row["case"]: _counts(row) for row in rows}


def _counts(row: Mapping[str, Any]) -> ExamCounts:
    return ExamCounts(row["invited"], row["attended"], row["absent"])


@dataclass(frozen=True)
class HospitalRow:
    """What one hospital has to do in an exam; `hospital` is None for those who were sent to none yet."""

    hospital: Hospital | None
    counts: ExamCounts
    bill: ExamBill | None

    @property
    def key(self) -> str:
        return NO_HOSPITAL if self.hospital is None else str(self.hospital.pk)

    @property
    def name(self) -> str:
        return "未安排医院" if self.hospital is None else self.hospital.name

    @property
    def needs_bill(self) -> bool:
        return self.bill is None and self.counts.attended > 0


def hospital_rows(exam: Exam) -> list[HospitalRow]:
    """Every hospital people were sent to, and those sent to none."""
    counted: Any = exam.invitations.order_by().values("hospital").annotate(**_COUNTS)
    counts: dict[int | None, ExamCounts] = {row["hospital"]: _counts(row) for row in counted}
    bills = {bill.hospital_id: bill for bill in exam.bills.select_related("hospital", "created_by")}
    hospitals = Hospital.objects.filter(
        pk__in=[key for key in {*counts, *bills} if key is not None]
    ).order_by("name")
    rows = [
        HospitalRow(hospital, counts.get(hospital.pk, ExamCounts()), bills.get(hospital.pk))
        for hospital in hospitals
    ]
    return [*rows, HospitalRow(None, counts[None], None)] if None in counts else rows


@dataclass(frozen=True)
class AbsenceTable:
    """Reasons by union: who did not come and why, with sums."""

    reasons: tuple[tuple[str, str], ...]
    """(value, label) of the reasons that occur; `pending` is one of them."""
    rows: tuple[tuple[Union, tuple[int, ...], int], ...]
    totals: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.totals)


def absence_table(exam: Exam, *, viewer: User) -> AbsenceTable:
    """Everybody of the roster who did not come, by union and reason."""
    counted = (
        roster(exam, viewer=viewer)
        .filter(attended_on__isnull=True)
        .order_by()
        .values("person__union", "absence")
        .annotate(people=Count("pk"))
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in counted:
        found[row["person__union"]][row["absence"] or PENDING] = row["people"]
    occurring = {reason for counts in found.values() for reason in counts}
    reasons = tuple(
        (value or PENDING, label) for value, label in ABSENCE_LABELS if (value or PENDING) in occurring
    )
    rows = []
    for union in Union.objects.filter(pk__in=found).in_tree_order():
        counts = tuple(found[union.pk].get(value, 0) for value, _ in reasons)
        rows.append((union, counts, sum(counts)))
    totals = tuple(sum(counts[place] for _, counts, _ in rows) for place in range(len(reasons)))
    return AbsenceTable(reasons, tuple(rows), totals)


# --- money ---------------------------------------------------------------------------------------------------


def budget_of(exam: Exam) -> tuple[Decimal | None, str]:
    """What the budget gives for the exam in yuan, and where that comes from.

    The calculation lines of the union's budgets of that year which count the people invited, each at the newest
    approved edition (else the newest); without such a line what was typed with the exam.
    """
    editions = Edition.objects.filter(plan__union=exam.union_id, plan__fiscal_year=exam.year)
    chosen: dict[int, Edition] = {}
    for edition in editions.select_related("plan__union").order_by("pk"):
        known = chosen.get(edition.plan_id)
        if known is None or edition.status == Status.APPROVED or known.status != Status.APPROVED:
            chosen[edition.plan_id] = edition
    lines = CalcLine.objects.filter(
        source_key=BUDGET_SOURCE, item__edition__in=[one.pk for one in chosen.values()]
    )
    found = list(lines.values_list("amount", "item", "item__edition"))
    if not found:
        return exam.budget_amount, "登记的预算金额" if exam.budget_amount is not None else ""
    moved = Item.objects.filter(pk__in={item for _, item, _ in found}).with_adjustment()
    amount = sum((amount for amount, _, _ in found), _NOTHING)
    amount += sum((item.adjustment for item in moved), _NOTHING)
    used = {edition for _, _, edition in found}
    names = [
        f"{edition.plan.get_book_display()}{edition.label}"
        for edition in chosen.values()
        if edition.pk in used
    ]
    return amount, f"{exam.year}年{'、'.join(names)}"


def money_of(exam: Exam) -> ExamMoney:
    """Once submitted, what the budget gave then."""
    billed = exam.bills.aggregate(total=Sum("amount"))["total"] or _NOTHING
    kept = facts_as_decided(exam)
    if kept is None:
        amount, source = budget_of(exam)
    else:
        amount, source = kept["budget"] and Decimal(kept["budget"]), kept["budget_source"]
    return ExamMoney(budget=amount, billed=billed, source=source)


def obstacles(exam: Exam) -> tuple[str, ...]:
    """What is missing before the exam can be closed, in sentences."""
    pending = list(exam.invitations.pending().order_by("slip_number").values_list("slip_number", flat=True))
    came = exam.invitations.attended().exclude(hospital__in=exam.bills.values("hospital"))
    unbilled = list(
        came.order_by("hospital__name").values_list("hospital__name").annotate(people=Count("pk"))
    )
    return why_not_closable(people=exam.invitations.count(), pending=pending, unbilled=unbilled)


# --- slips as typed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slips:
    """The rows behind slip numbers that somebody typed, and the numbers no slip has."""

    rows: tuple[ExamInvitation, ...]
    unknown: tuple[int, ...]


def slips_of(exam: Exam, numbers: Sequence[int], *, viewer: User) -> Slips:
    rows = tuple(roster(exam, viewer=viewer).filter(slip_number__in=list(numbers)))
    known = {row.slip_number for row in rows}
    return Slips(rows, tuple(number for number in numbers if number not in known))
