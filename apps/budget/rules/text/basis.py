"""Checks of an item's basis: no calculation, a speech as basis, figures that do not give the amount, dues without a base."""

import re
from collections.abc import Iterator
from decimal import Decimal

from apps.budget.rules.findings import Finding
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
from apps.budget.rules.text.calculation import SHARE, read_calculation
from apps.budget.rules.text.draft import Draft, Item
from apps.core import money

_PRODUCT = re.compile(rf"{NUMBER}[^\n，。；]{{0,10}}[×*＊xX][ 　]?{NUMBER}")
_QUOTA = re.compile(rf"(?:定额|据实)[^，。；\n]{{0,24}}{NUMBER}[ 　]?{UNIT}[（(，,；;]?[^。\n]*")
_BASE = re.compile(rf"工资总额[^\d，。；\n]{{0,12}}(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})")
_PERCENT = re.compile(rf"(?P<number>{NUMBER})[ 　]?%")
_RAISED = re.compile(r"(?:总额|按)[^，。；\n\d]{0,6}$")
_DUES = re.compile(r"工资总额")
_SHARED = re.compile(r"计提|拨付|留成|分成|上缴|上解")
_SPEECH = re.compile(
    r"(?:根据|依据|按照|依照|遵照)(?P<words>[^。\n]{0,80}?(?:讲话》?精神|讲话》?|会议精神|指示精神|批示精神|口头指示|口头要求|领导要求))"
)
_DOCUMENT = re.compile(r"〔\d{4}〕|【\d{4}】|\[\d{4}\]|号文")
_VAGUE = re.compile(r"\d{1,12}[多余几来](?:亿|万|千|百)?元")
_RATE_BEFORE = re.compile(r"(?:每|人均|标准)[^，。；\n]{0,14}$")


def check(draft: Draft) -> Iterator[Finding]:
    for item in draft.items:
        if item.amount is None:
            continue
        yield from _check_basis(draft, item)
        yield from _check_speech(draft, item)
        if _DUES.search(draft.plain, item.body_start, item.body_end):
            yield from _check_dues(draft, item, item.amount)


def has_calculation(draft: Draft, item: Item) -> bool:
    """Count × rate, a written product, dues with their base, or an amount named as a fixed quota."""
    calculation = read_calculation(draft, item.body_start, item.body_end)
    return bool(
        calculation.products
        or _PRODUCT.search(draft.plain, item.body_start, item.body_end)
        or _QUOTA.search(draft.plain, item.body_start, item.body_end)
        or (
            _BASE.search(draft.plain, item.body_start, item.body_end)
            and _PERCENT.search(draft.plain, item.body_start, item.body_end)
        )
    )


def _check_basis(draft: Draft, item: Item) -> Iterator[Finding]:
    if item.amount is None or has_calculation(draft, item):
        return
    printed = draft.plain[item.amount.start : item.amount.end]
    has_percent = _PERCENT.search(draft.plain, item.body_start, item.body_end)
    lack = "只有比例，没有基数" if has_percent else "没有数量，也没有标准"
    yield draft.finding(
        "basis.missing",
        item.start,
        item.end,
        f"“{item.name}”{printed}未提供测算：{lack}，金额无从核对。",
        hint="请补写人数×标准、基数×比例，或写明定额及其依据；确实没有的，由财务负责人说明理由。",
    )
    told = [
        amount
        for amount in amounts_in(draft.plain, item.body_start, item.body_end)
        if not _RATE_BEFORE.search(draft.plain[max(item.body_start, amount.start - 18) : amount.start])
    ]
    vague = list(_VAGUE.finditer(draft.plain, item.body_start, item.body_end))
    if any(amount.value == item.amount.value for amount in told) or not (told or vague):
        return
    start, end = vague[0].span() if vague else (told[0].start, told[0].end)
    start = max(draft.plain.rfind(mark, item.body_start, start) for mark in "，。；\n") + 1 or start
    yield draft.finding(
        "basis.unproduced",
        start,
        end,
        f"项目金额是{printed}，说明里只写了“{draft.text[start:end].strip()}”，得不出{printed}。",
        hint="请说明两个数的关系，例如其中多少由本项目列支、其余来自哪里。",
        more=[(item.amount.start, item.amount.end)],
    )


def _check_speech(draft: Draft, item: Item) -> Iterator[Finding]:
    for matched in _SPEECH.finditer(draft.plain, item.body_start, item.body_end):
        is_backed = _DOCUMENT.search(matched["words"]) is not None
        yield draft.finding(
            "basis.speech",
            *matched.span(),
            f"“{item.name}”以领导讲话或会议精神作依据"
            f"{'；虽同时引用了文件，讲话本身不能作依据' if is_backed else '，依据效力不足'}。",
            hint="请换成有文号的文件；没有文件的，附会议纪要编号。",
        )


def _check_dues(draft: Draft, item: Item, amount: Amount) -> Iterator[Finding]:
    """工资总额 × 计提比例 × 分成: exact where the base is printed, else the two readings of the amount."""
    percents = list(_PERCENT.finditer(draft.plain, item.body_start, item.body_end))
    raised = next(
        (
            found
            for found in percents
            if _RAISED.search(draft.plain[max(0, found.start() - 12) : found.start()])
        ),
        None,
    )
    if raised is None or not decimal(raised["number"]):
        return
    ratio = decimal(raised["number"]) / 100
    shares = [found for found in percents if found is not raised and 0 < decimal(found["number"]) < 100]
    base = _BASE.search(draft.plain, item.body_start, item.body_end)
    is_told = any(
        token.word == SHARE for token in read_calculation(draft, item.body_start, item.body_end).tokens
    )
    if is_told:  # …万元，按2%计提: judged with the other sums
        return
    if base is not None:
        yield from _check_dues_amount(draft, amount, from_match(base), ratio, shares)
    elif shares and _SHARED.search(draft.plain, item.body_start, item.body_end):
        yield _ambiguous(draft, item, amount, ratio, shares)


def _check_dues_amount(
    draft: Draft, amount: Amount, base: Amount, ratio: Decimal, shares: list[re.Match[str]]
) -> Iterator[Finding]:
    whole = base.value * ratio
    choices = [whole * decimal(share["number"]) / 100 for share in shares[:1]] or [whole]
    nearest = min(choices, key=lambda choice: abs(choice - amount.value))
    gap = amount.value - nearest
    if gap:
        factors = [
            draft.plain[base.start : base.end],
            _as_percent(ratio),
            *(f"{share['number']}%" for share in shares[:1]),
        ]
        yield draft.finding(
            "dues.amount",
            base.start,
            base.end,
            f"{'×'.join(factors)}＝{said(nearest, in_wan=True)}，"
            f"项目金额写的是{draft.plain[amount.start : amount.end]}。",
            hint="请核对工资总额、比例和口径。",
            more=[(amount.start, amount.end)],
            gap=rounding_gap(gap, amount, base),
        )


def _ambiguous(
    draft: Draft, item: Item, amount: Amount, ratio: Decimal, shares: list[re.Match[str]]
) -> Finding:
    share = decimal(shares[0]["number"]) / 100
    rest = 1 - share
    whole, printed = amount.value, draft.plain[amount.start : amount.end]
    other = whole / share
    first = (
        f"A：{printed}是{_as_percent(ratio)}的全额，则工资总额{_wan(whole / ratio)}，"
        f"{_as_percent(share)}为{_wan(whole * share)}，{_as_percent(rest)}为{_wan(whole * rest)}"
    )
    second = (
        f"B：{printed}是其中的{_as_percent(share)}，则全额{_wan(other)}，工资总额{_wan(other / ratio)}，"
        f"{_as_percent(rest)}为{_wan(other * rest)}"
    )
    base = _DUES.search(draft.plain, item.body_start, item.body_end)
    start = base.start() if base else item.start
    return draft.finding(
        "dues.ambiguous",
        start,
        max(shares[-1].end(), base.end() if base else item.end),
        f"{printed}口径不明，没有写工资总额。{first}；{second}。",
        hint="请写明工资总额，并写明金额是全额、分成数还是定额。",
        more=[(item.amount.start, item.amount.end)] if item.amount else (),
    )


def _as_percent(fraction: Decimal) -> str:
    return money.format_ratio(fraction.normalize())


def _wan(value: Decimal) -> str:
    return f"{money.format_wan(value)}万元"
