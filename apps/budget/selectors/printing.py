"""Print jobs and issued documents as the pages show them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.budget.models import Edition, IssuedDocument, PrintJob
from apps.budget.rules import narrative
from apps.budget.rules.stages import FLOW
from apps.core.jobs import Condition, task_condition

TASK = "apps.budget.tasks.run_print"
"""The name under which the job lies in the queue; a waiting job would not be found under another one."""


def visible_jobs(user: User) -> QuerySet[PrintJob]:
    """Jobs on editions the user may read, without their bytes."""
    return (
        PrintJob.objects.filter(edition__in=Edition.objects.visible_to(user))
        .defer("pdf")
        .select_related("edition__plan__union", "edition__plan__fiscal_year", "requested_by", "issued")
    )


def condition_of(job: PrintJob, now: datetime) -> Condition | None:
    """How the background is getting on with a job; None when it has ended."""
    if job.is_over:
        return None
    condition = task_condition(task=TASK, arguments={"job_id": job.pk}, since=job.requested_at, now=now)
    if condition == Condition.STALLED:  # it may have ended since the row was read
        job.refresh_from_db()
        return None if job.is_over else condition
    return condition


def recent_jobs(edition: Edition, user: User, limit: int = 5) -> list[PrintJob]:
    """The user's own latest prints of an edition."""
    return list(visible_jobs(user).filter(edition=edition, requested_by=user).order_by("-id")[:limit])


def has_entered(edition: Edition, user: User) -> bool:
    """Whether the person, or whoever the person would issue it for, wrote content of the edition or submitted it; who was
    stood in for then counts as well."""
    hands = {user.pk, user.acts_for("budget.issue")} - {None}
    entered = [step for step in edition.decisions.all() if step.duty == FLOW.enters]
    submitters = {person for step in entered for person in (step.actor_id, step.stands_in_for_id)}
    return bool(hands & ({*edition.editors} | submitters))


def issue_number(document: IssuedDocument) -> str:
    """签发编号 as it stands on the paper."""
    plan = document.edition.plan
    return narrative.issue_number(
        year=plan.year,
        union_code=plan.union.code,
        book=plan.book,
        stage=document.edition.stage,
        stage_sequence=document.edition.sequence,
        style=document.style,
        sequence=document.sequence,
    )


@dataclass(frozen=True)
class Issued:
    """An issued document with what its page says: its number and whether a later issue corrects it."""

    document: IssuedDocument
    number: str
    corrected_by: IssuedDocument | None

    @property
    def is_latest(self) -> bool:
        return self.corrected_by is None


def issued_facts(document: IssuedDocument) -> Issued:
    later = (
        IssuedDocument.objects.filter(
            edition=document.edition_id, style=document.style, sequence__gt=document.sequence
        )
        .for_list()
        .order_by("-sequence")
        .first()
    )
    return Issued(document, issue_number(document), later)


def find_by_hash(sha256: str) -> Issued | None:
    """The issue whose bytes have this hash, of whatever union: a bureau may ask about any."""
    document = IssuedDocument.objects.for_list().filter(sha256=sha256).first()
    return None if document is None else issued_facts(document)
