"""The allowance roster leaving the house: on paper or as a spreadsheet, masked or in full, written down either way."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.accounts.models import AccessRecord, User
from apps.accounts.services import Copy, record_access
from apps.cases.selectors import decisions_of
from apps.core.errors import Refused
from apps.model_workers.documents.allowance_roll import Roll, allowance_roll
from apps.model_workers.models import AllowanceLine, AllowancePaper, AllowanceRun
from apps.model_workers.printing.allowances import allowance_workbook, set_allowance_roll
from apps.model_workers.rules.allowances import RunStatus
from apps.model_workers.selectors.paid_accounts import changed_accounts
from apps.model_workers.selectors.runs import run_sheet
from apps.model_workers.services.paid_accounts import opened_accounts
from apps.people.services.secrets import require_reason

FORMS = {"pdf": "发放名册（PDF）", "xlsx": "发放名册（xlsx）"}
FULL = "发放名册完整账号"
MOST_FULL_ROWS = 2000
"""Of more people than this within a day nobody takes out full account numbers alone."""


@transaction.atomic
def take_out_roll(
    *,
    run_id: int,
    kind: str,
    is_full: bool,
    reason: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Copy:
    """The roster as PDF or xlsx. Full account numbers need the right, a reason and an approved run. Raises Refused."""
    if kind not in FORMS:
        raise Refused("“格式”请从列表中选择。", field="kind")
    if kind == "xlsx" and not actor.may("person.export"):
        raise Refused("您没有导出人员名册的权限，可以打印 PDF。", field="kind", code="permission")
    run = (
        AllowanceRun.objects.visible_to(actor)
        .select_related("union", "rule", "previous", "created_by")
        .get(pk=run_id)
    )
    if run.status == RunStatus.VOIDED:
        raise Refused("名册已作废，没有可打印的内容。", code="state")
    lines = list(run.lines.order_by("id"))
    accounts: Mapping[int, str] | None = None
    notice = ""
    if is_full:
        reason = _require_full(run, reason, len(lines), actor=actor, now=now)
        accounts = opened_accounts(lines, undone="没有打印")
        moment = timezone.localtime(now)
        notice = f"本件含完整银行账号，由{actor.full_name}于{moment:%Y-%m-%d %H:%M}取出，用于：{reason}。用后按规定保管或销毁。"
    is_signed = kind == "pdf" and not is_full and run.status == RunStatus.APPROVED
    document = allowance_roll(
        run,
        sheet=run_sheet(run),
        lines=lines,
        decisions=decisions_of(run),
        accounts=accounts,
        remarks={} if is_signed else _remarks(run),
        notice=notice,
    )
    if is_signed:
        paper = _paper(document, run, actor=actor, now=now)
        data, sha256 = bytes(paper.content), paper.sha256
    elif kind == "pdf":
        rendered = set_allowance_roll(document)
        data, sha256 = rendered.data, rendered.sha256
    else:
        data = allowance_workbook(document, for_bank=is_full)
        sha256 = hashlib.sha256(data).hexdigest()
    taken = Copy(_file_name(run, kind, is_full), data, sha256, len(lines))
    _record(run, taken, kind=kind, is_full=is_full, reason=reason, actor=actor, address=address)
    return taken


def _paper(document: Roll, run: AllowanceRun, *, actor: User, now: datetime) -> AllowancePaper:
    """What is signed is printed once: afterwards every copy is the stored bytes."""
    AllowanceRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    known = AllowancePaper.objects.filter(run=run).first()
    if known is not None:
        return known
    rendered = set_allowance_roll(document)
    return AllowancePaper.objects.create(
        run=run,
        content=rendered.data,
        sha256=rendered.sha256,
        page_count=rendered.pages,
        made_by=actor,
        made_at=now,
    )


def _require_full(run: AllowanceRun, reason: str, wanted: int, *, actor: User, now: datetime) -> str:
    """The reason. Raises Refused: full accounts leave for an approved run only, and not without end."""
    reason = require_reason(reason, actor=actor)
    if run.status != RunStatus.APPROVED:
        raise Refused("名册审批以后才能取出完整账号。", field="is_full", code="state")
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    day = AccessRecord.objects.filter(
        actor=actor, kind=AccessRecord.Kind.REVEAL, subject__startswith=FULL, at__gt=now - timedelta(days=1)
    )
    taken = day.aggregate(total=Sum("row_count"))["total"] or 0
    if taken + wanted > MOST_FULL_ROWS:
        raise Refused(
            f"您 24 小时内已取出 {taken:,} 人的完整账号，再加上这份名册就超过 {MOST_FULL_ROWS:,} 人；"
            "请找另一位可查看完整号码的人办理。",
            field="is_full",
            code="too_many",
        )
    return reason


def _remarks(run: AllowanceRun) -> dict[int, str]:
    """Where the register has another account by now than the line that is paid; what was signed knows nothing of it."""
    if run.status != RunStatus.APPROVED:
        return {}
    return {one.line.pk: one.remark for one in changed_accounts(AllowanceLine.objects.filter(case=run))}


def _file_name(run: AllowanceRun, kind: str, is_full: bool) -> str:
    state = "" if run.status == RunStatus.APPROVED else "（未审批）"
    full = "（完整账号）" if is_full else ""
    return f"{run.union}{run.year}年荣誉津贴发放名册{state}{full}.{kind}"


def _record(
    run: AllowanceRun,
    taken: Copy,
    *,
    kind: str,
    is_full: bool,
    reason: str,
    actor: User,
    address: str | None,
) -> None:
    """Numbers that were opened are a record of their own, beside that of the file."""
    name = f"{run.union}{run.year}年"
    detail = f"理由：{reason}" if is_full else ""
    if is_full:
        record_access(
            kind=AccessRecord.Kind.REVEAL,
            actor=actor,
            subject=f"{FULL}：{name}",
            detail=reason,
            row_count=taken.row_count,
            address=address,
        )
    record_access(
        kind=AccessRecord.Kind.PRINT if kind == "pdf" else AccessRecord.Kind.EXPORT,
        actor=actor,
        subject=f"{name}荣誉津贴{FORMS[kind]}",
        detail=detail,
        row_count=taken.row_count,
        sha256=taken.sha256,
        address=address,
    )
