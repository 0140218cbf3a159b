"""Amounts, counts and rates as a Chinese text writes them, read exactly: 22.28万元, 557人, 每人400元."""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money

# At most 15 digits before and 8 after the point: longer rows of digits are no amounts.
NUMBER = r"(?<![\d.])(?<!\d,)(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.\d{1,8})?(?!\d)"
_UNITS = {
    "亿元": Decimal(100_000_000),
    "亿": Decimal(100_000_000),
    "万元": Decimal(10_000),
    "万": Decimal(10_000),
    "千元": Decimal(1_000),
    "百元": Decimal(100),
    "元": Decimal(1),
}
_NOT_MONEY = "人名户元次件多余个册亿平吨米公里亩众职家分之张份套辆台"
UNIT = rf"(?:亿元|万元|千元|百元|元(?![旦月])|[万亿](?![{_NOT_MONEY}]))"
_AMOUNT = re.compile(rf"(?P<sign>(?<![\d万亿元%人])[-−])?(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})")
_BRACKETED = re.compile(r"[（(][^（）()]*[）)]")


@dataclass(frozen=True, slots=True)
class Amount:
    """Yuan, with the unit it was printed in."""

    value: Decimal
    unit: str
    start: int
    end: int

    @property
    def is_in_wan(self) -> bool:
        return self.unit not in ("元", "百元", "千元")


def decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def from_match(matched: re.Match[str], prefix: str = "") -> Amount:
    """From a match whose groups number, unit (and sign) were named with `prefix`."""
    value = decimal(matched[f"{prefix}number"]) * _UNITS[matched[f"{prefix}unit"]]
    return Amount(
        value, matched[f"{prefix}unit"], matched.start(f"{prefix}number"), matched.end(f"{prefix}unit")
    )


def amounts_in(plain: str, start: int, end: int) -> Iterator[Amount]:
    for matched in _AMOUNT.finditer(plain, start, end):
        amount = from_match(matched)
        if matched["sign"]:
            yield Amount(-amount.value, amount.unit, matched.start(), amount.end)
        else:
            yield amount


def heading_amount(plain: str, start: int, end: int) -> Amount | None:
    """The amount a heading ends with: the last one outside brackets."""
    spans = [match.span() for match in _BRACKETED.finditer(plain, start, end)]
    starts = [opened for opened, _ in spans]
    found = None
    for amount in amounts_in(plain, start, end):
        at = bisect.bisect_right(starts, amount.start) - 1
        if at < 0 or spans[at][1] <= amount.start:
            found = amount
    return found


def unit_factor(unit: str) -> Decimal | None:
    """Yuan per unit, None when the word is no unit of money."""
    return _UNITS.get(unit)


def said(value: Decimal, *, in_wan: bool) -> str:
    """An amount of yuan as the sentence under review writes it."""
    if not in_wan:
        return f"{money.format_plain(value)}元"
    wan = value / money.WAN
    exact = money.round_fen(wan) == wan
    return (
        f"{money.format_wan(value)}万元"
        if exact
        else f"{money.format_wan(value)}万元（{money.format_plain(value)}元）"
    )


def rounding_gap(gap: Decimal, *operands: Amount) -> Decimal | None:
    """The gap when 万元 are involved, so that rounding may explain it; None when both sides are in 元."""
    return gap if any(operand.is_in_wan for operand in operands) else None
