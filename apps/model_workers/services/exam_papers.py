"""The papers of an exam going out, each written down: slips, rosters to sign, the settlement, the spreadsheet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import Copy, record_access
from apps.core.errors import Refused
from apps.core.pdf import RenderedPdf
from apps.model_workers.documents.exams import exam_roster, settlement, slip_sheets
from apps.model_workers.models import Exam, Hospital
from apps.model_workers.printing.exams import set_exam_roster, set_settlement, set_slips
from apps.model_workers.selectors.exams import NO_HOSPITAL, roster
from apps.model_workers.selectors.settled_exams import settled_exam, told_of
from apps.model_workers.services.copies import table_copy
from apps.model_workers.tables.exams import roster_workbook

MOST_SLIPS = 200
"""So many slips take some ten seconds and seventy sheets; more are printed union by union, as they are handed out."""
MOST_ROWS = 1000


def require_papers(actor: User) -> None:
    """Raises Refused unless the actor organises exams or may take rosters out."""
    if not (actor.may("exam.manage") or actor.may("person.export")):
        raise Refused("您没有打印、导出体检名册的权限。", code="permission")


def print_slips(
    *,
    exam_id: int,
    filters: Mapping[str, Any],
    described: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """One slip for each person the filters leave, three on a page. Raises Refused, also once the exam was submitted."""
    exam, rows = _listed(exam_id, filters, actor, most=MOST_SLIPS)
    if not exam.is_open:
        raise Refused(f"{exam}{exam.get_status_display()}，不再打印通知单。", code="locked")
    document = slip_sheets(exam, rows, now=now)
    return _hand_out(exam, document.title, described, len(rows), set_slips(document), actor, address)


def print_roster(
    *,
    exam_id: int,
    filters: Mapping[str, Any],
    described: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The people the filters leave, with a column to sign in. Raises Refused."""
    exam, rows = _listed(exam_id, filters, actor, most=MOST_ROWS)
    hospital = _hospital_name(filters.get("hospital") or "")
    document = exam_roster(exam, told_of(exam, rows), hospital=hospital, chosen="", user=actor, now=now)
    return _hand_out(exam, document.title, described, len(rows), set_exam_roster(document), actor, address)


def print_settlement(*, exam_id: int, actor: User, now: datetime, address: str | None = None) -> Copy:
    """Hospitals, bills, what is left over, and why the others did not come."""
    require_papers(actor)
    exam = Exam.objects.visible_to(actor).select_related("union", "rule").get(pk=exam_id)
    document = settlement(exam, settled_exam(exam), user=actor, now=now)
    return _hand_out(exam, document.title, "", None, set_settlement(document), actor, address)


@transaction.atomic
def export_exam_roster(
    *,
    exam_id: int,
    filters: Mapping[str, Any],
    described: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The people the filters leave as xlsx, numbers masked. Raises Refused."""
    if not actor.may("person.export"):
        raise Refused("您没有导出名册的权限。", code="permission")
    exam = Exam.objects.visible_to(actor).select_related("union").get(pk=exam_id)
    rows = roster(exam, viewer=actor, filters=filters)
    title = f"{exam.union.short_name}{exam.year}年体检名册"
    data, count = roster_workbook(told_of(exam, rows), title=title, created=now)
    return table_copy(
        f"{title}.xlsx", data, title=title, described=described, row_count=count, actor=actor, address=address
    )


def _listed(exam_id: int, filters: Mapping[str, Any], actor: User, *, most: int) -> tuple[Exam, list[Any]]:
    require_papers(actor)
    exam = Exam.objects.visible_to(actor).select_related("union", "rule").get(pk=exam_id)
    rows = list(roster(exam, viewer=actor, filters=filters)[: most + 1])
    if not rows:
        raise Refused("没有符合条件的人，没有可打印的内容。", code="empty")
    if len(rows) > most:
        raise Refused(f"超过 {most:,} 人，打印太长；请按管理工会或医院筛选后分批打印。", code="too_many")
    return exam, rows


def _hospital_name(chosen: str) -> str:
    if chosen == NO_HOSPITAL:
        return "未安排医院"
    return Hospital.objects.get(pk=int(chosen)).name if chosen else ""


def _hand_out(
    exam: Exam,
    title: str,
    described: str,
    row_count: int | None,
    rendered: RenderedPdf,
    actor: User,
    address: str | None,
) -> Copy:
    name = f"{exam.union.short_name}{exam.year}年{title}"
    with transaction.atomic():
        record_access(
            kind=AccessRecord.Kind.PRINT,
            actor=actor,
            subject=name,
            detail=described,
            row_count=row_count,
            sha256=rendered.sha256,
            address=address,
        )
    return Copy(f"{name}.pdf", rendered.data, rendered.sha256, row_count or 1)
