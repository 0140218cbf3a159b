"""Changes of files and honours through both hands, for tests that need somebody suspended or an honour revoked."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.services import Seen
from apps.model_workers.models import FileChange, FileEvent, Honour
from apps.model_workers.services.file_changes import ChangeDraft, create_change, decide_change
from apps.model_workers.services.files import open_file
from apps.people.models import Person
from tests.factories import UserFactory

DOCUMENT = "示例处理决定"


def asked(
    person: Person, action: str, on: date, *, honours: Iterable[Honour] = (), clerk: User, **words: str
) -> FileChange:
    """A draft."""
    given = {"document": DOCUMENT, "reason": "示例"} | words
    draft = ChangeDraft(on, **given, honour_ids=[honour.pk for honour in honours])
    return create_change(person_id=person.pk, action=action, draft=draft, actor=clerk, now=timezone.now())


def step(case: FileChange, actor: User, verb: str, opinion: str = "") -> Any:
    return decide_change(
        case=case, actor=actor, verb=verb, seen=Seen.of(case), opinion=opinion, now=timezone.now()
    )


def changed(
    person: Person,
    action: str,
    on: date,
    *,
    honours: Iterable[Honour] = (),
    clerk: User | None = None,
    head: User | None = None,
    **words: str,
) -> FileChange:
    """Asked for by one and approved by another."""
    clerk = clerk or UserFactory(model_worker_clerk=True)
    head = head or UserFactory(model_worker_head=True)
    with transaction.atomic():
        open_file(person=person, actor=clerk, now=timezone.now())
    case = asked(person, action, on, honours=honours, clerk=clerk, **words)
    step(case, clerk, "submit")
    step(case, head, "approve")
    return case


def voided(case: FileChange, *, clerk: User, head: User) -> FileChange:
    """Taken back by both."""
    step(case, clerk, "ask_void", "登记错了")
    step(case, head, "void", "情况属实")
    return case


def event_of(case: FileChange) -> FileEvent:
    return FileEvent.objects.get(decision__case=case)
