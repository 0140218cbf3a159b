"""The register of basis documents: enter, change, attach the scan."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.budget.models import ItemBasis, PolicyDocument
from apps.budget.rules.stages import OPEN_STATUSES
from apps.budget.selectors.policies import is_printed
from apps.core import audit
from apps.core.errors import Refused
from apps.core.explaining import explain
from apps.core.numbering import normalise_document_number
from apps.core.uploads import UploadedContent

EDITABLE = ("title", "number", "issuer", "kind", "issued_on", "in_force_until", "note")


def _apply(document: PolicyDocument, values: Mapping[str, Any]) -> None:
    for name in EDITABLE:
        if name in values:
            setattr(document, name, values[name])
    document.title = document.title.strip().removeprefix("《").removesuffix("》")
    document.number = document.number.strip()
    if document.number:
        document.number = normalise_document_number(document.number, field="文号", name="number")
    if not document.title and not document.number:
        raise Refused("“标题”和“文号”至少填一项。", field="title")
    if not document.issuer.strip():
        raise Refused("请填写“发文机关”。", field="issuer")
    if document.issued_on and document.in_force_until and document.in_force_until < document.issued_on:
        raise Refused("“有效期至”不能早于“发文日期”。", field="in_force_until")
    same = PolicyDocument.objects.current().exclude(pk=document.pk)
    if document.corrects_id is not None:
        same = same.exclude(pk=document.corrects_id)
    if document.number and (twin := same.filter(number=document.number).first()):
        raise Refused(
            f"文号 {document.number} 已登记为{twin.citation()}，同一文号只登记一次。", field="number"
        )
    if not document.number and same.filter(title=document.title, number="").exists():
        raise Refused(f"《{document.title}》已登记。", field="title")


@contextmanager
def _once() -> Iterator[None]:
    """A colleague may enter the same document at the same moment: the database then says so, as a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise explain(error, app_label="budget") from None


def _attach(document: PolicyDocument, scan: UploadedContent) -> None:
    document.scan.save(scan.name, ContentFile(scan.data), save=False)
    document.scan_sha256 = scan.sha256


@transaction.atomic
def register_document(
    *, actor: User, values: Mapping[str, Any], now: datetime, scan: UploadedContent | None = None
) -> PolicyDocument:
    """Enter a document. Its number is normalised to 〔〕; a number or an unnumbered title enters once."""
    _require(actor)
    document = PolicyDocument(created_by=actor, created_at=now)
    _apply(document, values)
    if scan is not None:
        _attach(document, scan)
    with audit.because(actor_id=actor.pk, action="登记依据文件"), _once():
        document.save(force_insert=True)
    return document


@transaction.atomic
def change_document(
    *,
    document_id: int,
    actor: User,
    values: Mapping[str, Any],
    seen_version: int,
    scan: UploadedContent | None = None,
) -> PolicyDocument:
    """Correct a document. Raises Refused when a colleague changed it meanwhile."""
    _require(actor)
    document = PolicyDocument.objects.select_for_update().get(pk=document_id)
    if document.version != seen_version:
        raise Refused("同事刚才修改了这份文件，请核对现在的内容后再保存。", code="row_changed")
    _require_current(document)
    _apply(document, values)
    if scan is not None:
        _attach(document, scan)
    document.version += 1
    with audit.because(actor_id=actor.pk, action="修改依据文件"), _once():
        document.save(force_update=True)
    return document


@transaction.atomic
def correct_document(
    *,
    document_id: int,
    actor: User,
    values: Mapping[str, Any],
    reason: str,
    now: datetime,
    scan: UploadedContent | None = None,
) -> PolicyDocument:
    """Enter what a printed entry should have said.

    The old entry stays under the editions that were submitted with it; open editions, and whatever is copied later,
    cite the new one. The scan comes along unless another is given.
    """
    _require(actor)
    old = PolicyDocument.objects.select_for_update().get(pk=document_id)
    _require_current(old)
    if not reason.strip():
        raise Refused("请写明“更正理由”：哪里登记错了，依据什么改。", field="reason")
    if not is_printed(old):
        raise Refused("这份文件还没有印在已提交的版本里，直接修改即可，不用更正。")
    new = PolicyDocument(
        created_by=actor,
        created_at=now,
        corrects=old,
        correction_reason=reason.strip(),
        scan=old.scan.name,
        scan_sha256=old.scan_sha256,
    )
    _apply(new, values)
    if all(getattr(new, name) == getattr(old, name) for name in EDITABLE) and scan is None:
        raise Refused("内容和原来一样，没有可更正的。")
    if scan is not None:
        _attach(new, scan)
    old.corrected_at = now
    old.version += 1
    with audit.because(actor_id=actor.pk, action="更正依据文件"), _once():
        old.save(force_update=True)
        new.save(force_insert=True)
        ItemBasis.objects.filter(
            document=old,
            item__edition__status__in=OPEN_STATUSES,
            item__edition__plan__fiscal_year__closed_at__isnull=True,
        ).update(document=new)
    return new


def _require_current(document: PolicyDocument) -> None:
    if document.corrected_at is not None:
        raise Refused("这一条已被更正，不能再改；请修改更正后的那一条。", code="corrected")


def _require(actor: User) -> None:
    if not actor.may("document.edit"):
        raise Refused("您没有维护依据文件的权限。", code="permission")
