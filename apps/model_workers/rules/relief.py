"""Relief for model workers in difficulty: three kinds that exclude each other within a year."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import models

from apps.cases.rules.flow import Flow, Step
from apps.core.errors import Refused
from apps.core.money import format_plain, format_yuan, round_fen
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
    REVOKING = "revoking", "申请撤销"
    REVOKED = "revoked", "已撤销"


S = ReliefStatus
TONES: dict[str, str] = {
    S.DRAFT: "grey",
    S.RETURNED: "red",
    S.SUBMITTED: "amber",
    S.CHECKED: "amber",
    S.APPROVED: "green",
    S.REJECTED: "outline",
    S.WITHDRAWN: "outline",
    S.REVOKING: "amber",
    S.REVOKED: "outline",
}
# These no longer count against the one relief of a year.
ENDED_STATUSES = (S.REJECTED, S.WITHDRAWN, S.REVOKED)
# Granted, and not taken back by two people.
GRANTED_STATUSES = (S.APPROVED, S.REVOKING)
ENTER, CHECK, APPROVE = "relief.enter", "relief.check", "relief.approve"


def _back(verb: str, label: str, source: str, target: str, permission: str) -> Step:
    return Step(verb, label, (source,), target, permission, needs_opinion=True, takes_back=True)


FLOW = Flow(
    "relief",
    (
        Step("submit", "提交审核", (S.DRAFT, S.RETURNED), S.SUBMITTED, ENTER, opens_round=True),
        Step(
            "withdraw",
            "取消申请",
            (S.DRAFT, S.RETURNED),
            S.WITHDRAWN,
            ENTER,
            needs_opinion=True,
            takes_back=True,
        ),
        Step(
            "withdraw",
            "取消申请",
            (S.SUBMITTED,),
            S.WITHDRAWN,
            ENTER,
            needs_opinion=True,
            takes_back=True,
            same_as="submit",
        ),
        Step("check", "审核通过", (S.SUBMITTED,), S.CHECKED, CHECK),
        _back("return", "退回修改", S.SUBMITTED, S.RETURNED, CHECK),
        Step("approve", "审批同意", (S.CHECKED,), S.APPROVED, APPROVE),
        _back("return", "退回修改", S.CHECKED, S.RETURNED, APPROVE),
        _back("reject", "不予救助", S.CHECKED, S.REJECTED, APPROVE),
        # What was granted is taken back by two people: whoever enters asks, whoever approves decides.
        _back("ask_revoke", "申请撤销", S.APPROVED, S.REVOKING, ENTER),
        Step(
            "revoke",
            "同意撤销",
            (S.REVOKING,),
            S.REVOKED,
            APPROVE,
            needs_opinion=True,
            consequence="撤销后不再计入本年度救助，本人可以重新申请；原来的审批记录保留。",
        ),
        _back("keep", "不予撤销", S.REVOKING, S.APPROVED, APPROVE),
    ),
    statuses=ReliefStatus,
    enters=ENTER,
    way=(S.DRAFT, S.SUBMITTED, S.CHECKED, S.APPROVED),
    tones=TONES,
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


SAME_NAME = "您与申请人同名，按回避规定请由他人办理。"


def require_group_explained(*, chosen: str, registered: str, reason: str) -> None:
    """The register decides whose line applies; another one only with a reason that everybody after sees. Raises Refused."""
    if registered and chosen != registered and not reason.strip():
        raise Refused(
            f"名册里登记的工作状态适用“{LineGroup(registered).label}”；选“{LineGroup(chosen).label}”必须填写理由。",
            field="group_reason",
            code="group",
        )
    if (not registered or chosen == registered) and reason.strip():
        raise Refused("适用人员与名册一致，不用填写理由。", field="group_reason", code="group")
