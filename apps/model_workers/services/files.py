"""The file of a model worker: opened with the first honour, numbered, its treatment."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models import PolicyDocument
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import WorkerFile
from apps.model_workers.rules.files import file_number, require_file_number
from apps.model_workers.rules.honours import Level
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
