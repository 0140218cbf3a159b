"""Printing in the background and issuing (签发): the bytes, their hash and the data behind them, kept for good."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import record_access, record_print
from apps.budget import printing
from apps.budget.checks import edition_findings, unanswered
from apps.budget.documents import IssueFacts
from apps.budget.models import Edition, IssuedDocument, PrintJob
from apps.budget.models.issues import Style
from apps.budget.rules import issuing, narrative
from apps.budget.selectors.printing import (
    TASK,
    Issued,
    condition_of,
    find_by_hash,
    has_entered,
    issue_number,
)
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.snapshot import as_json, snapshot, waivers
from apps.core import audit, fonts, once
from apps.core.errors import Refused
from apps.core.explaining import explained
from apps.core.jobs import INTERRUPTIONS, Condition, between_steps
from apps.core.pdf import RenderedPdf

logger = logging.getLogger(__name__)

_UNEXPECTED = "打印时出了意外的错误，没有完成。请再打印一次；仍不成功时请联系系统管理员。"
_INTERRUPTED = "后台程序中断，这次打印没有完成，已重新开始。"
_GIVEN_UP = "后台程序多次中断，这次打印没有完成。请联系系统管理员，再重新打印。"
_OPEN = (PrintJob.Status.QUEUED, PrintJob.Status.RUNNING)
_STEP = 3
"""Progress is written down when it moved by this many percent."""


@transaction.atomic
def request_print(
    *, edition_id: int, actor: User, style: str, is_issue: bool, now: datetime, reason: str = ""
) -> PrintJob:
    """Put a print into the queue; a second click finds the first one's job. Raises Refused when it may not be issued."""
    edition = _locked(edition_id)
    if style not in Style.values:
        raise Refused("“版式”只能是：" + "、".join(Style.labels) + "。", field="style")
    _require_scope(edition, actor)
    if is_issue:
        _require_may_issue(edition, actor, style, reason)
    waiting = (
        PrintJob.objects.filter(
            edition=edition,
            style=style,
            is_issue=is_issue,
            requested_by=actor,
            status__in=_OPEN,
        )
        .order_by("-id")
        .first()
    )
    if waiting is not None and condition_of(waiting, now) != Condition.STALLED:
        return waiting
    return _queue(edition, actor, style, is_issue, reason.strip(), now)


def _queue(edition: Edition, actor: User, style: str, is_issue: bool, reason: str, now: datetime) -> PrintJob:
    once.take()
    job = PrintJob.objects.create(
        edition=edition, style=style, is_issue=is_issue, reason=reason, requested_by=actor, requested_at=now
    )
    app.configure_task(TASK).defer(job_id=job.pk)
    return job


@transaction.atomic
def restart_print(*, job_id: int, actor: User, now: datetime) -> PrintJob:
    """Begin an interrupted print again as a new job. Raises Refused while the first one is alive."""
    # The edition first, as everywhere: an issue under way holds it while it finishes its job.
    edition = _locked(PrintJob.objects.values_list("edition_id", flat=True).get(pk=job_id))
    job = PrintJob.objects.select_for_update(of=("self",)).defer("pdf").get(pk=job_id)
    if job.requested_by_id != actor.pk:
        raise Refused("这次打印由别人提出，请自己另行打印。", code="permission")
    if condition_of(job, now) != Condition.STALLED:
        raise Refused("这次打印没有中断，不需要重新开始。", code="state")
    if job.is_issue:
        _require_may_issue(edition, actor, job.style, job.reason)
    job.status, job.message, job.finished_at = PrintJob.Status.FAILED, _INTERRUPTED, now
    job.save(update_fields=("status", "message", "finished_at"))
    return _queue(edition, actor, job.style, job.is_issue, job.reason, now)


def run_print(*, job_id: int) -> None:
    """The job itself. Whatever happens, the row says how it ended, unless it was interrupted: then it begins again.

    A job that has ended is left alone.
    """
    if not PrintJob.objects.filter(pk=job_id, status__in=_OPEN).update(
        status=PrintJob.Status.RUNNING, stage="读取数据", percent=1
    ):
        return
    job = PrintJob.objects.defer("pdf").select_related("requested_by").get(pk=job_id)
    try:
        if job.is_issue:
            issue_document(job=job, now=timezone.now())
        else:
            _draft(job)
    except Refused as refused:
        _fail(job, refused.message)
    except INTERRUPTIONS:
        raise
    except Exception:
        logger.exception("print job %s", job_id)
        _fail(job, _UNEXPECTED)


def give_up_print(*, job_id: int) -> None:
    """Say that the job was begun in vain too often."""
    _fail(PrintJob.objects.defer("pdf").get(pk=job_id), _GIVEN_UP)


def _draft(job: PrintJob) -> None:
    edition = Edition.objects.for_detail().get(pk=job.edition_id)
    rendered = printing.set_copy(
        printing.prepare(edition, style=job.style, is_draft=True), progress=_Progress(job)
    )
    with transaction.atomic():
        _finish(job, rendered, pdf=rendered.data)
        kept = (
            PrintJob.objects.filter(
                edition=job.edition_id, requested_by=job.requested_by_id, pdf__isnull=False
            )
            .order_by("-id")
            .values_list("pk", flat=True)[: issuing.KEPT_DRAFTS]
        )
        PrintJob.objects.filter(
            edition=job.edition_id, requested_by=job.requested_by_id, pdf__isnull=False
        ).exclude(pk__in=list(kept)).update(pdf=None)


def issue_document(*, job: PrintJob, now: datetime) -> IssuedDocument:
    """Print and keep the issued document. The data are read before and after: what is kept is what was printed."""
    actor = job.requested_by
    deputised = User.objects.filter(pk=actor.acts_for("budget.issue")).first()
    with transaction.atomic():
        edition = _locked(job.edition_id)
        sequence = _require_may_issue(edition, actor, job.style, job.reason)
        issue = _issue_facts(edition, job, sequence, actor.in_place_of(deputised), now)
        copy = printing.prepare(edition, style=job.style, issue=issue)
    rendered = printing.set_copy(copy, progress=_Progress(job))
    with transaction.atomic():
        edition = _locked(job.edition_id)
        if _require_may_issue(edition, actor, job.style, job.reason) != sequence:
            raise Refused("打印期间已有另一份签发，请重新签发并说明更正理由。", code="overtaken")
        if as_json(snapshot(edition_sheet(edition))) != as_json(copy.snapshot):
            raise Refused("打印期间数据有变动，没有签发，请重新签发。", code="changed")
        document = IssuedDocument(
            edition=edition,
            style=job.style,
            sequence=sequence,
            reason=job.reason,
            title=copy.document.title,
            pdf=rendered.data,
            sha256=rendered.sha256,
            page_count=rendered.pages,
            snapshot=copy.snapshot,
            fonts=_fonts(rendered),
            waived=waivers(edition),
            issued_by=actor,
            stands_in_for=deputised,
            issued_at=now,
        )
        with audit.because(actor_id=actor.pk, action="签发"), explained(document):
            document.save(force_insert=True)
        _finish(job, rendered, issued=document)
        record_print(actor=actor, subject=f"签发 {issue.number} {document.title}", sha256=rendered.sha256)
    return document


def _issue_facts(edition: Edition, job: PrintJob, sequence: int, issuer: str, now: datetime) -> IssueFacts:
    plan = edition.plan
    return IssueFacts(
        number=narrative.issue_number(
            year=plan.year,
            union_code=plan.union.code,
            book=plan.book,
            stage=edition.stage,
            stage_sequence=edition.sequence,
            style=job.style,
            sequence=sequence,
        ),
        sequence=sequence,
        reason=job.reason,
        issued_by=issuer,
        issued_at=now,
        verify_url=printing.absolute("budget:verify"),
    )


def _fonts(rendered: RenderedPdf) -> list[dict[str, object]]:
    """Wanted and used typefaces; `drawn` says whether the document needed them."""
    return [
        {
            "role": choice.role,
            "label": choice.label,
            "wanted": choice.wanted,
            "used": choice.used,
            "substituted": choice.substituted,
            "drawn": choice.used in rendered.fonts,
        }
        for choice in fonts.fonts_in_use()
    ]


def _locked(edition_id: int) -> Edition:
    rows = Edition.objects.for_detail().select_for_update(of=("self",), no_key=True)
    edition: Edition = rows.get(pk=edition_id)
    return edition


def _require_scope(edition: Edition, actor: User) -> None:
    if not actor.may("budget.read"):
        raise Refused("您没有查看预算的权限。", code="permission")
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")


def _require_may_issue(edition: Edition, actor: User, style: str, reason: str) -> int:
    """The number of the issue to come. Raises Refused."""
    _require_scope(edition, actor)
    earlier = IssuedDocument.objects.filter(edition=edition, style=style).count()
    issuing.require_may_issue(
        status=edition.status,
        may_issue=actor.may("budget.issue"),
        year_is_closed=edition.plan.fiscal_year.is_closed,
        has_entered=has_entered(edition, actor),
        open_findings=[found.message for found in unanswered(edition_findings(edition))],
        earlier=earlier,
        reason=reason,
    )
    return earlier + 1


class _Progress:
    """Writes the progress of a job where the waiting page reads it."""

    def __init__(self, job: PrintJob) -> None:
        self.job_id = job.pk
        self.told = 0

    def __call__(self, stage: str, percent: int) -> None:
        between_steps()
        # The last tenth is keeping the result, which only _finish may call done.
        shown = percent * 9 // 10
        if shown >= self.told + _STEP:
            self.told = shown
            PrintJob.objects.filter(pk=self.job_id, status=PrintJob.Status.RUNNING).update(
                stage=stage[:60], percent=shown
            )


def _finish(
    job: PrintJob, rendered: RenderedPdf, *, pdf: bytes | None = None, issued: IssuedDocument | None = None
) -> None:
    """Raises Refused when the job was given up meanwhile, so that nothing is kept twice."""
    ended = PrintJob.objects.filter(pk=job.pk, status=PrintJob.Status.RUNNING).update(
        status=PrintJob.Status.DONE,
        stage="",
        percent=100,
        message=f"共 {rendered.pages} 页",
        pdf=pdf,
        sha256=rendered.sha256,
        page_count=rendered.pages,
        issued=issued,
        finished_at=timezone.now(),
    )
    if not ended:
        raise Refused("这次打印已经重新开始，结果没有保存。", code="given_up")


def _fail(job: PrintJob, message: str) -> None:
    PrintJob.objects.filter(pk=job.pk, status__in=_OPEN).update(
        status=PrintJob.Status.FAILED, stage="", message=message[:500], finished_at=timezone.now()
    )


# --- taking out and verifying ------------------------------------------------------------------------------


def hand_out_issue(*, document_id: int, actor: User, address: str | None = None) -> IssuedDocument:
    """The stored bytes of an issue, with a record of who took them. A reprint is always these bytes."""
    document = (
        IssuedDocument.objects.select_related("edition__plan__union").defer("snapshot").get(pk=document_id)
    )
    record_print(
        actor=actor,
        subject=f"下载签发件 {issue_number(document)} {document.title}",
        sha256=document.sha256,
        address=address,
    )
    return document


def hand_out_draft(*, job_id: int, actor: User, address: str | None = None) -> PrintJob:
    """The bytes of a draft, with a record of who took them. Raises Refused when they are no longer kept."""
    job = PrintJob.objects.select_related("edition__plan__union").get(pk=job_id)
    if job.pdf is None:
        raise Refused("这份草稿已不再保存，请重新打印。", code="gone")
    record_print(actor=actor, subject=f"打印草稿 {job.edition}", sha256=job.sha256, address=address)
    return job


def verify_file(*, actor: User, sha256: str, name: str = "", address: str | None = None) -> Issued | None:
    """Which issue has this hash, if any. The question is recorded, the file is not kept."""
    found = find_by_hash(sha256)
    record_access(
        kind=AccessRecord.Kind.VERIFY,
        actor=actor,
        subject=f"{found.number} {found.document.title}" if found else "不是已签发的文件",
        detail=name,
        sha256=sha256,
        address=address,
    )
    return found
