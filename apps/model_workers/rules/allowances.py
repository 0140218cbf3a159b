"""Honour allowance (荣誉津贴): who is entitled on a day, why not, in which class, and how much."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db import models

from apps.cases.rules.flow import Flow, Step
from apps.core.errors import Refused
from apps.model_workers.rules.files import FileStatus
from apps.model_workers.rules.honours import AwardClass, award_class
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, Kind

MONTHS_IN_YEAR = 12
FIRST_YEAR = 2000
LAST_YEAR = 2100
PAID_WITHIN_DAYS = 365
"""Nobody enters a payment yet: so long after its approval a run is taken to be waiting for it."""
_FEN = Decimal("0.01")


class DeathRule(models.TextChoices):
    """What a person who dies within the year receives. Nothing is published: the office chooses, with a basis."""

    SNAPSHOT = "snapshot", "按快照日：当日在册的发全年"
    MONTHLY = "monthly", "按月折算：发到情况发生的当月"


class RunStatus(models.TextChoices):
    DRAFT = "draft", "编制中"
    RETURNED = "returned", "退回修改"
    SUBMITTED = "submitted", "待审核"
    CHECKED = "checked", "待审批"
    APPROVED = "approved", "已审批"
    VOIDED = "voided", "已作废"


RUN_TONES: dict[str, str] = {
    RunStatus.DRAFT: "grey",
    RunStatus.RETURNED: "red",
    RunStatus.SUBMITTED: "amber",
    RunStatus.CHECKED: "amber",
    RunStatus.APPROVED: "green",
    RunStatus.VOIDED: "outline",
}
OPEN_RUN_STATUSES = (RunStatus.DRAFT, RunStatus.RETURNED)

FORWARD = ("submit", "check", "approve")
PREPARE, CHECK, APPROVE = "allowance.prepare", "allowance.check", "allowance.approve"


def _back(source: str, permission: str) -> Step:
    return Step(
        "return", "退回修改", (source,), RunStatus.RETURNED, permission, needs_opinion=True, takes_back=True
    )


RUN_FLOW = Flow(
    "allowance",
    (
        Step("submit", "提交审核", OPEN_RUN_STATUSES, RunStatus.SUBMITTED, PREPARE, opens_round=True),
        Step(
            "withdraw",
            "撤回",
            (RunStatus.SUBMITTED,),
            RunStatus.DRAFT,
            PREPARE,
            takes_back=True,
            same_as="submit",
        ),
        Step("check", "审核通过", (RunStatus.SUBMITTED,), RunStatus.CHECKED, CHECK),
        _back(RunStatus.SUBMITTED, CHECK),
        Step(
            "approve",
            "审批同意",
            (RunStatus.CHECKED,),
            RunStatus.APPROVED,
            APPROVE,
            keeps_facts=True,
            consequence="审批后名册定稿，不能再修改。",
        ),
        _back(RunStatus.CHECKED, APPROVE),
        Step(
            "void",
            "作废",
            OPEN_RUN_STATUSES,
            RunStatus.VOIDED,
            PREPARE,
            needs_opinion=True,
            takes_back=True,
            keeps_facts=True,
            consequence="作废后名册的人可以列入另一份名册；作废不能撤销。",
        ),
    ),
    statuses=RunStatus,
    enters=PREPARE,
    way=(RunStatus.DRAFT, RunStatus.SUBMITTED, RunStatus.CHECKED, RunStatus.APPROVED),
    tones=RUN_TONES,
)


@dataclass(frozen=True)
class Facts:
    """What decides about one person on the snapshot date."""

    award_count: int
    work: str | None
    life: str | None
    file_status: str = FileStatus.VALID


def why_not(facts: Facts) -> str:
    """Why the person is not entitled, as a short phrase; empty when entitled."""
    if award_class(facts.award_count) is None:
        return "没有计入的市级荣誉"
    if facts.life in ABSENT_KINDS:
        return str(Kind(facts.life).label)
    if facts.file_status != FileStatus.VALID:
        return f"待遇已{FileStatus(facts.file_status).label}"
    if facts.work not in RETIRED_KINDS:
        return f"未离退休（{Kind(facts.work).label}）" if facts.work else "没有登记工作状态"
    return ""


def yearly_amount(
    award: AwardClass, standards: dict[AwardClass, Decimal], *, months: int = MONTHS_IN_YEAR
) -> Decimal:
    """Yuan for the year, or for `months` of it, rounded once to the fen. Raises KeyError without a standard."""
    return (standards[award] * months / MONTHS_IN_YEAR).quantize(_FEN, rounding=ROUND_HALF_UP)


def months_until(stopped_on: date, *, year: int) -> int:
    """Months paid when the entitlement ends on that day: the month of the event is the last."""
    if stopped_on.year != year:
        return 0 if stopped_on.year < year else MONTHS_IN_YEAR
    return stopped_on.month


def standards_day(*, snapshot_on: date, year: int) -> date:
    """The day whose standards pay the year: the snapshot, or 1 January where the people are counted before the year."""
    return max(snapshot_on, date(year, 1, 1))


def paid_period(*, year: int, months: int) -> tuple[date, date]:
    """First and last day that so many months of the year pay for, from January on."""
    return date(year, 1, 1), date(year, months, monthrange(year, months)[1])


def require_snapshot(*, snapshot_on: date, year: int, today: date) -> None:
    """Raises Refused: people are counted within the year or the year before, and never ahead of the calendar."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(f"“年度”应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间。", field="year")
    if not date(year - 1, 1, 1) <= snapshot_on <= date(year, 12, 31):
        raise Refused(
            f"“快照日”应在 {year - 1}-01-01 到 {year}-12-31 之间，现在是 {snapshot_on:%Y-%m-%d}。",
            field="snapshot_on",
        )
    if snapshot_on > today:
        raise Refused(
            f"“快照日”不能晚于今天（{today:%Y-%m-%d}），以后的情况还没有登记。", field="snapshot_on"
        )


@dataclass(frozen=True)
class Stop:
    """From `on` on a person is absent or without a valid file, to this day. `before` is what held the day before."""

    on: date
    why: str
    before: Facts


@dataclass(frozen=True)
class Due:
    """What a person should have received for the year, as the register tells today; from when and why not more."""

    amount: Decimal
    stopped_on: date
    why: str


def due_now(
    *, year: int, death_rule: str, facts: Facts, standards: dict[AwardClass, Decimal], stop: Stop | None
) -> Due:
    """What the year's rule gives somebody of whom this is known today. `facts` are those of the snapshot date."""
    if stop is not None and death_rule == DeathRule.MONTHLY and not why_not(stop.before):
        months = months_until(stop.on, year=year)
        return Due(_yearly(stop.before, standards, months=months), stop.on, stop.why)
    lost = why_not(facts)
    if lost:
        return Due(Decimal(0), stop.on if stop is not None else date(year, 1, 1), stop.why if stop else lost)
    award = award_class(facts.award_count)
    return Due(
        _yearly(facts, standards),
        date(year, 1, 1),
        f"现在是{award.label}" if award is not None else "没有荣誉",
    )


def _yearly(facts: Facts, standards: dict[AwardClass, Decimal], *, months: int = MONTHS_IN_YEAR) -> Decimal:
    award = award_class(facts.award_count)
    return yearly_amount(award, standards, months=months) if award is not None else Decimal(0)
