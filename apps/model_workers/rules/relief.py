"""Relief for model workers in difficulty: three kinds that exclude each other within a year."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import models

from apps.core.errors import Refused
from apps.core.money import format_plain, format_yuan, round_fen
from apps.core.workflow import Flow, Step
from apps.model_workers.rules.files import FileStatus
from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, Kind

MOST_MONTHS = 12
LONGEST_REASON = 150


class ReliefKind(models.TextChoices):
    """低收入、困难、慰问 exclude each other within a year (a county union's rule of 2011: 永工〔2011〕35号)."""

    LIVING = "living", "生活困难救助"
    SPECIAL = "special", "特殊困难帮扶"
    VISIT = "visit", "慰问"


class LineGroup(models.TextChoices):
    """Whose line applies: the lines of people in service, retired people and farmers differ."""

    IN_SERVICE = "in_service", "在职"
    RETIRED = "retired", "离退休"
    FARMER = "farmer", "农民或无固定收入"


class ReliefStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    RETURNED = "returned", "退回修改"
    SUBMITTED = "submitted", "待审核"
    CHECKED = "checked", "待审批"
    APPROVED = "approved", "已审批"
    REJECTED = "rejected", "不予救助"
    WITHDRAWN = "withdrawn", "已取消"


TONES: dict[str, str] = {
    ReliefStatus.DRAFT: "grey",
    ReliefStatus.RETURNED: "red",
    ReliefStatus.SUBMITTED: "amber",
    ReliefStatus.CHECKED: "amber",
    ReliefStatus.APPROVED: "green",
    ReliefStatus.REJECTED: "outline",
    ReliefStatus.WITHDRAWN: "outline",
}
OPEN_STATUSES = (ReliefStatus.DRAFT, ReliefStatus.RETURNED)
# These no longer count against the one relief of a year.
ENDED_STATUSES = (ReliefStatus.REJECTED, ReliefStatus.WITHDRAWN)

FLOW = Flow(
    (
        Step("submit", "提交审核", OPEN_STATUSES, ReliefStatus.SUBMITTED, "relief.enter"),
        Step(
            "withdraw",
            "取消申请",
            (ReliefStatus.DRAFT, ReliefStatus.RETURNED, ReliefStatus.SUBMITTED),
            ReliefStatus.WITHDRAWN,
            "relief.enter",
            needs_note=True,
            takes_back=True,
        ),
        Step("check", "审核通过", (ReliefStatus.SUBMITTED,), ReliefStatus.CHECKED, "relief.check"),
        Step(
            "return",
            "退回修改",
            (ReliefStatus.SUBMITTED,),
            ReliefStatus.RETURNED,
            "relief.check",
            needs_note=True,
            takes_back=True,
        ),
        Step("approve", "审批同意", (ReliefStatus.CHECKED,), ReliefStatus.APPROVED, "relief.approve"),
        Step(
            "return",
            "退回修改",
            (ReliefStatus.CHECKED,),
            ReliefStatus.RETURNED,
            "relief.approve",
            needs_note=True,
            takes_back=True,
        ),
        Step(
            "reject",
            "不予救助",
            (ReliefStatus.CHECKED,),
            ReliefStatus.REJECTED,
            "relief.approve",
            needs_note=True,
            takes_back=True,
        ),
    ),
    labels=dict(ReliefStatus.choices),
)


@dataclass(frozen=True)
class ReliefAmount:
    """Yuan a month, and how it came about: min(cap, line − own average income a month), never below zero."""

    line: Decimal
    income: Decimal
    cap: Decimal

    @property
    def difference(self) -> Decimal:
        return max(self.line - self.income, Decimal(0))

    @property
    def monthly(self) -> Decimal:
        return min(self.cap, self.difference)

    @property
    def is_capped(self) -> bool:
        return self.difference > self.cap

    def steps(self, months: int) -> tuple[tuple[str, str], ...]:
        """How the amount of so many months comes about: (what, calculation) line by line."""
        capped = "，超过最高额，按最高额" if self.is_capped else "，未超过最高额"
        return (
            (
                "差额",
                f"{format_yuan(self.line)} − {format_yuan(self.income)} = {format_yuan(self.difference)} 元/月",
            ),
            ("每月", f"最高 {format_yuan(self.cap)} 元/月{capped}：{format_yuan(self.monthly)} 元/月"),
            ("金额", f"{format_yuan(self.monthly)} × {months} 个月 = {format_yuan(self.total(months))} 元"),
        )

    def total(self, months: int) -> Decimal:
        """Yuan for so many months, to the fen."""
        return round_fen(self.monthly * months)


@dataclass(frozen=True)
class Granted:
    """What a case comes to: the most the standard gives, how that came about, and the amount asked for."""

    most: Decimal
    amount: Decimal
    steps: tuple[tuple[str, str], ...]

    @property
    def is_lower(self) -> bool:
        return self.amount < self.most


def grant(
    *,
    kind: str,
    line: Decimal | None,
    cap: Decimal,
    income: Decimal | None,
    months: int | None,
    asked: Decimal | None,
    lower_reason: str,
) -> Granted:
    """The amount of a case: what the standard gives, or less with a reason, never more. Raises Refused."""
    if kind == ReliefKind.LIVING:
        most, steps = _living(line, cap, income, months)
    else:
        if income is not None or months is not None:
            raise Refused(f"{ReliefKind(kind).label}按次计发，不填月均收入和月数。", field="monthly_income")
        most, steps = cap, (("最高额", f"每次最高 {format_yuan(cap)} 元"),)
    amount = most if asked is None else asked
    if amount <= 0:
        raise Refused("“救助金额”必须大于 0。", field="amount")
    if amount > most:
        raise Refused(
            f"“救助金额”{format_plain(amount)} 元超过按标准计算的 {format_plain(most)} 元，只能少发，不能多发。",
            field="amount",
        )
    granted = Granted(most, amount, steps)
    if granted.is_lower:
        if not lower_reason.strip():
            raise Refused(
                f"“救助金额”低于按标准计算的 {format_plain(most)} 元，必须填写“少发理由”。",
                field="lower_reason",
            )
        granted = Granted(
            most, amount, (*steps, ("少发", f"核定 {format_yuan(amount)} 元，{lower_reason.strip()}"))
        )
    elif lower_reason.strip():
        raise Refused("没有少发，不用填写“少发理由”。", field="lower_reason")
    return granted


def _living(
    line: Decimal | None, cap: Decimal, income: Decimal | None, months: int | None
) -> tuple[Decimal, tuple[tuple[str, str], ...]]:
    if line is None:
        raise Refused("生活困难救助的标准没有救助线。", code="standard")
    if income is None:
        raise Refused("“本人月均收入”没有填写。", field="monthly_income")
    if income < 0:
        raise Refused("“本人月均收入”不能是负数。", field="monthly_income")
    if months is None or not 1 <= months <= MOST_MONTHS:
        raise Refused(f"“月数”应为 1 至 {MOST_MONTHS}。", field="months")
    relief = ReliefAmount(line=line, income=income, cap=cap)
    if relief.difference == 0:
        raise Refused(
            f"本人月均收入 {format_plain(income)} 元不低于救助线 {format_plain(line)} 元，不符合生活困难救助条件。",
            field="monthly_income",
        )
    return relief.total(months), relief.steps(months)


_LOWER = "\n少发理由："


def with_reason(circumstances: str, lower_reason: str) -> str:
    """The circumstances as they are kept, the reason for a lower amount in a paragraph of its own."""
    return f"{circumstances}{_LOWER}{lower_reason.strip()}" if lower_reason.strip() else circumstances


def parted(circumstances: str) -> tuple[str, str]:
    """The circumstances and the reason for a lower amount, as they were typed."""
    own, _, reason = circumstances.partition(_LOWER)
    return own, reason


def group_of(work: str | None) -> LineGroup | None:
    """Whose line applies to somebody of this working state; None where nothing is recorded, so that a person decides."""
    if work in RETIRED_KINDS:
        return LineGroup.RETIRED
    if work == Kind.IN_SERVICE:
        return LineGroup.IN_SERVICE
    if work in (Kind.FARMING, Kind.JOBLESS):
        return LineGroup.FARMER
    return None


def why_not(*, honours: int, life: str | None, file_status: str) -> str:
    """Why somebody cannot be granted relief as a model worker, as a short phrase; empty when nothing speaks against it."""
    if honours == 0:
        return "没有有效的劳模荣誉"
    if life in ABSENT_KINDS:
        return str(Kind(life).label)
    if file_status != FileStatus.VALID:
        return f"劳模待遇已{FileStatus(file_status).label}"
    return ""


def reference_day(*, year: int, today: date) -> date:
    """The day whose facts and standards apply to a case of that year: today, or the last day of a year that is over."""
    return today if year >= today.year else date(year, 12, 31)


def require_year(year: int, *, today: date) -> None:
    """Raises Refused for a year to come."""
    if not 2000 <= year <= today.year:
        raise Refused(f"“年度”应在 2000 至 {today.year} 之间。", field="year")


SAME_PERSON = "录入、审核和审批必须由不同的人办理。"


def require_other_person(
    *,
    action: str,
    is_open: bool,
    actor_id: int,
    actor_name: str,
    applicant: str,
    entered_by: Collection[int],
    acted: Collection[int],
) -> None:
    """Raises Refused when one person would take two parts, or is the applicant himself.

    `is_open`: the case is still being written; `entered_by`: whoever wrote or submitted it in any round; `acted`: whoever
    already took a step in this round.
    """
    if actor_name == applicant:
        raise Refused("您与申请人同名，按回避规定请由他人办理。", code="relation")
    if action == "withdraw":
        if not is_open and actor_id not in entered_by:
            raise Refused("已提交的救助只能由录入人或提交人取消。", code="not_submitter")
    elif action != "submit":
        if actor_id in entered_by:
            raise Refused("您录入或提交过这项救助，不能再审核或审批它。", code="own_work")
        if actor_id in acted:
            raise Refused(SAME_PERSON, code="same_person")
