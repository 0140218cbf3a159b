"""One valid case of every kind: a programme adds a line, and the generic tests run on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.accounts.models import Union, User
from apps.cases.models import Case
from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import (
    AllowanceLine,
    AllowanceRun,
    AllowanceStandard,
    CountingRule,
    ReliefCase,
)
from tests.factories import (
    AllowanceStandardFactory,
    CountingRuleFactory,
    PersonFactory,
    ReliefCaseFactory,
    ReliefStandardFactory,
    UnionFactory,
    retired_worker,
)
from tests.madeup.models import LoanCase, LoanLine


@dataclass(frozen=True)
class Sample:
    """`make(union, clerk, amount)` enters a case that lacks nothing; `edit` names a field a second clerk changes."""

    make: Callable[[Union, User, Decimal], Any]
    edit: tuple[str, Any]
    bare: Callable[[Union, User, Decimal], Any] | None = None
    """A case that lacks what `requires` asks for, by the guard's name."""
    row: dict[str, str] = field(default_factory=dict)
    """What a copied row must have otherwise than its model, as SQL by column."""
    amounts: dict[str, str] = field(default_factory=lambda: {"": "1000"})


def _bare_loan(union: Union, clerk: User, amount: Decimal) -> LoanCase:
    return save_case(case=LoanCase(union=union, borrower="示例借用人", purpose="演出"), actor=clerk)


def _loan(union: Union, clerk: User, amount: Decimal) -> LoanCase:
    case = _bare_loan(union, clerk, amount)
    with audit.because(actor_id=clerk.pk, action="录入"):
        LoanLine.objects.bulk_create(
            [LoanLine(case=case, thing="音响", amount=amount - 1), LoanLine(case=case, thing="线", amount=1)]
        )
    return case


def _relief(union: Union, clerk: User, amount: Decimal) -> ReliefCase:
    return ReliefCaseFactory(
        person=retired_worker(union=union),
        created_by=clerk,
        kind="special",
        standard=ReliefStandardFactory(special=True),
        monthly_income=None,
        months=None,
        amount=amount,
        lower_reason="示例",
    )


def _run(union: Union, clerk: User, amount: Decimal) -> AllowanceRun:
    """One line; each in a union of its own, because years follow each other within a union."""
    if not AllowanceStandard.objects.exists():
        AllowanceStandardFactory(award_class=1, amount=amount)
    own = UnionFactory(parent=union)
    line_of, _spare = PersonFactory(union=own), PersonFactory(union=own)
    run = AllowanceRun(
        union=own,
        year=2016,
        snapshot_on="2015-12-31",
        rule=CountingRule.objects.first() or CountingRuleFactory(),
    )
    save_case(case=run, actor=clerk)
    with audit.because(actor_id=clerk.pk, action="录入"):
        AllowanceLine.objects.create(
            case=run,
            person=line_of,
            name="示例人员",
            union_name="示例工会",
            award_count=1,
            award_class=1,
            amount=amount,
            period_from="2016-01-01",
            period_until="2016-12-31",
        )
    return run


SAMPLES: dict[type[Case], Sample] = {
    ReliefCase: Sample(_relief, ("circumstances", "示例：改过")),
    AllowanceRun: Sample(
        _run,
        ("counted_at", "2016-01-05T00:00Z"),
        row={
            "public_id": "gen_random_uuid()",
            "person_id": "(SELECT max(p.id) FROM public.people_person p)",
        },
    ),
    LoanCase: Sample(
        _loan, ("purpose", "展览"), bare=_bare_loan, amounts={"small": "1000", "large": "50000"}
    ),
}
