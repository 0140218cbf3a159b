"""What the explanation needs beside the sheet: the outline as a tree, last year's calculations, who signed, the terms."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.budget.models import Edition, Item, OutlineEntry
from apps.budget.rules.calculation import Line
from apps.budget.rules.stages import Status
from apps.budget.rules.terms import Term
from apps.budget.selectors.last_year import compared_edition
from apps.budget.selectors.sheet import NOTHING, edition_sheet
from apps.cases.selectors import signed_by


@dataclass(frozen=True)
class Node:
    """One entry of the outline with those beneath it."""

    text: str
    children: tuple["Node", ...] = ()


def outline_tree(edition: Edition) -> dict[str, tuple[Node, ...]]:
    """The entries of each section (duties, tasks) in printed order."""
    below: dict[tuple[str, int | None], list[OutlineEntry]] = {}
    for entry in edition.outline.order_by("ordinal", "id"):
        below.setdefault((entry.section, entry.parent_id), []).append(entry)

    def nodes(section: str, parent: int | None) -> tuple[Node, ...]:
        return tuple(Node(entry.text, nodes(section, entry.pk)) for entry in below.get((section, parent), ()))

    return {section: nodes(section, None) for section in OutlineEntry.Section.values}


@dataclass(frozen=True)
class EarlierItem:
    """An item of the year before, as approved."""

    title: str
    amount: Decimal
    lines: tuple[Line, ...]


def earlier_year(edition: Edition) -> dict[UUID, EarlierItem]:
    """Items of the edition of last year that this one is compared with, by lineage; empty without one."""
    earlier = compared_edition(edition)
    if earlier is None:
        return {}
    return {
        item.record.lineage: EarlierItem(item.title, item.amount, item.rule_lines)
        for item in edition_sheet(earlier).items
    }


def no_longer_planned(edition: Edition) -> Decimal | None:
    """What last year spent on items that this edition has no more, in yuan; None where there are none."""
    earlier = compared_edition(edition)
    if earlier is None:
        return None
    kept = Item.objects.filter(edition=edition).values("lineage")
    gone = Item.objects.filter(edition=earlier).exclude(lineage__in=kept).with_amount().with_adjustment()
    amounts = [item.amount + item.adjustment for item in gone]
    return sum(amounts, NOTHING) if amounts else None


@dataclass(frozen=True)
class Signature:
    """One place of the signature block; without a name it stays free for a pen."""

    label: str
    name: str = ""
    signed_at: datetime | None = None


def signatures(edition: Edition) -> tuple[Signature, ...]:
    """制表, 审核, 单位负责人: filled only by a decision of the present round that still stands."""
    found: dict[str, Signature] = {}
    if edition.status not in (Status.DRAFT, Status.RETURNED):
        for decision in edition.decisions.all():
            label = _label(decision) if decision.round == edition.round else ""
            if label:
                found[label] = Signature(label, signed_by(decision), decision.at)
    return tuple(found.get(label, Signature(label)) for label in ("制表", "审核", "单位负责人"))


def _label(decision: Any) -> str:
    if decision.verb == "submit":
        return "制表"
    if decision.verb == "check":
        return "审核"
    return "单位负责人" if decision.verb == "approve" and decision.target == Status.APPROVED else ""


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """The glossary of public terms (名词解释), from the reference data."""
    rows: Iterable[dict[str, str]] = json.loads(
        (settings.BASE_DIR / "fixtures" / "terms.json").read_text(encoding="utf-8")
    )
    return tuple(
        Term(row["word"], row["meaning"], row.get("source", ""), tuple(row.get("aliases", ())))
        for row in rows
    )
