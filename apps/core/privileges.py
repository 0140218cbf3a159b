"""What nobody but the owner may do in the database, whatever its default privileges gave; applied after every migrate.

History comes from its triggers alone, which write with the rights of the owner. A model says of itself what else is
withheld: `withheld = ("UPDATE", "DELETE")`. A table that is made again is given away again by the default
privileges, and a copied database forgets what was taken from everybody; hence after every migrate.
"""

from django.apps import apps
from django.db import connections
from django.db.models import Model
from pghistory.models import Context, Event

WRITING = ("INSERT", "UPDATE", "DELETE")
# Of libraries: who signed in when is written down, and the time of leaving added to it.
_OF_LIBRARIES = {"axes_accesslog": ("DELETE",)}

_ON_A_TABLE = """
    SELECT format('REVOKE %%s ON TABLE %%s FROM %%s', a.privilege_type, c.oid::regclass,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM unnest(%s::text[], %s::text[]) AS withheld (name, privilege)
    JOIN pg_class c ON c.oid = to_regclass('public.' || quote_ident(withheld.name))
    JOIN aclexplode(c.relacl) a ON a.privilege_type = withheld.privilege
    WHERE a.grantee <> c.relowner
"""
# With a temporary table a lock could be deceived, and the site needs none. Only who owns the database may take the
# privilege away; where that is somebody else, docs/operations.md has the statement.
_TEMPORARY = """
    SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM %s', d.datname,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM pg_database d, aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.privilege_type = 'TEMPORARY' AND a.grantee <> d.datdba
      AND pg_has_role(d.datdba, 'USAGE')
"""


def withheld() -> dict[str, tuple[str, ...]]:
    """For each table with such a rule: what only the owner may do to its rows."""
    return {
        model._meta.db_table: privileges
        for model in apps.get_models(include_auto_created=True)
        if (privileges := _of(model))
    }


def withhold(*, using: str) -> None:
    """Take away what others than the owner have of these; nothing is done where nothing is to do."""
    pairs = [(table, privilege) for table, privileges in withheld().items() for privilege in privileges]
    with connections[using].cursor() as cursor:
        cursor.execute(_ON_A_TABLE, [list(column) for column in zip(*pairs, strict=True)])
        statements = [row[0] for row in cursor.fetchall()]
        cursor.execute(_TEMPORARY)
        statements += [row[0] for row in cursor.fetchall()]
        for statement in statements:
            cursor.execute(statement)


def _of(model: type[Model]) -> tuple[str, ...]:
    if issubclass(model, (Event, Context)) and model._meta.managed and not model._meta.proxy:
        return WRITING
    return tuple(getattr(model, "withheld", _OF_LIBRARIES.get(model._meta.db_table, ())))
