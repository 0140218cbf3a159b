"""The check of activities that the text plans without saying what pays for them."""

import re
from collections.abc import Iterator, Sequence

from apps.budget.rules.findings import Finding, Span
from apps.budget.rules.text.amounts import amounts_in
from apps.budget.rules.text.draft import Draft, Line

ACTIVITIES: tuple[tuple[str, str], ...] = (
    ("尿毒症透析专项救助", r"透析"),
    ("冬送温暖", r"送温暖"),
    ("夏送清凉", r"送清凉"),
    ("金秋助学", r"金秋助学"),
    ("职工法律援助", r"法律援助"),
    ("“安康杯”竞赛", r"安康杯"),
    ("职工互助一日捐", r"一日捐"),
    ("就业创业", r"就业创业|创业就业|就业创新|技能培训|职工培训"),
)
_PAID = re.compile(
    r"资金来源|经费来源|列支|从[^，。；\n]{2,20}(?:支出|解决|安排)|不另行安排|无需经费|代管资金"
)


_MOST_MENTIONS = 50


def check(draft: Draft) -> Iterator[Finding]:
    """One line for all of them; nothing in a text that prints no amounts at all."""
    if next(amounts_in(draft.plain, 0, len(draft.plain)), None) is None:
        return
    unpaid = []
    for name, words in ACTIVITIES:
        pattern = re.compile(words)
        mentions = list(pattern.finditer(draft.plain))
        if not mentions or _is_paid(draft, mentions[:_MOST_MENTIONS]):
            continue
        unpaid.append((name, mentions[0].span()))
    if unpaid:
        unpaid.sort(key=lambda pair: pair[1])
        yield draft.cluster(
            "funding.unstated",
            [span for _, span in unpaid],
            f"有 {len(unpaid)} 项活动没有说明资金来源：{'、'.join(name for name, _ in unpaid)}。",
            hint="请写明由哪个项目列支、是否另有资金（上级专项、代管资金、社会募集等）。",
        )


def _is_paid(draft: Draft, mentions: Sequence[re.Match[str]]) -> bool:
    """Whether any of the places says what pays: an item, a row with figures, or the clause around the words."""
    clauses: dict[Span, None] = {}
    for mention in mentions:
        line = draft.line_at(mention.start())
        if line.item is not None or (line.is_table and any(character.isdigit() for character in line.text)):
            return True
        if not line.is_table:
            clauses[_clause(draft, line, mention)] = None
    return any(
        _PAID.search(draft.plain, start, end) is not None
        or next(amounts_in(draft.plain, start, end), None) is not None
        for start, end in clauses
    )


def _clause(draft: Draft, line: Line, mention: re.Match[str]) -> Span:
    start = max(line.start, max(draft.plain.rfind(mark, line.start, mention.start()) for mark in "。；") + 1)
    ends = [at for mark in "。；" if (at := draft.plain.find(mark, mention.end(), line.end)) >= 0]
    return start, min(ends, default=line.end)
