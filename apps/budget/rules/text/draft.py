"""The draft as the checks see it: lines, heading marks, budget items and their groups, all by offset."""

import bisect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from apps.budget.rules.findings import EXCERPT_LENGTH, Finding, Severity, Span
from apps.budget.rules.text import amounts
from apps.budget.rules.text.catalogue import BY_CODE

# Characters replaced by one other character each, so that offsets into the original stay true.
_SAME_LENGTH = str.maketrans("０１２３４５６７８９．％＝＋／－\r\xa0\u200b\ufeff", "0123456789.%=+/-    ")
_HAN_DIGITS = "一二三四五六七八九"

HAN_NUMBER = r"[一二三四五六七八九十]{1,3}"
_MARK = re.compile(
    rf"[ \t　]*(?:(?P<part>第{HAN_NUMBER}(?:部分|章|篇))|(?P<top>{HAN_NUMBER})、"
    rf"|[（(](?P<paren>{HAN_NUMBER})[）)]、?|(?P<count>\d{{1,3}})、|(?P<dot>\d{{1,2}})[.．](?!\d)"
    r"|[（(](?P<small>\d{1,2})[）)])[ 　]*"
)
_RANKS = {"part": 0, "top": 1, "paren": 2, "count": 3, "dot": 3, "small": 4}
_ITEM = re.compile(
    rf"[ \t　]*项目[ 　]?(?:(?P<digits>\d{{1,3}})|(?P<han>{HAN_NUMBER}))(?:[ 　]*(?:[:：、]|[.．](?!\d))|[ 　])[ 　]*"
)
_SUBTOTAL = re.compile(
    r"[ 　]*(?:(?:19|20)\d{2}年度?)?(?:小计|合计|总计|[^，。；：\d\n]{0,24}(?:小计|(?:项目|经费|支出|资金|预算)(?:合计|总计)))"
    r"(?:金额|支出)?[:：为]?[ 　]?\d"
)
_LONGEST_NAME = 200
"""A longer line behind 项目1 is no name; every place within the item repeats it."""
_GROUP_NAME = re.compile(r"(?:情况)?(?:说明|安排|明细|预算)?$")


def han_number(text: str) -> int | None:
    """一 to 九十九; None for anything else."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return _HAN_DIGITS.index(text) + 1 if len(text) == 1 and text in _HAN_DIGITS else None
    if len(tens) > 1 or len(ones) > 1 or (tens + ones).strip(_HAN_DIGITS):
        return None
    high = _HAN_DIGITS.index(tens) + 1 if tens else 1
    return high * 10 + (_HAN_DIGITS.index(ones) + 1 if ones else 0)


class Taken:
    """Stretches of text already read, in ascending order and apart from each other."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def touches(self, start: int, end: int) -> bool:
        at = bisect.bisect_left(self._starts, end) - 1
        return at >= 0 and self._spans[at][1] > start


@dataclass(frozen=True, slots=True)
class Mark:
    """The number in front of a heading or list entry: 一、（一） 1、 1. （1）."""

    style: str
    rank: int
    number: int
    printed: str


@dataclass(slots=True, eq=False)
class Line:
    number: int
    start: int
    end: int
    text: str
    mark: Mark | None
    body: int
    """Offset at which the words after the mark begin."""
    is_table: bool
    item: "Item | None" = None

    @property
    def is_heading(self) -> bool:
        """Short, numbered, and no sentence."""
        if self.mark is None or self.mark.rank > 3 or self.is_table:
            return False
        words = self.text.strip()
        return len(words) <= 45 and not re.search(r"[。；，]", words) and not words.endswith(("：", ":"))


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A budget item as printed: 项目1：2016年劳模体检费22.28万元, followed by its explanation."""

    number: int
    name: str
    amount: amounts.Amount | None
    start: int
    end: int
    """The heading line; the explanation is body_start to body_end."""
    body_start: int = 0
    body_end: int = 0

    @property
    def label(self) -> str:
        return f"项目{self.number} {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Consecutive items under one heading."""

    name: str
    items: tuple[Item, ...]
    start: int
    end: int
    total: Decimal | None
    """Yuan; None while an item prints no amount."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A text with what the checks need to know about it. `plain` has half-width digits at the same offsets."""

    text: str
    plain: str
    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    groups: tuple[Group, ...]
    year: int | None = None
    labels: Sequence[str] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    figures: frozenset[Decimal] | None = None
    _starts: tuple[int, ...] = ()
    _headings: tuple[int, ...] = ()
    _sections: tuple[str, ...] = ()

    def line_at(self, offset: int) -> Line:
        return self.lines[max(0, bisect.bisect_right(self._starts, offset) - 1)]

    def has_heading_between(self, start: int, end: int) -> bool:
        """In a line below that of `start` and above that of `end`."""
        following = bisect.bisect_right(self._headings, self.line_at(start).start)
        return following < len(self._headings) and self._headings[following] < self.line_at(end).start

    def line_label(self, line: Line) -> str:
        return self.labels[line.number - 1] if line.number <= len(self.labels) else f"第{line.number}行"

    def place(self, offset: int) -> str:
        """第32行（三、单位专项公用经费项目说明 · 项目1 劳模体检费)."""
        line = self.line_at(offset)
        section = self._sections[line.number - 1]
        path = " · ".join(part for part in (section, line.item.label if line.item else "") if part)
        return f"{self.line_label(line)}（{path}）" if path else self.line_label(line)

    def finding(
        self,
        code: str,
        start: int,
        end: int,
        message: str,
        *,
        hint: str = "",
        severity: Severity | None = None,
        more: Sequence[Span] = (),
        gap: Decimal | None = None,
        place: str = "",
    ) -> Finding:
        excerpt = " ".join(self.text[start:end].split())
        if len(excerpt) > EXCERPT_LENGTH:
            excerpt = excerpt[: EXCERPT_LENGTH - 1] + "…"
        return Finding(
            code=code,
            severity=severity or BY_CODE[code].severity,
            message=message,
            place=place or self.place(start),
            excerpt=excerpt,
            start=start,
            end=end,
            hint=hint,
            more=tuple(more),
            gap=gap,
        )

    def cluster(self, code: str, spans: Sequence[Span], message: str, *, hint: str = "") -> Finding:
        """One finding for many like places; the places are named by line, the first five."""
        lines = list(dict.fromkeys(self.line_label(self.line_at(start)) for start, _ in spans))
        place = "、".join(lines[:5]) + (f"等{len(lines)}处" if len(lines) > 5 else "")
        (start, end), *rest = spans
        return self.finding(code, start, end, message, hint=hint, more=rest, place=place)

    def clause(self, amount: amounts.Amount) -> Span:
        """From the start of the clause to the amount's end, so that the excerpt can be read."""
        near = max(0, amount.start - _CLAUSE_LENGTH)
        start = max(self.plain.rfind(mark, near, amount.start) for mark in _CLAUSE_ENDS) + 1
        return (start or max(0, amount.start - 10), amount.end)

    def prose(self) -> Iterator[Line]:
        """Lines with words in them that are no table rows."""
        return (line for line in self.lines if not line.is_table and line.text.strip())

    def sentences(self, start: int = 0, end: int | None = None) -> Iterator[Span]:
        """Stretches between 。！？ and line ends."""
        stop = len(self.plain) if end is None else end
        for matched in _SENTENCE.finditer(self.plain, start, stop):
            yield matched.span()


_SENTENCE = re.compile(r"[^。！？\n]+[。！？]?")
_CLAUSE_ENDS = "，。；：\n"
_CLAUSE_LENGTH = 40


def read_draft(
    text: str,
    *,
    year: int | None = None,
    labels: Sequence[str] = (),
    codes: Mapping[str, str] | None = None,
    figures: Collection[Decimal] | None = None,
) -> Draft:
    plain = text.translate(_SAME_LENGTH)
    lines = _lines(text, plain)
    items, owners = _items(plain, lines)
    for line, owner in zip(lines, owners, strict=True):
        line.item = owner
    return Draft(
        text=text,
        plain=plain,
        lines=tuple(lines),
        items=tuple(items),
        groups=tuple(_groups(lines, items)),
        year=year,
        labels=labels,
        codes=codes or {},
        figures=None if figures is None else frozenset(figures),
        _starts=tuple(line.start for line in lines),
        _headings=tuple(line.start for line in lines if line.is_heading),
        _sections=tuple(_sections(lines)),
    )


def _lines(text: str, plain: str) -> list[Line]:
    found = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        words = plain[start : start + len(raw)].rstrip()
        end = start + len(words)
        is_table = " | " in words or "\t" in words.strip()
        matched = None if is_table else _MARK.match(words)
        mark = _mark(matched) if matched else None
        body = start + (matched.end() if matched and mark else 0)
        found.append(Line(number, start, end, words, mark, body, is_table))
        start += len(raw) + 1
    return found


def _mark(matched: re.Match[str]) -> Mark | None:
    style = matched.lastgroup or ""
    printed = matched[style]
    if style == "part":
        number = han_number(re.sub(r"第|部分|章|篇", "", printed))
    else:
        number = int(printed) if printed.isdecimal() else han_number(printed)
    return Mark(style, _RANKS[style], number, matched[0].strip()) if number else None


def _items(plain: str, lines: Sequence[Line]) -> tuple[list[Item], list[Item | None]]:
    """Items with the extent of their explanations, and for every line the item it belongs to."""
    found: list[Item] = []
    owners: list[Item | None] = [None] * len(lines)
    heading: Line | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        matched = None if line.is_table else _ITEM.match(line.text)
        number = None
        if matched:
            number = int(matched["digits"]) if matched["digits"] else han_number(matched["han"])
        if matched is None or number is None:
            if line.is_heading:
                heading = line
            at += 1
            continue
        first = at
        at += 1
        while at < len(lines) and not _ends_explanation(lines, at, heading):
            at += 1
        amount = amounts.heading_amount(plain, line.start + matched.end(), line.end)
        name_end = amount.start if amount else line.end
        item = Item(
            number=number,
            name=plain[line.start + matched.end() : name_end].strip(" 　：:，,（(")[:_LONGEST_NAME],
            amount=amount,
            start=line.start,
            end=line.end,
            body_start=min(line.end + 1, len(plain)),
            body_end=max(lines[at - 1].end, line.end),
        )
        found.append(item)
        owners[first:at] = [item] * (at - first)
    return found, owners


def _ends_explanation(lines: Sequence[Line], at: int, heading: Line | None) -> bool:
    line = lines[at]
    if not line.text.strip():
        return False
    if (
        line.is_table
        or line.text.startswith((" \t", "\t"))
        or _ITEM.match(line.text)
        or _SUBTOTAL.match(line.text)
    ):
        return True
    if line.mark is None:
        return False
    group_rank = heading.mark.rank if heading and heading.mark else 2
    if line.mark.rank <= max(1, group_rank):
        return True
    return line.is_heading and _is_item_next(lines, at)


def _is_item_next(lines: Sequence[Line], at: int) -> bool:
    """A heading directly above an item opens the next group, whatever its number looks like."""
    for below in range(at + 1, min(at + 6, len(lines))):
        if lines[below].text.strip():
            return _ITEM.match(lines[below].text) is not None
    return False


def _groups(lines: Sequence[Line], items: Sequence[Item]) -> list[Group]:
    """Items belong together while no heading stands between them."""
    groups: list[Group] = []
    members: list[Item] = []
    heading: Line | None = None
    current: Line | None = None

    def close() -> None:
        if members:
            amounts_told = [item.amount.value for item in members if item.amount is not None]
            total = sum(amounts_told, Decimal(0)) if len(amounts_told) == len(members) else None
            start, end = members[0].start, members[-1].body_end
            groups.append(Group(_group_name(current), tuple(members), start, end, total))
            members.clear()

    starts = {item.start: item for item in items}
    for line in lines:
        item = starts.get(line.start)
        if item is not None:
            if heading is not current:
                close()
                current = heading
            members.append(item)
        elif line.item is None and line.is_heading:
            heading = line
    close()
    return groups


def _group_name(heading: Line | None) -> str:
    if heading is None:
        return ""
    words = heading.text[heading.body - heading.start :].strip()
    return _GROUP_NAME.sub("", words) or words


def _sections(lines: Sequence[Line]) -> list[str]:
    """For every line the nearest heading above it (or itself), shortened."""
    found = []
    current = ""
    for line in lines:
        if line.is_heading and line.item is None:
            words = " ".join(line.text.split())
            current = words if len(words) <= 24 else words[:23] + "…"
        found.append(current)
    return found
