"""Finding people: by words and filters, and by a whole number through its keyed hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.core.encryption import search_hash
from apps.core.errors import Refused
from apps.people.models import Person, PersonQuerySet, StandingEvent, Unit
from apps.people.models.persons import ACCOUNT_COLUMN, NUMBER_COLUMN, PHONE_COLUMN
from apps.people.rules import identity
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, Kind, Track

# Choices of the filters that are no kind of their own.
RETIRED = "all_retired"
UNRECORDED = "unrecorded"
ALIVE = "alive"
NO_UNIT = "no_unit"


def filtered_people(*, viewer: User, filters: Mapping[str, Any], as_of: date) -> PersonQuerySet:
    """People the viewer sees, the latest entries first; empty filters do nothing. Merged rows are left out."""
    people: PersonQuerySet = Person.objects.visible_to(viewer).living_rows().for_list(as_of)
    if filters.get("q"):
        people = people.matching(filters["q"])
    if filters.get("union"):
        people = people.filter(union__path__startswith=filters["union"].path)
    if filters.get("unit"):
        people = people.filter(unit=filters["unit"])
    if filters.get("nature"):
        people = (
            people.filter(unit__isnull=True)
            if filters["nature"] == NO_UNIT
            else people.filter(unit__nature=filters["nature"])
        )
    if filters.get("work"):
        people = _with_work(people, filters["work"], as_of)
    if filters.get("life"):
        people = _with_life(people, filters["life"], as_of)
    for name, column in (("number", "id_hash"), ("account", "account_hash")):
        if filters.get(name):
            people = people.filter(**{f"{column}__isnull": filters[name] == "no"})
    return people.order_by("-id")


def _with_work(people: PersonQuerySet, wanted: str, as_of: date) -> PersonQuerySet:
    events = _valid_events(as_of)
    if wanted == UNRECORDED:
        return people.filter(~Exists(events.filter(track=Track.WORK)))
    kinds = RETIRED_KINDS if wanted == RETIRED else (wanted,)
    # Whoever is of a kind has an event of it: that narrows the search before the latest event is looked up.
    return people.filter(Exists(events.filter(kind__in=kinds)), Q(work__in=kinds))


def _with_life(people: PersonQuerySet, wanted: str, as_of: date) -> PersonQuerySet:
    events = _valid_events(as_of)
    if wanted == ALIVE:
        return people.filter(~Exists(events.filter(kind__in=ABSENT_KINDS)) | Q(life=Kind.PRESENT))
    return people.filter(Exists(events.filter(kind=wanted)), Q(life=wanted))


def _valid_events(as_of: date) -> QuerySet[StandingEvent]:
    return StandingEvent.objects.valid().filter(person=OuterRef("pk"), effective_on__lte=as_of)


@dataclass(frozen=True)
class PeoplePage:
    """Some rows of a long list. It moves on by the row it ended with, so that the last page costs what the first does.

    `before` and `after` name the rows at its ends where the list goes on; the list is never counted.
    """

    rows: list[Person]
    before: str = ""
    after: str = ""


def people_page(people: PersonQuerySet, *, viewer: User, after: str, before: str, size: int) -> PeoplePage:
    """The rows below the row called `after`, or those above `before`; without a known row the first ones."""
    edge = _row_number(viewer, before or after)
    if edge is None:
        rows = list(people[: size + 1])
        return _page(rows[:size], has_more=len(rows) > size, is_first=True)
    if before:
        rows = list(people.filter(pk__gt=edge).order_by("id")[: size + 1])
        return _page(rows[:size][::-1], has_more=True, is_first=len(rows) <= size)
    rows = list(people.filter(pk__lt=edge)[: size + 1])
    return _page(rows[:size], has_more=len(rows) > size, is_first=False)


def _page(rows: list[Person], *, has_more: bool, is_first: bool) -> PeoplePage:
    if not rows:
        return PeoplePage(rows)
    return PeoplePage(
        rows,
        before="" if is_first else str(rows[0].public_id),
        after=str(rows[-1].public_id) if has_more else "",
    )


def _row_number(viewer: User, public_id: str) -> int | None:
    try:
        wanted = UUID(public_id)
    except ValueError:
        return None
    return Person.objects.visible_to(viewer).filter(public_id=wanted).values_list("pk", flat=True).first()


def people_by_number(*, viewer: User, text: str) -> list[Person]:
    """People in reach with this identity number, phone or account; of a merged row the person it became.

    One phone may belong to several people.
    """
    visible = Person.objects.visible_to(viewer)
    wanted: set[int] = set()
    for column, hashed in _hashes(text):  # one by one: together they would not use the index of each
        rows = visible.filter(**{column: hashed})
        if column == "account_hash":  # its index knows the living rows alone
            rows = rows.living_rows()
        for pk, merged in rows.values_list("pk", "merged_into_id")[:50]:
            wanted.add(pk if merged is None else _survivor(merged))
    if not wanted:
        return []
    today = timezone.localdate()
    return list(visible.living_rows().for_list(today).filter(pk__in=wanted).order_by("-id"))


def _survivor(pk: int) -> int:
    """The row that stands at the end of a chain of merges."""
    seen = {pk}
    while following := Person.objects.filter(pk=pk).values_list("merged_into_id", flat=True).first():
        if following in seen:
            break
        seen.add(following)
        pk = following
    return pk


def _hashes(text: str) -> list[tuple[str, bytes]]:
    """Search hashes of everything the text may be."""
    found: list[tuple[str, bytes]] = []
    text = identity.number_in(text)
    today = timezone.localdate()
    parsers: tuple[tuple[str, str, Any], ...] = (
        ("id_hash", NUMBER_COLUMN, lambda: identity.parse_resident_number(text, today=today).number),
        ("id_hash", NUMBER_COLUMN, lambda: identity.parse_foreign_number(text)),
        ("phone_hash", PHONE_COLUMN, lambda: identity.parse_phone(text)),
        ("account_hash", ACCOUNT_COLUMN, lambda: identity.parse_account(text).number),
    )
    for column, label, parse in parsers:
        try:
            found.append((column, search_hash(parse(), column=label)))
        except Refused:
            continue
    return found


def offered_units(*, viewer: User, union_path: str, most: int) -> list[Unit]:
    """Units in use in a part of the viewer's tree; none when there are more than a list can hold."""
    units = (
        Unit.objects.visible_to(viewer)
        .in_use()
        .filter(union__path__startswith=union_path)
        .order_by("name", "pk")
    )
    found = list(units[: most + 1])
    return found if len(found) <= most else []
