"""Sealing everything anew under the active key, in batches beside people at work; and counting what is left."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import BinaryField, Count, F, Field, Model, Q, QuerySet
from django.db.models.functions import Substr
from pghistory.models import Event
from psycopg import sql

from apps.core.encryption import BrokenSealError, EncryptedField, keyring, seal_bytes, unseal_bytes

BATCH = 5000
_MOST_PASSES = 5


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values: its name inside the seals, and the fields whose values name the row there."""

    name: str
    label: str
    row: tuple[str, ...]


@dataclass(frozen=True)
class SealedTable:
    """A model with its sealed columns.

    They are its EncryptedFields, and those it declares itself: `sealed_columns = {"content": (label, (field, …))}`,
    where the values of the fields, joined by colons, name the row.
    """

    model: type[Model]
    columns: tuple[SealedColumn, ...]

    def __str__(self) -> str:
        return str(self.model._meta.verbose_name)

    def column_label(self, column: SealedColumn) -> str:
        return str(_field(self, column).verbose_name)


@dataclass
class Batch:
    """Values of up to BATCH rows, sealed anew and not written yet. `broken`: how many did not open."""

    keys: list[Any]
    old: list[list[bytes | None]]
    new: list[list[bytes | None]]
    broken: int = 0


@dataclass
class Progress:
    """What one run has done so far: rows of the table looked at, rows written, values that did not open."""

    table: SealedTable
    seen: int = 0
    written: int = 0
    broken: int = 0


@dataclass(frozen=True)
class KeyUse:
    """How many values of a column are sealed under each key."""

    table: SealedTable
    column: SealedColumn
    counts: dict[int, int] = field(default_factory=dict)


def sealed_tables() -> list[SealedTable]:
    """Every table with sealed columns, of whatever app."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed or issubclass(model, Event):
            continue
        columns = [
            SealedColumn(one.name, one.label, (one.row,))
            for one in model._meta.local_concrete_fields
            if isinstance(one, EncryptedField)
        ]
        for name, (label, row) in getattr(model, "sealed_columns", {}).items():
            columns.append(SealedColumn(name, label, tuple(row)))
        if columns:
            found.append(SealedTable(model, tuple(columns)))
    return found


def keys_in_use() -> list[KeyUse]:
    """Counted in the database: one pass over each column."""
    return [
        KeyUse(table, column, _counted(table, column))
        for table in sealed_tables()
        for column in table.columns
    ]


def rotate(*, on_batch: Callable[[Progress], None] = lambda progress: None) -> list[Progress]:
    """Seal every value anew that is not under the active key. It can be stopped at any time and run again.

    A row that somebody holds at the moment is passed over and looked at again in a later pass. Nothing but the
    ciphertext changes: no version, no time, no history.
    """
    done = []
    for table in sealed_tables():
        progress = Progress(table)
        for _ in range(_MOST_PASSES):
            before = progress.written
            skipped = _pass_over(table, progress, on_batch)
            if not skipped or progress.written == before:
                break
            progress.broken = 0  # counted again in the next pass
        done.append(progress)
    return done


def _pass_over(table: SealedTable, progress: Progress, on_batch: Callable[[Progress], None]) -> int:
    """Once through the table. Returns how many rows were passed over because somebody else held or changed them."""
    skipped = 0
    for batch in read_batches(table):
        written = write_batch(table, batch)
        skipped += sum(any(values) for values in zip(*batch.new, strict=True)) - written
        progress.seen += len(batch.keys)
        progress.written += written
        progress.broken += batch.broken
        on_batch(progress)
    return skipped


def read_batches(table: SealedTable) -> Iterator[Batch]:
    """Rows with a value under another key than the active one, by primary key, sealed anew."""
    active = bytes([keyring().active])
    stale = Q()
    rows: QuerySet[Any] = table.model._base_manager.order_by("pk")
    for number, column in enumerate(table.columns):
        rows = rows.alias(**{f"key_{number}": _key_of(column)})
        stale |= Q(**{f"{column.name}__isnull": False}) & ~Q(**{f"key_{number}": active})
    rows = rows.filter(stale)
    paths = sorted({path for column in table.columns for path in column.row})
    names = [column.name for column in table.columns]
    last: Any = None
    while True:
        part = rows if last is None else rows.filter(pk__gt=last)
        found = list(part.values_list("pk", *paths, *names)[:BATCH])
        if not found:
            return
        yield _sealed_anew(table, paths, found)
        last = found[-1][0]


def write_batch(table: SealedTable, batch: Batch) -> int:
    """Put the new values in place of exactly the old ones. Returns how many rows were written.

    A row somebody holds is passed over instead of waited for, so that nobody can be in each other's way; a value that
    was changed since it was read is left alone.
    """
    name = sql.Identifier(table.model._meta.db_table)
    key = sql.Identifier(str(table.model._meta.pk.column))
    columns = [sql.Identifier(str(_field(table, column).column)) for column in table.columns]
    numbers = range(len(columns))
    fresh = [sql.Identifier(f"{kind}_{number}") for number in numbers for kind in ("old", "new")]
    statement = sql.SQL("""
        WITH fresh AS (SELECT * FROM unnest({arrays}) AS fresh (pk, {fresh})),
        held AS (
            SELECT t.{key} AS pk FROM {table} t JOIN fresh ON t.{key} = fresh.pk
            ORDER BY t.{key} FOR NO KEY UPDATE OF t SKIP LOCKED
        )
        UPDATE {table} t SET {changes} FROM fresh JOIN held USING (pk) WHERE t.{key} = fresh.pk AND ({unchanged})
    """).format(
        table=name,
        key=key,
        arrays=sql.SQL(", ").join(
            [sql.SQL("%s::{}[]").format(sql.SQL(_type(table))), *[sql.SQL("%s::bytea[]")] * len(fresh)]
        ),
        fresh=sql.SQL(", ").join(fresh),
        changes=sql.SQL(", ").join(
            sql.SQL("{c} = CASE WHEN t.{c} = fresh.{old} THEN fresh.{new} ELSE t.{c} END").format(
                c=columns[number], old=fresh[2 * number], new=fresh[2 * number + 1]
            )
            for number in numbers
        ),
        unchanged=sql.SQL(" OR ").join(
            sql.SQL("t.{} = fresh.{}").format(columns[number], fresh[2 * number]) for number in numbers
        ),
    )
    values = [one for number in numbers for one in (batch.old[number], batch.new[number])]
    with connection.cursor() as cursor:
        cursor.execute(statement, [batch.keys, *values])
        return int(cursor.rowcount)


def _sealed_anew(table: SealedTable, paths: list[str], rows: list[tuple[Any, ...]]) -> Batch:
    batch = Batch([row[0] for row in rows], [[] for _ in table.columns], [[] for _ in table.columns])
    active = keyring().active
    for row in rows:
        named = dict(zip(paths, row[1:], strict=False))
        for number, column in enumerate(table.columns):
            value = row[1 + len(paths) + number]
            old, new = None, None
            if value is not None and bytes(value)[1:2] != bytes([active]):
                row_name = ":".join(str(named[path]) for path in column.row)
                try:
                    plain = unseal_bytes(bytes(value), column=column.label, row=row_name)
                except BrokenSealError:
                    batch.broken += 1
                else:
                    old, new = bytes(value), seal_bytes(plain, column=column.label, row=row_name)
            batch.old[number].append(old)
            batch.new[number].append(new)
    return batch


def _counted(table: SealedTable, column: SealedColumn) -> dict[int, int]:
    rows = table.model._base_manager.filter(**{f"{column.name}__isnull": False}).order_by()
    counts: Counter[int] = Counter()
    for key, count in rows.values_list(_key_of(column)).annotate(count=Count("pk")):
        counts[bytes(key)[0] if key else 0] += count
    return dict(sorted(counts.items()))


def _key_of(column: SealedColumn) -> Substr:
    """The byte with the number of the key."""
    return Substr(F(column.name), 2, 1, output_field=BinaryField())


def _type(table: SealedTable) -> str:
    """The type of the primary key in the database."""
    return str(table.model._meta.pk.rel_db_type(connection))


def _field(table: SealedTable, column: SealedColumn) -> "Field[Any, Any]":
    return next(one for one in table.model._meta.concrete_fields if one.name == column.name)
