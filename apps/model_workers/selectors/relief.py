"""Relief cases read for lists, sums, the page of one case and the budget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from apps.accounts.models import User
from apps.cases.selectors import Objection
from apps.core.errors import Refused
from apps.model_workers.models import ReliefCase, ReliefStandard
from apps.model_workers.rules.honours import Category
from apps.model_workers.rules.relief import (
    GRANTED_STATUSES,
    Granted,
    LineGroup,
    ReliefKind,
    ReliefStatus,
    grant,
    group_of,
    reference_day,
    why_not,
)
from apps.model_workers.selectors.counting import Counting, Workers, model_workers
from apps.people.models import Person

# Whoever holds any honour of a model worker; which of them count towards an allowance does not matter here.
_EVERYBODY = Counting(tuple(Category), higher_counts=True)
_NOTHING = Decimal("0.00")


def relief_people(
    *, union_path: str, year: int, kind: str | None = None, status: str = ReliefStatus.APPROVED
) -> QuerySet[Person]:
    """People with a case of that year in that status, decided in this part of the tree; of all kinds without `kind`."""
    statuses = GRANTED_STATUSES if status == ReliefStatus.APPROVED else (status,)
    cases = ReliefCase.objects.filter(year=year, status__in=statuses, union__path__startswith=union_path)
    if kind is not None:
        cases = cases.filter(kind=kind)
    rows = Q(pk__in=cases.values("person")) | Q(merged_rows__in=cases.values("person"))
    return Person.objects.living_rows().filter(rows).distinct()


# --- before a case is entered --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applicant:
    """What decides whether somebody may be granted relief, on the day that counts."""

    person: Any
    as_of: date
    obstacle: str
    """Why not, as a short phrase; empty when nothing speaks against it."""
    group: LineGroup | None
    """Whose line applies, as the register says; None where it says nothing."""
    honours: int


def applicant(person: Person, *, as_of: date) -> Applicant:
    found = (
        model_workers(union_path=person.union.path, as_of=as_of, counting=_EVERYBODY)
        .filter(pk=person.pk)
        .first()
    )
    if found is None:
        standing = Person.objects.with_standing(as_of).get(pk=person.pk)
        return Applicant(
            person=person,
            as_of=as_of,
            obstacle=why_not(honours=0, life=None, file_status=""),
            group=group_of(getattr(standing, "work", None)),
            honours=0,
        )
    obstacle = why_not(honours=found.honour_count, life=found.life, file_status=found.file_status)
    return Applicant(person, as_of, obstacle, group_of(found.work), found.honour_count)


def candidates(*, viewer: User, words: str, as_of: date, most: int) -> Workers:
    """Model workers in reach by part of a name, its pinyin, the last four digits or the unit."""
    people = Person.objects.visible_to(viewer).living_rows().matching(words)
    workers = model_workers(union_path=viewer.union.path, as_of=as_of, counting=_EVERYBODY)
    return (
        workers.filter(pk__in=people.values("pk"))
        .select_related("union", "unit")
        .order_by("search_text", "pk")[:most]
    )


def standards_on(day: date) -> QuerySet[ReliefStandard]:
    """The lines and caps in force on that day."""
    return (
        ReliefStandard.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day
        )
        .select_related("document")
        .order_by("kind", "group")
    )


def standard_on(day: date, *, kind: str, group: str) -> ReliefStandard:
    """Raises Refused when none is in force for this kind and these people."""
    found = standards_on(day).filter(kind=kind, group=group).first()
    if found is None:
        raise Refused(
            f"{day:%Y-%m-%d} 没有生效的{ReliefKind(kind).label}标准（{LineGroup(group).label}），"
            "请劳模负责人先在“标准与参数”中登记。",
            field="kind",
            code="no_standard",
        )
    return found


def person_rows(person: Person) -> list[int]:
    """The keys under which cases of this person may stand: his own and those of the rows merged into his."""
    return [person.pk, *Person.objects.filter(merged_into=person).values_list("pk", flat=True)]


def other_case(person: Person, *, year: int, besides: int | None = None) -> ReliefCase | None:
    """The case that takes the one relief of this year already."""
    return (
        ReliefCase.objects.live()
        .filter(person__in=person_rows(person), year=year)
        .exclude(pk=besides or 0)
        .first()
    )


# --- lists ---------------------------------------------------------------------------------------------------


def filtered_cases(*, viewer: User, filters: Mapping[str, Any]) -> QuerySet[Any]:
    """Cases in reach, the latest first; empty filters do nothing."""
    cases: QuerySet[Any] = ReliefCase.objects.visible_to(viewer).for_list()
    for name in ("year", "kind", "status"):
        if filters.get(name):
            cases = cases.filter(**{name: filters[name]})
    if filters.get("group"):
        cases = cases.filter(standard__group=filters["group"])
    if filters.get("union"):
        cases = cases.filter(union__path__startswith=filters["union"].path)
    if filters.get("q"):
        people = Person.objects.visible_to(viewer).matching(filters["q"])
        cases = cases.filter(person__in=people.values("pk"))
    return cases


@dataclass(frozen=True)
class KindTotal:
    """What was approved of one kind in a year, in yuan, and what is still under way."""

    kind: str
    label: str
    people: int
    amount: Decimal
    waiting: int


def taken_by(people: Iterable[Person], *, year: int) -> dict[int, ReliefCase]:
    """Which of these people have the relief of this year already, by their key."""
    cases = ReliefCase.objects.live().filter(person__in=[person.pk for person in people], year=year)
    return {case.person_id: case for case in cases}


def yearly_totals(*, viewer: User, year: int) -> list[KindTotal]:
    """Every kind, also those nobody received; one query."""
    approved = Q(status__in=GRANTED_STATUSES)
    rows = (
        ReliefCase.objects.visible_to(viewer)
        .live()
        .filter(year=year)
        .order_by()
        .values("kind")
        .annotate(
            people=Count("person", filter=approved, distinct=True),
            total=Sum("amount", filter=approved),
            waiting=Count("pk", filter=~approved),
        )
    )
    found: dict[str, dict[str, Any]] = {row["kind"]: dict(row) for row in rows}
    return [
        KindTotal(
            kind=kind.value,
            label=str(kind.label),
            people=found.get(kind.value, {}).get("people", 0),
            amount=found.get(kind.value, {}).get("total") or _NOTHING,
            waiting=found.get(kind.value, {}).get("waiting", 0),
        )
        for kind in ReliefKind
    ]


# --- one case ------------------------------------------------------------------------------------------------


def granted_of(case: ReliefCase) -> Granted:
    """How the amount of a case comes about, by the standard it was entered under; no steps if that was corrected since."""
    try:
        return grant(
            kind=case.kind,
            line=case.standard.line,
            cap=case.standard.cap,
            income=case.monthly_income,
            months=case.months,
            asked=case.amount,
            lower_reason=case.lower_reason,
        )
    except Refused:
        return Granted(most=case.amount, amount=case.amount, steps=())


def objection_to(case: ReliefCase, *, today: date) -> Objection:
    """What the register and the standards say against a step forward, as they stand now: somebody may have died between
    entering and approving, begun to draw a pension, or a new line come into force."""
    day = reference_day(year=case.year, today=today)

    def objection(verb: str) -> str:
        if verb not in ("submit", "check", "approve"):
            return ""
        who = applicant(case.person, as_of=day)
        if who.obstacle:
            return f"{case.person.name}{who.obstacle}（{day:%Y-%m-%d}），不能再办理这项救助。"
        if (who.group or "") != case.register_group:
            now_is = LineGroup(who.group).label if who.group else "未登记"
            return f"录入以后，名册里的工作状态已改为适用“{now_is}”，请退回重新填写。"
        if case.is_open:
            try:
                standard = standard_on(day, kind=case.kind, group=case.standard.group)
            except Refused as refused:
                return refused.message
            if standard.pk != case.standard_id:
                return "录入以后救助标准已调整，请打开“修改”重新保存，按现行标准计算。"
        return ""

    return objection
