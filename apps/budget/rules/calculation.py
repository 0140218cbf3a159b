"""The five ways to calculate (测算方式), their amounts and the sentence each prints (domain: 测算句)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import models

from apps.budget.rules.wording import beside
from apps.core import money
from apps.core.errors import Refused

AMOUNT_LIMIT = Decimal(10_000_000_000)
"""An amount of one line or item stays below 100 亿元; more is a slip of the keyboard."""
COUNT_LIMIT = 100_000_000


class Method(models.TextChoices):
    HEADCOUNT = "headcount", "人数×标准"
    TIERED = "tiered", "分档人数×标准"
    BASE_RATIO = "base_ratio", "基数×比例×分成"
    QUOTA = "quota", "定额"
    ACTUAL = "actual", "据实"


class ShareBasis(models.TextChoices):
    """口径 of a share: without it nobody can tell whether 550 万 is the whole 2 % or the 40 % of it."""

    WHOLE = "whole", "全额计提数"
    RETAINED = "retained", "市总工会分成数"
    BEFORE_REMITTANCE = "before_remit", "上解前数"
    AFTER_REMITTANCE = "after_remit", "上解后数"


COUNTED_METHODS = (Method.HEADCOUNT, Method.TIERED)
COMPUTED_METHODS = (Method.HEADCOUNT, Method.TIERED, Method.BASE_RATIO)
FIXED_METHODS = (Method.QUOTA, Method.ACTUAL)


@dataclass(frozen=True)
class Line:
    """The values of one calculation line; money in yuan, ratio and share as fractions (0.02 = 2 %)."""

    method: str
    label: str = ""
    people: int | None = None
    unit: str = "人"
    of_which_label: str = ""
    of_which_people: int | None = None
    rate: Decimal | None = None
    base_amount: Decimal | None = None
    ratio: Decimal | None = None
    share: Decimal | None = None
    share_basis: str = ""
    fixed_amount: Decimal | None = None
    note: str = ""
    key: str = field(default="", compare=False)
    """The label before {年度} was filled: by it a line is found again in another year."""

    @property
    def amount(self) -> Decimal | None:
        """Yuan, rounded once to the fen (ROUND_HALF_UP); None while a figure is missing."""
        factors: tuple[Decimal | int | None, ...] = (self.fixed_amount,)
        if self.method in COUNTED_METHODS:
            factors = (self.people, self.rate)
        elif self.method == Method.BASE_RATIO:
            factors = (self.base_amount, self.ratio, self.share)
        product = Decimal(1)
        for factor in factors:
            if factor is None:
                return None
            product *= factor
        return money.round_fen(product)

    @property
    def has_basis(self) -> bool:
        """A computed line explains itself; a fixed amount only by a written note."""
        return self.method in COMPUTED_METHODS or bool(self.note.strip())


MISSING_LABELS: dict[str, tuple[tuple[str, str], ...]] = {
    Method.HEADCOUNT: (("people", "数量"), ("rate", "标准")),
    Method.TIERED: (("label", "档次名称"), ("people", "数量"), ("rate", "标准")),
    Method.BASE_RATIO: (
        ("base_amount", "基数"),
        ("ratio", "比例"),
        ("share", "分成"),
        ("share_basis", "分成口径"),
    ),
    Method.QUOTA: (("fixed_amount", "金额"),),
    Method.ACTUAL: (("fixed_amount", "金额"),),
}


def missing_figures(line: Line) -> list[str]:
    """Labels of the figures the method needs and the line lacks."""
    return [label for name, label in MISSING_LABELS[line.method] if getattr(line, name) in (None, "")]


def require_sound(line: Line) -> None:
    """Raises Refused naming the field when a figure contradicts another; missing figures are allowed in a draft."""
    if line.of_which_people is not None:
        if line.people is None:
            raise Refused("填写“其中”的数量前，请先填写“数量”。", field="of_which_people")
        if line.of_which_people > line.people:
            raise Refused(
                f"“其中”的数量 {line.of_which_people} 超过本行的数量 {line.people}。", field="of_which_people"
            )
        if not line.of_which_label.strip():
            raise Refused("请写明“其中”是什么人，如“破产或撤销企业劳模”。", field="of_which_label")
    amount = line.amount
    if amount is not None and amount >= AMOUNT_LIMIT:
        field = "rate" if line.method in COUNTED_METHODS else "fixed_amount"
        raise Refused("一行测算的金额不能达到 100 亿元，请核对数量和标准。", field=field)


def has_basis(lines: Sequence[Line]) -> bool:
    """False is shown as 无测算依据: no lines, or nothing but unexplained fixed amounts."""
    return bool(lines) and all(line.has_basis for line in lines)


def amount_in_words(amount: Decimal) -> str:
    """20万元, or 1500元 where 万元 with two decimals would not be exact."""
    if amount >= 10_000 and amount % 100 == 0:
        return f"{money.format_wan(amount)}万元"
    return f"{money.format_plain(amount)}元"


def of_which(line: Line) -> str:
    """含破产或撤销企业劳模6人; empty where the line names no part."""
    if line.of_which_people is None:
        return ""
    return beside(f"含{line.of_which_label}", f"{line.of_which_people}{line.unit}")


def _in_brackets(words: str) -> str:
    return f"（{words}）" if words else ""


def line_sentence(line: Line) -> str:
    """One line in words, without its amount. Missing figures print as an em dash pair so that no check can miss them."""
    gap = "——"
    if line.method in COUNTED_METHODS:
        people = gap if line.people is None else str(line.people)
        rate = gap if line.rate is None else money.format_plain(line.rate)
        counted = beside(line.label, f"{people}{line.unit}")
        return f"{counted}{_in_brackets(of_which(line))}，每{line.unit}{rate}元"
    if line.method == Method.BASE_RATIO:
        base = gap if line.base_amount is None else amount_in_words(line.base_amount)
        ratio = gap if line.ratio is None else money.format_ratio(line.ratio)
        share = gap if line.share is None else money.format_ratio(line.share)
        named = ShareBasis(line.share_basis).label if line.share_basis else gap
        return f"{beside(line.label or '工资总额', base)}，按{ratio}计提，其中{share}为{named}"
    amount = gap if line.fixed_amount is None else amount_in_words(line.fixed_amount)
    words = "定额安排" if line.method == Method.QUOTA else "据实列支"
    subject = f"{line.label}{words}{amount}"
    return f"{subject}（{line.note}）" if line.note else subject


def sentence(lines: Sequence[Line], *, counted_as: str = "") -> str:
    """The 测算句 of an item. Tiers of one unit are told as one whole with its classes, as the office writes them."""
    parts: list[str] = []
    tiers = [line for line in lines if line.method == Method.TIERED]
    if tiers:
        unit = tiers[0].unit
        whole = sum(line.people or 0 for line in tiers)
        classes = "，".join(
            f"{line.label}的{'——' if line.people is None else line.people}{unit}{_in_brackets(of_which(line))}"
            f"（每{unit}{'——' if line.rate is None else money.format_plain(line.rate)}元）"
            for line in tiers
        )
        parts.append(f"{beside(f'涉及{counted_as}', f'{whole}{unit}')}，其中{classes}")
    parts += [line_sentence(line) for line in lines if line.method != Method.TIERED]
    return "；".join(parts)


def adjusted_sentence(told: str, *, calculated: Decimal, adjustment: Decimal) -> str:
    """The 测算句 after 批复: what the lines give, then what adjustments moved, so that the amount still follows from it."""
    if not adjustment:
        return told
    moved = f"{'增加' if adjustment > 0 else '减少'}{money.format_plain(abs(adjustment))}元"
    return (
        f"{told}，计{money.format_plain(calculated)}元，批复后调整{moved}" if told else f"批复后调整{moved}"
    )


def formula(line: Line) -> str:
    """The calculation in figures, without its result: 245×1,500, 1,375,000,000.00×2%×40%; a fixed amount has none."""
    gap = "——"
    if line.method in COUNTED_METHODS:
        people = gap if line.people is None else money.format_count(line.people)
        rate = gap if line.rate is None else money.format_grouped(line.rate)
        return f"{people}×{rate}"
    if line.method == Method.BASE_RATIO:
        base = gap if line.base_amount is None else money.format_grouped(line.base_amount)
        ratio = gap if line.ratio is None else money.format_ratio(line.ratio)
        share = gap if line.share is None else money.format_ratio(line.share)
        return f"{base}×{ratio}×{share}"
    return ""
