"""Reference data of the budget: fiscal years, groups of items, funding sources, classification codes by year."""

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from apps.budget.models.locks import printed_lock
from apps.budget.rules.stages import Book
from apps.cases.rules.closing import SHUT
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly, Trigger, refuse, text_array

# Whatever is settled cannot change any more, so a closed year needs no other lock; new editions and issues ask for it.
_CLOSED_BY_CASE = f"""
    SELECT max(d.at) INTO said FROM public.budget_yearclosing c
        JOIN public.budget_yearclosingdecision d ON d.case_id = c.id AND d.verb = 'close'
        WHERE c.fiscal_year_id = NEW.year AND c.status = ANY ({text_array(SHUT)});
    IF NEW.closed_at IS DISTINCT FROM said THEN
        {refuse("budget_fiscalyear_closed_by_case", "年度只能由两人办理关闭和重新打开。")}
    END IF;
    PERFORM 1 FROM public.budget_edition e JOIN public.budget_plan p ON p.id = e.plan_id
        WHERE NEW.closed_at IS NOT NULL AND p.fiscal_year_id = NEW.year AND e.status <> 'approved';
    IF FOUND THEN
        {refuse("budget_fiscalyear_closes_settled", "还有未审定的版本，不能关闭年度。")}
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class FiscalYear(models.Model):
    """A budget year. While it is closed nothing of it moves; its `YearClosing` closes it and opens it again."""

    year = models.PositiveSmallIntegerField("年度", primary_key=True)
    closed_at = models.DateTimeField("关闭时间", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "预算年度"
        verbose_name_plural = "预算年度"
        ordering = ("-year",)
        constraints = (
            models.CheckConstraint(
                condition=Q(year__gte=2000, year__lte=2100),
                name="budget_fiscalyear_in_range",
                violation_error_message="预算年度必须在 2000 到 2100 之间。",
            ),
        )
        triggers = (
            ReadOnly(name="identity_fixed", fields=["year"]),
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Trigger(
                name="closed_by_case",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("said", "timestamptz")],
                func=_CLOSED_BY_CASE,
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年"

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


class ReferenceQuerySet(models.QuerySet):
    def active(self) -> "ReferenceQuerySet":
        return self.filter(is_active=True)


class NamedReference(models.Model):
    """A short list kept by the office itself; what is no longer in use stays for the budgets that used it."""

    code = models.CharField("编码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60, unique=True)
    ordinal = models.PositiveSmallIntegerField("顺序", default=100)
    is_active = models.BooleanField("在用", default=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("ordinal", "code")

    def __str__(self) -> str:
        return self.name


class ItemGroupQuerySet(ReferenceQuerySet):
    def of_book(self, book: str) -> "ItemGroupQuerySet":
        """Groups in use that may stand in this book: the books are never added together."""
        return self.filter(is_active=True, book__in=("", book))


@audit.tracked()
class ItemGroup(NamedReference):
    """A group of items as the explanation prints them, e.g. 单位专项公用经费项目."""

    book = models.CharField(
        "预算体系",
        max_length=10,
        choices=Book.choices,
        blank=True,
        help_text="只用于这一预算体系；留空的各体系都可用",
    )

    objects = ItemGroupQuerySet.as_manager()  # type: ignore[misc]

    class Meta(NamedReference.Meta):
        verbose_name = "项目分组"
        verbose_name_plural = "项目分组"
        triggers = (printed_lock("code", "name", "ordinal", "book", used="i.group_id = OLD.id"),)


@audit.tracked()
class FundingSource(NamedReference):
    """Where the money of an item comes from."""

    class Meta(NamedReference.Meta):
        verbose_name = "资金来源"
        verbose_name_plural = "资金来源"
        triggers = (printed_lock("code", "name", "ordinal", used="i.funding_source_id = OLD.id"),)


class ClassificationCodeQuerySet(models.QuerySet["ClassificationCode"]):
    def of_year(self, year: int) -> "ClassificationCodeQuerySet":
        return self.filter(Q(last_year__isnull=True) | Q(last_year__gte=year), first_year__lte=year)


@audit.tracked()
class ClassificationCode(models.Model):
    """An entry of a classification dictionary, valid for a range of years (政府收支分类科目)."""

    class Kind(models.TextChoices):
        FUNCTION = "function", "支出功能分类"
        DEPARTMENT_ECONOMIC = "department_economic", "部门预算经济分类"
        GOVERNMENT_ECONOMIC = "government_economic", "政府预算经济分类"

    kind = models.CharField("分类", max_length=20, choices=Kind.choices)
    code = models.CharField("编码", max_length=7)
    name = models.CharField("名称", max_length=60)
    first_year = models.PositiveSmallIntegerField("启用年度")
    last_year = models.PositiveSmallIntegerField(
        "停用年度", null=True, blank=True, help_text="含本年；仍在用的留空"
    )

    objects = ClassificationCodeQuerySet.as_manager()

    class Meta:
        verbose_name = "收支分类科目"
        verbose_name_plural = "收支分类科目"
        ordering = ("kind", "code", "first_year")
        constraints = (
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9]{3,7}$"),
                name="budget_classification_code_is_digits",
                violation_error_message="科目编码必须是 3 到 7 位数字。",
            ),
            models.CheckConstraint(
                condition=Q(last_year__isnull=True) | Q(last_year__gte=F("first_year")),
                name="budget_classification_years_in_order",
                violation_error_message="停用年度不能早于启用年度。",
            ),
            ExclusionConstraint(
                name="budget_classification_one_name_a_year",
                expressions=(
                    ("kind", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (
                        Func(F("first_year"), F("last_year"), Value("[]"), function="int4range"),
                        RangeOperators.OVERLAPS,
                    ),
                ),
                violation_error_message="同一分类、同一编码在重叠的年度里只能有一个名称。",
            ),
        )
        # A code that is renamed ends with its last year and begins again as a new row.
        triggers = (
            printed_lock(
                "kind",
                "code",
                "name",
                used="OLD.id IN (i.function_code_id, i.department_economic_code_id, i.government_economic_code_id)",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
