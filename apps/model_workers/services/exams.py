"""Opening the exam of a year with its roster, bringing the roster up to date, and the steps of its closing."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Max

from apps.accounts.models import Union, User
from apps.cases.services import Seen, decide, save_case
from apps.core import audit
from apps.core.errors import Refused
from apps.core.explaining import explained
from apps.model_workers.models import Exam, ExamInvitation
from apps.model_workers.rules.exams import require_days
from apps.model_workers.selectors.counting import exam_rule_on
from apps.model_workers.selectors.exams import eligible, in_tree_order, roster_difference
from apps.model_workers.selectors.settled_exams import exam_facts
from apps.people.rules.identity import require_no_number

_BATCH = 1000


@dataclass(frozen=True)
class RosterChange:
    """What bringing the roster up to date did, by name."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    """No longer eligible, but they came."""


def require_organiser(actor: User) -> None:
    """Raises Refused unless the actor organises exams."""
    if not actor.may("exam.manage"):
        raise Refused("您没有组织体检的权限。", code="permission")


def locked_exam(exam_id: int, actor: User) -> Exam:
    """The exam, held until the end. Raises Refused when it was submitted or the actor may not organise it."""
    require_organiser(actor)
    exam = (
        Exam.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("union", "rule")
        .get(pk=exam_id)
    )
    require_open(exam)
    return exam


def require_open(exam: Exam) -> None:
    if not exam.is_open:
        raise Refused(f"{exam.year}年体检{exam.get_status_display()}，不能修改。", code="locked")


@transaction.atomic
def open_exam(
    *,
    union: Union,
    year: int,
    snapshot_on: date,
    starts_on: date,
    ends_on: date,
    budget_amount: Decimal | None,
    actor: User,
    now: datetime,
) -> Exam:
    """Open the exam of a year and put everybody on its roster whom the rule in force on the snapshot date invites.

    Slips are numbered in the order of the tree. Raises Refused.
    """
    require_organiser(actor)
    if not union.path.startswith(actor.union.path):
        raise Refused("“工会”不在您的管理范围内。", field="union")
    require_days(year=year, snapshot_on=snapshot_on, starts_on=starts_on, ends_on=ends_on)
    _require_no_overlap(union, year, actor)
    exam = Exam(
        union=union,
        year=year,
        snapshot_on=snapshot_on,
        rule=exam_rule_on(snapshot_on),
        starts_on=starts_on,
        ends_on=ends_on,
        budget_amount=budget_amount,
    )
    save_case(case=exam, actor=actor, action="建立体检", now=now)
    people = in_tree_order(eligible(exam))
    if not people:
        raise Refused(
            f"{snapshot_on:%Y-%m-%d} 没有符合体检规则的劳模，请核对劳模名册或名册日期。",
            field="snapshot_on",
        )
    with audit.because(actor_id=actor.pk, action="建立体检"), explained(exam):
        _invite(exam, people, first=1)
    return exam


@transaction.atomic
def change_exam(
    *, exam_id: int, starts_on: date, ends_on: date, budget_amount: Decimal | None, actor: User, now: datetime
) -> Exam:
    """Change the days or the budget of an open exam. Raises Refused."""
    exam = locked_exam(exam_id, actor)
    require_days(year=exam.year, snapshot_on=exam.snapshot_on, starts_on=starts_on, ends_on=ends_on)
    came = exam.invitations.attended().order_by("attended_on").values_list("attended_on", flat=True)
    days = [day for day in (came.first(), came.last()) if day is not None]
    if any(not starts_on <= day <= ends_on for day in days):
        raise Refused(
            f"已登记 {days[0]:%Y-%m-%d} 至 {days[-1]:%Y-%m-%d} 到检，体检时间要包括这些日期。",
            field="starts_on",
        )
    exam.starts_on, exam.ends_on, exam.budget_amount = starts_on, ends_on, budget_amount
    return save_case(case=exam, actor=actor, action="修改体检安排")


@transaction.atomic
def refresh_roster(*, exam_id: int, actor: User, now: datetime) -> RosterChange:
    """Bring the roster of an open exam up to the register as it stands now, still on the snapshot date.

    Adds who became eligible, takes out who no longer is and did not come. Raises Refused.
    """
    exam = locked_exam(exam_id, actor)
    difference = roster_difference(exam)
    with audit.because(actor_id=actor.pk, action="更新体检名册"), explained(exam):
        ExamInvitation.objects.filter(pk__in=[row.pk for row in difference.went]).delete()
        _invite(exam, list(difference.came), first=_next_slip(exam))
    return RosterChange(
        added=difference.came_names,
        removed=tuple(row.person.name for row in difference.went),
        kept=tuple(row.person.name for row in difference.stay),
    )


def decide_exam(
    *,
    case: Exam,
    actor: User,
    verb: str,
    seen: Seen,
    now: datetime,
    opinion: str = "",
    minutes: str = "",
) -> Any:
    """Take one step of the closing or of the reopening, and return its decision. Raises Refused."""
    return decide(
        case=case,
        actor=actor,
        verb=verb,
        seen=seen,
        opinion=require_no_number(opinion, label="意见", field="opinion"),
        minutes=require_no_number(minutes, label="会议纪要文号", field="minutes"),
        now=now,
        facts=lambda: exam_facts(case),
    )


def _require_no_overlap(union: Union, year: int, actor: User) -> None:
    """Nobody stands on the rosters of two exams of one year: an exam takes in the whole tree below its union."""
    # Openings wait for each other, so that the second sees the first.
    list(Union.objects.select_for_update(no_key=True).filter(parent__isnull=True).values_list("pk"))
    others = Exam.objects.filter(year=year).exclude(union=union).select_related("union")
    for other in others:
        if other.union.path.startswith(union.path) or union.path.startswith(other.union.path):
            name = str(other.union) if other.union.path.startswith(actor.union.path) else "上级工会"
            raise Refused(
                f"{name}已有{year}年体检，名册包括同一部分劳模，不能再建立。", field="union", code="overlap"
            )


def _invite(exam: Exam, people: list[int], *, first: int) -> None:
    rows = [
        ExamInvitation(case=exam, person_id=pk, slip_number=number)
        for number, pk in enumerate(people, start=first)
    ]
    ExamInvitation.objects.bulk_create(rows, batch_size=_BATCH)


def _next_slip(exam: Exam) -> int:
    """A number that no slip of this exam ever had: printed slips of people taken out may be about."""
    events = apps.get_model("model_workers", "ExamInvitationEvent").objects.filter(case_id=exam.pk)
    highest = events.aggregate(highest=Max("slip_number"))["highest"] or 0
    return int(highest) + 1
