"""Which role somebody holds over a union at this moment, asked of the database by pages and triggers alike."""

from django.db.backends.base.base import BaseDatabaseWrapper

_PATH = "SET search_path = pg_catalog, public, pg_temp"
_HOUSE_ROLE = f"""
    CREATE OR REPLACE FUNCTION public.house_role(person bigint, roles text[], of_union bigint) RETURNS text
    LANGUAGE sql STABLE {_PATH} AS $$
        SELECT g.role FROM public.accounts_rolegrant g
            JOIN public.accounts_user u ON u.id = g.user_id AND u.is_active
            JOIN public.accounts_union held ON held.id = u.union_id
            JOIN public.accounts_union own ON own.id = of_union
            WHERE g.user_id = person AND g.role = ANY (roles) AND starts_with(own.path, held.path)
            ORDER BY array_position(roles, g.role::text) LIMIT 1
    $$;
"""


def install_functions(database: BaseDatabaseWrapper) -> None:
    """After every migration: the function follows the code."""
    with database.cursor() as cursor:
        cursor.execute(_HOUSE_ROLE)
