"""Nominations read for their pages, and what the register says against a step."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.cases.selectors import Objection
from apps.model_workers.models import FileEvent, Nomination
from apps.model_workers.rules.files import FileStatus
from apps.people.models import Person


def filtered_nominations(*, viewer: User, filters: Mapping[str, Any]) -> QuerySet[Any]:
    nominations: QuerySet[Any] = Nomination.objects.visible_to(viewer).for_list()
    if filters.get("year"):
        nominations = nominations.filter(year=filters["year"])
    if filters.get("status"):
        nominations = nominations.filter(status=filters["status"])
    if filters.get("union"):
        nominations = nominations.filter(union__path__startswith=filters["union"].path)
    if filters.get("q"):
        nominations = nominations.filter(person__in=Person.objects.matching(filters["q"]))
    return nominations


def objection_to(case: Nomination, *, today: date) -> Objection:
    """Somebody whose file is suspended is neither recommended nor awarded."""

    def objection(verb: str) -> str:
        if verb not in ("submit", "approve"):
            return ""
        status = (
            Person.objects.filter(pk=case.person_id)
            .annotate(status=FileEvent.objects.status_on(today))
            .values_list("status", flat=True)
            .get()
        )
        if status == FileStatus.VALID:
            return ""
        return f"{case.person.name}的劳模档案已{FileStatus(status).label}，不能推荐或授予。"

    return objection
