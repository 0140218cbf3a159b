"""Every guard that stands in the database, read from its catalogue, each with the statement that takes it away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from langfang_union.embedded_database import RUNTIME

HISTORY = "history trigger"
"""Refuses nothing: it writes what a change leaves behind."""


@dataclass(frozen=True)
class Guard:
    kind: str
    table: str
    name: str
    statement: str
    """What takes it away, and nothing else."""
    restore: str
    """What brings it back, and all that went with it; nothing where only a new copy of the database does."""
    known_by: tuple[str, ...]
    """What the database says when it refuses: the name of a constraint or of a function, or what was denied."""

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"


def tables() -> list[str]:
    """Ours, those of the approvals made up for the tests, and those of libraries that only the owner may write."""
    ours = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(("apps.", "tests.")) and not model._meta.proxy
    }
    return sorted(ours | {"house_key", "pghistory_context"})


def guards(cursor: Any) -> list[Guard]:
    found = [*_constraints(cursor), *_indexes(cursor), *_triggers(cursor), *_refusals(cursor)]
    found += [*_privileges(cursor), *_conditions(cursor)]
    return sorted(found, key=lambda one: (one.table, one.kind, one.name))


# Named by us; what Django makes by itself for the type of a column (`… >= 0`) promises nothing of the business.
_CONSTRAINTS = r"""
    SELECT CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'u' THEN 'UNIQUE' WHEN 'x' THEN 'EXCLUDE' ELSE 'FOREIGN KEY' END,
           c.relname, k.conname, format('ALTER TABLE public.%%I DROP CONSTRAINT %%I CASCADE', c.relname, k.conname),
           CASE WHEN k.contype IN ('c', 'f', 'x') OR NOT EXISTS (
               SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = k.conindid
           ) THEN format('ALTER TABLE public.%%I ADD CONSTRAINT %%I %%s', c.relname, k.conname, pg_get_constraintdef(k.oid))
           ELSE '' END
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
      AND (k.contype IN ('u', 'x') OR k.contype = 'c' AND k.conname NOT LIKE '%%\_check'
           OR k.contype = 'f' AND k.conname NOT LIKE '%%\_fk\_%%' AND k.conname NOT LIKE '%%\_fkey')
"""
_INDEXES = """
    SELECT t.relname, i.relname, format('DROP INDEX public.%%I CASCADE', i.relname),
           CASE WHEN EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = x.indexrelid) THEN ''
           ELSE pg_get_indexdef(x.indexrelid) END
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname = ANY (%s)
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
"""
# With its function, which a test that counts functions would otherwise find without a trigger.
_TRIGGERS = """
    SELECT c.relname, t.tgname, p.proname, p.prosecdef,
           format('DROP FUNCTION public.%%I() CASCADE', p.proname),
           format('%%s; REVOKE ALL ON FUNCTION public.%%I() FROM PUBLIC; %%s', pg_get_functiondef(p.oid), p.proname,
                  pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
"""
_FUNCTIONS = """
    SELECT COALESCE(min(c.relname), ''), p.proname, pg_get_functiondef(p.oid)
    FROM pg_proc p LEFT JOIN pg_trigger t ON t.tgfoid = p.oid AND NOT t.tgisinternal
    LEFT JOIN pg_class c ON c.oid = t.tgrelid
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosrc LIKE '%%CONSTRAINT = %%'
    GROUP BY p.oid
    HAVING min(c.relname) IS NULL OR min(c.relname) = ANY (%s)
"""
_REFUSAL = re.compile(
    r"RAISE EXCEPTION '(?:[^']|'')*'[^;']*USING ERRCODE = '\w+',\s*CONSTRAINT = '(?P<name>\w+)'\s*;"
)
_PRIVILEGES = """
    SELECT c.relname, p.privilege, format('GRANT %%s ON public.%%I TO %%I', p.privilege, c.relname, %s::text),
           format('REVOKE %%s ON public.%%I FROM %%I', p.privilege, c.relname, %s::text)
    FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY (%s)
      AND NOT has_table_privilege(%s, c.oid, p.privilege)
"""
_TEMPORARY = f"""
    DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {RUNTIME}', current_database()); END $$
"""
# What the functions asked by all guards look at: each is left out once.
_LEFT_OUT = {
    "house_role": {
        "active": " AND u.is_active",
        "of this person": "g.user_id = person AND ",
        "role": " AND g.role = ANY (roles)",
        "of this union or above": " AND starts_with(own.path, held.path)",
    },
    "house_actor": {
        "not expired": "claim[2]::bigint >= extract(epoch FROM clock_timestamp()) AND ",
        "of this connection": " || '.' || pg_backend_pid()",
    },
}
_ASKED_BY = {"house_role": ("*_actor_holds_role",), "house_actor": ("house_actor_known",)}


def _constraints(cursor: Any) -> Iterator[Guard]:
    cursor.execute(_CONSTRAINTS, [tables()])
    for kind, table, name, statement, restore in cursor.fetchall():
        yield Guard(kind, table, name, statement, restore, (name,))


def _indexes(cursor: Any) -> Iterator[Guard]:
    cursor.execute(_INDEXES, [tables()])
    for table, name, statement, restore in cursor.fetchall():
        yield Guard("unique index", table, name, statement, restore, (name,))


def _triggers(cursor: Any) -> Iterator[Guard]:
    cursor.execute(_TRIGGERS, [tables()])
    for table, name, function, writes_history, statement, restore in cursor.fetchall():
        yield Guard(
            HISTORY if writes_history else "trigger", table, name, statement, restore, (f"{function}()",)
        )


def _refusals(cursor: Any) -> Iterator[Guard]:
    cursor.execute(_FUNCTIONS, [tables()])
    for table, function, body in cursor.fetchall():
        found = list(_REFUSAL.finditer(body))
        if len(found) != body.count("CONSTRAINT = "):
            raise NotImplementedError(f"{function}: a refusal in a form that is not known here")
        names = [match["name"] for match in found]
        for place, match in enumerate(found):
            name = match["name"]
            again = f" ({names[: place + 1].count(name)})" if names.count(name) > 1 else ""
            statement = f"{body[: match.start()]}NULL;{body[match.end() :]}"
            yield Guard("refusal", table or function, f"{function}: {name}{again}", statement, body, (name,))


def _privileges(cursor: Any) -> Iterator[Guard]:
    cursor.execute(_PRIVILEGES, [RUNTIME, RUNTIME, tables(), RUNTIME])
    for table, privilege, statement, restore in cursor.fetchall():
        yield Guard(
            "privilege", table, f"no {privilege} on {table}", statement, restore, (f"denied {table}",)
        )
    yield Guard("privilege", "", "no temporary tables", _TEMPORARY, "", ("denied temporary",))


def _conditions(cursor: Any) -> Iterator[Guard]:
    for function, conditions in _LEFT_OUT.items():
        cursor.execute(f"SELECT pg_get_functiondef('public.{function}'::regproc)")
        (body,) = cursor.fetchone()
        for what, condition in conditions.items():
            if body.count(condition) != 1:
                raise NotImplementedError(f"{function}: where does it say {condition!r}?")
            statement = body.replace(condition, "")
            known = _ASKED_BY[function]
            yield Guard("condition", function, f"{function}: {what}", statement, body, known)
