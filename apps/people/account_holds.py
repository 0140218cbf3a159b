"""Registry of holds on accounts: programmes tell whom something approved is still to pay, nobody is imported.

The account of such a person is not locked, since nothing ever ends a lock while no payment is entered: it is changed
with a reason, and what was approved is paid as it was approved.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date

Hold = Callable[[Collection[int], date], Mapping[int, str]]
"""People by key and the day → those of them whom something approved is to pay, with its name: 2016年荣誉津贴发放名册."""

_holds: dict[str, Hold] = {}


def register(key: str, hold: Hold) -> None:
    """Publish a hold. Raises ValueError when another one has the key."""
    if _holds.setdefault(key, hold) is not hold:
        raise ValueError(f"hold {key} is registered twice")


def held_accounts(people: Collection[int], *, today: date) -> dict[int, str]:
    """Of these people those whom somebody is to pay, and by what."""
    found: dict[int, list[str]] = {}
    for hold in _holds.values():
        for person, name in hold(people, today).items():
            found.setdefault(person, []).append(name)
    return {person: "、".join(names) for person, names in found.items()}
