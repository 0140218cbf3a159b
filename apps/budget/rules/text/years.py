"""Checks of years: only the budget year N and N−1 may stand outside 《》, document numbers, 截至 and dates of issue."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.documents import NUMBER_LIKE
from apps.budget.rules.text.draft import Draft, Line, Taken

_HAN_YEAR = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_YEAR = re.compile(
    r"(?<!\d)(?P<from>(?:19|20)\d{2})[ 　]?年?[ 　]?[-－—–~～至][ 　]?(?P<to>(?:19|20)\d{2})[ 　]?年"
    r"|(?<!\d)(?P<year>(?:19|20)\d{2})[ 　]?年(?!号)"
    r"|(?P<han>[一二][〇零○一二三四五六七八九]{3})年"
)
_DATE = (
    r"(?:(?:19|20)\d{2}|[一二][〇零○一二三四五六七八九]{3})[ 　]?年"
    r"(?:[ 　]?\d{1,2}[ 　]?月(?:[ 　]?\d{1,2}[ 　]?日)?)?(?:[初底末中])?"
)
_DONE = r"修订|修正|颁布|发布|公布|印发|下发|出台|制定|通过|生效|批准|出版|成立|组建|设立|建成|起(?:正式)?(?:施行|实施|执行)"
_ALLOWED = re.compile(
    r"《[^《》\n]{0,120}》"
    rf"|截[至止]到?[^，。；\n\d]{{0,6}}{_DATE}"
    rf"|{_DATE}(?:由|经)?[^，。；\n\d《》]{{0,12}}?(?:{_DONE})"
    r"|[<＜][^<>＜＞\n]{1,60}[>＞]|（关于[^（）\n]{0,80}）"
    r"|(?:十[一二三四五六七八九]五|规划)[^，。；\n]{0,8}(?:19|20)\d{2}[^，。；\n]{0,3}(?:19|20)\d{2}年"
    r"|(?:19|20)\d{2}年?[-－—–~～至](?:19|20)\d{2}年[^，。；\n]{0,10}规划"
)
# The date under a signature stands in a line of its own.
_SIGNED = re.compile(rf"(?m)^[ 　\t]*(?:{_DATE}[ 　\t]*)+$")
_BUDGETED = re.compile(r"[^，。；\n]{0,30}(?:共需|共安排|预算安排|安排预算|需资金)")


@dataclass(frozen=True, slots=True)
class _Year:
    value: int
    start: int
    end: int
    line: Line
    is_budget: bool
    """Stands in a heading, an item's name or in front of the amount needed."""


def check(draft: Draft) -> Iterator[Finding]:
    found = list(_years(draft))
    if draft.year is None:
        return
    allowed = {draft.year, draft.year - 1}
    said = f"{draft.year}年、{draft.year - 1}年"
    for year in found:
        is_item_name = year.line.item is not None and year.line.start == year.line.item.start
        if year.value not in allowed:
            is_title = is_item_name or year.line.is_heading
            yield draft.finding(
                "year.heading" if is_title else "year.outside",
                year.start,
                year.end,
                f"出现 {year.value} 年；{draft.year} 年预算的"
                f"{'标题' if is_title else '文稿'}里只应有{said}。",
                hint="多半是沿用旧稿没有改；如确属引用，请用书名号、文号或“截至”写明。",
            )
        elif is_item_name and year.value != draft.year and year.line.item is not None:
            yield draft.finding(
                "year.item",
                year.start,
                year.end,
                f"项目名称写的是 {year.value} 年，预算年度是 {draft.year} 年。",
                hint="请核实是哪一年的经费；如为上年结转，请在名称中写明。",
            )
    yield from _check_mixed(draft, found)


def _check_mixed(draft: Draft, found: list[_Year]) -> Iterator[Finding]:
    """Three budget years in headings, item names and amounts needed mean an old text not fully changed."""
    first: dict[int, _Year] = {}
    for year in found:
        if year.is_budget:
            first.setdefault(year.value, year)
    if len(first) < 3:
        return
    listed = [first[value] for value in sorted(first)]
    places = "、".join(f"{year.value}年在{draft.line_label(year.line)}" for year in listed)
    opening = min(listed, key=lambda year: year.start)
    yield draft.finding(
        "year.mixed",
        opening.start,
        opening.end,
        f"一份文稿里有 {len(listed)} 个预算年度：{'、'.join(str(year.value) for year in listed)}年。",
        hint=f"请统一为 {draft.year} 年（上年数可用 {(draft.year or 0) - 1} 年）。",
        more=[(year.start, year.end) for year in listed if year is not opening],
        place=places,
    )


def guess_year(draft: Draft) -> int | None:
    """The latest year of a heading, item name or amount needed; else the latest year of the text."""
    found = list(_years(draft))
    values = [year.value for year in found if year.is_budget] or [year.value for year in found]
    return max(values, default=None)


def _years(draft: Draft) -> Iterator[_Year]:
    """Every year outside what is allowed to carry any year."""
    free = Taken(
        _merge(
            [
                match.span()
                for pattern in (_ALLOWED, _SIGNED, NUMBER_LIKE)
                for match in pattern.finditer(draft.plain)
            ]
        )
    )
    for matched in _YEAR.finditer(draft.plain):
        if free.touches(*matched.span()):
            continue
        line = draft.line_at(matched.start())
        is_title = line.is_heading or (line.item is not None and line.item.start == line.start)
        needed = line.item is not None and _BUDGETED.match(draft.plain, matched.end()) is not None
        for value in _values(matched):
            yield _Year(value, matched.start(), matched.end(), line, is_title or needed)


def _values(matched: re.Match[str]) -> list[int]:
    if matched["year"]:
        return [int(matched["year"])]
    if matched["han"]:
        value = int(matched["han"].translate(_HAN_YEAR))
        return [value] if 1900 <= value < 2100 else []
    return [int(matched["from"]), int(matched["to"])]


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
