"""Checks of growth and decline: direction against the figures, percentages, a zero base, a reason."""

import bisect
import re
from collections.abc import Iterator

from apps.budget.rules.findings import Finding, Span
from apps.budget.rules.text.amounts import (
    NUMBER,
    UNIT,
    Amount,
    amounts_in,
    decimal,
    from_match,
    rounding_gap,
    said,
)
from apps.budget.rules.text.draft import Draft, Item
from apps.budget.rules.text.tables import agrees

_UP = r"增加|增长|上升|提高|追加|增"
_DOWN = r"减少|下降|降低|压减|核减|减"
_GAP = r"[^\d，。；\n增减升降]{0,16}?"
_CHANGE = re.compile(
    rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))(?:了|额为?|数为?|幅度?为?|率为?)?[ 　]?(?P<sign>[-−])?"
    rf"(?P<number>{NUMBER})[ 　]?(?:(?P<unit>{UNIT})|(?P<percent>%|个百分点))"
)
_EVEN = re.compile(r"(?:与|同)上年[^，。；\n]{0,6}持平|与上年相同")
_COMPARED = re.compile(r"上年|去年|同比|环比")
_REASON = re.compile(r"原因|由于|主要是|系因|系由|是因为|因(?!公|此|素)")
_UP_TO_STOP = re.compile(r"[^。]+")
_ZERO = re.compile(
    r"(?:上年|去年)[^，。；\n]{0,12}?(?:为零|为0(?![\d.])|(?<![\d.])0(?:\.0{1,2})?[ 　]?万?元|没有安排|未安排|无预算|无此项)"
)
_PERCENT = re.compile(
    rf"(?:增|升|提高|减|降)[^，。；\n\d]{{0,4}}{NUMBER}[ 　]?%|百分之[一二三四五六七八九十百]+"
)


def check(draft: Draft) -> Iterator[Finding]:
    last, this = _year_words(draft)
    for line in draft.prose():
        for start, end in draft.sentences(line.start, line.end):
            yield from _check_sentence(draft, line.item, start, end, last, this)
        yield from _check_reason(draft, line.start, line.end, last)


def _year_words(draft: Draft) -> tuple[str, str]:
    if draft.year is None:
        return r"上年|去年", r"本年|今年"
    return rf"上年|去年|{draft.year - 1}年", rf"本年|今年|{draft.year}年"


def _check_sentence(
    draft: Draft, item: Item | None, start: int, end: int, last: str, this: str
) -> Iterator[Finding]:
    changes = list(_CHANGE.finditer(draft.plain, start, end))
    even = _EVEN.search(draft.plain, start, end)
    if not changes and not even:
        return
    zero = _ZERO.search(draft.plain, start, end)
    percent = _PERCENT.search(draft.plain, start, end)
    if zero and percent:
        yield draft.finding(
            "change.zero_base",
            zero.start(),
            percent.end(),
            "上年数为零，不能计算增减百分比。",
            hint="只写增减额，不写百分比。",
        )
        return
    for matched in changes:
        if matched["sign"]:
            yield draft.finding(
                "change.direction",
                *matched.span(),
                f"“{matched['up'] or matched['down']}”后面是负数，方向写了两遍，意思相反。",
                hint="写“减少”加正数。",
            )
    money_changes = [matched for matched in changes if matched["unit"]]
    percents = [matched for matched in changes if matched["percent"] == "%"]
    yield from _check_pair(draft, money_changes, percents)
    before = _figure(draft.plain, last, start, end)
    now = _figure(draft.plain, this, start, end) or (item.amount if item else None)
    if now is None and before is not None:  # 厂务公开经费20万元，上年安排25万元
        now = next((amount for amount in amounts_in(draft.plain, start, before.start)), None)
    if before is None or now is None or len(money_changes) > 1 or len(percents) > 1:
        return
    if any(matched["sign"] for matched in changes):
        return
    yield from _check_figures(draft, before, now, money_changes, percents, even.span() if even else None)


def _check_pair(
    draft: Draft, money_changes: list[re.Match[str]], percents: list[re.Match[str]]
) -> Iterator[Finding]:
    """增加5万元，下降3%: an amount and the percentage right behind it must point the same way."""
    starts = [percent.start() for percent in percents]
    for amount in money_changes:
        behind = bisect.bisect_left(starts, amount.end())
        for percent in percents[behind : behind + 2]:
            if percent.start() - amount.end() <= 4 and bool(amount["up"]) != bool(percent["up"]):
                yield draft.finding(
                    "change.direction",
                    amount.start(),
                    percent.end(),
                    f"金额写“{amount['up'] or amount['down']}”，百分比写“{percent['up'] or percent['down']}”，方向相反。",
                    hint="金额和百分比的方向必须一致。",
                )


def _figure(plain: str, words: str, start: int, end: int) -> Amount | None:
    """The only amount that follows one of the year words within its clause."""
    matched = re.compile(rf"(?:{words}){_GAP}(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})").search(
        plain, start, end
    )
    return from_match(matched) if matched else None


def _check_figures(
    draft: Draft,
    before: Amount,
    now: Amount,
    money_changes: list[re.Match[str]],
    percents: list[re.Match[str]],
    even: Span | None,
) -> Iterator[Finding]:
    difference = now.value - before.value
    facts = (
        f"上年{draft.plain[before.start : before.end]}，本年{draft.plain[now.start : now.end]}，"
        f"{'增加' if difference > 0 else '减少'}{said(abs(difference), in_wan=now.is_in_wan)}"
        if difference
        else "上年数与本年数相同"
    )
    if even and difference:
        yield draft.finding(
            "change.direction",
            *even,
            f"写的是持平，而{facts}。",
            hint="请核对两年的数。",
            gap=rounding_gap(difference, before, now),
        )
        return
    wrong = [matched for matched in [*money_changes, *percents] if bool(matched["up"]) != (difference > 0)]
    if wrong:
        yield draft.finding(
            "change.direction",
            *wrong[0].span(),
            f"写的是“{wrong[0]['up'] or wrong[0]['down']}”，而{facts}。",
            hint="增减方向必须与两年的数一致。",
        )
        return
    for matched in money_changes:
        printed = from_match(matched)
        gap = printed.value - abs(difference)
        if gap:
            yield draft.finding(
                "change.amount",
                *matched.span(),
                f"增减额写的是{draft.plain[printed.start : printed.end]}，而{facts}。",
                hint="增减额＝本年数－上年数。",
                gap=rounding_gap(gap, printed, before, now),
            )
    for matched in percents:
        if before.value and not agrees(decimal(matched["number"]), abs(difference) / before.value * 100):
            yield draft.finding(
                "change.amount",
                *matched.span(),
                f"增减率写的是 {matched['number']}%，按两年的数应为 {abs(difference) / before.value * 100:.2f}%。",
                hint="增减率＝增减额÷上年数。",
            )


def _check_reason(draft: Draft, start: int, end: int, last: str) -> Iterator[Finding]:
    """One finding per paragraph: a change against last year with no reason behind it."""
    if not re.compile(last).search(draft.plain, start, end) and not _COMPARED.search(draft.plain, start, end):
        return
    reasons = [matched.start() for matched in _REASON.finditer(draft.plain, start, end)]
    compared = re.compile(rf"{last}|同比")
    for sentence in _UP_TO_STOP.finditer(draft.plain, start, end):
        base = compared.search(draft.plain, *sentence.span())
        if base is None:
            continue
        reason = _REASON.search(draft.plain, *sentence.span())
        for matched in _CHANGE.finditer(draft.plain, base.end(), sentence.end()):
            is_before = reason is not None and reason.end() <= matched.start()
            is_behind = bool(reasons) and reasons[-1] >= matched.end()
            if not is_before and not is_behind:
                yield draft.finding(
                    "change.reason",
                    *matched.span(),
                    f"“{matched[0].strip()}”没有说明原因。",
                    hint="请在后面写“主要原因是……”，逐项说明。",
                )
                return
