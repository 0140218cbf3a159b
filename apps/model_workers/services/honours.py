"""Entering an honour, its certificate, voiding a wrong entry."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import record_access
from apps.core import audit
from apps.core import text as typed
from apps.core.errors import Refused
from apps.core.numbering import normalise_document_number
from apps.core.uploads import Uploaded, UploadedContent, require_upload
from apps.model_workers.models import Honour, HonourTitle
from apps.model_workers.rules.honours import require_awardable
from apps.model_workers.services.files import open_file
from apps.model_workers.services.reach import require_right
from apps.model_workers.services.refusals import explain
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.rules.names import require_letters
from apps.people.services.persons import locked_person

SCAN_KINDS = ("pdf", "png", "jpg")
MAX_SCAN_BYTES = 10 * 1024 * 1024
# What a form gives besides title, day and scan; each is kept as it stands on the certificate.
FACTS = {
    "session": "届次",
    "awarding_body": "表彰机关",
    "document_number": "表彰文号",
    "certificate_number": "证书编号",
    "note": "备注",
}


@transaction.atomic
def award_honour(
    *,
    person_id: int,
    title: HonourTitle,
    awarded_on: date,
    facts: Mapping[str, str],
    actor: User,
    now: datetime,
    scan: Uploaded | None = None,
) -> Honour:
    """Enter an honour; the first one opens the file. Raises Refused, also for one that is there already."""
    require_right(actor, "model_worker.edit")
    person = locked_person(person_id, actor)
    if not title.is_active:
        raise Refused(f"“{title}”已停用，不能再登记。", field="title")
    return create_honour(
        person=person, title=title, awarded_on=awarded_on, facts=facts, actor=actor, now=now, scan=scan
    )


def create_honour(
    *,
    person: Person,
    title: HonourTitle,
    awarded_on: date,
    facts: Mapping[str, str],
    actor: User,
    now: datetime,
    scan: Uploaded | None = None,
    decision: Any = None,
) -> Honour:
    """The row and the file, for whoever may make them; the person is locked by the caller. `decision`: the approval of a
    nomination that grants it."""
    require_awardable(awarded_on=awarded_on, birth_on=person.birth_on, today=timezone.localdate(now))
    honour = Honour(person=person, title=title, awarded_on=awarded_on, created_by=actor, created_at=now)
    honour.decision = decision
    for name, label in FACTS.items():
        setattr(honour, name, require_no_number(facts.get(name, ""), label=label, field=name))
    if not honour.awarding_body:
        raise Refused("请填写“表彰机关”。", field="awarding_body")
    require_letters(honour.awarding_body, label=FACTS["awarding_body"], field="awarding_body")
    honour.document_number = _document_number(honour.document_number)
    if scan is not None:
        _keep_scan(honour, require_scan(scan))
    with audit.because(actor_id=actor.pk, action="登记荣誉"):
        _insert(honour)
        open_file(person=person, actor=actor, now=now)
    return honour


def _document_number(text: str) -> str:
    """With 〔〕 where it is a modern number; those of early years are kept as they stand on the paper."""
    if not text:
        return ""
    try:
        return normalise_document_number(text, field="表彰文号", name="document_number")
    except Refused:
        return typed.line(text, label="表彰文号", field="document_number")


def require_scan(scan: Uploaded) -> UploadedContent:
    content = require_upload(scan, kinds=SCAN_KINDS, max_bytes=MAX_SCAN_BYTES, field="scan")
    require_no_number(content.name, label="证书扫描件的文件名", field="scan")
    return content


def _keep_scan(honour: Honour, content: UploadedContent) -> None:
    honour.scan, honour.scan_name, honour.scan_sha256 = content.data, content.name, content.sha256


def _insert(honour: Honour) -> None:
    try:
        with transaction.atomic():
            honour.save(force_insert=True)
    except IntegrityError as error:
        raise explain(error) from error


@transaction.atomic
def attach_scan(*, honour_id: int, scan: Uploaded, actor: User, now: datetime) -> Honour:
    """Keep the certificate of an honour, in the place of the one before. Raises Refused."""
    require_right(actor, "model_worker.edit")
    honour = _locked(honour_id, actor)
    _require_standing(honour)
    _keep_scan(honour, require_scan(scan))
    with audit.because(actor_id=actor.pk, action="上传证书扫描件"):
        honour.save(update_fields=("scan", "scan_name", "scan_sha256"))
    return honour


@transaction.atomic
def hand_out_scan(*, honour_id: int, actor: User, address: str | None = None) -> Honour:
    """The certificate, with a record of who took it: full names and numbers may stand on it. Raises Refused."""
    honour = Honour.objects.visible_to(actor).select_related("person__union", "title").get(pk=honour_id)
    if honour.scan is None:
        raise Refused("这项荣誉没有证书扫描件。", code="absent")
    record_access(
        kind=AccessRecord.Kind.EXPORT,
        actor=actor,
        subject=f"证书扫描件：{honour.person.name}（{honour.person.union}）{honour}",
        row_count=1,
        sha256=honour.scan_sha256,
        address=address,
    )
    return honour


@transaction.atomic
def void_honour(*, honour_id: int, reason: str, actor: User, now: datetime) -> Honour:
    """Take a wrong entry out of every count; it stays to be seen, with the reason. Raises Refused."""
    require_right(actor, "model_worker.edit")
    honour = _locked(honour_id, actor)
    if honour.voided_at is not None:
        raise Refused("这项荣誉已经作废。", code="voided")
    if honour.decision_id is not None and not actor.may("model_worker.decide"):
        raise Refused("这项荣誉由推荐评选授予，只能由劳模负责人作废。", code="nominated")
    honour.void_reason = require_no_number(reason, label="作废理由", field="reason")
    if not honour.void_reason:
        raise Refused("请填写“作废理由”。", field="reason")
    honour.voided_by, honour.voided_at = actor, now
    with audit.because(actor_id=actor.pk, action="作废荣誉", reason=honour.void_reason):
        honour.save(update_fields=("voided_by", "voided_at", "void_reason"))
    return honour


def _locked(honour_id: int, actor: User) -> Honour:
    """The honour, behind its person: whatever changes a person's honours waits there."""
    person_id = Honour.objects.visible_to(actor).values_list("person_id", flat=True).get(pk=honour_id)
    locked_person(person_id, actor)
    return (
        Honour.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("person__union", "title")
        .defer("scan")
        .get(pk=honour_id)
    )


def _require_standing(honour: Honour) -> None:
    if honour.voided_at is not None:
        raise Refused("这项荣誉已经作废。", code="voided")
    if honour.revoked_on is not None:
        raise Refused("这项荣誉已经撤销。", code="revoked")
