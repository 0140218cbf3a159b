"""The data behind a printed explanation as plain values: kept with the issue, carried inside the PDF."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.budget.models import Adjustment, CalcLine, ClassificationCode, Edition
from apps.budget.rules import narrative, wording
from apps.budget.selectors.explanation import Node, outline_tree
from apps.budget.selectors.sheet import ItemRow, Sheet

FORMAT = 1
"""Raised when the meaning of a key changes; what was issued keeps its own number."""

# The names of the people behind a reading stay in the system: the file leaves the house.
_LINE_FIELDS = (
    "ordinal", "label", "method", "people", "unit", "of_which_label", "of_which_people", "rate", "base_amount",
    "ratio", "share", "share_basis", "fixed_amount", "note", "amount", "source_key", "source_parameters",
    "source_value", "source_read_at", "source_kept_reason",
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
            {"kind": move.kind, "amount": _plain(move.amount), "reason": move.reason} for move in moves
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


def snapshot(sheet: Sheet) -> dict[str, Any]:
    """Everything the explanation was made from, amounts in yuan as text. The same data give the same values."""
    edition = sheet.edition
    plan = edition.plan
    moves: dict[int, list[Adjustment]] = {}
    for move in Adjustment.objects.filter(item__edition=edition).order_by("id"):
        moves.setdefault(move.item_id, []).append(move)
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
        "minutes_number": edition.minutes_number,
        "approved_at": _plain(edition.approved_at),
        "amount": _plain(sheet.amount),
        "groups": [
            {
                "code": group.group.code,
                "name": group.group.name,
                "amount": _plain(group.amount),
                "items": [_item(item, number, moves.get(item.record.pk, [])) for item in group.items],
            }
            for number, group in enumerate(sheet.groups, start=1)
        ],
        "outline": {section: _nodes(nodes) for section, nodes in outline.items()},
        "decisions": [
            {
                "round": decision.round,
                "action": decision.action,
                "actor": decision.actor.full_name,
                "roles": decision.roles,
                "note": decision.note,
                "at": _plain(decision.at),
                "total_amount": _plain(decision.total_amount),
            }
            for decision in edition.decisions.select_related("actor").order_by("id")
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
