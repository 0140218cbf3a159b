"""Temporary tables that stand before the real ones, made by the role under which the site runs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from pghistory.models import Event

from langfang_union.embedded_database import RUNTIME

MODELS = [
    model
    for model in apps.get_models(include_auto_created=True)
    if model.__module__.startswith("apps.") and not model._meta.proxy
]
TABLES = [model._meta.db_table for model in MODELS]
HISTORIES = [model._meta.db_table for model in MODELS if issubclass(model, Event)]


@contextmanager
def shadowed(
    lies: Iterable[str] = (), *, empty: bool = False, history: bool = False
) -> Iterator[CursorWrapper]:
    """As the runtime role that may for once make temporary tables: a copy of each of our tables, then the lies in them.

    Those of the history are copied when asked for.

    Whatever is said without `public.` means the copies. All of it is undone at the end.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f'GRANT TEMPORARY ON DATABASE "{connection.settings_dict["NAME"]}" TO {RUNTIME}')
        cursor.execute(f"SET LOCAL ROLE {RUNTIME}")
        for table in TABLES if history else sorted(set(TABLES) - set(HISTORIES)):
            cursor.execute(
                f'CREATE TEMPORARY TABLE "{table}" AS TABLE public."{table}" {"WITH NO DATA" if empty else ""}'
            )
        for lie in lies:
            cursor.execute(lie)
        yield cursor
        transaction.set_rollback(True)
