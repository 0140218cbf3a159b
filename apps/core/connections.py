"""Whether an error means that the database is away, so that the same request succeeds once it is back."""

import psycopg
from django.db import InterfaceError, OperationalError

_AWAY = ("08", "53300", "57P")
"""Beginnings of SQLSTATE: connection lost, too many connections, server shutting down or starting."""


def is_database_away(error: BaseException | None) -> bool:
    """An error without a SQLSTATE comes from this side of the connection: refused, lost, or none free in time."""
    if isinstance(error, InterfaceError | psycopg.InterfaceError):
        return True
    if not isinstance(error, OperationalError | psycopg.OperationalError):
        return False
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_AWAY)
