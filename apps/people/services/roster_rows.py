"""A staged row: its cells as they were typed, under a seal, and the facts it is going to write."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.core.encryption import Secret, seal, search_hash, unseal
from apps.core.sheets.columns import Cell
from apps.people.models import RosterFacts, RosterPiece, RosterRow
from apps.people.models.persons import OLD_NUMBER_COLUMN
from apps.people.models.rosters import ROW_COLUMN
from apps.people.rules.identity import last_four
from apps.people.rules.roster_cells import pack_cell, shown, unpack_cell
from apps.people.rules.rosters import WorkEvent
from apps.people.services.persons import FILLED_FIELDS, SECRET_COLUMNS

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

FACT_COLUMNS = (
    *("roster_id", "number", "public_id", "is_new"),
    *FILLED_FIELDS,
    *("unit_name", "credit_code", "nature", "work", "work_since"),
)
_PLACES = {column: place for place, column in enumerate(FACT_COLUMNS)}
_CODED = ("id_kind", "sex")


def seal_cells(cells: Sequence[Cell], *, row: UUID) -> bytes:
    return seal(as_json([pack_cell(cell) for cell in cells]), column=ROW_COLUMN, row=str(row))


def unseal_cells(sealed: bytes | memoryview, *, row: UUID) -> list[Cell]:
    """Raises BrokenSealError."""
    return [unpack_cell(cell) for cell in json.loads(unseal(bytes(sealed), column=ROW_COLUMN, row=str(row)))]


def facts_of(
    facts: Mapping[str, Any],
    *,
    roster_id: int,
    number: int,
    public_id: UUID,
    is_new: bool,
    hashes: Mapping[str, bytes | None],
    unit: tuple[str, str, str] | None,
    work: WorkEvent | None,
) -> list[Any]:
    """What a row writes of the person `public_id`, in the order of FACT_COLUMNS; `unit` is name, credit code, nature.

    The facts are columns of a person, secrets in plain; `hashes` are those that were made already, by secret.
    """
    values: list[Any] = [None] * len(FACT_COLUMNS)
    values[:4] = roster_id, number, public_id, is_new
    for key, value in facts.items():
        values[_PLACES[key]] = value
    person = str(public_id)
    for column, hashed, short, label in SECRET_COLUMNS:
        plain = facts.get(column)
        if plain:
            values[_PLACES[column]] = seal(plain, column=label, row=person)
            values[_PLACES[hashed]] = hashes.get(column) or search_hash(plain, column=label)
            values[_PLACES[short]] = last_four(plain)
    if old := facts.get("old_id_number"):
        values[_PLACES["old_id_number"]] = seal(old, column=OLD_NUMBER_COLUMN, row=person)
    if unit is not None:
        values[-5:-2] = unit
    if work is not None:
        values[-2:] = work.kind.value, work.since
    return values


def cells_of(facts: RosterFacts, columns: Sequence[str]) -> dict[str, object]:
    """The cells of a row that was good in itself, in their cleaned form, by column. Raises BrokenSealError."""
    cells: dict[str, object] = {
        "unit": facts.unit_name,
        "credit_code": facts.credit_code,
        "nature": shown("nature", facts.nature),
        "work": facts.get_work_display(),
        "work_since": facts.work_since,
    }
    for key in columns:
        if key not in cells:
            value = getattr(facts, key)
            if isinstance(value, Secret):
                value = value.reveal()
            cells[key] = shown(key, value) if key in _CODED else value
    return {key: cells[key] for key in columns}


def drop_rows(roster_ids: Collection[int]) -> None:
    """All rows of these rosters, and what they were going to write."""
    RosterFacts.objects.filter(roster__in=roster_ids).delete()
    RosterRow.objects.filter(roster__in=roster_ids).delete()


def drop_all(roster_ids: Collection[int]) -> None:
    """As `drop_rows`, and what is left of their files."""
    drop_rows(roster_ids)
    RosterPiece.objects.filter(roster__in=roster_ids).delete()
