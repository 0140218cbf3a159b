"""Checks of sums written out (557人×400元＝222800元) and of amounts in capitals."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.amounts import (
    NUMBER,
    Amount,
    amounts_in,
    decimal,
    rounding_gap,
    said,
    unit_factor,
)
from apps.budget.rules.text.draft import Draft
from apps.core import money

_TERM = rf"{NUMBER}[ 　]?(?:%|亿元|万元|万|千元|元|[人户名位家场次期套件台份天班个月]{{1,2}})?(?:/[人户名场次年月]{{1,2}})?"
_NOTE = r"(?:（[^（）\n]{0,30}）)?"
# The left side is consumed as a whole, so that a long row of terms without = is read once.
_LEFT = re.compile(rf"{_TERM}{_NOTE}(?:[ 　]*[×*＊xX+][ 　]*{_TERM}{_NOTE}){{1,40}}")
_RIGHT = re.compile(rf"[ 　]*=[ 　]*(?P<right>{_TERM})")
_FACTOR = re.compile(rf"(?P<number>{NUMBER})[ 　]?(?P<unit>%|亿元|万元|万|千元|元)?")
_NOTES = re.compile(r"（[^（）]*）")

_CAPITAL_DIGITS = {"零": 0, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_CAPITAL_UNITS = {"拾": 10, "佰": 100, "仟": 1_000}
_CAPITALS = re.compile(
    r"(?:人民币)?(?P<words>(?=[零壹贰叁肆伍陆柒捌玖拾])[零壹贰叁肆伍陆柒捌玖拾佰仟万亿]{1,30}[元圆](?:[零壹贰叁肆伍陆柒捌玖]角)?零?(?:[壹贰叁肆伍陆柒捌玖]分)?)[整正]?"
)
_DIGIT = re.compile(r"\d")
_BESIDE = 12


def check(draft: Draft) -> Iterator[Finding]:
    for left in _LEFT.finditer(draft.plain):
        right = _RIGHT.match(draft.plain, left.end())
        if right:
            yield from _check_equation(draft, left, right)
    for matched in _CAPITALS.finditer(draft.plain):
        yield from _check_capitals(draft, matched)


def _check_equation(draft: Draft, left_side: re.Match[str], right_side: re.Match[str]) -> Iterator[Finding]:
    """Equal in yuan, or equal as bare numbers when only the result carries the unit (22.28＋20＝42.28万元)."""
    right = _FACTOR.match(right_side["right"])
    left = _evaluate(left_side[0], in_yuan=True)
    if right is None or left is None:
        return
    unit = right["unit"] or ""
    printed = decimal(right["number"]) * (unit_factor(unit) or Decimal(1))
    bare_left = _evaluate(left_side[0], in_yuan=False)
    bare_right = decimal(right["number"])
    if left == printed or bare_left == bare_right:
        return
    has_units = re.search(r"元|万", left_side[0]) is not None
    gap = printed - left if has_units or not unit else printed - left * (unit_factor(unit) or Decimal(1))
    result = Amount(printed, unit or "元", right_side.start("right"), right_side.end("right"))
    expected = printed - gap
    shown = (
        said(expected, in_wan=result.is_in_wan)
        if unit in ("元", "万元", "万")
        else f"{expected.normalize():f}"
    )
    yield draft.finding(
        "amount.equation",
        left_side.start(),
        right_side.end(),
        f"算式左边等于{shown}，右边写的是{right_side['right'].strip()}。",
        hint="请核对算式两边。",
        gap=rounding_gap(gap, result) if unit else None,
    )


def _evaluate(left: str, *, in_yuan: bool) -> Decimal | None:
    """× before ＋. None for a percentage outside a product or an unreadable term."""
    total = Decimal(0)
    for summand in re.split(r"[+]", _NOTES.sub("", left)):
        product = Decimal(1)
        for term in re.split(r"[×*＊xX]", summand):
            factor = _FACTOR.match(term.strip())
            if factor is None:
                return None
            value = decimal(factor["number"])
            if factor["unit"] == "%":
                value /= 100
            elif factor["unit"] and in_yuan:
                value *= unit_factor(factor["unit"]) or Decimal(1)
            product *= value
        total += product
    return total


def _check_capitals(draft: Draft, matched: re.Match[str]) -> Iterator[Finding]:
    """Only when an amount in figures stands right beside, as vouchers write it."""
    value = capital_value(matched["words"])
    beside = _amount_beside(draft.plain, *matched.span())
    if value is None or beside is None or beside.value == value:
        return
    is_rounded = beside.is_in_wan and money.wan(value) == beside.value / money.WAN
    yield draft.finding(
        "amount.capitals",
        min(matched.start(), beside.start),
        max(matched.end(), beside.end),
        f"大写金额等于{said(value, in_wan=False)}，小写写的是{draft.plain[beside.start : beside.end]}。",
        hint="大写和小写必须一致。",
        gap=beside.value - value if is_rounded else None,
    )


def _amount_beside(plain: str, start: int, end: int) -> Amount | None:
    if not _DIGIT.search(plain, max(0, start - 40), min(len(plain), end + 40)):
        return None
    before = [
        amount for amount in amounts_in(plain, max(0, start - 40), start) if start - amount.end <= _BESIDE
    ]
    if before and not re.search(r"[，。；\n]", plain[before[-1].end : start]):
        return before[-1]
    for amount in amounts_in(plain, end, min(len(plain), end + 40)):
        if amount.start - end <= _BESIDE and not re.search(r"[，。；\n]", plain[end : amount.start]):
            return amount
        break
    return None


def capital_value(words: str) -> Decimal | None:
    """肆拾叁万陆仟伍佰元 is 436500; None when the words are no number."""
    whole, _, part = words.replace("圆", "元").partition("元")
    total = section = digit = 0
    for character in whole:
        if character in _CAPITAL_DIGITS:
            digit = _CAPITAL_DIGITS[character]
        elif character in _CAPITAL_UNITS:
            section += (digit or 1) * _CAPITAL_UNITS[character]
            digit = 0
        elif character == "万":
            total += (section + digit) * 10_000
            section = digit = 0
        else:
            total = (total + section + digit) * 100_000_000
            section = digit = 0
    value = Decimal(total + section + digit)
    for character, following in pairwise(part):
        if following in "角分" and character in _CAPITAL_DIGITS:
            value += Decimal(_CAPITAL_DIGITS[character]) / (10 if following == "角" else 100)
    return value if whole else None
