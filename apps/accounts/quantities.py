"""Figures about the union tree that a budget may count with."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from apps.accounts.models import Union
from apps.core import quantities
from apps.core.quantities import CountedRow, Parameter, Reading


class _UnionCount:
    """How many unions of one kind are in use in the tree below the union that asks, itself included."""

    unit = "个"
    permission = ""
    parameters: tuple[Parameter, ...] = ()

    def __init__(self, *, key: str, label: str, kind: str) -> None:
        self.key = key
        self.label = label
        self.kind = kind

    def read(self, *, union_path: str, year: int, as_of: date, parameters: Mapping[str, str]) -> Reading:
        unions = Union.objects.filter(path__startswith=union_path, kind=self.kind).in_use().in_tree_order()
        rows = tuple(CountedRow(key=union.code, label=union.name) for union in unions.only("code", "name"))
        return Reading(value=Decimal(len(rows)), as_of=as_of, rows=rows)


COUNTY_UNIONS = _UnionCount(
    key="accounts.county_unions", label="县（市、区）总工会数", kind=Union.Kind.COUNTY
)
GRASSROOTS_UNIONS = _UnionCount(
    key="accounts.grassroots_unions", label="基层工会数", kind=Union.Kind.GRASSROOTS
)


def publish() -> None:
    for source in (COUNTY_UNIONS, GRASSROOTS_UNIONS):
        quantities.register(source)
