"""What becomes of the facts when two rows turn out to be one person: pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

# How long a merge can be taken back.
UNDO_DAYS = 30

# Facts that are taken together or not at all: a birth date belongs to its number, a bank to its account.
NUMBER_GROUP = ("id_kind", "id_number", "old_id_number", "birth_on", "sex")
ACCOUNT_GROUP = ("account", "bank_name", "bank_branch")
# Facts that are taken one by one, where the kept row has none.
SINGLE_FACTS = (
    "former_name",
    "nation",
    "politics",
    "education",
    "post",
    "residence",
    "phone",
    "note",
)
# In the order of the page that shows two people side by side.
COMPARED_FACTS = (
    "name",
    "former_name",
    "union",
    "unit",
    *NUMBER_GROUP,
    "nation",
    "politics",
    "education",
    "post",
    "residence",
    "phone",
    *ACCOUNT_GROUP,
    "note",
)


def facts_to_fill(kept: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the facts the kept row takes from the other one, which it has not itself.

    Both give name → value, empty or None where there is none; of a secret whether it is there is enough. `union` and
    `unit` are keys. A number or an account brings the facts that belong to it, over what stood there.
    """
    filled: list[str] = []
    if not kept["id_number"] and other["id_number"]:
        filled += [
            name
            for name in NUMBER_GROUP
            if other[name] and (name == "id_number" or other[name] != kept[name])
        ]
    else:
        filled += [name for name in ("birth_on", "sex") if other[name] and not kept[name]]
    if not kept["account"]:
        if other["account"]:
            filled += [name for name in ACCOUNT_GROUP if name == "account" or other[name] != kept[name]]
        elif other["bank_name"] and not kept["bank_name"]:
            filled += [name for name in ACCOUNT_GROUP[1:] if other[name] != kept[name]]
    filled += [name for name in SINGLE_FACTS if other[name] and not kept[name]]
    # A unit belongs to its union: one of another union cannot be taken.
    if other["unit"] and not kept["unit"] and other["union"] == kept["union"]:
        filled.append("unit")
    return tuple(filled)


def undo_ends_at(made_at: datetime) -> datetime:
    """Until when a merge made then can be taken back."""
    return made_at + timedelta(days=UNDO_DAYS)
