"""Allowance runs: count, count anew, and take them through their approval."""

from datetime import date, datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.accounts.roles import Role
from apps.core import audit
from apps.core.encryption import BrokenSealError
from apps.core.errors import Refused
from apps.model_workers.models import AllowanceLine, AllowanceRun, RunDecision
from apps.model_workers.rules import bridge as bridges
from apps.model_workers.rules.allowances import RUN_FLOW, RunStatus, barred, require_snapshot
from apps.model_workers.selectors.bridges import built_bridge
from apps.model_workers.selectors.counting import rule_on
from apps.model_workers.selectors.runs import Entry, RunChange, counted, previous_run, run_change, run_sheet
from apps.model_workers.services.paid_accounts import broken_account, opened_accounts
from apps.model_workers.services.refusals import explain
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
        created_by=actor,
        created_at=now,
        counted_at=now,
    )
    with audit.because(actor_id=actor.pk, action="编制荣誉津贴名册"):
        try:
            with transaction.atomic():
                run.save(force_insert=True)
                _write_lines(run, found.entries)
        except DatabaseError as error:
            raise explain(error, field="year") from None
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
    with audit.because(actor_id=actor.pk, action="重新计数"):
        try:
            with transaction.atomic():
                run.save(update_fields=("rule", "previous", "counted_at"))
                # All lines anew: the order of their keys is the order on paper.
                run.lines.all().delete()
                _write_lines(run, change.counted.entries)
        except DatabaseError as error:
            raise explain(error) from None
    return change


@transaction.atomic
def decide_run(*, run_id: int, actor: User, action: str, now: datetime, note: str = "") -> RunDecision:
    """Take one step of the state table. Raises Refused for state, right, missing opinion, the same person twice, a
    roster that the register no longer agrees with, or a bridge that does not balance."""
    run = _locked(run_id, actor)
    note = require_no_number(note, label="意见", field="note")
    step = RUN_FLOW.step(action=action, status=run.status, may=actor.may, note=note)
    _require_other_person(run, actor, action)
    if action in ("submit", "check", "approve"):
        _require_sound(run)
    if action == "submit":
        opened_accounts(list(run.lines.order_by("id")), undone="没有提交")
        run.round += 1
    sheet = run_sheet(run)
    changed = ["status", "round"]
    if step.target == RunStatus.APPROVED:
        run.bridge = bridges.as_json(built_bridge(run))
        run.approved_at = now
        changed += ["bridge", "approved_at"]
    decision = RunDecision(
        run=run,
        round=run.round,
        action=action,
        source=run.status,
        target=step.target,
        actor=actor,
        roles="、".join(role.label for role in Role if role.value in actor.roles),
        note=note,
        people=sheet.people,
        amount=sheet.amount,
        at=now,
    )
    run.status = step.target
    with audit.because(actor_id=actor.pk, action=step.label, reason=note):
        try:
            with transaction.atomic():
                decision.save(force_insert=True)
                if step.target == RunStatus.VOIDED:
                    # The people are free for another run.
                    run.lines.all().delete()
                run.save(update_fields=changed)
        except DatabaseError as error:
            raise explain(error) from None
    return decision


def _require_preparer(actor: User) -> None:
    if not actor.may("allowance.prepare"):
        raise Refused("您没有编制荣誉津贴发放名册的权限。", code="permission")


def _locked(run_id: int, actor: User) -> AllowanceRun:
    return (
        AllowanceRun.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("union", "rule", "previous__rule", "previous__union")
        .get(pk=run_id)
    )


def _require_other_person(run: AllowanceRun, actor: User, action: str) -> None:
    taken = list(run.decisions.filter(round=run.round).values_list("action", "actor"))
    told = barred(
        action=action,
        actor_id=actor.pk,
        made_by_id=run.created_by_id,
        acted={person for _, person in taken},
        submitter_id=next((person for step, person in taken if step == "submit"), None),
    )
    if told:
        raise Refused(told, code="same_person")


def _require_sound(run: AllowanceRun) -> None:
    """The lines are what the register gives today, and last year's people lead to this year's by name."""
    way = "请重新计数后再提交" if run.is_open else "请退回，重新计数后再提交"
    if rule_on(run.snapshot_on) != run.rule:
        raise Refused(f"计数以后计次规则有变。{way}。", code="stale")
    if previous_run(union_id=run.union_id, year=run.year) != run.previous:
        raise Refused(f"计数以后上年名册有变。{way}。", code="stale")
    change = run_change(run)
    if not change.is_none:
        raise Refused(f"计数以后登记有变：{change.sentence}。{way}。", code="stale")
    bridge = built_bridge(run)
    if not bridge.balances:
        names = "、".join(mover.name for mover in bridge.unexplained)
        told = f"，{names}的原因不明" if names else ""
        raise Refused(
            f"与上年衔接不平：按上年 {bridge.before} 人推算应为 {bridge.now} 人，名册 {bridge.listed} 人{told}。",
            code="bridge",
        )


def _write_lines(run: AllowanceRun, entries: tuple[Entry, ...]) -> None:
    AllowanceLine.objects.bulk_create([_line(run, entry) for entry in entries], batch_size=_BATCH)


def _line(run: AllowanceRun, entry: Entry) -> AllowanceLine:
    try:
        return entry.for_run(run)
    except BrokenSealError:
        raise broken_account(entry.name, undone="没有计数") from None
