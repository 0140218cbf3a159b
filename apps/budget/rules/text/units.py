"""Checks of how amounts are written: vague quantities, more than two decimals of 万元, 元 and 万元 in one sentence."""

import re
from collections.abc import Iterator

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.amounts import NUMBER, UNIT, amounts_in
from apps.budget.rules.text.draft import Draft, Taken
from apps.core import money

_VAGUE = re.compile(
    r"(?<![\d.])\d{1,12}(?:\.\d{1,4})?[ 　]?(?:多|余|来|几)[ 　]?(?:亿|千万|百万|十万|万|千|百)?元"
    r"|(?<!几)(?:[几数][百千十]*|[一二三四五六七八九十百]{1,4}[多余])(?:亿|万|千|百)元"
    rf"|(?:大约|大概|约(?!定|束)|近|将近|不到)[ 　]?{NUMBER}[ 　]?{UNIT}"
    rf"|{NUMBER}[ 　]?{UNIT}左右"
)
_DECIMALS = re.compile(r"(?<![\d.])\d{1,12}\.\d{3,}[ 　]?万(?:元|(?![人户次名个]))")
_RATE_BEFORE = re.compile(r"(?:每|人均|标准|单价|按)[^，。；\n]{0,14}$")
_RATE_AFTER = re.compile(r"[ 　]?[/每]")
_TITLE = re.compile(r"《[^《》\n]*》")
_CONVERSION = re.compile(r"(?:[（(]|即|合|折合)[ 　]?$")


def check(draft: Draft) -> Iterator[Finding]:
    yield from _check_vague(draft)
    for matched in _DECIMALS.finditer(draft.plain):
        yield draft.finding(
            "amount.decimals",
            *matched.span(),
            f"“{matched[0]}”超过两位小数。",
            hint="以万元为单位保留两位小数；需要精确时用元。",
        )
    for line in draft.prose():
        for start, end in draft.sentences(line.start, line.end):
            yield from _check_mixed(draft, start, end)
    if draft.figures is not None:
        yield from _check_known(draft)


def _check_vague(draft: Draft) -> Iterator[Finding]:
    for matched in _VAGUE.finditer(draft.plain):
        yield draft.finding(
            "amount.vague",
            *matched.span(),
            f"“{matched[0]}”不是确定的数。",
            hint="请写准确的数；写不出准确数的只作文字叙述，不作测算依据。",
        )


def _check_mixed(draft: Draft, start: int, end: int) -> Iterator[Finding]:
    """Rates and conversions in brackets do not count: 每人400元，共计22.28万元 is how offices write."""
    written = list(amounts_in(draft.plain, start, end))
    if len({amount.is_in_wan for amount in written}) < 2:
        return
    found = [
        amount
        for amount in written
        if not _RATE_BEFORE.search(draft.plain[max(start, amount.start - 18) : amount.start])
        and not _RATE_AFTER.match(draft.plain[amount.end : amount.end + 2])
        and not _CONVERSION.search(draft.plain[max(start, amount.start - 4) : amount.start])
        and not re.search(r"[×*xX＊][ 　]?$", draft.plain[max(start, amount.start - 3) : amount.start])
        and not re.match(r"[ 　]?[×*xX＊]", draft.plain[amount.end : amount.end + 3])
    ]
    in_wan = [amount for amount in found if amount.is_in_wan]
    in_yuan = [amount for amount in found if not amount.is_in_wan]
    if in_wan and in_yuan:
        first, last = min(in_wan[0].start, in_yuan[0].start), max(in_wan[0].end, in_yuan[0].end)
        yield draft.finding(
            "amount.mixed_units",
            first,
            last,
            f"同一句里“{draft.plain[in_wan[0].start : in_wan[0].end]}”用万元，"
            f"“{draft.plain[in_yuan[0].start : in_yuan[0].end]}”用元。",
            hint="同一句统一用一种单位；换算放在括号里。",
        )


def _check_known(draft: Draft) -> Iterator[Finding]:
    """Every amount outside 《》 must be one of the budget's, to the unit it is printed in; its sign is not judged here."""
    figures = draft.figures or frozenset()
    in_wan = {money.wan(figure) for figure in figures}
    titles = Taken([matched.span() for matched in _TITLE.finditer(draft.plain)])
    for amount in amounts_in(draft.plain, 0, len(draft.plain)):
        value = abs(amount.value)
        if value in figures or (amount.is_in_wan and value / money.WAN in in_wan):
            continue
        if not titles.touches(amount.start, amount.end):
            yield draft.finding(
                "amount.unknown",
                *draft.clause(amount),
                f"“{draft.plain[amount.start : amount.end]}”在预算数据里找不到。",
                hint="请改成预算里的数；确需保留的，说明它的出处。",
            )
