"""The account on the line of a run beside the one in the register: where they differ, since whom and when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.selectors.bridges import kept_rows
from apps.model_workers.selectors.runs import as_bytes, told_accounts
from apps.people.models import Person
from apps.people.selectors.people import AccountChange, last_account_changes

PAID_AS_APPROVED = "仍按审批时的账号发放"


@dataclass(frozen=True)
class ChangedAccount:
    """A line whose account is not, or no longer, the one of the register. `change` is the last one known there."""

    line: AllowanceLine
    person: Person
    change: AccountChange | None = None

    @property
    def masks(self) -> tuple[str, str]:
        """As approved, and as the register has it now; empty where there is none."""
        return told_accounts(self.line.account_last_four, self.person.account_last_four)

    @property
    def remark(self) -> str:
        """For the printed roll."""
        if not self.line.account_last_four:
            return "审批后才登记账号，本名册没有"
        return "审批后登记账号有变，按审批时的账号发放"

    @property
    def sentence(self) -> str:
        """For the page of the person."""
        before, now = (mask or "无" for mask in self.masks)
        told = f"{self.line.case}审批后，登记的银行账号有变：审批时 {before}，现在 {now}"
        if self.change is not None:
            told += f"（{self.change.who}，{timezone.localtime(self.change.at):%Y-%m-%d %H:%M}）"
        return f"{told}，{PAID_AS_APPROVED}。"


def changed_accounts(lines: QuerySet[AllowanceLine]) -> list[ChangedAccount]:
    """Of these lines those whose account differs from that of whoever stands for the person today."""
    # Whoever was merged is looked at in any case: another row stands for him.
    suspected = lines.filter(
        Q(person__merged_into__isnull=False) | ~Q(account_hash=F("person__account_hash"))
    )
    found = list(suspected.select_related("case").defer("account"))
    kept = kept_rows(line.person_id for line in found)
    people = Person.objects.only("public_id", "account_hash", "account_last_four").in_bulk(
        {kept.get(line.person_id, line.person_id) for line in found}
    )
    pairs = [(line, people[kept.get(line.person_id, line.person_id)]) for line in found]
    return [
        ChangedAccount(line, person)
        for line, person in pairs
        if as_bytes(line.account_hash) != as_bytes(person.account_hash)
    ]


def with_changes(changed: Collection[ChangedAccount]) -> list[ChangedAccount]:
    """The same with who changed the account, when and why, as the history of the register tells it."""
    known = last_account_changes({one.person.pk for one in changed})
    return [ChangedAccount(one.line, one.person, known.get(one.person.pk)) for one in changed]


def accounts_held(people: Collection[int], today: date) -> Mapping[int, str]:
    """Of these people those whose account an approved run is still to pay to, with its name; also under a row merged
    into theirs."""
    wanted = set(people)
    # One parameter: a roster asks about thousands.
    listed = RawSQL("SELECT unnest(%s::bigint[])", (list(wanted),))
    rows = (
        AllowanceLine.objects.filter(case__in=AllowanceRun.objects.awaiting_payment(today))
        .filter(Q(person__in=listed) | Q(person__merged_into__in=listed), account__isnull=False)
        .order_by("case__year")
        .values_list("person", "person__merged_into", "case__year")
    )
    held: dict[int, str] = {}
    for own, kept, year in rows:
        for person in wanted & {own, kept}:
            held[person] = f"{year}年荣誉津贴发放名册"
    return held
