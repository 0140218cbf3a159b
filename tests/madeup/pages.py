from apps.accounts.models import User
from apps.cases.views import CaseForm, CasePages, Column
from tests.madeup.models import LoanCase


class LoanForm(CaseForm):
    class Meta:
        model = LoanCase
        fields = ("borrower", "purpose")


def fill(*, case: LoanCase, actor: User) -> None:
    if case.pk is None:
        case.union = actor.union


PAGES = CasePages(
    LoanCase,
    (Column("借用人", "borrower"), Column("用途", "purpose"), Column("工会", "union.name")),
    form=LoanForm,
    fill=fill,
)
