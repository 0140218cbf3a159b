"""One valid case of every kind: a programme adds a line, and the generic tests run on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.accounts.models import Union, User
from apps.cases.models import Case
from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import ReliefCase
from tests.factories import ReliefCaseFactory, ReliefStandardFactory, retired_worker
from tests.madeup.models import LoanCase, LoanLine


@dataclass(frozen=True)
class Sample:
    """`make(union, clerk, amount)` enters a case that lacks nothing; `edit` names a field a second clerk changes."""

    make: Callable[[Union, User, Decimal], Any]
    edit: tuple[str, Any]
    bare: Callable[[Union, User, Decimal], Any] | None = None
    """A case that lacks what `requires` asks for, by the guard's name."""
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


SAMPLES: dict[type[Case], Sample] = {
    ReliefCase: Sample(_relief, ("circumstances", "示例：改过")),
    LoanCase: Sample(
        _loan, ("purpose", "展览"), bare=_bare_loan, amounts={"small": "1000", "large": "50000"}
    ),
}
