"""One person read for the page: standing, history of the row."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any

from django.apps import apps

from apps.accounts.models import Union
from apps.accounts.selectors import actor_names
from apps.core.history import FieldChange, RowChange
from apps.people.models import Person, StandingEvent, Unit
from apps.people.rules.standing import ABSENT_KINDS, Kind

_MOST_EVENTS = 200
# A number as the history knows it: its last digits, and that they changed.
_SECRETS = {"id_last_four": "证件号码", "phone_last_four": "联系电话", "account_last_four": "银行账号"}
_HASHES = {"id_last_four": "id_hash", "phone_last_four": "phone_hash", "account_last_four": "account_hash"}
_PLAIN = (
    *("union_id", "unit_id", "name", "former_name", "id_kind", "birth_on", "sex", "nation", "politics"),
    *("education", "post", "residence", "bank_name", "bank_branch", "note", "merged_into_id"),
)


@dataclass(frozen=True)
class Standing:
    """What holds of a person on a day, in words, with the tone of its badge."""

    label: str
    tone: str


def work_standing(kind: str | None) -> Standing:
    if kind is None:
        return Standing("工作状态未登记", "outline")
    return Standing(str(Kind(kind).label), "green" if kind == Kind.IN_SERVICE else "grey")


def life_standing(kind: str | None) -> Standing | None:
    """Said only of those who are gone: that somebody is alive goes without saying."""
    return Standing(str(Kind(kind).label), "amber") if kind in ABSENT_KINDS else None


def standing_events(person: Person) -> list[StandingEvent]:
    """Everything recorded of the person, the latest day first, voided entries among them."""
    return list(StandingEvent.objects.filter(person=person).for_timeline())


def person_history(person: Person) -> list[RowChange]:
    """What was done to the row, newest first: who, what from what to what, and why."""
    model = apps.get_model("people", "PersonEvent")
    events = list(model.objects.filter(pgh_obj_id=person.pk).order_by("-pgh_id")[: _MOST_EVENTS + 1])
    names = _Names(events)
    changes = []
    for event, older in zip(events, [*events[1:], None], strict=True):
        if older is None and event.pgh_label != "insert":
            break  # the oldest one read only serves to compare with
        context = event.pgh_context or {}
        fields = tuple(_field_changes(event, older, names)) if older is not None else ()
        changes.append(
            RowChange(
                at=event.pgh_created_at,
                who=names.people.get(context.get("user", 0), "系统"),
                action=context.get("action") or ("登记人员" if older is None else "修改"),
                reason=context.get("reason", ""),
                fields=fields,
                tone="green" if older is None else "",
            )
        )
    return changes


@dataclass(frozen=True)
class AccountChange:
    """That an account was changed: by whom, when, and why."""

    who: str
    at: datetime
    reason: str


def last_account_changes(people: Collection[int]) -> dict[int, AccountChange]:
    """The latest change of the account of each, as the history has it; who never had another is left out."""
    model = apps.get_model("people", "PersonEvent")
    events = (
        model.objects.filter(pgh_obj_id__in=people)
        .order_by("pgh_obj_id", "pgh_id")
        .only("pgh_obj_id", "pgh_created_at", "pgh_context", "account_hash")
    )
    latest: dict[int, Any] = {}
    for person, own in groupby(events, key=lambda event: event.pgh_obj_id):
        for older, newer in pairwise(own):
            if (older.account_hash and bytes(older.account_hash)) != (
                newer.account_hash and bytes(newer.account_hash)
            ):
                latest[person] = newer
    names = actor_names(latest.values())
    return {
        person: AccountChange(
            who=names.get((event.pgh_context or {}).get("user", 0), "系统"),
            at=event.pgh_created_at,
            reason=(event.pgh_context or {}).get("reason", ""),
        )
        for person, event in latest.items()
    }


class _Names:
    """Names behind the keys in a history, read at once."""

    def __init__(self, events: Iterable[Any]) -> None:
        rows = list(events)
        self.people = actor_names(rows)
        unions = {row.union_id for row in rows}
        self.keys: dict[str, Mapping[int, str]] = {
            "union_id": dict(Union.objects.filter(pk__in=unions).values_list("pk", "short_name")),
            "unit_id": dict(
                Unit.objects.filter(pk__in={row.unit_id for row in rows} - {None}).values_list("pk", "name")
            ),
            "merged_into_id": dict(
                Person.objects.filter(pk__in={row.merged_into_id for row in rows} - {None}).values_list(
                    "pk", "name"
                )
            ),
        }

    def show(self, field: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if field in self.keys:
            return self.keys[field].get(value, "（已不存在）")
        choices = dict(getattr(Person._meta.get_field(field), "choices", None) or ())
        if choices:
            return str(choices.get(value, value))
        return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def _field_changes(event: Any, older: Any, names: _Names) -> Iterable[FieldChange]:
    for field in _PLAIN:
        old, new = getattr(older, field), getattr(event, field)
        if old != new:
            label = str(getattr(Person._meta.get_field(field), "verbose_name", field))
            yield FieldChange(label, names.show(field, old), names.show(field, new))
    for field, label in _SECRETS.items():
        old_hash, new_hash = getattr(older, _HASHES[field]), getattr(event, _HASHES[field])
        if (old_hash and bytes(old_hash)) != (new_hash and bytes(new_hash)):
            yield FieldChange(label, _ending(getattr(older, field)), _ending(getattr(event, field)))


def _ending(last_four: str) -> str:
    return f"****{last_four}" if last_four else ""
