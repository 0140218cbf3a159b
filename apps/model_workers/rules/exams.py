"""The yearly exam: slip numbers as people type them, dates, what a hospital's bill must say, when an exam may be closed."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import models

from apps.cases.rules.closing import closing_flow
from apps.core.errors import Refused
from apps.core.money import format_plain, round_fen

MOST_SLIPS = 5000
_LONGEST_TEXT = 20_000
_LONGEST_NUMBER = 6  # digits
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_APART = re.compile(r"[\s,;、，；。号]+")
_ONE = re.compile(r"(\d+)(?:[-~—–至到](\d+))?", re.ASCII)
_MOST_NAMED = 5
# 全面数字化的电子发票; those on paper have eight.
_ELECTRONIC_INVOICE = re.compile(r"[0-9]{20}")


class ExamStatus(models.TextChoices):
    DRAFT = "draft", "进行中"
    RETURNED = "returned", "退回修改"
    REOPENED = "reopened", "重新办理"
    SUBMITTED = "submitted", "待确认办结"
    CLOSED = "closed", "已办结"
    REOPENING = "reopening", "申请重新办理"


FLOW = closing_flow(
    "exam",
    statuses=ExamStatus,
    enters="exam.manage",
    closes="exam.check",
    close="办结",
    reopen="重新办理",
    submitted="提交以后，名册、到检登记和结算都不能再改；由另一人核对后确认办结。",
    closed="办结以后，名册、到检登记和结算都不能再改；确需更正的，由两人重新办理。",
    reopened="名册、到检登记和结算又可以更正；更正以后重新提交、确认办结，原来的办结记录保留。",
)


def parse_slips(text: str, *, field: str = "slips") -> tuple[int, ...]:
    """Slip numbers in rising order from “12 15-30、33”. Raises Refused naming the piece that is no number."""
    cleaned = re.sub(r"\s*([-~—–至到])\s*", r"\1", text.translate(_FULL_WIDTH)).strip()
    if len(cleaned) > _LONGEST_TEXT:
        raise Refused("“通知单号”太长，请分几次登记。", field=field, code="too_long")
    found: set[int] = set()
    for piece in filter(None, _APART.split(cleaned)):
        first, last = _range(piece, field)
        found.update(range(first, last + 1))
        if len(found) > MOST_SLIPS:
            raise _too_many(field)
    if not found:
        raise Refused("“通知单号”没有填写，例如 12 15-30。", field=field, code="required")
    return tuple(sorted(found))


def _range(piece: str, field: str) -> tuple[int, int]:
    matched = _ONE.fullmatch(piece)
    if matched is None or any(len(number or "") > _LONGEST_NUMBER for number in matched.groups()):
        shown = "".join(one if one.isprintable() else "?" for one in piece[:20])
        raise Refused(
            f"“通知单号”里的“{shown}”不是单号，请写成 12 或 15-30，用空格或逗号分开。",
            field=field,
            code="number",
        )
    first, last = int(matched[1]), int(matched[2] or matched[1])
    if first == 0:
        raise Refused("“通知单号”从 1 开始，没有 0 号。", field=field, code="number")
    if last < first:
        raise Refused(f"“通知单号”里的“{piece}”前大后小，请写成 {last}-{first}。", field=field, code="order")
    if last - first >= MOST_SLIPS:
        raise _too_many(field)
    return first, last


def _too_many(field: str) -> Refused:
    return Refused(f"一次最多登记 {MOST_SLIPS:,} 张通知单，请分几次。", field=field, code="too_many")


def write_slips(numbers: Iterable[int]) -> str:
    """The shortest way to type these numbers: 1-3 7 12-13."""
    pieces: list[str] = []
    run: list[int] = []
    for number in sorted(numbers):
        if run and number != run[-1] + 1:
            pieces.append(_written(run))
            run = []
        run.append(number)
    if run:
        pieces.append(_written(run))
    return " ".join(pieces)


def _written(run: Sequence[int]) -> str:
    return f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}"


def named(labels: Collection[str], *, most: int = _MOST_NAMED, counter: str = "人") -> str:
    """The first of several people in a sentence, and how many they are: 12号示例甲、15号示例乙等 7 人."""
    shown = "、".join(list(labels)[:most])
    return f"{shown}等 {len(labels)} {counter}" if len(labels) > most else shown


def require_days(*, year: int, snapshot_on: date, starts_on: date, ends_on: date) -> None:
    """Raises Refused unless the exam lies in its year (its end may run over), and the roster's day is not after it."""
    if starts_on.year != year:
        raise Refused(f"“体检开始”应在 {year} 年内。", field="starts_on")
    if ends_on < starts_on:
        raise Refused("“体检结束”不能早于“体检开始”。", field="ends_on")
    if ends_on.year > year + 1:
        raise Refused(f"“体检结束”最晚到 {year + 1} 年。", field="ends_on")
    if snapshot_on > ends_on:
        raise Refused("“名册日期”不能晚于“体检结束”。", field="snapshot_on")
    if snapshot_on.year < year - 1:
        raise Refused(f"“名册日期”最早为 {year - 1} 年。", field="snapshot_on")


def require_attended_on(day: date, *, starts_on: date, ends_on: date, today: date) -> None:
    """Raises Refused unless the day lies within the exam and is not in the future."""
    if not starts_on <= day <= ends_on:
        raise Refused(
            f"“到检日期”应在 {starts_on:%Y-%m-%d} 至 {ends_on:%Y-%m-%d} 之间；补检的请先在“修改安排”里延长体检结束日期。",
            field="attended_on",
        )
    if day > today:
        raise Refused("“到检日期”不能晚于今天。", field="attended_on")


def is_invoice_number(text: str) -> bool:
    """Whether it has the form of an electronic invoice, which is longer than any number of a person."""
    return _ELECTRONIC_INVOICE.fullmatch(text) is not None


def require_bill(*, people: int, attended: int, hospital: str, rate: Decimal, most: Decimal) -> Decimal:
    """The amount of a bill in yuan: people × rate. Raises Refused for other people than came, or a rate above the rule's."""
    if attended == 0:
        raise Refused(f"{hospital}还没有人到检，不能结算。", field="hospital")
    if people != attended:
        raise Refused(
            f"结算人数 {people} 人与{hospital}已登记的到检人数 {attended} 人不一致，请核对发票或到检登记。",
            field="people",
        )
    if rate <= 0:
        raise Refused("“每人”必须大于 0。", field="rate")
    if rate > most:
        raise Refused(
            f"“每人”{format_plain(rate)} 元高于体检规则的 {format_plain(most)} 元，超出部分由本人负担，不在此结算。",
            field="rate",
        )
    return round_fen(people * rate)


def why_not_closable(
    *, people: int, pending: Sequence[int], unbilled: Sequence[tuple[str, int]]
) -> tuple[str, ...]:
    """What is still missing, in sentences. `pending`: slips without outcome; `unbilled`: hospital and how many came."""
    missing: list[str] = []
    if people == 0:
        missing.append("名册里没有人")
    if pending:
        missing.append(
            f"还有 {len(pending)} 人没有登记到检或未检原因（通知单 {named(write_slips(pending).split(), counter='段')}）"
        )
    missing += [f"{hospital}有 {came} 人到检，还没有结算" for hospital, came in unbilled]
    return tuple(missing)


@dataclass(frozen=True)
class ExamMoney:
    """预算 − 结算 = 结余, in yuan. `budget` is None while nobody said what the budget gives."""

    budget: Decimal | None
    billed: Decimal
    source: str = ""
    """Where the budget amount comes from, in words."""

    @property
    def left_over(self) -> Decimal | None:
        """Below zero when more was billed than the budget gives."""
        return None if self.budget is None else self.budget - self.billed
