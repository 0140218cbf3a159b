"""The outline of an edition as a numbered tree."""

from collections import defaultdict
from dataclasses import dataclass

from apps.budget.models import Edition, OutlineEntry
from apps.budget.rules import wording
from apps.budget.rules.narrative import entry_marks


@dataclass(frozen=True)
class OutlineRow:
    """One entry with its number as printed: （一） at the top, 一是 beneath, none before the words that lead in."""

    entry: OutlineEntry
    number: str
    text: str
    children: tuple["OutlineRow", ...] = ()


@dataclass(frozen=True)
class OutlineSection:
    key: str
    title: str
    rows: tuple[OutlineRow, ...]


def outline_sections(edition: Edition) -> list[OutlineSection]:
    """Both sections in one query; numbers come from the order, so none can be missing."""
    year = edition.plan.year
    by_parent: dict[tuple[str, int | None], list[OutlineEntry]] = defaultdict(list)
    for entry in edition.outline.order_by("ordinal", "id"):
        by_parent[entry.section, entry.parent_id].append(entry)

    def filled(entry: OutlineEntry) -> str:
        return wording.fill(entry.text, {"年度": str(year), "上年": str(year - 1)})

    def rows(section: str, parent: int | None = None, level: int = 1) -> tuple[OutlineRow, ...]:
        entries = by_parent[section, parent]
        texts = [filled(entry) for entry in entries]
        return tuple(
            OutlineRow(entry, mark, text, rows(section, entry.pk, level + 1))
            for entry, text, mark in zip(entries, texts, entry_marks(texts, level), strict=True)
        )

    titles = {"duties": "主要职责", "tasks": f"{year}年主要任务和目标"}
    return [OutlineSection(key, title, rows(key)) for key, title in titles.items()]
