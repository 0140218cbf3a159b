"""Closing a budget year by two people, for tests."""

from typing import Any

from apps.accounts.models import Union, User
from apps.budget.models import FiscalYear, YearClosing
from apps.cases.services import Seen, decide, save_case
from tests.factories import FiscalYearFactory, UnionFactory, UserFactory


def begin_closing(year: int, clerk: User | None = None, union: Union | None = None) -> YearClosing:
    """As entered, not yet submitted."""
    case = YearClosing(
        fiscal_year=FiscalYearFactory(year=year),
        union=union or UnionFactory(city=True),
        basis="示例：决算已批复",
    )
    return save_case(case=case, actor=clerk or UserFactory(finance_clerk=True))


def step(case: YearClosing, actor: User, verb: str, opinion: str = "示例意见") -> Any:
    return decide(case=case, actor=actor, verb=verb, seen=Seen.of(case), opinion=opinion)


def close_year(year: int, *, clerk: User | None = None, head: User | None = None) -> FiscalYear:
    clerk = clerk or UserFactory(finance_clerk=True)
    case = begin_closing(year, clerk)
    step(case, clerk, "submit")
    step(case, head or UserFactory(finance_head=True), "close")
    return FiscalYear.objects.get(year=year)
