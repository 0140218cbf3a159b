"""Changes of honours and files read for their pages, and what the register says against a step."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Min, QuerySet

from apps.cases import selectors as cases
from apps.cases.selectors import Objection
from apps.core.errors import Refused
from apps.model_workers.models import FileChange, FileEvent, Honour, WorkerFile
from apps.model_workers.rules.file_changes import (
    FORWARD,
    OF_FILE,
    REVOKING,
    Change,
    require_revocable,
    require_start,
)
from apps.model_workers.rules.files import KnownEvent, require_event_day, status_after
from apps.people.models import Person


def honours_to_change(person: Person, action: str) -> QuerySet[Honour]:
    """The honours a change of this kind may name."""
    honours = Honour.objects.filter(person=person)
    if action == Change.RESTORE_HONOUR:
        return honours.filter(voided_at__isnull=True, revoked_on__isnull=False).for_list()
    return honours.standing().for_list() if action in REVOKING else honours.none()


def last_event(person_id: int) -> KnownEvent | None:
    last = FileEvent.objects.valid().filter(person=person_id).order_by("-effective_on", "-id").first()
    return KnownEvent(last.target, last.effective_on) if last is not None else None


def require_change(
    *, person: Person, action: str, effective_on: date, honours: Sequence[Honour], today: date
) -> None:
    """Whether the file and the honours, as they stand, allow the change. Raises Refused."""
    if not WorkerFile.objects.filter(person=person).exists():
        raise Refused(f"{person.name}还没有劳模档案；登记第一项荣誉时建立。", code="no_file")
    if action in OF_FILE:
        last = last_event(person.pk)
        require_start(action, status_after(last))
        first = Honour.objects.standing().filter(person=person).aggregate(first=Min("awarded_on"))["first"]
        require_event_day(effective_on=effective_on, last=last, first_honour_on=first, today=today)
    if action in REVOKING:
        for honour in honours:
            require_revocable(revoked_on=effective_on, awarded_on=honour.awarded_on, today=today)


def objection_to(case: FileChange, *, today: date) -> Objection:
    """Between asking and deciding the file may have changed."""

    def objection(verb: str) -> str:
        if verb not in FORWARD:
            return ""
        try:
            require_change(
                person=case.person.merged_into or case.person,
                action=case.action,
                effective_on=case.effective_on,
                honours=honours_of(case),
                today=today,
            )
        except Refused as refused:
            return refused.message
        return ""

    return objection


def honours_of(case: FileChange) -> list[Honour]:
    rows = Honour.objects.filter(changes__case=case)
    return list(rows.select_related("title").defer("scan").order_by("-awarded_on", "-id"))


def change_facts(case: FileChange) -> dict[str, Any]:
    """Who it is, kept with the submission."""
    person = Person.objects.select_related("unit", "union").get(pk=case.person_id)
    return {
        "name": person.name,
        "unit": person.unit.name if person.unit else "",
        "union": person.union.name,
        "honours": [f"{one.awarded_on:%Y-%m-%d} {one.title}" for one in honours_of(case)],
    }


def told_facts(case: FileChange) -> Mapping[str, Any]:
    return cases.told_facts(case, lambda: change_facts(case))
