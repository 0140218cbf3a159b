"""Registry of quantities: programmes publish figures, the budget reads them, and nobody imports a sibling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from apps.core.errors import Refused


@dataclass(frozen=True)
class CountedRow:
    """One row behind a figure: `key` never changes, so two readings can tell who came and who went."""

    key: str
    label: str


@dataclass(frozen=True)
class Part:
    """A figure inside another one (含 6 人), counted from rows that are among those of the whole."""

    label: str
    value: Decimal
    rows: tuple[CountedRow, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A figure as counted at one moment, with the rows behind it and the page that lists exactly those rows."""

    value: Decimal
    as_of: date
    rows: tuple[CountedRow, ...] = ()
    list_url: str = ""
    part: Part | None = None


@dataclass(frozen=True)
class Parameter:
    """One choice a source offers, for instance the class of an award; `kind` of those without choices: text or date.

    `is_given`: filled by the reader from the row it is bound to (its book, its lineage), never asked of a person.
    """

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    is_given: bool = False
    kind: Literal["text", "date"] = "text"


@dataclass(frozen=True)
class Difference:
    """What changed since the last reading: by how much, and which rows came and went."""

    before: Decimal
    now: Decimal
    came: tuple[str, ...] = field(default=())
    went: tuple[str, ...] = field(default=())

    @property
    def change(self) -> Decimal:
        return self.now - self.before

    @property
    def is_any(self) -> bool:
        """The figure moved, or other rows stand behind it."""
        return bool(self.change or self.came or self.went)


class QuantitySource(Protocol):
    """A published figure. `key` is stored in calculation lines and is never renamed."""

    key: str
    label: str
    unit: str
    permission: str
    """Who may see the names of the rows; empty when they are nobody's secret."""
    parameters: tuple[Parameter, ...]

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading: ...


@runtime_checkable
class SourceOfMany(QuantitySource, Protocol):
    """A source that answers many sets of parameters at the cost of one: its parameters differ from line to line."""

    def read_together(
        self, *, union_path: str, year: int, as_of: date, asked: Sequence[Mapping[str, str]]
    ) -> list[Reading | Refused]: ...


def read_each(
    source: QuantitySource, *, union_path: str, year: int, as_of: date, asked: Sequence[Mapping[str, str]]
) -> list[Reading | Refused]:
    """One answer for each set of parameters: the figure, or the sentence why there is none."""
    if isinstance(source, SourceOfMany):
        return source.read_together(union_path=union_path, year=year, as_of=as_of, asked=asked)
    answers: list[Reading | Refused] = []
    for parameters in asked:
        try:
            answers.append(source.read(union_path=union_path, year=year, as_of=as_of, parameters=parameters))
        except Refused as refusal:
            answers.append(refusal)
    return answers


_sources: dict[str, QuantitySource] = {}


def register(source: QuantitySource) -> QuantitySource:
    """Publish a source. Raises ValueError when another source already holds the key."""
    known = _sources.get(source.key)
    if known is not None and type(known) is not type(source):
        raise ValueError(f"quantity source {source.key} is registered twice")
    _sources[source.key] = source
    return source


def find(key: str) -> QuantitySource | None:
    """The source of this key, or None when the programme that published it is gone."""
    return _sources.get(key)


def all_sources() -> list[QuantitySource]:
    return sorted(_sources.values(), key=lambda source: source.key)


def compare(*, before: Decimal, rows_before: Mapping[str, str], now: Reading | Part) -> Difference:
    """Difference between a stored reading (value and {key: label}) and a fresh one."""
    rows_now = {row.key: row.label for row in now.rows}
    return Difference(
        before=before,
        now=now.value,
        came=tuple(label for key, label in rows_now.items() if key not in rows_before),
        went=tuple(label for key, label in rows_before.items() if key not in rows_now),
    )
