"""Reads of the top floor: what is on somebody's desk, and the search over everything the person may see."""

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Func, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.selectors import confirming_errands
from apps.budget.models import Edition, IssuedDocument, Item, Plan, PolicyDocument
from apps.budget.rules.stages import OPEN_STATUSES
from apps.budget.selectors.waiting import moved_figures
from apps.cases.selectors import tasks
from apps.core.desk import Errand
from apps.model_workers.selectors.waiting import programme_errands
from apps.people.selectors.people import life_standing, work_standing
from apps.people.selectors.search import filtered_people, people_by_number
from apps.people.selectors.waiting import register_errands

SHOWN = 20
"""Hits of one kind on the page; a longer list asks for a narrower word."""


@dataclass(frozen=True)
class Hit:
    title: str
    detail: str
    url: str


@dataclass(frozen=True)
class HitGroup:
    """Hits of one kind. `is_cut` says that there are more than are shown."""

    label: str
    hits: tuple[Hit, ...]
    is_cut: bool


def _group(label: str, hits: list[Hit]) -> HitGroup:
    return HitGroup(label, tuple(hits[:SHOWN]), len(hits) > SHOWN)


def search_everything(user: User, term: str) -> list[HitGroup]:
    """People, budget items (the latest edition of each), plans by year or union, basis documents. One query a kind."""
    if not term:
        return []
    groups = []
    if user.may("person.read"):
        groups.append(_group("人员", _people(user, term)))
    if user.may("budget.read"):
        groups += [_group("预算项目", _items(user, term)), _group("年度预算", _plans(user, term))]
    if user.may("document.read"):
        groups.append(_group("依据文件", _documents(term)))
    return [group for group in groups if group.hits]


def search_by_number(user: User, text: str) -> list[HitGroup]:
    """The people in reach whose identity number, phone or account this is."""
    found = [_person_hit(person) for person in people_by_number(viewer=user, text=text)]
    return [_group("人员", found)] if found else []


def _people(user: User, term: str) -> list[Hit]:
    people = filtered_people(viewer=user, filters={"q": term}, as_of=timezone.localdate())
    return [_person_hit(person) for person in people[: SHOWN + 1]]


def _person_hit(person: Any) -> Hit:
    gone = life_standing(person.life)
    facts = [
        person.get_sex_display(),
        f"{person.birth_on:%Y-%m-%d}" if person.birth_on else "",
        str(person.id_number or ""),
        person.unit.name if person.unit else "",
        str(person.union),
        gone.label if gone else work_standing(person.work).label,
    ]
    return Hit(
        person.name,
        " · ".join(fact for fact in facts if fact),
        reverse("people:person_detail", args=[person.public_id]),
    )


def _items(user: User, term: str) -> list[Hit]:
    # The name as the screen shows it: {年度} filled.
    year = Cast("edition__plan__fiscal_year_id", CharField())
    shown = Func("name", Value("{年度}"), year, function="replace", output_field=CharField())
    latest = (
        Item.objects.visible_to(user)
        .order_by("edition__plan_id", "lineage", "-edition_id")
        .distinct("edition__plan_id", "lineage")
        .values("pk")
    )
    items = (
        Item.objects.filter(pk__in=latest)
        .annotate(shown=shown)
        .filter(shown__contains=term)
        .select_related("edition__plan__union", "edition__plan__fiscal_year", "group")
        .order_by("-edition__plan__fiscal_year_id", "edition__plan_id", "ordinal")[: SHOWN + 1]
    )
    return [
        Hit(
            str(item),
            f"{item.edition.plan} · {item.edition.label} · {item.group}",
            reverse("budget:item_detail", args=[item.pk]),
        )
        for item in items
    ]


def _plans(user: User, term: str) -> list[Hit]:
    plans = Plan.objects.visible_to(user).select_related("union", "fiscal_year").order_by("-fiscal_year_id")
    digits = term.removesuffix("年")
    found = (
        plans.filter(fiscal_year_id=int(digits))
        if digits.isdecimal() and len(digits) == 4
        else plans.filter(union__name__contains=term)
    )
    return [
        Hit(str(plan), plan.get_book_display(), reverse("budget:plan_detail", args=[plan.pk]))
        for plan in found[: SHOWN + 1]
    ]


def _documents(term: str) -> list[Hit]:
    documents = PolicyDocument.objects.matching(term).order_by("title")[: SHOWN + 1]
    return [
        Hit(
            document.citation(),
            f"{document.get_kind_display()} · {document.issuer}",
            reverse("budget:policy_detail", args=[document.pk]),
        )
        for document in documents
    ]


def errands_of(user: User) -> list[Errand]:
    """What waits for this person beside the decisions on budgets, the late first."""
    today = timezone.localdate()
    found = [
        *confirming_errands(user),
        *moved_figures(user),
        *register_errands(user),
        *tasks(user),
        *programme_errands(user, today=today),
    ]
    return sorted(found, key=lambda errand: not errand.is_late)


def editions_in_work(user: User) -> list[Edition]:
    """Editions that are being written, the newest first."""
    return list(
        Edition.objects.visible_to(user)
        .filter(status__in=OPEN_STATUSES, plan__fiscal_year__closed_at__isnull=True)
        .select_related("plan__union", "plan__fiscal_year", "created_by")
        .order_by("-id")[:SHOWN]
    )


def latest_issues(user: User) -> list[IssuedDocument]:
    return list(IssuedDocument.objects.visible_to(user).for_list()[:5])
