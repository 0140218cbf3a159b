"""Guards of accounts and grants in the database: each refusal has a name and a sentence. What they ask of other tables is
in `apps/accounts/functions.py`.

The owner of the tables is held by none of them that ask who is at work: demo, tests and the first set-up act as it.
"""

from typing import Any

import pgtrigger

from apps.accounts.roles import roles_with
from apps.core.triggers import Trigger, refuse, text_array

# In whose place `held`, which `public.house_role` said, is held; nobody's for one's own.
STOOD_IN_FOR = "NULLIF(split_part(held, ':', 2), '')::bigint"


def role_array(permission: str) -> str:
    """The roles that give a permission, as `public.house_role` takes them."""
    return text_array(roles_with(permission))


def last_administrator(table: str, *, besides: str) -> str:
    """Refuses when nobody else administrates. One after the other: two who close each other's account both look."""
    return f"""
        PERFORM pg_advisory_xact_lock(hashtext('accounts.administrators'));
        IF NOT public.house_is_administered(besides => {besides}) THEN
            {refuse(f"{table}_last_administrator", "这是最后一个启用的系统管理员，不能停用或撤销。")}
        END IF;
    """


class Guard(Trigger):
    """Judges a row before it is written, unless the owner writes it; of an update, only of these columns."""

    when = pgtrigger.Before
    passes_owner = True

    def __init__(self, *, columns: tuple[str, ...] = (), **facts: Any) -> None:
        if columns:
            old, new = ("(" + ", ".join(f'{row}."{one}"' for one in columns) + ")" for row in ("OLD", "NEW"))
            facts["condition"] = pgtrigger.Condition(f"ROW{old} IS DISTINCT FROM ROW{new}")
        super().__init__(**facts)

    def get_func(self, model: Any) -> str:
        passing = "IF public.house_is_owner() THEN RETURN NEW; END IF;" if self.passes_owner else ""
        return f"{passing}\n{self.func}"


class GuardOfAll(Guard):
    """Judges what the owner writes too."""

    passes_owner = False
