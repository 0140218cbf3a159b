"""Checks of structure: gaps in numbering, broken top-level order, leftover tabs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.draft import HAN_NUMBER, Draft, Line, Mark, han_number
from apps.core.numbering import chinese_number

_IS = re.compile(
    rf"(?:(?<=[。；;：:！，\n])|(?<=\t)|(?<=^))[ 　\t]{{0,10}}(?P<number>{HAN_NUMBER})是(?P<words>[^。；，：;:\n]{{2,60}})",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    words: str
    start: int
    end: int


def check(draft: Draft) -> Iterator[Finding]:
    yield from _check_marks(draft)
    for sequence in is_lists(draft):
        for before, entry in pairwise(sequence):
            if entry.number != before.number + 1:
                missing = "、".join(f"{chinese_number(n)}是" for n in range(before.number + 1, entry.number))
                yield _gap(draft, entry.start, entry.end, f"“{chinese_number(entry.number)}是”", missing)
    yield from _check_tabs(draft)


def is_lists(draft: Draft) -> list[list[Entry]]:
    """Lists told as 一是……二是……, in one paragraph or over several."""
    lists: list[list[Entry]] = []
    for matched in _IS.finditer(draft.plain):
        number = han_number(matched["number"])
        if number is None:
            continue
        entry = Entry(number, matched["words"].strip(), matched.start("number"), matched.end())
        if number == 1:
            lists.append([entry])
        elif lists and entry.number > lists[-1][-1].number:
            lists[-1].append(entry)
    return lists


def _check_marks(draft: Draft) -> Iterator[Finding]:
    """Within one parent numbers go up by one or start again at 1; deeper levels start anew under each heading."""
    last: dict[str, Line] = {}
    broken: list[Line] = []
    outer: list[Line] = []
    for line in draft.lines:
        mark = line.mark
        if mark is None:
            continue
        for style, other in list(last.items()):
            if other.mark is not None and other.mark.rank > mark.rank:
                del last[style]
        before = last.get(mark.style)
        last[mark.style] = line
        if line.is_heading and (mark.rank <= 1 or (mark.rank == 3 and line.item is None)):
            outer.append(line)
        if before is None or before.mark is None:
            if mark.number != 1 and line.is_heading:
                broken.append(line)
            continue
        if mark.number == before.mark.number + 1 or mark.number == 1:
            continue
        missing = _missing(mark, before.mark)
        yield _gap(draft, line.start, line.end, f"“{mark.printed}”", missing, before)
    if broken:
        yield _sequence(draft, broken, outer)


def _missing(mark: Mark, before: Mark) -> str:
    if mark.number <= before.number or mark.number - before.number > 20:
        return ""
    numbers = range(before.number + 1, mark.number)
    number = re.search(rf"{HAN_NUMBER}|\d+", mark.printed)
    if number is None:
        return ""
    is_han = not number[0].isdecimal()
    return "、".join(
        mark.printed.replace(number[0], chinese_number(n) if is_han else str(n), 1).rstrip("、")
        for n in numbers
    )


def _gap(
    draft: Draft, start: int, end: int, printed: str, missing: str, before: Line | None = None
) -> Finding:
    if missing:
        message = f"{printed}前面缺{missing}，编号不连续。"
    else:
        previous = f"“{before.mark.printed}”" if before and before.mark else "前一个编号"
        message = f"{printed}接在{previous}之后，编号重复或倒退。"
    return draft.finding(
        "structure.gap", start, min(end, start + 40), message, hint="请核对是漏了一项，还是编号没有改。"
    )


def _sequence(draft: Draft, broken: list[Line], outer: list[Line]) -> Finding:
    """One finding with the whole run of top-level headings: 1、 → 二、 → 三、 → 2、."""
    wrong = set(broken)
    has_top = any(line.mark is not None and line.mark.rank <= 1 for line in outer)
    first_top = next((line.start for line in outer if line.mark is not None and line.mark.rank <= 1), 0)
    run = [
        line
        for line in outer
        if line in wrong
        or (line.mark is not None and line.mark.rank <= 1)
        or (has_top and line.start < first_top)
    ]
    run = run or broken
    printed = "→".join(line.mark.printed for line in run[:12] if line.mark)
    first, *rest = run
    return draft.finding(
        "structure.sequence",
        first.start,
        first.end,
        f"标题编号顺序中断或样式混用：{printed}。",
        hint="一级标题依次用一、二、三；下一级从头编号。",
        more=[(line.start, line.end) for line in rest],
        place="、".join(draft.line_label(line) for line in run[:8]),
    )


def _check_tabs(draft: Draft) -> Iterator[Finding]:
    spans = [
        (line.start, line.end)
        for line in draft.lines
        if not line.is_table
        and "\t" in line.text[: len(line.text) - len(line.text.lstrip())]
        and line.text.strip()
    ]
    if spans:
        yield draft.cluster(
            "structure.tabs",
            spans,
            f"有 {len(spans)} 处行首残留制表符，像是表格（如绩效目标表）被展平了。",
            hint="请恢复成表格，或删去制表符。",
        )
