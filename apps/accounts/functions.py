"""What is true of people, roles and unions at this moment, asked of the database by pages and triggers alike."""

from apps.accounts.roles import Role
from apps.core import functions

_IN_FORCE = (
    "g.valid_from <= public.house_now() AND (g.valid_until IS NULL OR g.valid_until > public.house_now())"
    " AND g.confirmed_at IS NOT NULL"
)
_ADMINISTRATOR = f"g.role = '{Role.SYSTEM_ADMIN.value}'"


def _declare(name: str, arguments: str, returns: str, body: str) -> None:
    functions.declare(
        name,
        f"CREATE OR REPLACE FUNCTION public.{name}({arguments}) RETURNS {returns}"
        f" LANGUAGE sql STABLE {functions.SETTINGS} AS $$ {body} $$",
    )


# The only reading of the grants: the role, or `role:whom` for who stands in for somebody; one's own before another's.
_declare(
    "house_role",
    "person bigint, roles text[], of_union bigint",
    "text",
    f"""
        SELECT g.role || COALESCE(':' || g.stands_in_for_id, '') FROM public.accounts_rolegrant g
            JOIN public.accounts_user u ON u.id = g.user_id AND u.is_active
            JOIN public.accounts_union held ON held.id = g.union_id
            JOIN public.accounts_union own ON own.id = of_union
            WHERE g.user_id = person AND g.role = ANY (roles) AND {_IN_FORCE} AND starts_with(own.path, held.path)
            ORDER BY g.stands_in_for_id IS NOT NULL, array_position(roles, g.role::text), g.id LIMIT 1
    """,
)
_declare(
    "house_union_of",
    "person bigint",
    "bigint",
    "SELECT u.union_id FROM public.accounts_user u WHERE u.id = person",
)
_declare(
    "house_kind_of",
    "of_union bigint",
    "text",
    "SELECT o.kind FROM public.accounts_union o WHERE o.id = of_union",
)
_declare(
    "house_holds_roles",
    "person bigint",
    "boolean",
    """
        SELECT EXISTS (
            SELECT FROM public.accounts_rolegrant g
                WHERE g.user_id = person AND (g.valid_until IS NULL OR g.valid_until > public.house_now())
        )
    """,
)
_declare(
    "house_is_administrator",
    "person bigint",
    "boolean",
    f"""
        SELECT EXISTS (
            SELECT FROM public.accounts_rolegrant g JOIN public.accounts_user u ON u.id = g.user_id AND u.is_active
                WHERE g.user_id = person AND {_ADMINISTRATOR} AND {_IN_FORCE}
        )
    """,
)
_declare(
    "house_is_administered",
    "besides bigint",
    "boolean",
    f"""
        SELECT EXISTS (
            SELECT FROM public.accounts_rolegrant g JOIN public.accounts_user u ON u.id = g.user_id AND u.is_active
                WHERE g.user_id <> besides AND {_ADMINISTRATOR} AND {_IN_FORCE} AND g.valid_until IS NULL
        )
    """,
)
# The first set-up is over with the first administrator, for good.
_declare(
    "house_was_administered",
    "",
    "boolean",
    f"SELECT EXISTS (SELECT FROM public.accounts_rolegrant g WHERE {_ADMINISTRATOR})",
)
_declare(
    "house_password_confirmed",
    "person bigint, hash text",
    "boolean",
    """
        SELECT EXISTS (
            SELECT FROM public.accounts_passwordreset r
                WHERE r.user_id = person AND r.password = hash AND r.is_confirmed
                  AND r.decided_at >= transaction_timestamp()
        )
    """,
)
