"""What the tests of the register's pages share: signed-in clients, the numbers of a person, forms as a browser sends them."""

import re
from typing import Any

from stdnum import luhn
from stdnum.cn import ric

from apps.people.models import Person

# A key made by chance may hold eleven digits in a row.
_KEY = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUN = re.compile(rb"(?<![0-9])[0-9]{11,19}[0-9Xx]?(?![0-9])")


def secrets_of(person: Person) -> list[str]:
    """The person's numbers in plain text."""
    return [secret.reveal() for secret in (person.id_number, person.phone, person.account) if secret]


def numbers_in(content: bytes) -> list[bytes]:
    """Everything in an answer that is an identity number or a card number by its check digit, or a mobile number."""
    return [run for run in _RUN.findall(_KEY.sub(b"", content)) if _is_personal(run.decode().upper())]


def _is_personal(run: str) -> bool:
    if len(run) == 18 and ric.is_valid(run):
        return True
    return (len(run) == 11 and run[0] == "1" and run[1] in "3456789") or (
        16 <= len(run) <= 19 and run.isdigit() and luhn.is_valid(run)
    )


def typed(person: Person, **changes: Any) -> dict[str, Any]:
    """The form of a person as it stands in the page, the boxes of the numbers empty; `changes` are typed over it."""
    names = ("name", "former_name", "id_kind", "sex", "nation", "politics", "education", "post", "residence")
    values = {name: getattr(person, name) for name in (*names, "bank_name", "bank_branch", "note", "version")}
    values["birth_on"] = person.birth_on.isoformat() if person.birth_on else ""
    values["unit"] = str(person.unit.public_id) if person.unit else ""
    return values | changes
