"""Statements as the application's role, each in a savepoint, each expected to be refused by one guard alone."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection, transaction

from apps.accounts.models import User
from apps.core import actors
from langfang_union.embedded_database import RUNTIME

Statement = str | tuple[str, list[Any]]


class Attacks:
    """Counts the attempts and keeps what came out otherwise than expected."""

    def __init__(self) -> None:
        self.seen: Counter[str | None] = Counter()
        self.unexpected: list[str] = []

    def expect(
        self,
        guard: str | None,
        what: str,
        *statements: Statement,
        who: User | None = None,
        as_owner: tuple[str, ...] = (),
        before: Callable[[], Any] | None = None,
    ) -> None:
        """The statements are refused by exactly this guard; with None they pass. All is undone afterwards.

        `as_owner`: what the owner does beforehand, for instance a temporary table that the role itself may not make.
        """
        got = None
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if before is not None:
                    before()
                for statement in as_owner:
                    cursor.execute(statement)
                cursor.execute(f"SET LOCAL ROLE {RUNTIME}")
                cursor.execute("SELECT set_config('house.actor', '', true)")
                if who is not None:
                    actors.announce(who.pk)
                for statement in statements:
                    cursor.execute(*([statement] if isinstance(statement, str) else statement))
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                transaction.set_rollback(True)
        except DatabaseError as error:
            diagnosis = error.__cause__.diag  # type: ignore[union-attr]
            got = diagnosis.constraint_name or f"{diagnosis.sqlstate} {diagnosis.message_primary}"
        self.seen[got] += 1
        if got != guard:
            self.unexpected.append(f"{what}: expected {guard}, got {got}")
