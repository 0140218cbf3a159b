"""What the model workers know of a person, for the page of that person."""

from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.model_workers.models import FileChange, Honour
from apps.model_workers.rules.file_changes import ChangeStatus
from apps.model_workers.rules.files import TONES as FILE_TONES
from apps.model_workers.selectors.dossier import Dossier, Received, dossier
from apps.model_workers.selectors.paid_accounts import accounts_held
from apps.people import account_holds
from apps.people.chapters import Chapter, ChapterRow, register
from apps.people.models import Person


class WorkerChapter:
    """Honours and file first, then what was received, year by year."""

    key = "model_workers"
    title = "劳模"
    permission = "model_worker.read"

    def read(self, *, person: Person, user: User) -> Chapter:
        found = dossier(person=person, viewer=user, today=timezone.localdate())
        if not (found.honours or found.file or _any(found.received)):
            begin = reverse("model_workers:honour_create", args=[person.public_id])
            return Chapter(action=("登记荣誉", begin) if user.may("model_worker.edit") else None)
        page = reverse("model_workers:worker_detail", args=[person.public_id])
        rows = (
            *_file_row(found, page),
            *(_honour_row(honour, page) for honour in found.honours),
            *(_change_row(change) for change in found.changes if change.status == ChangeStatus.APPROVED),
            *_received_rows(found.received, page),
        )
        return Chapter(rows=rows, contradictions=tuple(found.contradictions))


def _any(received: Received) -> bool:
    return bool(received.allowances or received.exams or received.relief)


def _file_row(found: Dossier, page: str) -> tuple[ChapterRow, ...]:
    if found.file is None:
        return ()
    treatment = found.file.get_treatment_level_display()
    detail = "，".join(
        part
        for part in (
            found.file.number,
            f"档次 {found.class_label}" if found.class_label else "",
            f"享受{treatment}待遇" if treatment else "",
        )
        if part
    )
    return (
        ChapterRow(
            None, "劳模档案", detail, state=str(found.status.label), tone=FILE_TONES[found.status], url=page
        ),
    )


def _honour_row(honour: Honour, page: str) -> ChapterRow:
    state, tone = "", "grey"
    if honour.voided_at is not None:
        state, tone = "已作废", "outline"
    elif honour.revoked_on is not None:
        state, tone = "已撤销", "red"
    elif not honour.scan_sha256:
        state, tone = "存疑", "amber"
    detail = "，".join(part for part in (honour.awarding_body, honour.document_number) if part)
    return ChapterRow(honour.awarded_on.year, str(honour.title), detail, state=state, tone=tone, url=page)


def _change_row(change: FileChange) -> ChapterRow:
    return ChapterRow(
        change.effective_on.year,
        change.get_action_display(),
        f"{change.effective_on:%Y-%m-%d}，{change.document}",
        state=change.get_status_display(),
        tone=change.tone,
        url=reverse("model_workers:change_detail", args=[change.public_id]),
    )


def _received_rows(received: Received, page: str) -> tuple[ChapterRow, ...]:
    rows = [
        ChapterRow(
            line.case.year,
            "荣誉津贴",
            f"{line.get_award_class_display()}，{line.months} 个月",
            amount=line.amount,
            state=line.case.get_status_display(),
            tone=line.case.tone,
            url=page,
        )
        for line in received.allowances
    ]
    rows += [
        ChapterRow(
            one.case.year,
            "体检",
            f"{one.attended_on:%Y-%m-%d}，{one.hospital}" if one.attended_on else one.get_absence_display(),
            state="到检" if one.attended_on else "未到检",
            tone="green" if one.attended_on else "grey",
            url=page,
        )
        for one in received.exams
    ]
    rows += [
        ChapterRow(
            case.year,
            case.get_kind_display(),
            amount=case.amount,
            state=case.get_status_display(),
            tone=case.tone,
            url=page,
        )
        for case in received.relief
    ]
    return tuple(rows)


def publish() -> None:
    register(WorkerChapter())
    account_holds.register("model_workers", accounts_held)
