"""Allowance runs: count, count anew, and take them through their approval."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.cases.services import Seen, decide, save_case
from apps.core import audit
from apps.core.encryption import BrokenSealError
from apps.core.errors import Refused
from apps.core.explaining import explained
from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules.allowances import FORWARD, RunStatus, require_snapshot
from apps.model_workers.selectors.counting import rule_on
from apps.model_workers.selectors.run_steps import objection_to, run_facts
from apps.model_workers.selectors.runs import Entry, RunChange, counted, previous_run, run_change
from apps.model_workers.services.paid_accounts import broken_account, opened_accounts
from apps.people.rules.identity import require_no_number

_BATCH = 1000


@transaction.atomic
def prepare_run(*, union_id: int, year: int, snapshot_on: date, actor: User, now: datetime) -> AllowanceRun:
    """Count the year's run of a union on a day, by the rule in force then. Raises Refused."""
    _require_preparer(actor)
    union = Union.objects.visible_to(actor).in_use().filter(pk=union_id).first()
    if union is None:
        raise Refused("“工会”不在您的管理范围内。", field="union")
    require_snapshot(snapshot_on=snapshot_on, year=year, today=timezone.localdate(now))
    known = AllowanceRun.objects.filter(union=union, year=year).exclude(status=RunStatus.VOIDED).first()
    if known is not None:
        raise Refused(
            f"{union}{year}年度已有荣誉津贴发放名册（{known.get_status_display()}），请直接打开。",
            field="year",
            code="exists",
        )
    rule = rule_on(snapshot_on)
    found = counted(union_path=union.path, year=year, snapshot_on=snapshot_on, rule=rule)
    if not found.entries:
        raise Refused(
            f"{snapshot_on:%Y-%m-%d} {union}没有应发荣誉津贴的劳模，请核对劳模名册或快照日。",
            field="snapshot_on",
        )
    run = AllowanceRun(
        union=union,
        year=year,
        snapshot_on=snapshot_on,
        rule=rule,
        previous=previous_run(union_id=union.pk, year=year),
        counted_at=now,
    )
    save_case(case=run, actor=actor, action="编制荣誉津贴名册", now=now)
    with audit.because(actor_id=actor.pk, action="编制荣誉津贴名册"), explained(run):
        _write_lines(run, found.entries)
    return run


@transaction.atomic
def recount_run(*, run_id: int, actor: User, now: datetime) -> RunChange:
    """Count an open run anew by the register of today, still on its snapshot date; says what changed. Raises Refused."""
    _require_preparer(actor)
    run = _locked(run_id, actor)
    if not run.is_open:
        raise Refused(f"名册{run.get_status_display()}，不能重新计数；需要修改的先退回。", code="state")
    rule = rule_on(run.snapshot_on)
    previous = previous_run(union_id=run.union_id, year=run.year)
    change = run_change(run, rule=rule)
    if not change.counted.entries:
        raise Refused(
            f"{run.snapshot_on:%Y-%m-%d} 没有应发荣誉津贴的劳模，没有重新计数；不再需要的名册请作废。",
            code="empty",
        )
    if change.is_none and rule == run.rule and previous == run.previous:
        return change
    run.rule, run.previous, run.counted_at = rule, previous, now
    with audit.because(actor_id=actor.pk, action="重新计数"), explained(run):
        run.save(update_fields=("rule", "previous", "counted_at"))
        # All lines anew: the order of their keys is the order on paper.
        run.lines.all().delete()
        _write_lines(run, change.counted.entries)
    return change


@transaction.atomic
def decide_run(
    *,
    case: AllowanceRun,
    actor: User,
    verb: str,
    seen: Seen,
    now: datetime,
    opinion: str = "",
    minutes: str = "",
) -> Any:
    """Take one step. Raises Refused also for a roster that the register no longer agrees with, or a bridge that does
    not balance."""
    opinion = require_no_number(opinion, label="意见", field="opinion")
    minutes = require_no_number(minutes, label="会议纪要文号", field="minutes")
    _locked(case.pk, actor)
    case.refresh_from_db()
    if verb == "submit":
        opened_accounts(list(case.lines.order_by("id")), undone="没有提交")
    was = seen
    if verb == "void":
        seen = _freed(case, actor, seen, opinion=opinion)
    return decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=opinion,
        minutes=minutes,
        now=now,
        objection=lambda verb: objection_to(case) if verb in FORWARD else "",
        facts=lambda: run_facts(case, verb=verb, people=was.count, amount=was.amount),
    )


def _freed(run: AllowanceRun, actor: User, seen: Seen, *, opinion: str) -> Seen:
    """Before a run is voided its people are set free for another; afterwards its lines could not be touched."""
    if run.is_open and opinion and seen == Seen.of(run):
        _require_preparer(actor)
        with audit.because(actor_id=actor.pk, action="作废", reason=opinion), explained(run):
            run.lines.all().delete()
        return Seen.of(run)
    return seen


def _require_preparer(actor: User) -> None:
    if not actor.may("allowance.prepare"):
        raise Refused("您没有编制荣誉津贴发放名册的权限。", code="permission")


def _locked(run_id: int, actor: User) -> AllowanceRun:
    run: AllowanceRun = (
        AllowanceRun.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("union", "rule", "previous__rule", "previous__union")
        .get(pk=run_id)
    )
    return run


def _write_lines(run: AllowanceRun, entries: tuple[Entry, ...]) -> None:
    AllowanceLine.objects.bulk_create([_line(run, entry) for entry in entries], batch_size=_BATCH)


def _line(run: AllowanceRun, entry: Entry) -> AllowanceLine:
    try:
        return entry.for_run(run)
    except BrokenSealError:
        raise broken_account(entry.name, undone="没有计数") from None
