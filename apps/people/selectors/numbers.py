"""Whose a whole number is: found through its keyed hash, and at the person who stands for the row today."""

from django.utils import timezone

from apps.accounts.models import User
from apps.core.encryption import search_hash
from apps.core.errors import Refused
from apps.people.models import Person
from apps.people.models.persons import NUMBER_COLUMN
from apps.people.rules.identity import parse_foreign_number, parse_resident_number


def person_by_number(number: str, user: User) -> Person | None:
    """The person with this identity number (one of fifteen digits is converted), if the user may see him.

    A number of a row that was merged leads to the row it was merged into.
    """
    kept = _as_kept(number)
    return person_by_hash(search_hash(kept, column=NUMBER_COLUMN), user) if kept else None


def person_by_hash(id_hash: bytes, user: User) -> Person | None:
    """The same for a number of which only the hash is at hand."""
    row = Person.objects.filter(id_hash=id_hash).only("id", "merged_into").first()
    if row is None:
        return None
    found: Person | None = (
        Person.objects.visible_to(user)
        .select_related("union", "unit")
        .filter(pk=row.merged_into_id or row.pk)
        .first()
    )
    return found


def _as_kept(number: str) -> str:
    """The number in the form in which the register keeps it; empty when it cannot be one."""
    try:
        return parse_resident_number(number, today=timezone.localdate()).number
    except Refused:
        try:
            return parse_foreign_number(number)
        except Refused:
            return ""
