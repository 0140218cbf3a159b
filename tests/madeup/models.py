from django.db import models
from django.db.models import Q

from apps.cases.models import Case, CaseRow, Requirement, decision_of, of_case
from tests.madeup.flow import FLOW, LARGE, SMALL, Status


class LoanCase(Case):
    flow, measured, reads, pages = FLOW, "lines.amount", "budget.read", "madeup:loan"
    ended = (Status.WITHDRAWN,)
    routed_by = f"CASE WHEN measured.amount < 10000 THEN '{SMALL}' ELSE '{LARGE}' END"
    requires = (
        Requirement(
            "has_lines",
            "没有器材，不能提交。",
            "EXISTS (SELECT FROM public.madeup_loanline l WHERE l.case_id = own.id)",
            verbs=("submit",),
        ),
        Requirement(
            "not_for_oneself",
            "借给自己的，请由他人办理。",
            "own.borrower <> (SELECT u.full_name FROM public.accounts_user u WHERE u.id = {actor})",
            verbs=("check", "approve", "forward"),
        ),
    )

    borrower = models.CharField("借用人", max_length=40)
    purpose = models.CharField("用途", max_length=100)

    class Meta:
        verbose_name = "器材借用"
        constraints = (
            models.CheckConstraint(
                condition=~Q(purpose=""),
                name="madeup_loancase_purpose",
                violation_error_message="必须写明用途。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.borrower}借用器材"


LoanDecision = decision_of(LoanCase)


class LoanLine(CaseRow):
    case = of_case(LoanCase)
    thing = models.CharField("器材", max_length=40)
    amount = models.DecimalField("价值", max_digits=9, decimal_places=2)
