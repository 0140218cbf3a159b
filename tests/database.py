"""The database with one of its promises taken away, to see that another one still holds."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def altered(statement: str) -> Iterator[None]:
    """After this statement of the tables' owner; all of it is undone at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the commit would hold the table
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        transaction.set_rollback(True)
