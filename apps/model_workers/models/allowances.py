"""Honour allowance: dated standards and counting rules, the yearly run and its lines."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Value
from django.utils.functional import cached_property

from apps.cases.models import Case, CaseQuerySet, CaseRow, Requirement, decision_of, of_case
from apps.core import audit
from apps.core.encryption import EncryptedField, all_or_none
from apps.core.triggers import ReadOnly, Trigger
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.allowances import FORWARD, PAID_WITHIN_DAYS, RUN_FLOW, DeathRule, RunStatus
from apps.model_workers.rules.honours import AwardClass, Category
from apps.people.models import Person
from apps.people.rules.identity import mask_account
from apps.people.rules.standing import UnitNature


@audit.tracked()
class AllowanceStandard(Dated):
    """Yuan a year for one class of the municipal honour."""

    award_class = models.PositiveSmallIntegerField("档次", choices=AwardClass.choices)
    amount = models.DecimalField("标准（元/年）", max_digits=9, decimal_places=2)

    class Meta:
        verbose_name = "荣誉津贴标准"
        verbose_name_plural = "荣誉津贴标准"
        ordering = ("-valid_from", "award_class")
        constraints = (
            *dated_constraints(
                "model_workers_standard", "award_class", message="这一档次在所填期间已有标准，期间不能重叠。"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="model_workers_standard_positive",
                violation_error_message="标准必须大于 0 元。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_award_class_display()} {self.amount}"


@audit.tracked()
class CountingRule(Dated):
    """Which honours make the class, and what happens to those who die within the year."""

    categories = ArrayField(
        models.CharField(max_length=8, choices=Category.choices),
        verbose_name="计入的类别",
        help_text="归口管理的类别；农民劳模由农业农村部门管理的不选",
    )
    higher_counts = models.BooleanField(
        "上级荣誉也计入次数", default=False, help_text="全国、省部级荣誉是否计入市级次数"
    )
    death_rule = models.CharField(
        "去世当年", max_length=8, choices=DeathRule.choices, default=DeathRule.SNAPSHOT
    )

    class Meta:
        verbose_name = "荣誉津贴计次规则"
        verbose_name_plural = "荣誉津贴计次规则"
        ordering = ("-valid_from",)
        constraints = (
            *dated_constraints("model_workers_counting", message="所填期间已有计次规则，期间不能重叠。"),
            models.CheckConstraint(
                condition=Q(categories__len__gt=0),
                name="model_workers_counting_counts_something",
                violation_error_message="至少选择一个计入的类别。",
            ),
        )

    def __str__(self) -> str:
        return f"计次规则 {self.period_words}"


class AllowanceRunQuerySet(CaseQuerySet):
    def for_list(self) -> "AllowanceRunQuerySet":
        """With `approved_on`, the time of the approval."""
        approvals = AllowanceRunDecision.objects.filter(case=OuterRef("pk"), verb="approve")
        return (
            self.select_related("union", "created_by")
            .annotate(approved_on=Subquery(approvals.order_by("-number").values("at")[:1]))
            .order_by("-year", "-id")
        )

    def awaiting_payment(self, today: date) -> "AllowanceRunQuerySet":
        """Approved, and of the running year or approved within the last twelve months."""
        lately = today - timedelta(days=PAID_WITHIN_DAYS)
        approved = AllowanceRunDecision.objects.filter(
            case=OuterRef("pk"), verb="approve", at__date__gte=lately
        )
        return self.filter(Q(year__gte=today.year) | Exists(approved), status=RunStatus.APPROVED)


_OTHER_RUNS = (
    "SELECT FROM public.model_workers_allowancerun r"
    " WHERE r.union_id = own.union_id AND r.id <> own.id AND r.status <> 'voided'"
)
# The standards that pay a run are those of this day, as rules.allowances.standards_day says.
_STANDARD_OF_LINE = """
    public.model_workers_allowancestandard s ON s.award_class = l.award_class
    AND daterange(s.valid_from, s.valid_until, '[]') @> GREATEST({run}.snapshot_on, make_date({run}.year, 1, 1))
"""
_OF_OWN_LINES = (
    "FROM public.model_workers_allowanceline l {how} "
    + _STANDARD_OF_LINE.format(run="own")
    + " WHERE l.case_id = own.id"
)
# Who wrote it, or changed more of it than the day on which it ends.
_SET_BY_ACTOR = """
    (s.created_by_id = {{actor}} OR EXISTS (SELECT FROM (
        SELECT e.pgh_context ->> 'user' AS who, ROW({facts}) AS facts,
            lag(ROW({facts})) OVER (ORDER BY e.pgh_id) AS before
        FROM public.{table}event e WHERE e.pgh_obj_id = s.id
    ) h WHERE h.who = {{actor}}::text AND h.facts IS DISTINCT FROM h.before))
"""
_STANDARD_SET_BY_ACTOR = _SET_BY_ACTOR.format(
    table="model_workers_allowancestandard", facts="e.amount, e.award_class, e.valid_from"
)
_RULE_SET_BY_ACTOR = _SET_BY_ACTOR.format(
    table="model_workers_countingrule", facts="e.categories, e.higher_counts, e.death_rule, e.valid_from"
)
_REQUIRES = (
    Requirement(
        "has_lines",
        "名册里没有人，不能办理。",
        "EXISTS (SELECT FROM public.model_workers_allowanceline l WHERE l.case_id = own.id)",
        FORWARD,
    ),
    Requirement(
        "year_open",
        "该年度已关闭，这一年的名册不能再办理。",
        "NOT EXISTS (SELECT FROM public.budget_fiscalyear y WHERE y.year = own.year AND y.closed_at IS NOT NULL)",
    ),
    Requirement(
        "years_follow",
        "各年度的名册必须依次审批：以前年度的名册还没有审批，或以后年度的已经审批。",
        f"NOT EXISTS ({_OTHER_RUNS} AND (r.year < own.year) <> (r.status = 'approved'))",
        FORWARD,
    ),
    Requirement(
        "previous_of_last_year",
        "上年名册必须是本工会上一年度已审批的名册；中间缺的年度先补上，再重新计数。",
        f"CASE WHEN EXISTS ({_OTHER_RUNS} AND r.year < own.year)"
        f" THEN EXISTS ({_OTHER_RUNS} AND r.id = own.previous_id AND r.year = own.year - 1 AND r.status = 'approved')"
        " ELSE own.previous_id IS NULL END",
        FORWARD,
    ),
    Requirement(
        "lines_within_standard",
        "名册里有人的金额超过所在档次的标准，请重新计数。",
        f"NOT EXISTS (SELECT {_OF_OWN_LINES.format(how='LEFT JOIN')}"
        " AND (l.amount <= round(s.amount * l.months / 12, 2)) IS NOT TRUE)",
        FORWARD,
    ),
    Requirement(
        "standard_set_by_others",
        "这份名册所用的标准是您登记或改动的，请由别人审核、审批。",
        f"NOT EXISTS (SELECT {_OF_OWN_LINES.format(how='JOIN')} AND {_STANDARD_SET_BY_ACTOR})",
        ("check", "approve"),
    ),
    Requirement(
        "rule_set_by_others",
        "这份名册所用的计次规则是您登记或改动的，请由别人审核、审批。",
        "NOT EXISTS (SELECT FROM public.model_workers_countingrule s"
        f" WHERE s.id = own.rule_id AND {_RULE_SET_BY_ACTOR})",
        ("check", "approve"),
    ),
)


@audit.tracked()
class AllowanceRun(Case):
    """The allowance of one year for one union tree, counted on a snapshot date by a rule. Frozen when submitted."""

    flow, measured, reads = RUN_FLOW, "lines.amount", "model_worker.read"
    pages, named_by = "model_workers:run", "pk"
    requires = _REQUIRES
    ended = (RunStatus.VOIDED,)

    year = models.PositiveSmallIntegerField("年度")
    snapshot_on = models.DateField("快照日")
    rule = models.ForeignKey(
        CountingRule, verbose_name="计次规则", on_delete=models.PROTECT, related_name="runs"
    )
    previous = models.ForeignKey(
        "self",
        verbose_name="上年发放",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="followers",
    )
    counted_at = models.DateTimeField("计数时间", null=True, blank=True)

    objects = AllowanceRunQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "荣誉津贴发放"
        verbose_name_plural = "荣誉津贴发放"
        constraints = (
            models.UniqueConstraint(
                fields=("union", "year"),
                condition=~Q(status="voided"),
                name="model_workers_run_once",
                violation_error_message="该工会本年度已有荣誉津贴发放名册。",
            ),
        )
        triggers = (ReadOnly(name="year_fixed", fields=["year"]),)

    def __str__(self) -> str:
        return f"{self.year}年荣誉津贴"

    @cached_property
    def approval(self) -> Any:
        """The decision that approved it; None before."""
        rows = AllowanceRunDecision.objects.filter(case=self, verb="approve")
        return rows.first() if self.status == RunStatus.APPROVED else None

    @property
    def approved_at(self) -> datetime | None:
        return self.approval.at if self.approval else None


AllowanceRunDecision = decision_of(AllowanceRun)


# A turn of the key seals the same account anew and touches nothing else. That it is the same cannot be told here: the
# hash beside it stays, and whoever opens the account holds it against that.
_SEALED_ANEW = """
    to_jsonb(after) - 'account' = to_jsonb(before) - 'account'
    AND length(after.account) = length(before.account) AND get_byte(after.account, 1) <> get_byte(before.account, 1)
"""

# Name inside the seals: never renamed.
LINE_ACCOUNT_COLUMN = "model_workers.allowanceline.account"

_JUDGED = ["case_id", "award_class", "months", "amount", "period_from", "period_until"]


class PaysTheStandard(Trigger):
    """A line pays what the standard of its class gives for its months of the year of the run; judged once a statement."""

    when, level = pgtrigger.After, pgtrigger.Statement

    def __init__(self, operation: Any) -> None:
        self.is_update = operation == pgtrigger.Update
        super().__init__(
            name=f"pays_standard_{str(operation).lower()}",
            operation=operation,
            referencing=pgtrigger.Referencing(old="old_rows" if self.is_update else None, new="new_rows"),
        )

    def get_func(self, model: Any) -> str:
        facts = ["id", *_JUDGED]
        before, after = (", ".join(f"{row}.{name}" for name in facts) for row in ("o", "l"))
        changed = (
            f"AND NOT EXISTS (SELECT FROM old_rows o WHERE ({before}) = ({after}))" if self.is_update else ""
        )
        lines = "PERFORM 1 FROM new_rows l JOIN public.model_workers_allowancerun r ON r.id = l.case_id"
        return f"""
            {lines} WHERE (l.period_from = make_date(r.year, 1, 1) AND l.period_until
                = (make_date(r.year, 1, 1) + make_interval(months => l.months))::date - 1) IS NOT TRUE {changed};
            IF FOUND THEN
                RAISE EXCEPTION '发放的期间必须从本年度1月1日起，与月数一致。'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_line_within_year';
            END IF;
            {lines} LEFT JOIN {_STANDARD_OF_LINE.format(run="r")}
                WHERE (l.amount = round(s.amount * l.months / 12, 2)) IS NOT TRUE {changed};
            IF FOUND THEN
                RAISE EXCEPTION '金额必须是所在档次的标准按月数计算的金额。'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_line_within_standard';
            END IF;
            RETURN NULL;
        """


class AllowanceLine(CaseRow):
    """What one person receives from one run. The facts stand as they were on the snapshot date, the account as it was
    counted: it alone is paid, whatever the register says later. Its hash is that of the register, to be compared with.
    """

    follows_merge = False

    lets_through = _SEALED_ANEW

    case = of_case(AllowanceRun)
    name = models.CharField("姓名", max_length=40)
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="allowance_lines"
    )
    public_id = models.UUIDField("标识", default=uuid.uuid4, unique=True, editable=False)
    union_name = models.CharField("管理工会", max_length=100)
    unit_name = models.CharField("单位", max_length=100, blank=True)
    unit_nature = models.CharField("单位性质", max_length=20, choices=UnitNature.choices, blank=True)
    award_count = models.PositiveSmallIntegerField("次数")
    award_class = models.PositiveSmallIntegerField("档次", choices=AwardClass.choices)
    months = models.PositiveSmallIntegerField("月数", default=12)
    amount = models.DecimalField("金额", max_digits=9, decimal_places=2)
    bank_name = models.CharField("开户银行", max_length=60, blank=True)
    account = EncryptedField("银行账号", null=True, blank=True, label=LINE_ACCOUNT_COLUMN, mask=mask_account)
    account_hash = models.BinaryField("账号摘要", null=True, editable=False)
    account_last_four = models.CharField("账号末四位", max_length=4, blank=True)
    id_last_four = models.CharField("证件末四位", max_length=4, blank=True)
    period_from = models.DateField("起")
    period_until = models.DateField("止")

    class Meta:
        verbose_name = "荣誉津贴发放明细"
        verbose_name_plural = "荣誉津贴发放明细"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("case", "person"),
                name="model_workers_line_once",
                violation_error_message="同一份名册里一个人只能有一行。",
            ),
            # Also across runs: one allowance for one time (I13). A voided run takes its lines out.
            ExclusionConstraint(
                name="model_workers_line_periods_apart",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (
                        Func(
                            F("period_from"),
                            F("period_until"),
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="这个人在同一期间已在另一份名册中。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(months__gte=0, months__lte=12),
                name="model_workers_line_amount_sound",
                violation_error_message="金额不能为负，月数应在 0 至 12 之间。",
            ),
            models.CheckConstraint(
                condition=Q(award_class=1, award_count=1)
                | Q(award_class=2, award_count=2)
                | Q(award_class=3, award_count__gte=3),
                name="model_workers_line_class_follows_count",
                violation_error_message="档次必须与次数一致：一次、二次、三次及以上。",
            ),
            models.CheckConstraint(
                condition=all_or_none("account"),
                name="model_workers_line_account_hashed",
                violation_error_message="银行账号必须与其摘要一同保存。",
            ),
        )
        triggers = (
            ReadOnly(name="seal_name_is_fixed", fields=["public_id"]),
            *(PaysTheStandard(operation) for operation in (pgtrigger.Insert, pgtrigger.Update)),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"
