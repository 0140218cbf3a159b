"""Functions in the database that triggers and pages ask alike. Apps declare them; they are made anew after every migrate.

They are no part of a migration: whichever version of the code migrates last, its functions stand.
"""

from django.db import connections

SETTINGS = "SET search_path = pg_catalog, public, pg_temp"
"""Every function looks into the temporary schema last: see core.triggers."""

_declared: dict[str, str] = {}


def declare(name: str, sql: str) -> None:
    """`sql` makes the function `name`, or makes it again. Raises ValueError when two apps declare one name."""
    if _declared.setdefault(name, sql) != sql:
        raise ValueError(f"the function {name} is declared twice")


def install(*, using: str) -> None:
    with connections[using].cursor() as cursor:
        for sql in _declared.values():
            cursor.execute(sql)


def declared() -> frozenset[str]:
    return frozenset(_declared)
