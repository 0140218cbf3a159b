"""The file of a model worker: opened with the first honour, numbered, its treatment, its suspension and revocation."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models import PolicyDocument
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import FileEvent, Honour, WorkerFile
from apps.model_workers.rules.files import (
    AFTER,
    FLOW,
    FileAction,
    KnownEvent,
    file_number,
    require_event_day,
    require_file_number,
    status_after,
)
from apps.model_workers.rules.honours import Level, require_revocable
from apps.model_workers.services.reach import require_right
from apps.model_workers.services.refusals import explain
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.rules.names import require_letters
from apps.people.services.persons import locked_person

# What a form may change of a file, beside treatment.
FACTS = {"number": "档案号", "managed_by": "归口管理单位", "archive_reference": "档案出处", "note": "备注"}


def open_file(*, person: Person, actor: User, now: datetime) -> WorkerFile:
    """The person's file; made and numbered when there is none. The person is locked by the caller."""
    known = WorkerFile.objects.filter(person=person).first()
    if known is not None:
        return known
    return WorkerFile.objects.create(
        person=person,
        number=_next_number(person.union, year=timezone.localdate(now).year),
        managed_by=person.union.name,
        opened_by=actor,
        opened_at=now,
    )


def _next_number(union: Union, *, year: int) -> str:
    """One after the highest of the union's year; two clerks at once wait for each other at the union's row."""
    Union.objects.select_for_update(no_key=True).get(pk=union.pk)
    prefix = file_number(union_code=union.code, year=year, sequence=0)[:-4]
    endings = WorkerFile.objects.filter(number__startswith=prefix).values_list("number", flat=True)
    taken = [int(number[len(prefix) :]) for number in endings if number[len(prefix) :].isdecimal()]
    return file_number(union_code=union.code, year=year, sequence=max(taken, default=0) + 1)


@transaction.atomic
def change_file(*, person_id: int, facts: Mapping[str, str], actor: User, now: datetime) -> WorkerFile:
    """Correct number, keeper, source of the archive and note; an emptied number is given anew. Raises Refused."""
    require_right(actor, "model_worker.edit")
    person = locked_person(person_id, actor)
    file = _file_of(person)
    for name, label in FACTS.items():
        if name in facts:
            setattr(file, name, require_no_number(facts[name], label=label, field=name))
    if file.managed_by:
        require_letters(file.managed_by, label=FACTS["managed_by"], field="managed_by")
    if file.number:
        require_file_number(file.number)
    else:
        file.number = _next_number(person.union, year=timezone.localdate(now).year)
    with audit.because(actor_id=actor.pk, action="修改劳模档案"):
        _save(file, tuple(FACTS), taken="number")
    return file


@transaction.atomic
def set_treatment(
    *, person_id: int, level: str, document: PolicyDocument | None, actor: User, now: datetime
) -> WorkerFile:
    """Which treatment the person enjoys, by which document; an empty level takes it away. Raises Refused.

    An honour is not treatment: the level may be another than that of any honour.
    """
    require_right(actor, "model_worker.decide")
    file = _file_of(locked_person(person_id, actor))
    if level and level not in Level.values:
        raise Refused("“享受待遇级别”请从列表中选择。", field="level")
    if level and document is None:
        raise Refused("享受待遇级别必须有依据文件。", field="document")
    if not level and document is not None:
        raise Refused("选了依据文件，请同时选择“享受待遇级别”。", field="level")
    file.treatment_level, file.treatment_document = level, document
    with audit.because(
        actor_id=actor.pk, action="确定享受待遇", reason=document.citation() if document else "取消"
    ):
        _save(file, ("treatment_level", "treatment_document"))
    return file


def _file_of(person: Person) -> WorkerFile:
    file = WorkerFile.objects.select_for_update(of=("self",)).filter(person=person).first()
    if file is None:
        raise Refused(f"{person.name}还没有劳模档案；登记第一项荣誉时建立。", code="no_file")
    return file


def _save(file: WorkerFile, fields: tuple[str, ...], *, taken: str | None = None) -> None:
    try:
        with transaction.atomic():
            file.save(update_fields=fields)
    except IntegrityError as error:
        refused = explain(error)
        raise Refused(refused.message, field=taken, code=refused.code) from error


@transaction.atomic
def decide_file(
    *,
    person_id: int,
    action: str,
    effective_on: date,
    document: str,
    reason: str,
    actor: User,
    now: datetime,
    honour_ids: Collection[int] = (),
) -> FileEvent:
    """Suspend, resume or revoke a file from a day on. Raises Refused.

    A revocation ends the treatment as a whole. Which honours fall with it is what the document says: each is revoked by
    whoever awarded it (武政〔1998〕51号), so `honour_ids` names those; the others stay in the file and pay nothing.
    """
    person = locked_person(person_id, actor)
    _file_of(person)
    last = _last_event(person)
    step = FLOW.step(
        action=action,
        status=status_after(KnownEvent(last.target, last.effective_on) if last else None),
        may=actor.may,
        note=reason,
    )
    document = require_no_number(document, label="文件", field="document")
    reason = require_no_number(reason, label="理由", field="reason")
    if not document:
        raise Refused(f"{step.label}必须填写“文件”。", field="document")
    today = timezone.localdate(now)
    require_event_day(
        effective_on=effective_on,
        last=KnownEvent(last.target, last.effective_on) if last else None,
        first_honour_on=_standing_honours(person).aggregate(first=Min("awarded_on"))["first"],
        today=today,
    )
    with audit.because(actor_id=actor.pk, action=step.label, reason=reason):
        event = _insert(
            FileEvent(
                person=person,
                action=step.action,
                target=AFTER[step.action],
                effective_on=effective_on,
                document=document,
                reason=reason,
                created_by=actor,
                created_at=now,
            )
        )
        if honour_ids:
            _revoke_with(event, honour_ids, today=today)
    return event


def _insert(event: FileEvent) -> FileEvent:
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError as error:
        raise explain(error) from error
    return event


def _revoke_with(event: FileEvent, honour_ids: Collection[int], *, today: date) -> None:
    if event.action != FileAction.REVOKE:
        raise Refused("只有撤销才会同时撤销荣誉。", field="honours")
    honours = list(_standing_honours(event.person).filter(pk__in=honour_ids).select_for_update(of=("self",)))
    if len(honours) != len(set(honour_ids)):
        raise Refused("所选荣誉里有的已作废或已撤销，请重新选择。", field="honours")
    for honour in honours:
        require_revocable(
            revoked_on=event.effective_on, awarded_on=honour.awarded_on, document=event.document, today=today
        )
        honour.revoked_on, honour.revoked_document = event.effective_on, event.document
        honour.save(update_fields=("revoked_on", "revoked_document"))


@transaction.atomic
def void_event(*, event_id: int, reason: str, actor: User, now: datetime) -> FileEvent:
    """Take the last event back as a wrong entry, and with a revocation the honours it took away. Raises Refused."""
    require_right(actor, "model_worker.decide")
    found = FileEvent.objects.visible_to(actor).get(pk=event_id)
    person = locked_person(found.person_id, actor)
    event = FileEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
    if event.voided_at is not None:
        raise Refused("这次变动已经作废。", code="voided")
    last = _last_event(person)
    if last is None or last.pk != event.pk:
        raise Refused("后面还有一次变动，请先作废后面那一次。", code="not_last")
    event.void_reason = require_no_number(reason, label="作废理由", field="reason")
    if not event.void_reason:
        raise Refused("请填写“作废理由”。", field="reason")
    event.voided_by, event.voided_at = actor, now
    with audit.because(actor_id=actor.pk, action="作废状态变动", reason=event.void_reason):
        event.save(update_fields=("voided_by", "voided_at", "void_reason"))
        if event.action == FileAction.REVOKE:
            # The same document on the same day is the same decision.
            Honour.objects.filter(
                person=person, revoked_on=event.effective_on, revoked_document=event.document
            ).update(revoked_on=None, revoked_document="")
    return event


def _last_event(person: Person) -> FileEvent | None:
    return FileEvent.objects.valid().filter(person=person).order_by("-effective_on", "-id").first()


def _standing_honours(person: Person) -> QuerySet[Honour]:
    return Honour.objects.standing().filter(person=person).defer("scan")
