"""Relief cases read for lists, sums, the page of one case and the budget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.core.history import TimelineEntry
from apps.core.workflow import Choice, StageStep
from apps.model_workers.models import ReliefCase, ReliefDecision, ReliefStandard
from apps.model_workers.rules.honours import Category
from apps.model_workers.rules.relief import (
    FLOW,
    OPEN_STATUSES,
    LineGroup,
    ReliefKind,
    ReliefStatus,
    group_of,
    require_other_person,
    why_not,
)
from apps.model_workers.selectors.counting import Counting, Workers, model_workers
from apps.people.models import Person

ENTERING = ("录入困难救助", "修改困难救助")
"""Actions in the history that wrote the content of a case."""
# Whoever holds any honour of a model worker; which of them count towards an allowance does not matter here.
_EVERYBODY = Counting(tuple(Category), higher_counts=True)
_NOTHING = Decimal("0.00")
_NEXT: dict[str, tuple[str, str]] = {
    ReliefStatus.SUBMITTED: ("relief.check", "劳模负责人"),
    ReliefStatus.CHECKED: ("relief.approve", "分管副主席"),
}


def relief_people(
    *, union_path: str, year: int, kind: str | None = None, status: str = ReliefStatus.APPROVED
) -> QuerySet[Person]:
    """People of this part of the tree with a case of that year in that status; of all kinds without `kind`."""
    cases = ReliefCase.objects.filter(year=year, status=status)
    if kind is not None:
        cases = cases.filter(kind=kind)
    rows = Q(pk__in=cases.values("person")) | Q(merged_rows__in=cases.values("person"))
    return Person.objects.living_rows().filter(rows, union__path__startswith=union_path).distinct()


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


def filtered_cases(*, viewer: User, filters: Mapping[str, Any]) -> QuerySet[ReliefCase]:
    """Cases in reach, the latest first; empty filters do nothing."""
    cases = ReliefCase.objects.visible_to(viewer).for_list()
    for name in ("year", "kind", "status"):
        if filters.get(name):
            cases = cases.filter(**{name: filters[name]})
    if filters.get("group"):
        cases = cases.filter(standard__group=filters["group"])
    if filters.get("union"):
        cases = cases.filter(person__union__path__startswith=filters["union"].path)
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
    approved = Q(status=ReliefStatus.APPROVED)
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


def entered_by(case: ReliefCase) -> frozenset[int]:
    """Who wrote or submitted the case, in any round."""
    events = apps.get_model("model_workers", "ReliefCaseEvent").objects.filter(
        pgh_obj_id=case.pk, pgh_context__action__in=ENTERING
    )
    users = set(events.order_by().values_list("pgh_context__user", flat=True).distinct())
    users |= set(case.decisions.filter(action="submit").values_list("actor_id", flat=True))
    return frozenset({case.created_by_id, *users} - {None})


def acted(case: ReliefCase) -> frozenset[int]:
    """Who took a step of the present round."""
    steps = case.decisions.filter(round=case.round).exclude(action="withdraw")
    return frozenset(steps.values_list("actor_id", flat=True))


_WAY = (
    (ReliefStatus.DRAFT, "录入"),
    (ReliefStatus.SUBMITTED, "审核"),
    (ReliefStatus.CHECKED, "审批"),
    (ReliefStatus.APPROVED, "已审批"),
)
_TONES = {"approve": "green", "reject": "red", "return": "amber"}


@dataclass(frozen=True)
class CasePage:
    choices: tuple[Choice, ...]
    stages: tuple[StageStep, ...]
    entries: tuple[TimelineEntry, ...]
    waiting_on: str
    """Whose turn it is, for those who cannot take the case further now."""


def case_page(case: ReliefCase, *, viewer: User) -> CasePage:
    """The steps, what was decided, and how far the case is."""
    choices = choices_for(case, viewer)
    labels = {step.action: step.label for step in FLOW.steps}
    waiting = _NEXT[case.status][1] if case.status in _NEXT else ""
    return CasePage(
        choices=tuple(choices),
        stages=_stages(case),
        entries=tuple(
            TimelineEntry(
                at=one.at,
                who=str(one.actor),
                role=one.roles,
                action=labels[one.action],
                note=one.note,
                tone=_TONES.get(one.action, ""),
            )
            for one in reversed(decisions_of(case))
        ),
        waiting_on="" if any(choice.is_main and not choice.blocked for choice in choices) else waiting,
    )


def _stages(case: ReliefCase) -> tuple[StageStep, ...]:
    ended = {ReliefStatus.REJECTED: "不予救助", ReliefStatus.WITHDRAWN: "已取消"}.get(
        ReliefStatus(case.status)
    )
    if ended:
        return (StageStep("录入", "done"), StageStep(ended, "current"))
    status = ReliefStatus.DRAFT if case.status == ReliefStatus.RETURNED else case.status
    place = [value for value, _ in _WAY].index(ReliefStatus(status))
    note = "退回修改" if case.status == ReliefStatus.RETURNED else ""
    done = len(_WAY) if case.status == ReliefStatus.APPROVED else place
    return tuple(
        StageStep(
            label, "done" if at < done else "current" if at == place else "todo", note if at == place else ""
        )
        for at, (_, label) in enumerate(_WAY)
    )


def choices_for(case: ReliefCase, user: User) -> list[Choice]:
    """The steps of the state table for this user, the main one last."""
    entering, acting = entered_by(case), acted(case)
    found = []
    for step in FLOW.available(status=case.status, may=user.may):
        blocked = ""
        try:
            require_other_person(
                action=step.action,
                is_open=case.status in OPEN_STATUSES,
                actor_id=user.pk,
                actor_name=user.full_name,
                applicant=case.person.name,
                entered_by=entering,
                acted=acting,
            )
        except Refused as refused:
            blocked = refused.message
        url = reverse("model_workers:relief_decide", args=[case.public_id, step.action])
        found.append(Choice(step, is_main=not step.takes_back, blocked=blocked, url=url))
    return sorted(found, key=lambda choice: choice.is_main)


def decisions_of(case: ReliefCase) -> list[ReliefDecision]:
    """Oldest first."""
    return list(case.decisions.select_related("actor").order_by("pk"))
