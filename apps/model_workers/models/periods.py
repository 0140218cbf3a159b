"""Parameters of the rules are dated data: from a day, until a day or for good, each with its basis document."""

from typing import Any, TypeVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from apps.accounts.models import User
from apps.budget.models import PolicyDocument

Row = TypeVar("Row", bound=models.Model)


class Dated(models.Model):
    """What every dated parameter has. `until` is the last day; without it the parameter holds until further notice."""

    valid_from = models.DateField("起始日期")
    valid_until = models.DateField("截止日期", null=True, blank=True, help_text="当天仍有效；长期有效的留空")
    document = models.ForeignKey(
        PolicyDocument,
        verbose_name="依据文件",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    is_sample = models.BooleanField(
        "示例", default=False, help_text="没有公布的数，仅供演示；正式使用前由劳模负责人填写"
    )
    created_by = models.ForeignKey(
        User, verbose_name="登记人", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        abstract = True

    @property
    def period_words(self) -> str:
        return f"{self.valid_from:%Y-%m-%d} 起" + (
            f"至 {self.valid_until:%Y-%m-%d}" if self.valid_until else ""
        )


def _period() -> Func:
    return Func(
        F("valid_from"), F("valid_until"), Value("[]"), function="daterange", output_field=DateRangeField()
    )


def dated_constraints(table: str, *same: str, message: str) -> tuple[models.BaseConstraint, ...]:
    """No two parameters of the same kind (`same` columns equal) hold on one day; the days are in order; a basis is named."""
    expressions: list[Any] = [(name, RangeOperators.EQUAL) for name in same]
    return (
        ExclusionConstraint(
            name=f"{table}_no_overlap",
            expressions=[*expressions, (_period(), RangeOperators.OVERLAPS)],
            violation_error_message=message,
        ),
        models.CheckConstraint(
            condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            name=f"{table}_days_in_order",
            violation_error_message="截止日期不能早于起始日期。",
        ),
        models.CheckConstraint(
            condition=Q(document__isnull=False) | Q(is_sample=True),
            name=f"{table}_has_basis",
            violation_error_message="必须选择依据文件；没有依据的只能标为示例。",
        ),
    )
