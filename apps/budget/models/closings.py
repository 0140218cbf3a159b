"""The close of a budget year, asked for by one person and confirmed by another; opened again the same way."""

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.budget.models.reference import FiscalYear
from apps.budget.rules.closing import FLOW
from apps.cases.models import Case, Requirement, decision_of
from apps.cases.rules.closing import FORWARD, SHUT
from apps.core import audit
from apps.core.triggers import Trigger, refuse, text_array

_MOVES_YEAR = f"""
    UPDATE public.budget_fiscalyear y SET closed_at = CASE WHEN NEW.status = ANY ({text_array(SHUT)}) THEN
        (SELECT max(d.at) FROM public.budget_yearclosingdecision d WHERE d.case_id = NEW.id AND d.verb = 'close') END
        WHERE y.year = NEW.fiscal_year_id AND (y.closed_at IS NULL) = (NEW.status = ANY ({text_array(SHUT)}));
    RETURN NULL;
"""


@audit.tracked()
class YearClosing(Case):
    """The close of one budget year. While it is shut the database refuses whatever would move that year."""

    flow, reads, pages = FLOW, "budget.read", "budget:closing"
    requires = (
        Requirement(
            "all_settled",
            "还有未审定的预算版本，不能关闭年度。",
            "NOT EXISTS (SELECT FROM public.budget_edition e JOIN public.budget_plan p ON p.id = e.plan_id"
            " WHERE p.fiscal_year_id = own.fiscal_year_id AND e.status <> 'approved')",
            FORWARD,
        ),
    )

    fiscal_year = models.ForeignKey(
        FiscalYear, verbose_name="年度", on_delete=models.PROTECT, related_name="closings"
    )
    basis = models.CharField("依据", max_length=200, help_text="为什么可以关闭，如决算已批复及其文号")

    class Meta:
        verbose_name = "年度关闭"
        verbose_name_plural = "年度关闭"
        ordering = ("-fiscal_year",)
        constraints = (
            models.UniqueConstraint(
                fields=("fiscal_year",),
                name="budget_yearclosing_once",
                violation_error_message="这一年度的关闭已经录入，请在它的页面上办理。",
            ),
            models.CheckConstraint(
                condition=~Q(basis=""),
                name="budget_yearclosing_has_basis",
                violation_error_message="必须写明关闭年度的“依据”。",
            ),
        )
        triggers = (
            Trigger(
                name="year_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("fiscal_year"),
                func=refuse("budget_yearclosing_year_fixed", "关闭的是哪一年不能改变。"),
            ),
            Trigger(
                name="moves_year",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("status"),
                func=_MOVES_YEAR,
            ),
        )

    def __str__(self) -> str:
        return f"关闭{self.fiscal_year_id}年度"


YearClosingDecision = decision_of(YearClosing)
