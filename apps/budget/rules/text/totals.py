"""Checks of 小计 and 合计 told in words, of “其中” amounts, and of totals that are missing."""

import bisect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.budget.rules.findings import Finding, Severity, is_rounding
from apps.budget.rules.text.amounts import NUMBER, UNIT, Amount, amounts_in, from_match, rounding_gap, said
from apps.budget.rules.text.draft import Draft, Group
from apps.budget.rules.text.tables import read_tables
from apps.core import money

_STATED = re.compile(
    rf"(?P<word>小计|合计|总计|共计)(?:支出|金额|资金|预算)?"
    rf"(?:为|是|：|:)?[ 　]?(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})"
)
_ALL_ITEMS = re.compile(
    r"(?:(?:19|20)\d{2}年度?)?(?:以上|全部|上述)?[\d一二三四五六七八九十]*[个项]?(?:专项)?(?:项目)?(?:支出|经费|资金|预算)*$"
)
_SHORTEST_NAME = 4
"""A shorter heading is no name that a total could be told by."""
_LABEL_ENDS = re.compile(r"[，。；：:\n（）]")
_WHICH = re.compile(r"(?:其中|包括)[:：]?")
_REACH = 400
"""How far behind 其中 its parts are looked for."""
_BRACKET_ENDS = re.compile(r"）|[（(](?=其中|包括)")
_NESTED = re.compile(r"[（(](?:其中|含|包括|比|较)[^（）()]*[）)]")
_NOT_A_PART = re.compile(
    r"(?:增加|减少|增长|下降|上升|降低|压减|上年|去年|标准|每|人均|提高|至|比|较)[^\d，；。]{0,8}$"
)
_STOP = re.compile(r"其中|包括|共计|合计|总计|小计|[。\n]|比上年|较上年|与上年")

# The parts of a whole that regulations name in full: when all of them stand beside it, they must make it up.
WHOLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("支出合计", r"支出(?:预算)?(?:合计|总计|总额)|本年支出|支出预算", (r"基本支出", r"项目支出")),
    ("基本支出", r"基本支出", (r"人员经费", r"公用经费")),
    ("“三公”经费", r"三公[”\"]?经费", (r"因公出国", r"公务接待费", r"公务用车购置及运行")),
    ("公务用车购置及运行费", r"公务用车购置及运行", (r"购置费(?!及)", r"运行(?:维护)?费(?!及)")),
    ("政府采购", r"采购", (r"货物", r"工程", r"服务")),
)


def check(draft: Draft) -> Iterator[Finding]:
    yield from _check_stated(draft)
    yield from _check_missing(draft)
    for start, end in draft.sentences():
        yield from _check_parts(draft, start, end)


@dataclass(frozen=True, slots=True)
class _Whole:
    """What a printed total must add up: one group of items, or all of them."""

    groups: Sequence[Group]
    total: Decimal
    count: int

    @property
    def name(self) -> str:
        return (self.groups[0].name if len(self.groups) == 1 else "") or f"{self.count} 个项目"


def _whole(groups: Sequence[Group]) -> _Whole:
    return _Whole(groups, _total(groups), sum(len(group.items) for group in groups))


def _stated(draft: Draft) -> Iterator[tuple[re.Match[str], _Whole]]:
    """Printed totals outside the items' explanations, each with what it must add up."""
    groups = [group for group in draft.groups if group.total is not None]
    if not groups:
        return
    ends = [group.end for group in groups]
    everything = _whole(groups)
    by_name: dict[str, Group] = {}
    for group in groups:
        by_name.setdefault(group.name, group)
    for matched in _STATED.finditer(draft.plain):
        line = draft.line_at(matched.start())
        if line.item is not None or line.is_table:
            continue
        label = _label(draft.plain, matched.start())
        named = _named_group(label, by_name)
        if named is not None:
            yield matched, _whole([named])
        elif matched["word"] == "小计":
            above = bisect.bisect_right(ends, matched.start()) - 1
            if above >= 0 and not draft.has_heading_between(ends[above], matched.start()):
                yield matched, _whole([groups[above]])
        elif _ALL_ITEMS.fullmatch(label) and ("项目" in label or _follows(draft, groups, matched.start())):
            yield matched, everything


def _label(plain: str, at: int) -> str:
    """The words in front of 合计, back to the nearest mark."""
    return _LABEL_ENDS.split(plain[max(0, at - 30) : at])[-1].strip(" 　")


def _follows(draft: Draft, groups: Sequence[Group], at: int) -> bool:
    """A bare 合计 speaks of the items only where it follows them."""
    return at >= groups[-1].end and not draft.has_heading_between(groups[-1].end, at)


def _named_group(label: str, by_name: Mapping[str, Group]) -> Group | None:
    """The group with the longest name that stands in the label."""
    for length in range(len(label), _SHORTEST_NAME - 1, -1):
        parts = (label[at : at + length] for at in range(len(label) - length + 1))
        named = [by_name[part] for part in parts if part in by_name]
        if named:
            return min(named, key=lambda group: group.start)
    return None


def _check_stated(draft: Draft) -> Iterator[Finding]:
    for matched, whole in _stated(draft):
        printed = from_match(matched)
        gap = printed.value - whole.total
        if not gap:
            continue
        severity = None
        if printed.is_in_wan and not is_rounding(gap) and abs(gap) <= Decimal(50) * (whole.count + 1):
            severity = Severity.SOFT
        yield draft.finding(
            "amount.total",
            matched.start(),
            printed.end,
            f"{whole.name}相加是{said(whole.total, in_wan=True)}，{matched['word']}写的是"
            f"{draft.plain[printed.start : printed.end]}。",
            hint="请核对各项金额和合计。",
            severity=severity,
            gap=rounding_gap(gap, printed),
        )


def _check_missing(draft: Draft) -> Iterator[Finding]:
    """Items without a 小计 or 合计: the figures that should be printed."""
    groups = [group for group in draft.groups if group.total is not None]
    items = [item for group in groups for item in group.items]
    if len(items) < 2:
        return
    told = [whole.groups for _, whole in _stated(draft)]
    has_total = any(len(found) == len(groups) for found in told)
    alone = {found[0] for found in told if len(found) == 1}
    untold = [group for group in groups if len(groups) > 1 and group not in alone]
    if untold or not has_total:
        in_tables = _table_totals(draft)
        has_total = has_total or _is_in(in_tables, _total(groups))
        untold = [group for group in untold if not _is_in(in_tables, _total([group]))]
    if has_total and not untold:
        return
    words = [
        f"{group.name or '本组项目'}小计{said(group.total or Decimal(0), in_wan=True)}" for group in untold
    ]
    if not has_total:
        words.append(f"{len(items)} 个项目合计{said(_total(groups), in_wan=True)}")
    last = items[-1]
    yield draft.finding(
        "amount.total_missing",
        items[0].start,
        items[0].end,
        f"没有印出小计、合计：{'，'.join(words)}。",
        hint="请在每组项目之后印小计，在最后印合计。",
        more=[(last.start, last.end)],
    )


def _total(groups: Sequence[Group]) -> Decimal:
    return sum((group.total or Decimal(0) for group in groups), Decimal(0))


def _table_totals(draft: Draft) -> set[Decimal]:
    """Figures in the 小计 and 合计 rows of tables."""
    rows = (row for table in read_tables(draft) for row in table.rows if row.is_total or row.is_subtotal)
    return {cell.value for row in rows for cell in row.cells if cell.value is not None}


def _is_in(figures: set[Decimal], amount: Decimal) -> bool:
    return amount in figures or money.wan(amount) in figures


def _check_parts(draft: Draft, start: int, end: int) -> Iterator[Finding]:
    """785.93万元，其中：甲592.28万元，乙193.65万元。"""
    for which in _WHICH.finditer(draft.plain, start, end):
        before = list(amounts_in(draft.plain, max(start, which.start() - 80), which.start()))
        if not before or re.search(r"\d", draft.plain[before[-1].end : which.start()]):
            continue
        whole = before[-1]
        limit = min(end, which.end() + _REACH)
        if draft.plain[max(start, which.start() - 1) : which.start()] in ("（", "("):
            matched = _BRACKET_ENDS.search(draft.plain, which.end(), limit)
            stop = matched.start() if matched else limit
        else:
            matched = _STOP.search(draft.plain, which.end(), limit)
            stop = matched.start() if matched else limit
        parts = _parts(draft.plain, which.end(), stop)
        if parts:
            yield from _judge_parts(draft, whole, parts, which)


def _parts(plain: str, start: int, stop: int) -> list[Amount]:
    nested = [match.span() for match in _NESTED.finditer(plain, start, stop)]
    return [
        amount
        for amount in amounts_in(plain, start, stop)
        if not any(opened <= amount.start < closed for opened, closed in nested)
        and not _NOT_A_PART.search(plain[max(start, amount.start - 14) : amount.start])
        and not re.match(r"[ 　]?[/每]", plain[amount.end : amount.end + 2])
    ]


def _judge_parts(
    draft: Draft, whole: Amount, parts: Sequence[Amount], which: re.Match[str]
) -> Iterator[Finding]:
    total = sum((part.value for part in parts), Decimal(0))
    gap = whole.value - total
    if not gap:
        return
    listed = draft.plain[which.end() : parts[-1].end]
    label = draft.plain[max(0, whole.start - 24) : whole.start]
    label = re.split(r"[，。；：:\n]", label)[-1]
    is_full = any(
        re.search(head, label) and all(re.search(part, listed) for part in names) for _, head, names in WHOLES
    )
    is_short = gap > 0
    if is_short and not is_full and not (len(parts) > 1 and re.search(r"合计|总计|共计", label)):
        return
    severity = Severity.SOFT if is_short and not is_full else None
    yield draft.finding(
        "amount.parts",
        whole.start,
        parts[-1].end,
        f"“其中”各项相加是{said(total, in_wan=whole.is_in_wan)}，总额写的是{draft.plain[whole.start : whole.end]}。",
        hint="如果没有列全，请写“其中主要有”；否则请核对各项。" if severity else "请核对总额和各项。",
        severity=severity,
        gap=rounding_gap(gap, whole, *parts),
    )
