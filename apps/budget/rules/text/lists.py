"""The check of one list that stands in the text twice and does not say the same."""

import re
from collections.abc import Iterator, Sequence

from apps.budget.rules.findings import Finding
from apps.budget.rules.text.draft import Draft, Line
from apps.budget.rules.text.structure import Entry, is_lists
from apps.core.numbering import chinese_number

_SHORTEST_LIST = 3
_SHORTEST_ENTRY = 6
_MOST_LISTS = 300


def check(draft: Draft) -> Iterator[Finding]:
    for lists in (is_lists(draft), _marked_lists(draft)):
        told = [entries for entries in lists if len(entries) >= _SHORTEST_LIST][:_MOST_LISTS]
        for at, entries in enumerate(told):
            for earlier in reversed(told[max(0, at - 12) : at]):
                if _is_same_list(earlier, entries):
                    yield from _compare(draft, earlier, entries)
                    break


def _marked_lists(draft: Draft) -> list[list[Entry]]:
    """Runs of entries with the same kind of mark, no heading of another kind between."""
    lists: list[list[Entry]] = []
    style = ""
    for line in draft.lines:
        mark = line.mark
        if mark is None:
            continue
        if mark.style == style and lists and mark.number > lists[-1][-1].number:
            lists[-1].append(_entry(draft, line, mark.number))
        else:
            lists.append([_entry(draft, line, mark.number)])
            style = mark.style
    return lists


def _entry(draft: Draft, line: Line, number: int) -> Entry:
    return Entry(number, draft.plain[line.body : line.end].split("。")[0].strip(), line.start, line.end)


def _plain(words: str) -> str:
    return re.sub(r"[^\u4e00-\u9fffA-Za-z0-9]", "", words)


def _is_same_list(first: Sequence[Entry], second: Sequence[Entry]) -> bool:
    """At least two entries, and a good part of the list, say the same under the same number."""
    words = {entry.number: _plain(entry.words) for entry in first}
    equal = sum(
        1
        for entry in second
        if len(_plain(entry.words)) >= _SHORTEST_ENTRY and words.get(entry.number) == _plain(entry.words)
    )
    return equal >= 2 and equal * 5 >= 2 * min(len(first), len(second))


def _compare(draft: Draft, first: Sequence[Entry], second: Sequence[Entry]) -> Iterator[Finding]:
    before = {entry.number: entry for entry in first}
    after = {entry.number: entry for entry in second}
    differences = []
    spans = []
    for number in sorted(before.keys() | after.keys()):
        here, there = after.get(number), before.get(number)
        if here is not None and there is not None:
            if _plain(here.words) == _plain(there.words):
                continue
            differences.append(f"第{chinese_number(number)}项前文作“{_short(there)}”，这里作“{_short(here)}”")
        elif here is not None:
            differences.append(f"第{chinese_number(number)}项“{_short(here)}”前文没有")
        elif there is not None:
            differences.append(f"第{chinese_number(number)}项“{_short(there)}”这里没有")
        spans += [(entry.start, entry.end) for entry in (here, there) if entry is not None]
    if not differences:
        return
    opening = next(
        (after[number] for number in sorted(after) if (after[number].start, after[number].end) in spans),
        second[0],
    )
    yield draft.finding(
        "structure.lists_differ",
        opening.start,
        opening.end,
        f"同一份清单在文中出现两次，内容不同：{'；'.join(differences)}。",
        hint="请以一处为准，统一两处。",
        more=[span for span in spans if span != (opening.start, opening.end)],
        place=f"{draft.line_label(draft.line_at(second[0].start))}起，对照{draft.line_label(draft.line_at(first[0].start))}起",
    )


def _short(entry: Entry) -> str:
    return entry.words if len(entry.words) <= 36 else entry.words[:35] + "…"
