"""Rosters as their pages show them, and what of the register a roster's rows are compared with."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from apps.accounts.models import User
from apps.core.jobs import Condition, task_condition
from apps.people.models import Person, RosterImport, RosterRow, StandingEvent, Unit
from apps.people.rules.rosters import Existing, KnownUnit
from apps.people.rules.standing import Known

# The names under which the jobs lie in the queue; a waiting one would not be found under another.
READ_TASK = "apps.people.tasks.read_roster"
TAKE_TASK = "apps.people.tasks.take_roster"
PER_PAGE = 50


def visible_rosters(user: User) -> QuerySet[RosterImport]:
    return RosterImport.objects.visible_to(user).for_list()


def condition_of(roster: RosterImport, now: datetime) -> Condition | None:
    """How the background is getting on with a roster; None when it has nothing to do."""
    if not roster.is_busy:
        return None
    task = READ_TASK if roster.status == RosterImport.Status.READING else TAKE_TASK
    condition = task_condition(task=task, arguments={"roster_id": roster.pk}, since=roster.queued_at, now=now)
    if condition == Condition.STALLED:  # it may have ended since the row was read
        roster.refresh_from_db()
        return condition if roster.is_busy else None
    return condition


def earlier_taken(roster: RosterImport) -> RosterImport | None:
    """The same file of the same union, taken over before."""
    return (
        RosterImport.objects.for_list()
        .filter(union=roster.union_id, sha256=roster.sha256, status=RosterImport.Status.TAKEN)
        .exclude(pk=roster.pk)
        .first()
    )


@dataclass(frozen=True)
class RowPage:
    """Some rows of a roster; the numbers by which the pages before and after are found."""

    rows: tuple[RosterRow, ...]
    before: int | None
    after: int | None


def row_page(
    roster: RosterImport, *, outcome: str, after: int | None = None, before: int | None = None
) -> RowPage:
    """The rows of one outcome behind a row number, or the last ones before it."""
    rows = (
        RosterRow.objects.filter(roster=roster, outcome=outcome)
        .select_related("person")
        .only(
            "public_id", "number", "name", "changes", "errors", "warnings", "roster_id", "person__public_id"
        )
    )
    if before is not None:
        found = list(rows.filter(number__lt=before).order_by("-number")[: PER_PAGE + 1])
        more = len(found) > PER_PAGE
        found = found[:PER_PAGE][::-1]
        return RowPage(tuple(found), found[0].number if more else None, found[-1].number if found else None)
    found = list(rows.filter(number__gt=after or 0).order_by("number")[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    found = found[:PER_PAGE]
    return RowPage(
        tuple(found), found[0].number if after and found else None, found[-1].number if more else None
    )


# --- what the rows are compared with ------------------------------------------------------------------------


@dataclass(frozen=True)
class NumberHolders:
    """Who holds numbers: people within the roster's union, and the hashes of those somebody elsewhere holds."""

    people: dict[bytes, Existing]
    elsewhere: frozenset[bytes]


_FACTS = (
    *(
        "id",
        "public_id",
        "version",
        "union_id",
        "name",
        "former_name",
        "id_kind",
        "id_last_four",
        "birth_on",
        "sex",
    ),
    *("nation", "politics", "education", "post", "residence", "bank_name", "bank_branch", "note"),
    *("phone_last_four", "account_last_four", "phone_hash", "account_hash"),
)


def _existing(people: QuerySet[Person]) -> list[tuple[bytes | None, Existing]]:
    """Each with the hash of the number."""
    rows = list(
        people.order_by().values(
            *_FACTS,
            "id_hash",
            "merged_into_id",
            union_name=F("union__name"),
            unit_name=F("unit__name"),
        )
    )
    events: dict[int, list[Known]] = defaultdict(list)
    valid = StandingEvent.objects.valid().filter(person__in=[row["id"] for row in rows]).order_by()
    for person_id, kind, day in valid.values_list("person_id", "kind", "effective_on"):
        events[person_id].append(Known(kind, day))
    found = []
    for row in rows:
        number = row.pop("id_hash")
        row["is_merged"] = row.pop("merged_into_id") is not None
        row["unit_name"] = row["unit_name"] or ""
        for secret in ("phone_hash", "account_hash"):
            row[secret] = bytes(row[secret]) if row[secret] is not None else None
        known = Existing(**row)
        if known.id in events:
            known = replace(known, standing=tuple(events[known.id]))
        found.append((bytes(number) if number is not None else None, known))
    return found


def _listed(hashes: Collection[bytes]) -> RawSQL:
    """One parameter for thousands of hashes: to write each into the statement takes longer than to find it."""
    return RawSQL("SELECT unnest(%s::bytea[])", (list(hashes),))


def number_holders(hashes: Collection[bytes], *, path: str) -> NumberHolders:
    """Holders of these numbers; of those outside the path nothing is read but that they are there."""
    if not hashes:
        return NumberHolders({}, frozenset())
    holders = Person.objects.filter(id_hash__in=_listed(hashes))
    inside = _existing(holders.filter(union__path__startswith=path))
    outside = holders.exclude(union__path__startswith=path).order_by().values_list("id_hash", flat=True)
    return NumberHolders(
        {number: known for number, known in inside if number is not None},
        frozenset(bytes(number) for number in outside if number is not None),
    )


def namesakes(names: Collection[str], *, union_id: int) -> dict[tuple[str, object], list[Existing]]:
    """People of one union by name and birth date; the birth date may be unknown."""
    found: dict[tuple[str, object], list[Existing]] = defaultdict(list)
    if names:
        people = Person.objects.living_rows().filter(union=union_id, name__in=names)
        for _, known in _existing(people):
            found[known.name, known.birth_on].append(known)
    return found


@dataclass(frozen=True)
class AccountHolder:
    """Whose account it is; without a name when the person is not one of the roster's union."""

    person_id: int
    name: str = ""


def account_holders(hashes: Collection[bytes], *, path: str) -> dict[bytes, AccountHolder]:
    if not hashes:
        return {}
    rows = (
        Person.objects.living_rows()
        .filter(account_hash__in=_listed(hashes))
        .order_by()
        .values_list("account_hash", "id", "name", "union__path")
    )
    return {
        bytes(account): AccountHolder(pk, name if place.startswith(path) else "")
        for account, pk, name, place in rows
        if account is not None
    }


def known_units(names: Iterable[str], *, union_id: int) -> dict[str, KnownUnit]:
    rows = Unit.objects.filter(union=union_id, name__in=list(names)).order_by()
    return {
        name: KnownUnit(name, code, nature, is_active)
        for name, code, nature, is_active in rows.values_list("name", "credit_code", "nature", "is_active")
    }


def code_holders(codes: Iterable[str], *, union_id: int) -> dict[str, str]:
    """Names of the union's units by credit code; "" for a code that a unit elsewhere has."""
    rows = Unit.objects.filter(credit_code__in=list(codes)).order_by()
    return {
        code: name if owner == union_id else ""
        for code, name, owner in rows.values_list("credit_code", "name", "union_id")
    }
