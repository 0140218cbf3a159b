"""Checks of a calculation told in words: count × rate = amount, classes = whole, “含” within its class, 元 against 万元."""

from collections.abc import Iterator
from decimal import Decimal

from apps.budget.rules.findings import Finding
from apps.budget.rules.text import amounts
from apps.budget.rules.text.calculation import (
    SHARE,
    Calculation,
    Kind,
    Product,
    Sum,
    Token,
    read_calculation,
)
from apps.budget.rules.text.draft import Draft, Item

_FAR = 200
_MOST_CLASSES = 60
_WHOLE_WORDS = ("共", "共计", "合计", "总计", "涉及", "总数", "共有")


def check(draft: Draft) -> Iterator[Finding]:
    for item in draft.items:
        calculation = read_calculation(draft, item.body_start, item.body_end)
        yield from _check_one(draft, calculation)
        yield from _check_heading(draft, item, calculation)
    for line in draft.prose():
        if line.item is None:
            yield from _check_one(draft, read_calculation(draft, line.start, line.end))


def _check_one(draft: Draft, calculation: Calculation) -> Iterator[Finding]:
    for whole in calculation.sums:
        yield from _check_sum(draft, whole)
    yield from _check_classes(draft, calculation)
    for token in calculation.tokens:
        if token.inside is not None and token.value > token.inside.value:
            yield draft.finding(
                "count.within",
                token.inside.start,
                token.end,
                f"“含”的 {_count(token)} 超过了它所属的 {_count(token.inside)}。",
                hint="“含”表示包括在内，不能比总数多；请核对两个数。",
            )


def _check_sum(draft: Draft, whole: Sum) -> Iterator[Finding]:
    printed = whole.total.amount
    if printed is None:
        return
    if whole.products:
        expected = sum((product.value for product in whole.products), Decimal(0))
        said = "＋".join(_product(draft, product) for product in whole.products[:6])
        said += "＋……" if len(whole.products) > 6 else ""
        code = _code(whole)
    else:
        expected = sum((token.value for token in whole.subtotals), Decimal(0))
        said = "前面各笔金额相加"
        code = "amount.classes"
    gap = printed.value - expected
    if not gap:
        return
    yield draft.finding(
        code,
        *draft.clause(printed),
        f"{said}＝{amounts.said(expected, in_wan=False)}，"
        f"而文中写的是{draft.plain[printed.start : printed.end]}，{_more_or_less(gap)}。",
        hint="请核对数量、标准和金额，三者必有一错。",
        more=[(product.start, product.end) for product in whole.products],
        gap=amounts.rounding_gap(gap, printed, *_rounded(whole)),
    )


def _code(whole: Sum) -> str:
    if len(whole.products) > 1:
        return "amount.classes"
    only = whole.products[0]
    if only.counts:
        return "amount.product"
    return "dues.amount" if only.rate.word == SHARE else "amount.heading"


def _rounded(whole: Sum) -> list[amounts.Amount]:
    """Amounts that stand in the sum by themselves: those in 万元 may have lost a few yuan in print."""
    return [product.rate.amount for product in whole.products if not product.counts and product.rate.amount]


def _check_classes(draft: Draft, calculation: Calculation) -> Iterator[Finding]:
    """277人，其中245人……22人……10人: the classes with a rate make up the whole; any other part stays within it."""
    if not calculation.is_complete:
        return
    tokens = calculation.tokens
    judged: set[int] = set()
    for at, token in enumerate(tokens):
        if token.kind == Kind.WHICH and at and tokens[at - 1].kind == Kind.COUNT:
            whole = tokens[at - 1].inside or tokens[at - 1]
            parts = _parts_after(draft, calculation, at, whole)
            if whole.is_used or not parts:
                continue
            judged.add(whole.start)
            classes = [part for part in parts if part.is_used]
            if len(classes) > 1:
                yield from _compare_classes(draft, whole, classes)
            else:
                yield from _compare_parts(draft, whole, parts)
    for at, token in enumerate(tokens):
        if (
            token.kind == Kind.COUNT
            and token.inside is None
            and not token.is_used
            and token.start not in judged
        ):
            words = draft.plain[max(0, token.start - 4) : token.start].rstrip()
            if words.endswith(_WHOLE_WORDS):
                classes = _classes_beside(draft, tokens, at)
                if len(classes) > 1:
                    yield from _compare_classes(draft, token, classes)


def _parts_after(draft: Draft, calculation: Calculation, at: int, whole: Token) -> list[Token]:
    """Counts of the same noun from 其中 to the end of its sentence."""
    tokens = calculation.tokens
    if tokens[at].end - whole.end > _FAR:
        return []
    found = []
    previous = tokens[at]
    for token in tokens[at + 1 : at + _MOST_CLASSES]:
        is_past = "。" in draft.plain[previous.end : token.start] or token.kind in (Kind.WHICH, Kind.TOTAL)
        if is_past:
            break
        if token.kind == Kind.COUNT and token.inside is None and token.nouns == whole.nouns:
            found.append(token)
        previous = token
    return found


def _classes_beside(draft: Draft, tokens: list[Token], at: int) -> list[Token]:
    """Counts with a rate in the sentence of the whole at `at`, before or after it."""
    found = []
    whole = tokens[at]
    for step in (-1, 1):
        edge = whole
        for token in (
            tokens[at + 1 : at + _MOST_CLASSES]
            if step > 0
            else reversed(tokens[max(0, at - _MOST_CLASSES) : at])
        ):
            between = draft.plain[edge.end : token.start] if step > 0 else draft.plain[token.end : edge.start]
            if "。" in between:
                break
            if token.kind == Kind.COUNT and token.is_used and token.nouns == whole.nouns:
                found.append(token)
            edge = token
    return sorted(found, key=lambda token: token.start)


def _compare_classes(draft: Draft, whole: Token, classes: list[Token]) -> Iterator[Finding]:
    expected = sum((part.value for part in classes), Decimal(0))
    if expected != whole.value:
        listed = "＋".join(f"{part.value:f}" for part in classes[:8])
        yield draft.finding(
            "count.classes",
            whole.start,
            whole.end,
            f"各档相加 {listed}＝{expected:f}，而总数写的是 {_count(whole)}。",
            hint="请核对各档数量；“含”在某一档内的不另加。",
            more=[(part.start, part.end) for part in classes],
        )


def _compare_parts(draft: Draft, whole: Token, parts: list[Token]) -> Iterator[Finding]:
    for part in parts:
        if part.value > whole.value:
            yield draft.finding(
                "count.within",
                whole.start,
                part.end,
                f"“其中”的 {_count(part)} 超过了总数 {_count(whole)}。",
                hint="部分不能大于总数；请核对两个数。",
            )


def _check_heading(draft: Draft, item: Item, calculation: Calculation) -> Iterator[Finding]:
    """The heading's 万元 against the total its explanation ends with."""
    totals = [token.amount for token in calculation.totals if token.amount is not None]
    addends = [
        token for token in calculation.tokens if token.kind == Kind.ADDEND and token.amount is not None
    ]
    if item.amount is None:
        return
    printed = item.amount
    if not totals:
        yield from _check_fixed(draft, printed, calculation, addends)
        return
    by_hand = {whole.total.start for whole in calculation.sums if whole.products}
    if sum((total.value for total in totals), Decimal(0)) == printed.value:
        return
    partial = sum((total.value for total in totals[:-1] if total.start in by_hand), Decimal(0))
    told: set[Decimal] = set()
    for total in totals:
        gap = printed.value - total.value
        is_part = total is not totals[-1] and total.start in by_hand and partial <= totals[-1].value
        if not gap or is_part or total.value in told:
            continue
        told.add(total.value)
        yield _heading(draft, printed, f"写{draft.plain[total.start : total.end]}", gap, [total])


def _check_fixed(
    draft: Draft, printed: amounts.Amount, calculation: Calculation, addends: list[Token]
) -> Iterator[Finding]:
    """An explanation without a total: its products and fixed amounts together are the amount."""
    if not addends or not calculation.is_complete:
        return
    products = [product.value for product in calculation.products]
    expected = sum([*products, *(token.value for token in addends)], Decimal(0))
    gap = printed.value - expected
    own = [token.amount for token in addends if token.amount is not None]
    if gap:
        yield _heading(draft, printed, f"是{amounts.said(expected, in_wan=False)}", gap, own)


def _heading(
    draft: Draft, printed: amounts.Amount, told: str, gap: Decimal, told_by: list[amounts.Amount]
) -> Finding:
    return draft.finding(
        "amount.heading",
        *draft.clause(told_by[-1]),
        f"项目标题写{draft.plain[printed.start : printed.end]}，说明里{told}，{_more_or_less(-gap)}。",
        hint="标题和说明里的金额必须一致（1万元＝10000元）。",
        more=[(printed.start, printed.end)],
        gap=amounts.rounding_gap(gap, printed, *told_by),
    )


def _count(token: Token) -> str:
    return f"{token.value:f}{token.nouns[0]}"


def _product(draft: Draft, product: Product) -> str:
    if not product.counts:
        return amounts.said(product.value, in_wan=False)
    factors = [draft.plain[count.start : count.end] for count in product.counts]
    rate = product.rate.amount
    return "×".join([*factors, draft.plain[rate.start : rate.end] if rate else ""])


def _more_or_less(gap: Decimal) -> str:
    """Printed against computed."""
    return f"{'多' if gap > 0 else '少'}了{amounts.said(abs(gap), in_wan=False)}"
