"""The writes of every case: its content while it is open, and one step at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal as Amount
from typing import Any, TypeVar

from django.db import transaction

from apps.accounts.models import User
from apps.basis.selectors.calendar import calendar_between
from apps.cases.models import Case
from apps.cases.rules.notices import require_notice
from apps.cases.selectors import (
    Objection,
    held_permissions,
    no_objection,
    notice_of,
    obstacle,
)
from apps.core import audit
from apps.core.errors import Refused
from apps.core.explaining import explained

AnyCase = TypeVar("AnyCase", bound=Case)
_AHEAD = timedelta(days=60)  # to name the earliest last day of a notice that is too short


@dataclass(frozen=True)
class Seen:
    """What stood on the page when the button was pressed: the next step's number, the sum, the count."""

    number: int
    amount: Amount
    count: int

    @classmethod
    def of(cls, case: Case) -> "Seen":
        return cls(case.decided + 1, *case.measure())


@dataclass(frozen=True)
class Verdict:
    """What became of one case of several: `refusal` is empty where the step was taken."""

    case: Case
    refusal: str = ""


@dataclass(frozen=True)
class NoticeText:
    """A notice as it is to be put up; both days counted."""

    place: str
    first: date
    last: date


@transaction.atomic
def save_case(*, case: AnyCase, actor: User, action: str = "", now: datetime | None = None) -> AnyCase:
    """Enter a case or change its content. Raises Refused with the sentence of the constraint or guard.

    `now` counts only for the owner of the tables, who writes demo and tests into the past.
    """
    is_new = case.pk is None
    if is_new:
        case.created_by_id = actor.pk
        if now is not None:
            case.created_at = now
    content = [field.name for field in case._meta.concrete_fields if field.editable and not field.primary_key]
    with audit.because(actor_id=actor.pk, action=action or ("录入" if is_new else "修改")), explained(case):
        case.save(force_insert=is_new, update_fields=None if is_new else content)
    return case


@transaction.atomic
def decide(
    *,
    case: Case,
    actor: User,
    verb: str,
    seen: Seen,
    opinion: str = "",
    minutes: str = "",
    now: datetime | None = None,
    objection: Objection = no_objection,
    facts: Callable[[], dict[str, Any]] = dict,
) -> Any:
    """Take one step, and return its decision. Raises Refused for state, permission, missing words, a second duty, a
    requirement not met, or a page that is no longer true.

    The database judges all of it again; here it is said in a sentence that names the field. `now` as in `save_case`;
    `objection`: what a programme's rules say against a verb as things stand; `facts`: what papers print of other rows,
    kept with a submission and with a step that says so.
    """
    case.refresh_from_db(fields=["status", "round", "route", "decided", "editors"])
    held = held_permissions(actor, case)
    step = case.flow.step(
        verb=verb,
        status=case.status,
        route=case.route,
        may=held.__contains__,
        opinion=opinion,
        minutes=minutes,
    )
    why = obstacle(step, case, actor, held, objection)
    if why:
        raise Refused(why, code="blocked")
    model: Any = type(case).decisions.rel.related_model  # type: ignore[attr-defined]
    decision = model(
        case=case,
        number=seen.number,
        verb=verb,
        source=case.status,
        actor=actor,
        opinion=opinion.strip(),
        minutes=" ".join(minutes.split()),
        amount=seen.amount,
        count=seen.count,
        facts=facts() if step.opens_round or step.keeps_facts else {},
    )
    if now is not None:
        decision.at = now
    with audit.because(actor_id=actor.pk, action=step.label, reason=opinion.strip()), explained(case):
        decision.save(force_insert=True)
    decision.refresh_from_db()
    case.refresh_from_db(fields=["status", "round", "route", "decided"])
    return decision


def put_up_notice(
    *, decision: Any, notice: NoticeText | None, lines: Iterable[str], actor: User, today: date
) -> Any:
    """The notice of the step just taken, in the same transaction. Raises Refused for days that do not do."""
    case = decision.case
    if notice is None:
        raise Refused("请填写公示地点和起止日期。", field="first_on")
    require_notice(
        place=notice.place,
        first=notice.first,
        last=notice.last,
        today=today,
        wanted=case.notice_rule.working_days,
        calendar=calendar_between(first=notice.first, last=notice.last + _AHEAD),
    )
    model = type(decision).notice.related.related_model
    row = model(
        decision=decision,
        place=notice.place.strip(),
        first_on=notice.first,
        last_on=notice.last,
        lines=list(lines),
        put_up_by=actor,
    )
    return _written(case, row, actor, "公示")


@transaction.atomic
def enter_objection(*, case: Case, said: str, actor: User, now: datetime | None = None) -> Any:
    """What somebody said against what the notice shows. Raises Refused outside its time and for other hands."""
    notice = notice_of(case)
    if notice is None or case.notice_rule is None or case.status not in case.notice_rule.takes:
        raise Refused("只在公示开始以后、审批以前登记公示反映。", code="state")
    if not said.strip():
        raise Refused("请填写“反映的情况”。", field="said")
    row = type(notice).objections.rel.related_model(notice=notice, said=said.strip(), entered_by=actor)
    if now is not None:
        row.entered_at = now
    return _written(case, row, actor, "登记公示反映")


@transaction.atomic
def answer_objection(
    *, case: Case, objection: Any, holds: bool, words: str, actor: User, now: datetime | None = None
) -> Any:
    """Whether an objection is true. Raises Refused, also for one that was answered."""
    if not words.strip():
        raise Refused("请填写“核查情况”。", field="words")
    model = type(objection).answer.related.related_model
    if model.objects.filter(objection=objection).exists():
        raise Refused("这条反映已经答复。", code="answered")
    row = model(objection=objection, holds=holds, words=words.strip(), answered_by=actor)
    if now is not None:
        row.answered_at = now
    return _written(case, row, actor, "答复公示反映")


def _written(case: Case, row: Any, actor: User, action: str) -> Any:
    with audit.because(actor_id=actor.pk, action=action), explained(case):
        row.save(force_insert=True)
    return row


def decide_each(
    *,
    cases: Iterable[Case],
    actor: User,
    verb: str,
    opinion: str = "",
    minutes: str = "",
    service: Callable[..., Any] = decide,
) -> list[Verdict]:
    """The same step for several cases, each for itself: what is refused leaves the others alone.

    `service`: what a programme takes a step with, if it is more than `decide`.
    """
    found = []
    for case in cases:
        try:
            service(case=case, actor=actor, verb=verb, seen=Seen.of(case), opinion=opinion, minutes=minutes)
        except Refused as refused:
            found.append(Verdict(case, refused.message))
        else:
            found.append(Verdict(case))
    return found
