"""Reviews read for the task list: who is still to be answered, by union, and what is late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from apps.accounts.models import User
from apps.model_workers.models import Honour, Review
from apps.people.models import Person

OPEN = Q(outcome="")


@dataclass(frozen=True)
class Progress:
    """How far one union is. `due_on` is its last day."""

    union: str
    union_id: int
    total: int
    done: int
    overdue: int
    due_on: date

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total


def filtered_reviews(*, viewer: User, filters: Mapping[str, Any], today: date) -> QuerySet[Review]:
    """The latest year first, late ones at its head; empty filters do nothing."""
    reviews = Review.objects.visible_to(viewer)
    if filters.get("year"):
        reviews = reviews.filter(year=filters["year"])
    if filters.get("union"):
        reviews = reviews.filter(person__union__path__startswith=filters["union"].path)
    if filters.get("state"):
        reviews = reviews.filter(_state(filters["state"], today))
    if filters.get("outcome"):
        reviews = reviews.filter(outcome=filters["outcome"])
    if filters.get("q"):
        reviews = reviews.filter(person__in=Person.objects.matching(filters["q"]))
    return reviews.select_related("person__union", "person__unit", "done_by").order_by(
        "-year", "outcome", "due_on", "person__union__path", "person__name", "id"
    )


def _state(wanted: str, today: date) -> Q:
    if wanted == "done":
        return ~OPEN
    return OPEN & Q(due_on__lt=today) if wanted == "overdue" else OPEN


def review_progress(*, viewer: User, year: int, today: date) -> list[Progress]:
    """Each union of the viewer's tree with a review of that year, in the order of the tree."""
    rows = (
        Review.objects.visible_to(viewer)
        .filter(year=year)
        .values(
            union_key=F("person__union"), path=F("person__union__path"), name=F("person__union__short_name")
        )
        .annotate(
            total=Count("pk"),
            done=Count("pk", filter=~OPEN),
            overdue=Count("pk", filter=_state("overdue", today)),
            due=Max("due_on"),
        )
        .order_by("path")
    )
    return [
        Progress(row["name"], row["union_key"], row["total"], row["done"], row["overdue"], row["due"])
        for row in rows
    ]


def review_years(viewer: User) -> list[int]:
    years = Review.objects.visible_to(viewer).order_by("-year").values_list("year", flat=True)
    return list(years.distinct()[:20])


def doubtful_honours(*, viewer: User, filters: Mapping[str, Any]) -> QuerySet[Honour]:
    """Standing honours whose certificate nobody has seen (存疑), the oldest first."""
    honours = Honour.objects.visible_to(viewer).standing().without_scan()
    honours = honours.filter(person__merged_into__isnull=True)
    if filters.get("union"):
        honours = honours.filter(person__union__path__startswith=filters["union"].path)
    if filters.get("q"):
        honours = honours.filter(person__in=Person.objects.matching(filters["q"]))
    return (
        honours.select_related("person__union", "person__unit", "title")
        .defer("scan")
        .order_by("awarded_on", "id")
    )
