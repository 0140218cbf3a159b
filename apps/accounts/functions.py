"""Which role somebody holds over a union at this moment, asked of the database by pages and triggers alike."""

from apps.core import functions

functions.declare(
    "house_role",
    f"""
    CREATE OR REPLACE FUNCTION public.house_role(person bigint, roles text[], of_union bigint) RETURNS text
    LANGUAGE sql STABLE {functions.SETTINGS} AS $$
        SELECT g.role FROM public.accounts_rolegrant g
            JOIN public.accounts_user u ON u.id = g.user_id AND u.is_active
            JOIN public.accounts_union held ON held.id = u.union_id
            JOIN public.accounts_union own ON own.id = of_union
            WHERE g.user_id = person AND g.role = ANY (roles) AND starts_with(own.path, held.path)
            ORDER BY array_position(roles, g.role::text) LIMIT 1
    $$
    """,
)
