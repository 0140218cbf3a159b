"""Calculation lines: add, change cell by cell, remove, reorder; two people on one row are told, never overwritten."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.budget.models import CalcLine, Item
from apps.budget.rules import calculation, wording
from apps.budget.rules.calculation import Method
from apps.budget.selectors.history import line_at
from apps.budget.selectors.sheet import rule_line
from apps.budget.services.editing import gone, lock_open_edition, require_seen
from apps.core import audit
from apps.core.errors import Refused

EDITABLE = (
    "label",
    "method",
    "people",
    "unit",
    "of_which_label",
    "of_which_people",
    "rate",
    "base_amount",
    "ratio",
    "share",
    "share_basis",
    "fixed_amount",
    "note",
)
# What hangs on the count of a line and is written with it: a paste keeps or loses a binding as a single cell does.
SOURCE_FIELDS = (
    "source_key",
    "source_parameters",
    "source_part",
    "source_kept_reason",
    "source_value",
    "source_rows",
    "source_read_at",
)
STORED = (*EDITABLE, *SOURCE_FIELDS)
_FIGURES = {
    Method.HEADCOUNT: ("people", "of_which_people", "rate"),
    Method.TIERED: ("people", "of_which_people", "rate"),
    Method.BASE_RATIO: ("base_amount", "ratio", "share", "share_basis"),
    Method.QUOTA: ("fixed_amount",),
    Method.ACTUAL: ("fixed_amount",),
}
_ALL_FIGURES = {name for names in _FIGURES.values() for name in names}


def values_of(record: CalcLine) -> dict[str, Any]:
    """The editable values of a line."""
    return {name: getattr(record, name) for name in EDITABLE}


def _clear_foreign_figures(record: CalcLine) -> None:
    """Only the figures of its own method stay in a line."""
    for name in _ALL_FIGURES:
        if name not in _FIGURES[Method(record.method)]:
            setattr(record, name, "" if name == "share_basis" else None)
    if record.method not in calculation.COUNTED_METHODS:
        record.of_which_label = ""
        record.source_key, record.source_parameters, record.source_kept_reason = "", {}, ""
        record.source_value, record.source_rows, record.source_read_at = None, {}, None
        record.source_part = {}


def apply_values(record: CalcLine, values: Mapping[str, Any]) -> None:
    """Set editable values on a line without saving. Raises Refused when the row would contradict itself."""
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise Refused(f"这一列不能修改：{'、'.join(sorted(unknown))}。", code="column")
    before = record.people
    for name, value in values.items():
        setattr(record, name, value)
    if record.method not in Method.values:
        raise Refused("测算方式只能是：" + "、".join(Method.labels) + "。", field="method")
    _clear_foreign_figures(record)
    if record.source_key and record.people != before:
        record.source_kept_reason = ""  # a reason answers for one figure; the next one needs its own
    wording.require_known_placeholders(record.label, known=wording.NAME_PLACEHOLDERS, field="label")
    calculation.require_sound(rule_line(record))


@transaction.atomic
def add_line(*, item_id: int, actor: User, values: Mapping[str, Any], now: datetime) -> CalcLine:
    """Append a line to an item."""
    edition_id = Item.objects.filter(pk=item_id).values_list("edition_id", flat=True).first()
    if edition_id is None:
        raise gone("这个项目")
    lock_open_edition(edition_id, actor)
    item = Item.objects.select_for_update(of=("self",), no_key=True).filter(pk=item_id).first()
    if item is None:
        raise gone("这个项目")
    last = item.lines.aggregate(last=Max("ordinal"))["last"] or 0
    record = CalcLine(item=item, ordinal=last + 1, updated_by=actor, updated_at=now)
    apply_values(record, values)
    with audit.because(actor_id=actor.pk, action="新增测算行"):
        record.save(force_insert=True)
    return record


def _locked(line_id: int, actor: User) -> CalcLine:
    """The line under lock, in an edition that may change. Raises Refused when somebody deleted it meanwhile."""
    edition_id = Item.objects.filter(lines=line_id).values_list("edition_id", flat=True).first()
    if edition_id is not None:
        lock_open_edition(edition_id, actor)
        found = CalcLine.objects.select_for_update(of=("self",)).select_related("updated_by")
        record = found.filter(pk=line_id).first()
        if record is not None:
            return record
    raise gone("这一行测算")


def _bind_as_before(record: CalcLine, version: int) -> None:
    """The source of the count as the line had it at an earlier version: who takes back a way to calculate gets the
    binding back that went with it. The reason for another figure than the source's answers for that figure only."""
    before = line_at(record, version)
    if before is None or record.source_key or record.method not in calculation.COUNTED_METHODS:
        return
    for name in SOURCE_FIELDS:
        setattr(record, name, getattr(before, name))
    if record.people != before.people:
        record.source_kept_reason = ""


@transaction.atomic
def change_line(
    *,
    line_id: int,
    actor: User,
    values: Mapping[str, Any],
    seen_version: int,
    now: datetime,
    back_to: int | None = None,
) -> CalcLine:
    """Save cells of a line. `back_to`: the cells take back what was changed since that version of the line, and what
    hung on them comes back too. Raises RowChanged when `seen_version` is old."""
    record = _locked(line_id, actor)
    require_seen(record, seen_version, current=values_of(record))
    apply_values(record, values)
    if back_to is not None:
        _bind_as_before(record, back_to)
    record.version += 1
    record.updated_by = actor
    record.updated_at = now
    with audit.because(actor_id=actor.pk, action="修改测算行"):
        record.save(force_update=True)
    return record


@transaction.atomic
def remove_line(*, line_id: int, actor: User, seen_version: int) -> None:
    """Delete a line; its history stays. Raises RowChanged when a colleague changed it meanwhile."""
    record = _locked(line_id, actor)
    require_seen(record, seen_version, current=values_of(record))
    with audit.because(actor_id=actor.pk, action="删除测算行"):
        record.delete()


@transaction.atomic
def move_line(*, line_id: int, actor: User, steps: int) -> None:
    """Move a line up (negative) or down within its item; at the edge nothing happens."""
    moved = _locked(line_id, actor)
    order = list(CalcLine.objects.filter(item=moved.item_id).order_by("ordinal", "id"))
    place = next(index for index, line in enumerate(order) if line.pk == line_id)
    order.insert(max(0, place + steps), order.pop(place))
    for ordinal, line in enumerate(order, start=1):
        line.ordinal = ordinal
    with audit.because(actor_id=actor.pk, action="调整测算行顺序"):
        CalcLine.objects.bulk_update(order, ["ordinal"])
