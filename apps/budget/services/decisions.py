"""Submitting, checking, approving and returning an edition; soft findings let stand with a reason."""

from datetime import datetime

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Decision, Edition, Waiver
from apps.budget.rules import waiving
from apps.budget.rules.findings import Finding
from apps.budget.rules.stages import FLOW, Status
from apps.budget.selectors.contributors import contributors
from apps.budget.selectors.last_year import last_final_edition
from apps.budget.selectors.sheet import Sheet, edition_sheet
from apps.budget.selectors.waivers import is_superseded, require_may_waive
from apps.core import audit, once
from apps.core.errors import Refused

SAME_PERSON = "同一轮送审中，每人只能办理一个环节：提交、审核、审批必须由不同的人办理。"


@transaction.atomic
def decide_edition(
    *, edition_id: int, actor: User, action: str, now: datetime, note: str = "", minutes_number: str = ""
) -> Decision:
    """Take one step of the state table. Raises Refused for state, permission, missing opinion or the same person twice."""
    edition = (
        Edition.objects.select_for_update(of=("self",))
        .select_related("plan__fiscal_year", "plan__union", "submitted_by")
        .get(pk=edition_id)
    )
    step = FLOW.step(
        action=action,
        status=edition.status,
        may=actor.may,
        track=edition.stage,
        note=note,
        minutes=minutes_number,
    )
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")
    if edition.plan.fiscal_year.is_closed:
        raise Refused(f"{edition.plan.year}年度已关闭。", code="year_closed")
    sheet = edition_sheet(edition)
    if action == "submit":
        _require_ready(edition, sheet)
        edition.round += 1
        edition.submitted_by, edition.submitted_at = actor, now
        edition.compared_with = last_final_edition(edition.plan)
    elif action == "withdraw":
        if edition.submitted_by_id != actor.pk:
            raise Refused(f"只有提交人{edition.submitted_by}可以撤回。", code="not_submitter")
    else:
        if edition.decisions.filter(round=edition.round, actor=actor).exclude(action="withdraw").exists():
            raise Refused(SAME_PERSON, code="same_person")
        if action in ("check", "approve"):
            if actor.pk in contributors(edition):
                raise Refused("您录入或修改过本版本的内容，不能再审核或审批它。", code="own_work")
            open_findings = unanswered(edition_findings(edition, sheet=sheet))
            if open_findings:
                raise Refused(
                    f"文稿校验还有 {len(open_findings)} 个问题没有处理或说明，如：{open_findings[0].message}",
                    code="findings",
                )
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                edition=edition,
                round=edition.round,
                action=action,
                label=step.label,
                from_status=edition.status,
                to_status=step.target,
                actor=actor,
                roles="、".join(role.label for role in Role if role.value in actor.roles),
                note=note.strip(),
                minutes_number=minutes_number.strip(),
                total_amount=sheet.amount,
                at=now,
            )
    except IntegrityError as error:
        if "budget_decision_one_step_a_person" not in str(error):
            raise
        raise Refused(SAME_PERSON, code="same_person") from error
    edition.status = step.target
    edition.last_decision = decision
    if step.target == Status.APPROVED:
        edition.approved_at = now
        edition.minutes_number = minutes_number.strip()
    with audit.because(actor_id=actor.pk, action=step.label, reason=note.strip()):
        edition.save(
            update_fields=(
                "status",
                "last_decision",
                "round",
                "submitted_by",
                "submitted_at",
                "compared_with",
                "approved_at",
                "minutes_number",
            )
        )
    return decision


def _require_ready(edition: Edition, sheet: Sheet) -> None:
    """An edition goes up whole: items there, every line complete, no hard finding."""
    hard = [finding for finding in edition_findings(edition, sheet=sheet) if finding.is_hard]
    if hard:
        raise Refused(f"还有 {len(hard)} 个必须改正的问题，不能提交，如：{hard[0].message}", code="findings")


@transaction.atomic
def waive_finding(*, edition_id: int, fingerprint: str, reason: str, actor: User, now: datetime) -> Waiver:
    """Let a soft finding stand with a reason, until the next edition is opened; raises Refused. No content changes."""
    edition = (
        Edition.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan__fiscal_year", "plan__union")
        .get(pk=edition_id)
    )
    if not edition.plan.union.path.startswith(actor.union.path):
        raise Refused("这不是您所属工会的预算。", code="scope")
    finding: Finding | None = next(
        (found.finding for found in edition_findings(edition) if found.finding.fingerprint == fingerprint),
        None,
    )
    if finding is None:
        raise Refused("这个问题已不存在，请刷新校验结果。", code="gone")
    require_may_waive(finding, edition, actor, superseded=is_superseded(edition))
    words = waiving.clean_reason(reason)
    if Waiver.objects.filter(edition=edition, fingerprint=fingerprint).exists():
        raise Refused("这个问题已有说明。", code="exists")
    once.take()
    return Waiver.objects.create(
        edition=edition,
        fingerprint=fingerprint,
        code=finding.code,
        message=finding.message[:500],
        reason=words,
        waived_by=actor,
        waived_at=now,
    )
