"""Closing a budget year: declared, the pages are those of every case."""

from typing import Any

from apps.accounts.models import User
from apps.budget.models import FiscalYear, YearClosing
from apps.budget.selectors.closings import year_page
from apps.cases.views import CaseForm, CasePages, Column


class ClosingForm(CaseForm):
    class Meta:
        model = YearClosing
        fields = ("fiscal_year", "basis")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        year = self.fields["fiscal_year"]
        year.queryset = FiscalYear.objects.filter(closings__isnull=True)
        if self.instance.pk is not None:
            del self.fields["fiscal_year"]


def fill(*, case: YearClosing, actor: User) -> None:
    """A year is closed by the federation whose people enter its budgets."""
    if case.pk is None:
        case.union = actor.union


PAGES = CasePages(
    YearClosing,
    (
        Column("年度", "fiscal_year"),
        Column("依据", "basis"),
        Column("关闭日期", "fiscal_year.closed_at"),
        Column("工会", "union.name"),
    ),
    ("fiscal_year",),
    form=ClosingForm,
    fill=fill,
    template="budget/closing_detail.html",
    shows=lambda closing, viewer: {"page": year_page(closing, viewer)},
)
