"""The roster of model workers on a day, filtered as its address says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.model_workers.models import CountingRule, Honour, Review, WorkerFile
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.rules.honours import AwardClass
from apps.model_workers.selectors.counting import (
    Counting,
    Workers,
    entitled,
    exam_eligible,
    exam_rule_on,
    model_workers,
    rule_on,
)
from apps.people.models import Person, StandingEvent
from apps.people.models.persons import ROSTER_ORDER
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS

# Choices of the filters that are no value of their own.
RETIRED = "all_retired"
UNRECORDED = "unrecorded"
PRESENT = "present"
NO_UNIT = "no_unit"
NOT_COUNTED = "0"
NOBODY = "nobody"
NO_SCAN = "scan"
NO_PROOF = "proof"
UNPROVEN = "retirement"

EXAM_ELIGIBLE = "exam_eligible"
RETIRED_BY_CLASS = "retired_by_class"
BANKRUPT = "bankrupt"
FIGURES = {
    EXAM_ELIGIBLE: "应参加体检的劳模",
    RETIRED_BY_CLASS: "享受荣誉津贴的离退休市级劳模",
    BANKRUPT: "享受荣誉津贴的离退休市级劳模中，破产或撤销企业的",
}
_NOTHING_COUNTS = Counting(categories=(), higher_counts=False)


@dataclass(frozen=True)
class Roster:
    """`people` are annotated as selectors.counting says. Without a rule in force nobody has a class."""

    people: Workers
    as_of: date
    rule: CountingRule | None
    missing: str = ""
    """Why nothing can be shown: a figure was asked for and its rule is not there."""


def roster(*, viewer: User, filters: Mapping[str, Any], today: date) -> Roster:
    """The model workers the viewer sees on the day of the filters; empty filters do nothing.

    With `figure` exactly the people behind that figure of the budget; the other filters narrow them further.
    """
    as_of = filters.get("as_of") or today
    try:
        rule: CountingRule | None = rule_on(as_of)
    except Refused:
        rule = None
    union = filters.get("union")
    people = model_workers(
        union_path=(union or viewer.union).path,
        as_of=as_of,
        counting=Counting.of(rule) if rule is not None else _NOTHING_COUNTS,
        with_former=filters.get("file") == FileStatus.REVOKED,
    ).filter(pk__in=Person.objects.visible_to(viewer).values("pk"))
    if not viewer.may("model_worker.read"):
        people = people.none()
    missing = ""
    try:
        people = _behind_figure(people, filters.get("figure", ""), as_of)
    except Refused as refused:
        people, missing = people.none(), refused.message
    return Roster(_narrowed(people, filters, as_of), as_of, rule, missing)


def _behind_figure(people: Workers, figure: str, as_of: date) -> Workers:
    if not figure:
        return people
    if figure == EXAM_ELIGIBLE:
        rule = exam_rule_on(as_of)
        return exam_eligible(people, levels=list(rule.levels), minimum_age=rule.minimum_age, as_of=as_of)
    rule_on(as_of)  # refuses when there is none: an empty list would pass for a figure of zero
    found = entitled(people)
    return found.filter(is_bankrupt=True) if figure == BANKRUPT else found


def _narrowed(people: Workers, filters: Mapping[str, Any], as_of: date) -> Workers:
    honours = Honour.objects.standing_on(as_of).filter(person=OuterRef("pk"), title__is_model_worker=True)
    if filters.get("q"):
        words = filters["q"]
        people = people.filter(
            Q(pk__in=Person.objects.living_rows().matching(words).values("pk"))
            | Q(worker_file__number__iexact=words)
        )
    if filters.get("level"):
        people = people.filter(Exists(honours.filter(title__level=filters["level"])))
    if filters.get("category"):
        people = people.filter(Exists(honours.filter(title__category=filters["category"])))
    if filters.get("class"):
        people = people.filter(award_class=int(filters["class"]))
    if filters.get("work"):
        people = _with_work(people, filters["work"])
    if filters.get("life"):
        people = people.filter(_life(filters["life"]))
    if filters.get("file"):
        people = people.filter(file_status=filters["file"])
    if filters.get("nature"):
        people = people.filter(_nature(filters["nature"]))
    if filters.get("managed"):
        managed = "" if filters["managed"] == NOBODY else filters["managed"]
        people = people.filter(
            Q(worker_file__managed_by=managed) | (Q(worker_file__isnull=True) if not managed else Q())
        )
    if filters.get("doubt") == UNPROVEN:
        events = StandingEvent.objects.without_proof().filter(person=OuterRef("pk"))
        people = people.filter(Exists(events.filter(effective_on__lte=as_of)))
    elif filters.get("doubt"):
        doubtful = honours.without_scan()
        if filters["doubt"] == NO_PROOF:
            doubtful = doubtful.filter(certificate_number="")
        people = people.filter(Exists(doubtful))
    if filters.get("born"):
        people = people.filter(birth_on__month=int(filters["born"]))
    return people


def _with_work(people: Workers, wanted: str) -> Workers:
    if wanted == UNRECORDED:
        return people.filter(work__isnull=True)
    return people.filter(work__in=RETIRED_KINDS if wanted == RETIRED else (wanted,))


def _life(wanted: str) -> Q:
    if wanted == PRESENT:
        return Q(life__isnull=True) | ~Q(life__in=ABSENT_KINDS)
    return Q(life=wanted)


def _nature(wanted: str) -> Q:
    if wanted == NO_UNIT:
        return Q(unit__isnull=True)
    if wanted == BANKRUPT:
        return Q(is_bankrupt=True)  # on the day: a unit that went bankrupt afterwards was none yet
    return Q(unit__nature=wanted)


def for_list(people: Workers, as_of: date) -> Workers:
    """In the order of the printed roster, with all that a row shows: a fixed number of queries."""
    honours = Honour.objects.standing_on(as_of).for_list()
    return (
        people.select_related("union", "unit", "worker_file__treatment_document")
        .prefetch_related(Prefetch("honours", queryset=honours, to_attr="shown_honours"))
        .defer("account", "old_id_number", "search_text")
        .order_by(*ROSTER_ORDER)
    )


def keepers(viewer: User) -> list[str]:
    """Who keeps files in the viewer's reach (归口管理单位), for the choice."""
    files = WorkerFile.objects.visible_to(viewer).exclude(managed_by="")
    return list(files.order_by("managed_by").values_list("managed_by", flat=True).distinct()[:50])


def class_label(award_class: int) -> str:
    return AwardClass(award_class).label if award_class else ""


def honours_in_words(honours: list[Any]) -> str:
    """全国劳动模范（2005）、廊坊市劳动模范（1989、1994）: the titles, the highest first, each with its years."""
    order = {"national": 0, "provincial": 1, "municipal": 2}
    years: dict[str, list[int]] = {}
    for honour in sorted(honours, key=lambda one: (order[one.title.level], one.title.name, one.awarded_on)):
        years.setdefault(honour.title.name, []).append(honour.awarded_on.year)
    return "、".join(f"{name}（{'、'.join(map(str, found))}）" for name, found in years.items())


def open_review(person: Person) -> Review | None:
    """The review nobody has answered yet, if there is one."""
    return Review.objects.filter(person=person, outcome="").order_by("due_on").first()


@dataclass(frozen=True)
class Chosen:
    """People somebody means to do one thing to. `names` are the first of them."""

    person_ids: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.person_ids)

    @property
    def more(self) -> int:
        return len(self.person_ids) - len(self.names)


_NAMED = 30


def chosen_by_filters(*, viewer: User, filters: Mapping[str, Any], today: date) -> Chosen:
    """Everybody the list of these filters shows."""
    found = roster(viewer=viewer, filters=filters, today=today)
    return _chosen(found.people.order_by(*ROSTER_ORDER))


def chosen_by_hand(*, viewer: User, public_ids: Sequence[str]) -> Chosen:
    """The rows that were ticked, as far as the viewer sees them."""
    people = Person.objects.visible_to(viewer).living_rows().filter(public_id__in=public_ids)
    return _chosen(people.order_by(*ROSTER_ORDER))


def _chosen(people: Workers) -> Chosen:
    rows = list(people.values_list("pk", "name"))
    return Chosen(tuple(pk for pk, _ in rows), tuple(name for _, name in rows[:_NAMED]))
