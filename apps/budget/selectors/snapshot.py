"""The data behind a printed explanation as plain values: kept with the issue, carried inside the PDF."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.budget.models import Adjustment, CalcLine, ClassificationCode, Edition
from apps.budget.rules import narrative, wording
from apps.budget.selectors.explanation import EarlierItem, Node, earlier_year, outline_tree
from apps.budget.selectors.figures import moves_of
from apps.budget.selectors.last_year import compared_edition
from apps.budget.selectors.sheet import ItemRow, Sheet
from apps.cases.selectors import role_in_words, signed_by

FORMAT = 3
"""Raised when the meaning of a key changes; what was issued keeps its own number."""

# The names of the people behind a reading stay in the system: the file leaves the house.
_LINE_FIELDS = (
    "ordinal", "label", "method", "people", "unit", "of_which_label", "of_which_people", "rate", "base_amount",
    "ratio", "share", "share_basis", "fixed_amount", "note", "amount", "source_key", "source_parameters",
    "source_value", "source_read_at", "source_kept_reason",
)  # fmt: skip


_EARLIER_FIELDS = (
    "label", "method", "people", "unit", "of_which_label", "of_which_people", "rate", "base_amount", "ratio",
    "share", "share_basis", "fixed_amount", "note",
)  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _code(code: ClassificationCode | None) -> dict[str, str] | None:
    return None if code is None else {"code": code.code, "name": code.name}


def _line(record: CalcLine) -> dict[str, Any]:
    return {"id": record.pk} | {name: _plain(getattr(record, name)) for name in _LINE_FIELDS}


def _nodes(nodes: Iterable[Node]) -> list[dict[str, Any]]:
    return [{"text": node.text, "children": _nodes(node.children)} for node in nodes]


def _item(item: ItemRow, group_number: int, moves: list[Adjustment]) -> dict[str, Any]:
    record = item.record
    return {
        "lineage": str(record.lineage),
        "number": item.number,
        "mark": narrative.calculation_mark(group_number, item.number),
        "title": item.title,
        "amount": _plain(item.amount),
        "ratified_amount": _plain(item.ratified_amount),
        "adjustment": _plain(item.adjustment),
        "prior_amount": _plain(item.prior_amount),
        "change_reason": record.change_reason,
        "control_amount": _plain(record.control_amount),
        "function": _code(record.function_code),
        "department_economic": _code(record.department_economic_code),
        "government_economic": _code(record.government_economic_code),
        "funding_source": record.funding_source.name if record.funding_source else None,
        "is_three_public": record.is_three_public,
        "is_procurement": record.is_procurement,
        "is_paid_to_persons": record.is_paid_to_persons,
        "is_union_dues": record.is_union_dues,
        "has_basis": item.has_basis,
        "purpose": record.purpose,
        "explanation": item.explanation(),
        "lines": [_line(row.record) for row in item.lines],
        "adjustments": [
            {
                "edition": move.item.edition_id,
                "label": move.item.edition.label,
                "kind": move.kind,
                "amount": _plain(move.amount),
                "reason": move.reason,
            }
            for move in moves
        ],
        "documents": [
            {
                "title": citation.document.title,
                "number": citation.document.number,
                "issuer": citation.document.issuer,
                "kind": citation.document.kind,
                "issued_on": _plain(citation.document.issued_on),
                "in_force_until": _plain(citation.document.in_force_until),
                "article": citation.article,
            }
            for citation in item.citations
        ],
        "indicators": [
            {
                "level": indicator.level,
                "second_level": indicator.second_level,
                "name": indicator.name,
                "direction": indicator.direction,
                "target": wording.fill(indicator.target, item.placeholders()),
                "unit": indicator.unit,
                "weight": _plain(indicator.weight),
                "data_source": indicator.data_source,
            }
            for indicator in item.indicators
        ],
    }


def _compared(edition: Edition) -> dict[str, Any] | None:
    """What of last year stands in the text: the changes are told against these items and lines."""
    earlier = compared_edition(edition)
    if earlier is None:
        return None
    return {
        "edition": earlier.pk,
        "year": earlier.plan.year,
        "label": earlier.label,
        "items": [_earlier(lineage, item) for lineage, item in earlier_year(edition).items()],
    }


def _earlier(lineage: UUID, item: EarlierItem) -> dict[str, Any]:
    return {
        "lineage": str(lineage),
        "title": item.title,
        "amount": _plain(item.amount),
        "lines": [
            {name: _plain(getattr(line, name)) for name in _EARLIER_FIELDS} | {"amount": _plain(line.amount)}
            for line in item.lines
        ],
    }


def snapshot(sheet: Sheet) -> dict[str, Any]:
    """Everything the explanation was made from, amounts in yuan as text. The same data give the same values."""
    edition = sheet.edition
    plan = edition.plan
    moves: dict[UUID, list[Adjustment]] = {}
    if sheet.is_adjustment:
        for move in moves_of(sheet).select_related("item__edition").order_by("id"):
            moves.setdefault(move.item.lineage, []).append(move)
    outline = outline_tree(edition)
    return {
        "format": FORMAT,
        "union": {"code": plan.union.code, "name": plan.union.name},
        "year": plan.year,
        "book": plan.book,
        "edition": edition.pk,
        "stage": edition.stage,
        "sequence": edition.sequence,
        "label": edition.label,
        "status": edition.status,
        "minutes_number": edition.minutes,
        "reason": edition.reason,
        "approved_at": _plain(edition.approval.at if edition.approval else None),
        "amount": _plain(sheet.amount),
        "groups": [
            {
                "code": group.group.code,
                "name": group.group.name,
                "amount": _plain(group.amount),
                "items": [_item(item, number, moves.get(item.record.lineage, [])) for item in group.items],
            }
            for number, group in enumerate(sheet.groups, start=1)
        ],
        "compared": _compared(edition),
        "outline": {section: _nodes(nodes) for section, nodes in outline.items()},
        "decisions": [
            {
                "round": decision.round,
                "verb": decision.verb,
                "actor": signed_by(decision),
                "role": role_in_words(decision),
                "opinion": decision.opinion,
                "at": _plain(decision.at),
                "amount": _plain(decision.amount),
            }
            for decision in edition.decisions.all()
        ],
        "waivers": waivers(edition),
    }


def waivers(edition: Edition) -> list[dict[str, str]]:
    """The findings that were let stand, with the reasons."""
    return [
        {
            "code": waiver.code,
            "message": waiver.message,
            "reason": waiver.reason,
            "by": waiver.waived_by.full_name,
            "at": waiver.waived_at.isoformat(),
        }
        for waiver in edition.waivers.select_related("waived_by").order_by("id")
    ]


def as_json(values: dict[str, Any]) -> bytes:
    """One way of writing it, so that equal data are equal bytes."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1).encode()
