"""What became of a person: recording and voiding, and the move to another union."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused
from apps.people.models import Person, StandingEvent
from apps.people.rules.identity import require_no_number
from apps.people.rules.standing import TRACKS, Kind, Known, require_recordable, require_voidable
from apps.people.services.duplicates import find_pairs
from apps.people.services.persons import locked_person, require_editor

_PROVEN = "补证明材料"


@transaction.atomic
def record_standing(
    *,
    person_id: int,
    kind: str,
    effective_on: date,
    document: str,
    note: str,
    actor: User,
    now: datetime,
) -> StandingEvent:
    """Record what holds of a person from a day on. Raises Refused; a move has a service of its own."""
    require_editor(actor)
    person = locked_person(person_id, actor)
    if kind == Kind.MOVED:
        raise Refused("转移管理关系请用“转移管理关系”办理。", field="kind")
    return _record(person, kind, effective_on, document, note, actor, now)


@transaction.atomic
def move_person(
    *,
    person_id: int,
    to_union_id: int,
    effective_on: date,
    document: str,
    note: str,
    actor: User,
    now: datetime,
) -> StandingEvent:
    """Hand a person over to another union of the tree; the unit stays behind. Raises Refused.

    The union a person leaves must be in the actor's reach, the one that takes over need not be.
    """
    require_editor(actor)
    person = locked_person(person_id, actor)
    target = Union.objects.in_use().filter(pk=to_union_id).first()
    if target is None:
        raise Refused("“转入工会”请从列表中选择。", field="to_union")
    if target.pk == person.union_id:
        raise Refused(f"{person.name}已由{target}管理。", field="to_union")
    event = _record(
        person, Kind.MOVED, effective_on, document, note, actor, now, source=person.union, target=target
    )
    _place(person, target, actor=actor, now=now, action="转移管理关系", reason=event.document)
    return event


@transaction.atomic
def void_standing(*, event_id: int, reason: str, actor: User, now: datetime) -> StandingEvent:
    """Take a wrong entry back; it stays to be read. Voiding a move puts the person back. Raises Refused."""
    reason = require_no_number(reason, label="作废理由", field="reason")
    if not reason:
        raise Refused("“作废理由”没有填写。", field="reason")
    known = StandingEvent.objects.visible_to(actor).only("person_id").get(pk=event_id)
    require_editor(actor)
    person = locked_person(known.person_id, actor)
    event = StandingEvent.objects.select_related("from_union").get(pk=event_id)
    if event.voided_at is not None:
        raise Refused("这条记录已经作废。", code="voided")
    moves = StandingEvent.objects.valid().filter(person=person, kind=Kind.MOVED)
    latest = moves.order_by("-effective_on", "-id").first()
    require_voidable(kind=event.kind, is_latest_move=latest is not None and latest.pk == event.pk)
    event.voided_at, event.voided_by, event.void_reason = now, actor, reason
    with audit.because(actor_id=actor.pk, action="作废状态记录", reason=reason):
        event.save(update_fields=("voided_at", "voided_by", "void_reason"))
    if event.from_union is not None:
        if not event.from_union.is_active:
            raise Refused(f"{event.from_union}已停用，不能退回；请另行转移到在用的工会。")
        _place(person, event.from_union, actor=actor, now=now, action="作废转移管理关系", reason=reason)
    return event


@transaction.atomic
def prove_standing(*, event_id: int, document: str, actor: User, now: datetime) -> StandingEvent:
    """Give an entry without a paper its paper: it is voided and made again with it, so what holds never lapses.

    Raises Refused.
    """
    require_editor(actor)
    document = _document(document)
    if not document:
        raise Refused("“证明材料”没有填写。", field="document")
    known = StandingEvent.objects.visible_to(actor).only("person_id").get(pk=event_id)
    person = locked_person(known.person_id, actor)
    event = StandingEvent.objects.get(pk=event_id)
    if event.voided_at is not None:
        raise Refused("这条记录已经作废。", code="voided")
    if event.document:
        raise Refused(
            f"这条记录已有证明材料“{event.document}”；写错了的请作废后重新登记。", code="documented"
        )
    proven = StandingEvent(
        person=person,
        track=event.track,
        kind=event.kind,
        effective_on=event.effective_on,
        document=document,
        note=event.note,
        created_by=actor,
        created_at=now,
    )
    event.voided_at, event.voided_by, event.void_reason = now, actor, _PROVEN
    with audit.because(actor_id=actor.pk, action=_PROVEN):
        event.save(update_fields=("voided_at", "voided_by", "void_reason"))
        proven.save(force_insert=True)
    return proven


def _record(
    person: Person,
    kind: str,
    effective_on: date,
    document: str,
    note: str,
    actor: User,
    now: datetime,
    *,
    source: Union | None = None,
    target: Union | None = None,
) -> StandingEvent:
    document = _document(document)
    events = StandingEvent.objects.valid().filter(person=person)
    wanted = require_recordable(
        kind=kind,
        effective_on=effective_on,
        document=document,
        known=[Known(event.kind, event.effective_on) for event in events],
        birth_on=person.birth_on,
        today=timezone.localdate(now),
    )
    event = StandingEvent(
        person=person,
        track=TRACKS[wanted],
        kind=wanted,
        effective_on=effective_on,
        document=document,
        note=require_no_number(note, label="说明", field="note"),
        from_union=source,
        to_union=target,
        created_by=actor,
        created_at=now,
    )
    with audit.because(actor_id=actor.pk, action=f"登记{wanted.label}"):
        event.save(force_insert=True)
    return event


def _place(person: Person, union: Union, *, actor: User, now: datetime, action: str, reason: str) -> None:
    """The person belongs to this union now; units are a union's own, so the old one is left behind."""
    person.union, person.unit = union, None
    person.version += 1
    person.updated_by, person.updated_at = actor, now
    with audit.because(actor_id=actor.pk, action=action, reason=reason):
        person.save(update_fields=("union", "unit", "version", "updated_by", "updated_at"))
        find_pairs(union_path=union.path, person_ids=[person.pk], now=now)


def _document(words: str) -> str:
    """What proves an event, one line without a number of a person. Raises Refused."""
    document = typed.line(words, label="证明材料", field="document")
    return require_no_number(document, label="证明材料", field="document")
