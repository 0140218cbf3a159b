"""Entering many people at once: checked one by one, written in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from apps.accounts.models import Union, User
from apps.core import audit
from apps.people.models import Person, StandingEvent, Unit
from apps.people.rules.drafts import PersonDraft
from apps.people.rules.identity import require_no_number
from apps.people.rules.standing import TRACKS, Kind
from apps.people.services.persons import fill, require_person, require_place

BATCH = 5_000


@dataclass(frozen=True)
class Standing:
    """What is recorded of a person together with the entry."""

    kind: Kind
    effective_on: date
    document: str = ""


@dataclass(frozen=True)
class Entry:
    """One person to be entered, with place and standing."""

    draft: PersonDraft
    union: Union
    unit: Unit | None = None
    standing: tuple[Standing, ...] = ()


@transaction.atomic
def register_people(*, entries: Sequence[Entry], actor: User, now: datetime, action: str) -> list[Person]:
    """Enter all of them or none. Raises Refused for the first that is wrong; a number twice is an IntegrityError."""
    people = []
    for entry in entries:
        require_place(union=entry.union, unit=entry.unit, actor=actor)
        person = Person(
            union=entry.union,
            unit=entry.unit,
            created_by=actor,
            created_at=now,
            updated_by=actor,
            updated_at=now,
        )
        fill(person, require_person(entry.draft, now=now))
        people.append(person)
    with audit.because(actor_id=actor.pk, action=action):
        Person.objects.bulk_create(people, batch_size=BATCH)
        StandingEvent.objects.bulk_create(
            [
                StandingEvent(
                    person=person,
                    kind=one.kind,
                    track=TRACKS[one.kind],
                    effective_on=one.effective_on,
                    document=require_no_number(one.document, label="证明材料"),
                    created_by=actor,
                    created_at=now,
                )
                for person, entry in zip(people, entries, strict=True)
                for one in entry.standing
            ],
            batch_size=BATCH,
        )
    return people
