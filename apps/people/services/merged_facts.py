"""The facts of two people that become one: what is filled from the other row, and taken out again."""

from datetime import date
from typing import Any

from apps.core.errors import Refused
from apps.people.models import Person, Photo
from apps.people.rules import merging as rules
from apps.people.rules.names import search_words
from apps.people.selectors.duplicates import facts_of

# Columns that go with a secret: its hash and its last digits.
_BESIDE = {
    "id_number": ("id_hash", "id_last_four"),
    "phone": ("phone_hash", "phone_last_four"),
    "account": ("account_hash", "account_last_four"),
}


def fill_facts(kept: Person, merged: Person) -> list[dict[str, Any]]:
    """Take over what the kept row lacks. Returns name, former value and new value (of a secret its hash) of each fact.

    An identity number moves: it stands once in the register. Other facts are copied, the merged row keeps its own.
    """
    entries = []
    for name in rules.facts_to_fill(facts_of(kept), facts_of(merged)):
        entry: dict[str, Any] = {"name": name}
        if name in _BESIDE:
            hash_column, _ = _BESIDE[name]
            entry["became"] = bytes(getattr(merged, hash_column)).hex()
            _take(kept, merged, name)
        elif name == "old_id_number":
            kept.old_id_number = merged.old_id_number
        elif name == "unit":
            entry |= {"was": None, "became": merged.unit_id}
            kept.unit_id = merged.unit_id
        else:
            entry |= {"was": _as_json(getattr(kept, name)), "became": _as_json(getattr(merged, name))}
            setattr(kept, name, getattr(merged, name))
        entries.append(entry)
    if any(entry["name"] == "id_number" for entry in entries):
        _drop_number(merged)
    photo = Photo.objects.filter(person=merged)
    if not Photo.objects.filter(person=kept).exists() and photo.exists():
        entries.append({"name": "photo", "became": photo.get().sha256})
        photo.update(person=kept)
    kept.search_text = search_words(kept.name, kept.former_name)[:1000]
    return entries


def unfill_facts(kept: Person, merged: Person, entries: list[dict[str, Any]]) -> None:
    """Take out again what was filled, as far as nobody changed it since; the number goes back to its row."""
    became = {entry["name"]: entry.get("became") for entry in entries}
    if "id_number" in became:
        if kept.id_hash is None or bytes(kept.id_hash).hex() != became["id_number"]:
            raise Refused("合并之后“证件号码”已改动，不能撤销。", code="moved_on")
        _take(merged, kept, "id_number")
        merged.id_kind = str(became["id_kind"])
        if "old_id_number" in became:
            merged.old_id_number = kept.old_id_number
        _drop_number(kept)
    for entry in entries:
        name = entry["name"]
        if name in ("phone", "account"):
            present = getattr(kept, _BESIDE[name][0])
            if present is not None and bytes(present).hex() == entry["became"]:
                _drop(kept, name)
        elif name == "photo":
            Photo.objects.filter(person=kept, sha256=entry["became"]).update(person=merged)
        elif name == "unit":
            if kept.unit_id == entry["became"]:
                kept.unit = None
        elif name in rules.ACCOUNT_GROUP and kept.account is not None:
            continue  # another account was entered meanwhile: it keeps its bank
        elif name in rules.NUMBER_GROUP and kept.id_kind == "resident":
            continue  # a number was entered meanwhile: its birth date and sex belong to it
        elif "was" in entry and name != "id_kind" and _as_json(getattr(kept, name)) == entry["became"]:
            was = entry["was"]
            setattr(kept, name, date.fromisoformat(was) if name == "birth_on" and was else was)
    kept.search_text = search_words(kept.name, kept.former_name)[:1000]


def _take(target: Person, source: Person, name: str) -> None:
    """A secret with its hash and last digits, sealed anew for the target's row; the plain text passes through only."""
    setattr(target, name, getattr(source, name))
    for column in _BESIDE[name]:
        setattr(target, column, getattr(source, column))


def _drop(person: Person, name: str) -> None:
    hash_column, last_four = _BESIDE[name]
    setattr(person, name, None)
    setattr(person, hash_column, None)
    setattr(person, last_four, "")


def _drop_number(person: Person) -> None:
    _drop(person, "id_number")
    person.old_id_number = None
    person.id_kind = "none"


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
