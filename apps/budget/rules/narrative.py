"""Sentences and numbering of the explanation: how an amount changed and why, marks of headings, terms that occur."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import models

from apps.budget.rules.calculation import COUNTED_METHODS, FIXED_METHODS, Line, Method
from apps.budget.rules.stages import Book, Stage
from apps.budget.rules.wording import beside
from apps.core import money, numbering

ZERO = Decimal("0.00")
_TENTH = Decimal("0.1")


# --- how an amount changed ---------------------------------------------------------------------------------


class Cause(models.TextChoices):
    """What moved an amount. The factors of one change always add up to the change itself."""

    PEOPLE = "people", "人数因素"
    QUANTITY = "quantity", "数量因素"
    RATE = "rate", "标准因素"
    BASE = "base", "基数因素"
    SHARE = "share", "比例因素"
    FIXED = "fixed", "定额因素"
    ACTUAL = "actual", "据实因素"
    METHOD = "method", "测算方式因素"


@dataclass(frozen=True)
class Factor:
    """One cause with its part of the change, in yuan (positive: more than before)."""

    cause: Cause
    amount: Decimal


@dataclass(frozen=True)
class LineChange:
    """One calculation line before and after; None where the line did not exist."""

    before: Line | None
    after: Line | None
    factors: tuple[Factor, ...]

    @property
    def label(self) -> str:
        line = self.after or self.before
        return line.label if line else ""

    @property
    def difference(self) -> Decimal:
        return _amount(self.after) - _amount(self.before)

    def sentence(self) -> str:
        """荣誉获得一次由245人增至251人，增加0.9万元. Empty when nothing changed."""
        if self.before == self.after:
            return ""
        moved = "、".join(_moves(self.before, self.after))
        words = (
            f"，{direction(self.difference)}{amount_words(abs(self.difference))}" if self.difference else ""
        )
        return f"{self.label}{moved}{words}" if moved or words else ""


@dataclass(frozen=True)
class ChangeSplit:
    """The change of an item between two versions, split into its causes."""

    before: Decimal
    after: Decimal
    lines: tuple[LineChange, ...]

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def factors(self) -> tuple[Factor, ...]:
        """One factor a cause, in the order of Cause; causes that cancel out or did not move are left out."""
        sums = dict.fromkeys(Cause, ZERO)
        for change in self.lines:
            for factor in change.factors:
                sums[factor.cause] += factor.amount
        return tuple(Factor(cause, amount) for cause, amount in sums.items() if amount)

    def amount_of(self, cause: Cause) -> Decimal:
        return next((factor.amount for factor in self.factors if factor.cause == cause), ZERO)

    def factors_sentence(self) -> str:
        """人数因素增加0.9万元，标准因素减少0.2万元; empty when nothing moved."""
        return "，".join(
            f"{factor.cause.label}{direction(factor.amount)}{amount_words(abs(factor.amount))}"
            for factor in self.factors
        )

    def details(self) -> list[str]:
        """One sentence for each line that changed."""
        return [sentence for change in self.lines if (sentence := change.sentence())]


def explain_change(before_lines: Sequence[Line], after_lines: Sequence[Line]) -> ChangeSplit:
    """Split the change between two calculations into people (at the old standard) and standard (for the new people).

    人数因素 = (new count − old count) × old standard; 标准因素 = (new standard − old standard) × new count, so the two
    add up without a rest. A class that is new or gone counts as people. Lines are paired by their label, {年度} unfilled.
    """
    return ChangeSplit(
        before=sum((_amount(line) for line in before_lines), ZERO),
        after=sum((_amount(line) for line in after_lines), ZERO),
        lines=tuple(
            LineChange(before, after, _factors(before, after))
            for before, after in _pairs(before_lines, after_lines)
        ),
    )


def _amount(line: Line | None) -> Decimal:
    return (line.amount or ZERO) if line else ZERO


def _pairs(before: Sequence[Line], after: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """Every line once: in the order of `after`, what is gone at the end."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    left = list(before)
    pairs: list[tuple[Line | None, Line | None]] = []
    for line in after:
        found = next((candidate for candidate in left if _name(candidate) == _name(line)), None)
        if found is not None:
            left.remove(found)
        pairs.append((found, line))
    return pairs + [(line, None) for line in left]


def _name(line: Line) -> str:
    return line.key or line.label


def _factors(before: Line | None, after: Line | None) -> tuple[Factor, ...]:
    difference = _amount(after) - _amount(before)
    line = after or before
    if line is None or (before == after) or (not difference and _same_figures(before, after)):
        return ()
    methods = {one.method for one in (before, after) if one is not None}
    if len(methods) > 1 and not methods <= set(COUNTED_METHODS):
        return (Factor(Cause.METHOD, difference),)
    if line.method in COUNTED_METHODS:
        counted = Cause.PEOPLE if line.unit == "人" else Cause.QUANTITY
        if before is None or after is None:
            return (Factor(counted, difference),)
        by_people = money.round_fen(
            Decimal((after.people or 0) - (before.people or 0)) * (before.rate or ZERO)
        )
        return _both(Factor(counted, by_people), Factor(Cause.RATE, difference - by_people))
    if line.method == Method.BASE_RATIO:
        if before is None or after is None:
            return (Factor(Cause.BASE, difference),)
        by_base = money.round_fen(
            ((after.base_amount or ZERO) - (before.base_amount or ZERO))
            * (before.ratio or ZERO)
            * (before.share or ZERO)
        )
        return _both(Factor(Cause.BASE, by_base), Factor(Cause.SHARE, difference - by_base))
    cause = Cause.FIXED if line.method == Method.QUOTA else Cause.ACTUAL
    return (Factor(cause, difference),) if difference else ()


def _both(*factors: Factor) -> tuple[Factor, ...]:
    return tuple(factor for factor in factors if factor.amount)


def _same_figures(before: Line | None, after: Line | None) -> bool:
    names = ("people", "rate", "base_amount", "ratio", "share", "fixed_amount")
    return all(getattr(before, name, None) == getattr(after, name, None) for name in names)


def _moves(before: Line | None, after: Line | None) -> list[str]:
    """What a reader sees when both lines lie side by side."""
    if before is None:
        return ["为新增测算内容"]
    if after is None:
        return ["不再安排"]
    if before.method != after.method:
        return [f"测算方式由“{Method(before.method).label}”改为“{Method(after.method).label}”"]
    unit = after.unit
    moves = []
    if after.method in COUNTED_METHODS:
        moves.append(_moved("", before.people, after.people, unit))
        moves.append(_moved(f"每{unit}标准", before.rate, after.rate, "元"))
        moves.append(
            _moved(f"其中{after.of_which_label}", before.of_which_people, after.of_which_people, unit)
        )
    elif after.method == Method.BASE_RATIO:
        moves.append(_moved("基数", before.base_amount, after.base_amount, "元"))
        moves.append(_moved("计提比例", _percent(before.ratio), _percent(after.ratio), "%"))
        moves.append(_moved("分成比例", _percent(before.share), _percent(after.share), "%"))
    elif after.method in FIXED_METHODS:
        moves.append(_moved("", before.fixed_amount, after.fixed_amount, "元"))
    return [move for move in moves if move]


def _percent(fraction: Decimal | None) -> Decimal | None:
    return None if fraction is None else fraction * 100


def _moved(name: str, before: Decimal | int | None, after: Decimal | int | None, unit: str) -> str:
    if before == after:
        return ""
    if before is None:
        return f"{name}为{money.format_plain(Decimal(after or 0))}{unit}"
    if after is None:
        return f"{name}取消（原{money.format_plain(Decimal(before))}{unit}）"
    verb = "增至" if after > before else "减至"
    return (
        f"{name}由{money.format_plain(Decimal(before))}{unit}{verb}{money.format_plain(Decimal(after))}{unit}"
    )


def direction(difference: Decimal) -> str:
    return "增加" if difference >= 0 else "减少"


def amount_words(amount: Decimal) -> str:
    """0.9万元; an amount too small to show in 万元 is told in yuan, so that no change prints as 0万元."""
    if amount and abs(amount) < Decimal(100):
        return f"{money.format_plain(amount)}元"
    return f"{money.format_wan(amount)}万元"


def change_percent(before: Decimal | None, after: Decimal) -> Decimal | None:
    """The change in percent of `before`, one decimal, without its sign; None on a zero or missing base."""
    if not before:
        return None
    return (abs(after - before) / before * 100).quantize(_TENTH, ROUND_HALF_UP)


def percent_words(before: Decimal | None, after: Decimal) -> str:
    """增长4.8%, 下降不足0.1%; empty where there is no percentage (zero base, nothing changed)."""
    share = change_percent(before, after)
    if share is None or before is None or before == after:
        return ""
    verb = "增长" if after > before else "下降"
    return f"{verb}{share.normalize():f}%" if share else f"{verb}不足0.1%"


def change_sentence(
    *,
    subject: str,
    before: Decimal | None,
    after: Decimal,
    reason: str = "",
    split: ChangeSplit | None = None,
    earlier: str = "上年",
) -> str:
    """Amount, direction, percentage, causes and reason of one change, as disclosures word it.

    市级离退休劳模津贴43.65万元，比上年增加0.9万元，增长2.1%，其中人数因素增加0.9万元，主要原因是……
    No percentage on a zero base; a missing earlier figure is said plainly.
    """
    head = beside(subject, amount_words(after))
    why = reason.strip().rstrip("。；;.")
    if before is None:
        return f"{head}，没有登记{earlier}预算数，不作增减比较。"
    if before == after:
        return f"{head}，与{earlier}持平。"
    because = f"，主要原因是{why}" if why else "，增减原因未填写"
    if not before:
        return f"{head}，{earlier}没有安排，增加{amount_words(after)}（基数为零，不计算增幅）{because}。"
    difference = after - before
    parts = [
        head,
        f"比{earlier}{direction(difference)}{amount_words(abs(difference))}",
        percent_words(before, after),
    ]
    if split is not None and split.before == before and split.after == after and len(split.factors) > 0:
        parts.append(f"其中{split.factors_sentence()}")
    return "，".join(part for part in parts if part) + because + "。"


# --- headings and numbers of the printed text --------------------------------------------------------------

TASKS = "tasks"


def entry_marks(texts: Sequence[str], level: int) -> list[str]:
    """The marks of one row of entries: （一） at the top, 一是 beneath. Words that lead in the list (ending in ：) have none."""
    marks: list[str] = []
    number = 0
    for at, text in enumerate(texts):
        if level == 1 and at == 0 and text.rstrip().endswith(("：", ":")):
            marks.append("")
            continue
        number += 1
        marks.append(numbering.heading(2, number) if level == 1 else f"{numbering.chinese_number(number)}是")
    return marks


BOOK_TITLES: dict[str, str] = {
    Book.FISCAL: "部门预算编制说明",
    Book.UNION: "工会经费预算编制说明",
    Book.ENTRUSTED: "代管资金预算编制说明",
}
BOOK_NOTES: dict[str, str] = {
    Book.FISCAL: "本说明只反映财政部门预算，工会经费预算和代管资金另行编列，互不相加。",
    Book.UNION: "本说明只反映工会经费预算，财政部门预算和代管资金另行编列，互不相加。",
    Book.ENTRUSTED: "本说明只反映代管资金，财政部门预算和工会经费预算另行编列，互不相加。",
}
# A budget of the whole department also has basic expenditure; the rows here are projects only.
PROJECTS_ONLY = "本表仅列项目支出及其资金来源，未列基本支出及其资金来源，总计不是部门的全部收支。"


def title(*, union: str, year: int, book: str) -> str:
    return f"{union}{year}年{BOOK_TITLES[book]}"


def title_lines(*, union: str, year: int, book: str, width: int = 19) -> tuple[str, ...]:
    """The title broken at its joints; a very long union name is broken in even halves. `width` is in full-width characters."""
    rest = f"{year}年{BOOK_TITLES[book]}"
    if _width(union) + _width(rest) <= width * 2:
        return (union + rest,)
    return (*_even(union, width), rest)


def _width(text: str) -> int:
    """In half-width columns."""
    return sum(1 if ord(character) < 0x2E80 else 2 for character in text)


def _even(text: str, width: int) -> list[str]:
    count = -(-_width(text) // (width * 2))
    size = -(-len(text) // count)
    return [text[start : start + size] for start in range(0, len(text), size)]


_BOOK_LETTERS = {Book.FISCAL: "C", Book.UNION: "G", Book.ENTRUSTED: "D"}
_STAGE_CODES = {
    Stage.FIRST_UP: "S1",
    Stage.FIRST_DOWN: "X1",
    Stage.SECOND_UP: "S2",
    Stage.RATIFIED: "PF",
    Stage.ADJUSTMENT: "TJ",
}
_STYLE_LETTERS = {"gongwen": "W", "book": "B"}


def issue_number(
    *, year: int, union_code: str, book: str, stage: str, stage_sequence: int, style: str, sequence: int
) -> str:
    """签发编号: year, union, book (财政C 工会G 代管D), stage, style (公文W 文本B) and the number of this issue.

    A stage that comes again has its number behind it: the second 调剂 is 2, the first 更正 of 批复 is R1.
    """
    again = f"R{stage_sequence - 1}" if stage_sequence > 1 else ""
    nth = str(stage_sequence) if stage == Stage.ADJUSTMENT else again
    letter = _BOOK_LETTERS[Book(book)]
    return (
        f"{year}-{union_code}-{letter}{_STAGE_CODES[Stage(stage)]}{nth}-{_STYLE_LETTERS[style]}{sequence:02d}"
    )


def calculation_mark(group_number: int, item_number: int) -> str:
    """测1-1: the number by which text and appendix refer to the calculation of an item."""
    return f"测{group_number}-{item_number}"


# --- figures inside sentences ------------------------------------------------------------------------------

_UNITS = "万元|亿元|元|人次|人|户|名|家|个|次|项|件|场|期"
_FIGURE = re.compile(
    rf"人民币负?[零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整]+|[0-9][0-9,]*(?:\.[0-9]+)?(?:{_UNITS})"
)
_QUOTED = re.compile(r"《[^》]*》|〔[^〕]*〕[第0-9号]*")


def split_figures(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, True for those that are a figure with its unit; titles 《》 and document numbers hold none."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    pieces: list[tuple[str, bool]] = []
    at = 0
    for match in _FIGURE.finditer(text):
        if any(start <= match.start() < end for start, end in quoted):
            continue
        if match.start() > at:
            pieces.append((text[at : match.start()], False))
        pieces.append((match.group(), True))
        at = match.end()
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces
