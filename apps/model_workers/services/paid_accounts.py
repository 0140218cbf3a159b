"""Opening the accounts of the lines of a run, each held against its hash."""

from collections.abc import Iterable

from apps.core.encryption import BrokenSealError, search_hash
from apps.core.errors import Refused
from apps.model_workers.models import AllowanceLine
from apps.people.models.persons import ACCOUNT_COLUMN


def opened_accounts(lines: Iterable[AllowanceLine], *, undone: str) -> dict[int, str]:
    """Whole account numbers by line. Raises Refused by name; `undone` is what therefore did not happen.

    The database can hold the hash fixed but not tell whether the sealed value beside it is the one of this hash.
    """
    accounts: dict[int, str] = {}
    for line in lines:
        try:
            plain = line.account.reveal() if line.account is not None else ""
        except BrokenSealError:
            raise broken_account(line.name, undone=undone) from None
        if plain and search_hash(plain, column=ACCOUNT_COLUMN) != bytes(line.account_hash or b""):
            raise Refused(f"{line.name}的银行账号与其摘要不符，{undone}；请告知系统管理员。", code="broken")
        accounts[line.pk] = plain
    return accounts


def broken_account(name: str, *, undone: str) -> Refused:
    return Refused(f"{name}的银行账号密文无法解开，{undone}；请告知系统管理员。", code="broken")
