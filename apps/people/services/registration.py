"""Printing the registration form of a person: who took it, and which bytes, is written down."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import Copy, record_print
from apps.people import documents, printing
from apps.people.models import Person


def print_registration(*, person_id: int, actor: User, now: datetime, address: str | None = None) -> Copy:
    """The form as PDF, numbers masked. Raises Refused when a character cannot be drawn."""
    person = Person.objects.visible_to(actor).for_detail(timezone.localdate(now)).get(pk=person_id)
    document = documents.registration(person, user=actor, now=now)
    rendered = printing.set_registration(document)
    with transaction.atomic():
        record_print(
            actor=actor,
            subject=f"{document.title}：{person.name}（{person.union}）",
            sha256=rendered.sha256,
            address=address,
        )
    return Copy(f"{document.title} {person.name}.pdf", rendered.data, rendered.sha256)
