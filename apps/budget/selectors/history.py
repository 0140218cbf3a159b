"""The history of one row as the database kept it: who changed what from what to what, when and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Model

from apps.accounts.selectors import actor_names
from apps.budget.models import Adjustment, CalcLine, Edition, Indicator, Item, ItemBasis, OutlineEntry
from apps.core import money
from apps.core.history import FieldChange, RowChange

MOST_EVENTS = 300
_NOT_TOLD = {
    "id",
    "version",
    "updated_by",
    "updated_at",
    "lineage",
    "edition",
    "item",
    "source_rows",
    "source_part",
    "source_parameters",
}
_RATIOS = {"ratio", "share"}
# What hangs on an item and has a history of its own.
_PARTS: tuple[type[Model], ...] = (CalcLine, Adjustment, Indicator, ItemBasis)
_ACTIONS = {"insert": "新增", "update": "修改", "delete": "删除"}


def line_history(line: CalcLine) -> list[RowChange]:
    """Events of one calculation line, newest first."""
    return _changes([_Track(CalcLine, {"pgh_obj_id": line.pk})])


def line_at(line: CalcLine, version: int) -> Any:
    """The line as the history kept it at a version; None when it never had that one."""
    events = apps.get_model("budget", "CalcLineEvent").objects
    return events.filter(pgh_obj_id=line.pk, version=version).order_by("-pgh_id").first()


def item_history(item: Item) -> list[RowChange]:
    """Events of an item and of everything that ever hung on it, newest first."""
    parts = (_Track(model, {"item_id": item.pk}) for model in _PARTS)
    return _changes([_Track(Item, {"pgh_obj_id": item.pk}), *parts])


def edition_history(edition: Edition) -> list[RowChange]:
    """Events of everything in an edition, what was deleted included, newest first."""
    items = apps.get_model("budget", "ItemEvent").objects.filter(edition_id=edition.pk)
    of_items = {"item_id__in": items.values("pgh_obj_id")}
    tracks = [_Track(model, of_items) for model in _PARTS]
    tracks += [_Track(model, {"edition_id": edition.pk}) for model in (Item, OutlineEntry)]
    return _changes(tracks)


@dataclass(frozen=True)
class _Track:
    model: type[Model]
    scope: Mapping[str, Any]


def _changes(tracks: Iterable[_Track]) -> list[RowChange]:
    found: list[tuple[Any, Any, type[Model]]] = []
    for track in tracks:
        found += _with_predecessor(track)
    found.sort(key=lambda entry: (entry[0].pgh_created_at, entry[0].pgh_id), reverse=True)
    found = found[:MOST_EVENTS]
    people = actor_names(event for event, _, _ in found)
    names = _Names(found)
    told = [_told(event, before, model, people, names) for event, before, model in found]
    return [change for change in told if change.fields or change.tone]


def _with_predecessor(track: _Track) -> list[tuple[Any, Any, type[Model]]]:
    """Each event with the one before it of the same row. History is append-only, so the last N are read by key."""
    events = apps.get_model("budget", f"{track.model.__name__}Event")
    newest = events.objects.filter(**track.scope).order_by("-pgh_id")[: MOST_EVENTS + 1]
    latest: dict[int, Any] = {}
    pairs = []
    for event in reversed(newest):
        pairs.append((event, latest.get(event.pgh_obj_id), track.model))
        latest[event.pgh_obj_id] = event
    return pairs


def _told(
    event: Any, before: Any, model: type[Model], people: Mapping[int, str], names: "_Names"
) -> RowChange:
    context = event.pgh_context or {}
    fields: tuple[FieldChange, ...] = ()
    if event.pgh_label != "delete":
        empty = before is None
        fields = tuple(
            change
            for column in model._meta.concrete_fields
            if column.name not in _NOT_TOLD and hasattr(event, column.attname)
            for change in [_field_change(column, event, None if empty else before, names)]
            if change is not None
        )
    return RowChange(
        at=event.pgh_created_at,
        who=people.get(context.get("user", 0), "系统"),
        action=context.get("action") or _ACTIONS.get(event.pgh_label, event.pgh_label),
        reason=context.get("reason", ""),
        row=names.row(event, model),
        fields=fields,
        tone={"insert": "green", "delete": "red"}.get(event.pgh_label, ""),
    )


def _field_change(column: Any, event: Any, before: Any, names: "_Names") -> FieldChange | None:
    new = getattr(event, column.attname)
    old = getattr(before, column.attname) if before is not None else None
    if before is None and (new in (None, "", False) or column.name == "ordinal"):
        return None
    if old == new or (before is not None and old in (None, "") and new in (None, "")):
        return None
    return FieldChange(
        str(column.verbose_name),
        names.text(column, old) if before is not None else "",
        names.text(column, new),
    )


class _Names:
    """Texts of stored values: choices by their label, rows of other tables by their name, read once for all events."""

    def __init__(self, entries: Iterable[tuple[Any, Any, type[Model]]]) -> None:
        wanted: dict[Any, set[Any]] = {}
        for event, before, model in entries:
            for column in model._meta.concrete_fields:
                if column.is_relation and column.name not in _NOT_TOLD:
                    for row in (event, before):
                        key = getattr(row, column.attname, None) if row is not None else None
                        if key is not None:
                            wanted.setdefault(column.related_model, set()).add(key)
        self._rows = {model: model._default_manager.in_bulk(keys) for model, keys in wanted.items()}

    def row(self, event: Any, model: type[Model]) -> str:
        """What the event is about, as it was called at that time."""
        if model is Item:
            return str(event.name)
        if model is OutlineEntry:
            return str(event.text)[:30]
        if model is CalcLine:
            return event.label or f"第{event.ordinal}行"
        return str(model._meta.verbose_name)

    def text(self, column: Any, value: Any) -> str:
        if value is None or value == "":
            return ""
        if column.is_relation:
            row = self._rows.get(column.related_model, {}).get(value)
            return str(row) if row is not None else f"（已删除的 {value}）"
        if column.choices:
            return str(dict(column.flatchoices).get(value, value))
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Decimal):
            return money.format_ratio(value) if column.name in _RATIOS else money.format_yuan(value)
        if isinstance(value, int):
            return money.format_count(value)
        return str(value)
