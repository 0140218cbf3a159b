"""What a staged row carries under its seal: the cells as they were typed, the facts to be written, or both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from apps.core.encryption import seal, unseal
from apps.core.sheets.columns import Cell
from apps.people.models.rosters import ROW_COLUMN
from apps.people.rules.roster_cells import pack_cell, shown, unpack_cell
from apps.people.rules.rosters import WorkEvent
from apps.people.rules.standing import Kind

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DATES = ("birth_on",)
_CODED = ("id_kind", "sex", "nature", "work")


@dataclass(frozen=True)
class Content:
    """`facts` are columns of a person; `unit` is name, credit code and nature; `typed` the cells, in column order.

    A row that was found good and new carries facts alone: the cells can be made from them.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    unit: tuple[str, str, str] | None = None
    work: WorkEvent | None = None
    typed: Sequence[Cell] | None = None

    def cells(self, columns: Sequence[str]) -> dict[str, object]:
        """The cells by column, as they were typed or, of a row that was good in itself, in their cleaned form."""
        if self.typed is not None:
            return dict(zip(columns, self.typed, strict=True))
        cells: dict[str, object] = {
            key: shown(key, value) if key in _CODED else value for key, value in self.facts.items()
        }
        if self.unit is not None:
            name, cells["credit_code"], nature = self.unit
            cells |= {"unit": name, "nature": shown("nature", nature)}
        if self.work is not None:
            cells |= {"work": self.work.kind.label, "work_since": self.work.since}
        return {key: cells.get(key) for key in columns}


def pack(content: Content, *, row: UUID) -> bytes:
    """Sealed for this row."""
    packed: dict[str, Any] = {}
    if content.facts:
        packed["facts"] = {
            key: value.isoformat() if isinstance(value, date) else value
            for key, value in content.facts.items()
        }
    if content.unit is not None:
        packed["unit"] = content.unit
    if content.work is not None:
        packed["work"] = [content.work.kind.value, content.work.since.isoformat()]
    if content.typed is not None:
        packed["typed"] = [pack_cell(cell) for cell in content.typed]
    return seal(as_json(packed), column=ROW_COLUMN, row=str(row))


def unpack(sealed: bytes | memoryview | None, *, row: UUID) -> Content:
    """What was packed for this row. Raises BrokenSealError."""
    if sealed is None:
        return Content()
    packed = json.loads(unseal(bytes(sealed), column=ROW_COLUMN, row=str(row)))
    facts = packed.get("facts", {})
    for key in _DATES:
        if facts.get(key):
            facts[key] = date.fromisoformat(facts[key])
    unit, work, typed = packed.get("unit"), packed.get("work"), packed.get("typed")
    return Content(
        facts=facts,
        unit=(unit[0], unit[1], unit[2]) if unit else None,
        work=WorkEvent(Kind(work[0]), date.fromisoformat(work[1])) if work else None,
        typed=[unpack_cell(cell) for cell in typed] if typed is not None else None,
    )
