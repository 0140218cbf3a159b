"""Relief for model workers in difficulty: entering a case, changing it while it is a draft, deciding on it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import ReliefCase, ReliefDecision, ReliefStandard
from apps.model_workers.rules.relief import (
    FLOW,
    OPEN_STATUSES,
    SAME_PERSON,
    Granted,
    LineGroup,
    ReliefKind,
    grant,
    parted,
    reference_day,
    require_other_person,
    require_year,
    with_reason,
)
from apps.model_workers.selectors.relief import acted, applicant, entered_by, other_case, standard_on
from apps.model_workers.services.refusals import constraint_name, explain
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.services.persons import locked_person

_LONGEST = 500
_CONTENT = ("year", "kind", "standard", "monthly_income", "months", "amount", "circumstances")


@dataclass(frozen=True)
class ReliefDraft:
    """A case as it is entered. `amount` None takes what the standard gives; income and months for 生活困难救助 only."""

    year: int
    kind: str
    group: str
    circumstances: str
    monthly_income: Decimal | None = None
    months: int | None = None
    amount: Decimal | None = None
    lower_reason: str = ""


@dataclass(frozen=True)
class Worked:
    """A draft worked out: the standard that applies, what it gives, and how."""

    standard: ReliefStandard
    granted: Granted


@transaction.atomic
def create_case(*, person_id: int, draft: ReliefDraft, actor: User, now: datetime) -> ReliefCase:
    """Enter a case as a draft. Raises Refused, naming the kind of the case that takes this year's relief already."""
    _require_clerk(actor)
    person = locked_person(person_id, actor)
    worked = work_out(person=person, draft=draft, actor=actor, now=now)
    case = ReliefCase(person=person, created_by=actor, created_at=now)
    _fill(case, draft, worked)
    with audit.because(actor_id=actor.pk, action="录入困难救助"):
        _save(case, person, is_new=True)
    return case


@transaction.atomic
def edit_case(*, case_id: int, draft: ReliefDraft, actor: User, now: datetime) -> ReliefCase:
    """Change a draft, or a case that was returned. Raises Refused."""
    _require_clerk(actor)
    case = _locked_case(case_id, actor)
    if case.status not in OPEN_STATUSES:
        raise Refused(f"当前状态为“{case.get_status_display()}”，内容不能修改。", code="locked")
    person = locked_person(case.person_id, actor)
    worked = work_out(person=person, draft=draft, actor=actor, now=now, besides=case.pk)
    _fill(case, draft, worked)
    with audit.because(actor_id=actor.pk, action="修改困难救助"):
        _save(case, person, is_new=False)
    return case


def work_out(
    *, person: Person, draft: ReliefDraft, actor: User, now: datetime, besides: int | None = None
) -> Worked:
    """What a draft comes to, without saving it. Raises Refused with the first thing that speaks against it."""
    today = timezone.localdate(now)
    require_year(draft.year, today=today)
    require_other_person(
        action="submit",
        is_open=True,
        actor_id=actor.pk,
        actor_name=actor.full_name,
        applicant=person.name,
        entered_by=(),
        acted=(),
    )
    day = reference_day(year=draft.year, today=today)
    who = applicant(person, as_of=day)
    if who.obstacle:
        raise Refused(
            f"{person.name}{who.obstacle}（{day:%Y-%m-%d}），不能申请劳模困难救助。", code="not_eligible"
        )
    if draft.kind not in ReliefKind.values:
        raise Refused("“种类”请从列表中选择。", field="kind")
    if draft.group not in LineGroup.values:
        raise Refused("“适用人员”请从列表中选择。", field="group")
    _require_only_one(person, draft.year, besides)
    standard = standard_on(day, kind=draft.kind, group=draft.group)
    granted = grant(
        kind=draft.kind,
        line=standard.line,
        cap=standard.cap,
        income=draft.monthly_income,
        months=draft.months,
        asked=draft.amount,
        lower_reason=draft.lower_reason,
    )
    return Worked(standard, granted)


@transaction.atomic
def decide_case(*, case_id: int, actor: User, action: str, now: datetime, note: str = "") -> ReliefDecision:
    """Take one step of the state table. Raises Refused for state, permission, missing opinion or the same person twice."""
    case = _locked_case(case_id, actor)
    note = require_no_number(note, label="意见", field="note")
    step = FLOW.step(action=action, status=case.status, may=actor.may, note=note)
    require_other_person(
        action=action,
        is_open=case.status in OPEN_STATUSES,
        actor_id=actor.pk,
        actor_name=actor.full_name,
        applicant=case.person.name,
        entered_by=entered_by(case),
        acted=acted(case),
    )
    if action in ("submit", "check", "approve"):
        _require_still_right(case, actor=actor, now=now)
    if action == "submit":
        case.round += 1
    try:
        with transaction.atomic():
            decision = ReliefDecision.objects.create(
                case=case,
                round=case.round,
                action=action,
                source=case.status,
                target=step.target,
                actor=actor,
                roles="、".join(role.label for role in Role if role.value in actor.roles),
                note=note,
                amount=case.amount,
                at=now,
            )
    except DatabaseError as error:
        if constraint_name(error) == "model_workers_reliefdecision_different_people":
            raise Refused(SAME_PERSON, code="same_person") from None
        raise explain(error) from None
    case.status = step.target
    with audit.because(actor_id=actor.pk, action=step.label, reason=note):
        case.save(update_fields=("status", "round"))
    return decision


def draft_of(case: ReliefCase) -> ReliefDraft:
    """What was entered, as the form shows it."""
    circumstances, lower_reason = parted(case.circumstances)
    return ReliefDraft(
        year=case.year,
        kind=case.kind,
        group=case.standard.group,
        circumstances=circumstances,
        monthly_income=case.monthly_income,
        months=case.months,
        amount=case.amount,
        lower_reason=lower_reason,
    )


def granted_of(case: ReliefCase) -> Granted:
    """How the amount of a case came about, by the standard it was entered under; no steps if that was corrected since."""
    try:
        return grant(
            kind=case.kind,
            line=case.standard.line,
            cap=case.standard.cap,
            income=case.monthly_income,
            months=case.months,
            asked=case.amount,
            lower_reason=parted(case.circumstances)[1],
        )
    except Refused:
        return Granted(most=case.amount, amount=case.amount, steps=())


def _require_clerk(actor: User) -> None:
    if not actor.may("relief.enter"):
        raise Refused("您没有录入困难救助的权限。", code="permission")


def _locked_case(case_id: int, actor: User) -> ReliefCase:
    return (
        ReliefCase.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("person__union", "standard")
        .get(pk=case_id)
    )


def _require_only_one(person: Person, year: int, besides: int | None) -> None:
    other = other_case(person, year=year, besides=besides)
    if other is not None:
        raise Refused(
            f"{person.name}{year}年已有一项{other.get_kind_display()}（{other.get_status_display()}），"
            "三类救助一年内不能重复享受。",
            field="kind",
            code="one_a_year",
        )


def _require_still_right(case: ReliefCase, *, actor: User, now: datetime) -> None:
    """Between entering and approving somebody may have died, or a new line come into force."""
    day = reference_day(year=case.year, today=timezone.localdate(now))
    who = applicant(case.person, as_of=day)
    if who.obstacle:
        raise Refused(
            f"{case.person.name}{who.obstacle}（{day:%Y-%m-%d}），不能再办理这项救助。", code="not_eligible"
        )
    standard = standard_on(day, kind=case.kind, group=case.standard.group)
    if case.status in OPEN_STATUSES and standard.pk != case.standard_id:
        raise Refused(
            "录入以后救助标准已调整，请打开“修改”重新保存，按现行标准计算。", code="standard_changed"
        )


def _fill(case: ReliefCase, draft: ReliefDraft, worked: Worked) -> None:
    own = require_no_number(draft.circumstances, label="困难情况", field="circumstances")
    reason = require_no_number(draft.lower_reason, label="少发理由", field="lower_reason")
    if not own:
        raise Refused("“困难情况”没有填写。", field="circumstances")
    kept = with_reason(own.replace("\r\n", "\n"), reason)
    if len(kept) > _LONGEST:
        raise Refused(
            f"“困难情况”连同少发理由最多 {_LONGEST} 个字，现在是 {len(kept)} 个字。", field="circumstances"
        )
    case.year, case.kind, case.standard = draft.year, draft.kind, worked.standard
    case.monthly_income, case.months = draft.monthly_income, draft.months
    case.amount, case.circumstances = worked.granted.amount, kept


def _save(case: ReliefCase, person: Person, *, is_new: bool) -> None:
    try:
        with transaction.atomic():
            if is_new:
                case.save(force_insert=True)
            else:
                case.save(update_fields=_CONTENT)
    except DatabaseError as error:
        if constraint_name(error) == "model_workers_reliefcase_one_a_year":
            _require_only_one(person, case.year, case.pk)
        raise explain(error) from None
