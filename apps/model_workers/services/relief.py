"""Relief for model workers in difficulty: entering a case, changing it while it is open, deciding on it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.services import Seen, decide, save_case
from apps.core.errors import Refused
from apps.model_workers.documents.relief import relief_facts
from apps.model_workers.models import ReliefCase, ReliefStandard
from apps.model_workers.rules.relief import (
    LONGEST_REASON,
    SAME_NAME,
    Granted,
    LineGroup,
    ReliefKind,
    grant,
    reference_day,
    require_group_explained,
    require_year,
)
from apps.model_workers.selectors.relief import Applicant, applicant, objection_to, other_case, standard_on
from apps.people.models import Person
from apps.people.rules.identity import require_no_number
from apps.people.services.persons import locked_person

LONGEST = 500


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
    group_reason: str = ""


@dataclass(frozen=True)
class Worked:
    """A draft worked out: whose it is, the standard that applies, what it gives, and how."""

    who: Applicant
    standard: ReliefStandard
    granted: Granted


@transaction.atomic
def create_case(*, person_id: int, draft: ReliefDraft, actor: User, now: datetime) -> ReliefCase:
    """Enter a case as a draft. Raises Refused, naming the kind of the case that takes this year's relief already."""
    _require_clerk(actor)
    person = locked_person(person_id, actor)
    worked = work_out(person=person, draft=draft, actor=actor, now=now)
    case = ReliefCase(person=person, union_id=person.union_id)
    return _save(case, draft, worked, actor=actor, now=now)


@transaction.atomic
def edit_case(*, case_id: int, draft: ReliefDraft, actor: User, now: datetime) -> ReliefCase:
    """Change a draft, or a case that was returned. Raises Refused."""
    _require_clerk(actor)
    case = ReliefCase.objects.visible_to(actor).select_related("standard").get(pk=case_id)
    if not case.is_open:
        raise Refused(f"当前状态为“{case.get_status_display()}”，内容不能修改。", code="locked")
    person = locked_person(case.person_id, actor)
    worked = work_out(person=person, draft=draft, actor=actor, now=now, besides=case.pk)
    return _save(case, draft, worked, actor=actor, now=now)


def work_out(
    *, person: Person, draft: ReliefDraft, actor: User, now: datetime, besides: int | None = None
) -> Worked:
    """What a draft comes to, without saving it. Raises Refused with the first thing that speaks against it."""
    today = timezone.localdate(now)
    require_year(draft.year, today=today)
    if actor.full_name == person.name:
        raise Refused(SAME_NAME, code="relation")
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
    require_group_explained(chosen=draft.group, registered=who.group or "", reason=draft.group_reason)
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
    return Worked(who, standard, granted)


def decide_relief(
    *,
    case: ReliefCase,
    actor: User,
    verb: str,
    seen: Seen,
    now: datetime,
    opinion: str = "",
    minutes: str = "",
) -> Any:
    """Take one step; whoever died or came under another line meanwhile is noticed at every step forward. Raises Refused."""
    return decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=require_no_number(opinion, label="意见", field="opinion"),
        minutes=require_no_number(minutes, label="会议纪要文号", field="minutes"),
        now=now,
        objection=objection_to(case, today=timezone.localdate(now)),
        facts=lambda: relief_facts(case, today=timezone.localdate(now)),
    )


def draft_of(case: ReliefCase) -> ReliefDraft:
    """What was entered, as the form shows it."""
    return ReliefDraft(
        year=case.year,
        kind=case.kind,
        group=case.standard.group,
        circumstances=case.circumstances,
        monthly_income=case.monthly_income,
        months=case.months,
        amount=case.amount,
        lower_reason=case.lower_reason,
        group_reason=case.group_reason,
    )


def _require_clerk(actor: User) -> None:
    if not actor.may("relief.enter"):
        raise Refused("您没有录入困难救助的权限。", code="permission")


def _require_only_one(person: Person, year: int, besides: int | None) -> None:
    other = other_case(person, year=year, besides=besides)
    if other is not None:
        raise Refused(
            f"{person.name}{year}年已有一项{other.get_kind_display()}（{other.get_status_display()}），"
            "三类救助一年内不能重复享受。",
            field="kind",
            code="one_a_year",
        )


def _save(case: ReliefCase, draft: ReliefDraft, worked: Worked, *, actor: User, now: datetime) -> ReliefCase:
    case.year, case.kind, case.standard = draft.year, draft.kind, worked.standard
    case.register_group = worked.who.group or ""
    case.group_reason = _words(draft.group_reason, "与名册不同的理由", "group_reason", LONGEST_REASON)
    case.monthly_income, case.months = draft.monthly_income, draft.months
    case.amount = worked.granted.amount
    case.lower_reason = _words(draft.lower_reason, "少发理由", "lower_reason", LONGEST_REASON)
    case.circumstances = _words(
        draft.circumstances.replace("\r\n", "\n"), "困难情况", "circumstances", LONGEST
    )
    if not case.circumstances:
        raise Refused("“困难情况”没有填写。", field="circumstances")
    try:
        return save_case(case=case, actor=actor, now=now)
    except Refused as refused:
        if refused.code == "model_workers_reliefcase_one_a_year":
            _require_only_one(case.person, case.year, case.pk)
        raise


def _words(typed: str, label: str, field: str, longest: int) -> str:
    kept = require_no_number(typed, label=label, field=field)
    if len(kept) > longest:
        raise Refused(f"“{label}”最多 {longest} 个字，现在是 {len(kept)} 个字。", field=field)
    return kept
