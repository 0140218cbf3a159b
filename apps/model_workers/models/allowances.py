"""Honour allowance: dated standards and counting rules, the yearly run and its lines."""

import uuid
from datetime import date, timedelta

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core.encryption import EncryptedField, all_or_none
from apps.core.triggers import FSM, ParentsLock, Protect, ReadOnly, Trigger
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.allowances import OPEN_RUN_STATUSES, PAID_WITHIN_DAYS, DeathRule, RunStatus
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


class AllowanceRunQuerySet(models.QuerySet["AllowanceRun"]):
    def visible_to(self, user: User) -> "AllowanceRunQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)

    def for_list(self) -> "AllowanceRunQuerySet":
        return self.select_related("union", "created_by").order_by("-year", "-id")

    def awaiting_payment(self, today: date) -> "AllowanceRunQuerySet":
        """Approved, and of the running year or approved within the last twelve months."""
        lately = today - timedelta(days=PAID_WITHIN_DAYS)
        return self.filter(
            Q(year__gte=today.year) | Q(approved_at__date__gte=lately), status=RunStatus.APPROVED
        )


# Who took the step is the decision's matter: a state moves only behind its row, and only a submission opens a round.
_MOVES_BY_DECISION = """
    SELECT * INTO decision FROM public.model_workers_rundecision d WHERE d.run_id = NEW.id ORDER BY d.id DESC LIMIT 1;
    IF decision.id IS NULL OR decision.source <> OLD.status OR decision.target <> NEW.status
       OR decision.round <> NEW.round
       OR NEW.round <> OLD.round + (CASE WHEN NEW.status = 'submitted' THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION '状态只能通过审批改变。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_run_moves_by_decision';
    END IF;
    RETURN NEW;
"""
_RUN_FIXED = """
    RAISE EXCEPTION '发放名册已提交，不能修改。'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_run_fixed';
"""


@audit.tracked(exclude=("bridge",))
class AllowanceRun(models.Model):
    """The allowance of one year for one union tree, counted on a snapshot date by a rule. Frozen when submitted."""

    union = models.ForeignKey(
        Union, verbose_name="工会", on_delete=models.PROTECT, related_name="allowance_runs"
    )
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
    status = models.CharField("状态", max_length=10, choices=RunStatus.choices, default=RunStatus.DRAFT)
    round = models.PositiveSmallIntegerField("送审轮次", default=0)
    created_by = models.ForeignKey(User, verbose_name="编制人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("编制时间", default=timezone.now, editable=False)
    counted_at = models.DateTimeField("计数时间", null=True, blank=True)
    approved_at = models.DateTimeField("审批时间", null=True, blank=True)
    # Who came and who went since last year, as it stood when the run was approved: later entries change no signed paper.
    bridge = models.JSONField("上年衔接", null=True, blank=True, editable=False)

    objects = AllowanceRunQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_at__isnull=False),
                name="model_workers_run_approved_at_some_time",
                violation_error_message="已审批的发放必须有审批时间。",
            ),
        )
        triggers = (
            ReadOnly(name="identity_fixed", fields=["union", "year"]),
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            FSM(
                name="moves_by_table",
                field="status",
                transitions=[
                    ("draft", "submitted"),
                    ("draft", "voided"),
                    ("returned", "submitted"),
                    ("returned", "voided"),
                    ("submitted", "draft"),
                    ("submitted", "checked"),
                    ("submitted", "returned"),
                    ("checked", "approved"),
                    ("checked", "returned"),
                ],
            ),
            Trigger(
                name="begins_as_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__status__df="draft") | pgtrigger.Q(new__round__df=0),
                func="""
                    RAISE EXCEPTION '新编制的发放名册只能是“编制中”。'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_run_begins_as_draft';
                """,
            ),
            Trigger(
                name="moves_by_decision",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                declare=[("decision", "public.model_workers_rundecision%ROWTYPE")],
                func=_MOVES_BY_DECISION,
            ),
            Trigger(
                name="basis_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("snapshot_on", "rule_id", "previous_id", "counted_at"),
                condition=~pgtrigger.Q(old__status__in=["draft", "returned"]),
                func=_RUN_FIXED,
            ),
            Trigger(
                name="result_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("approved_at", "bridge"),
                condition=~pgtrigger.Q(old__status="checked"),
                func=_RUN_FIXED,
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年荣誉津贴"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_RUN_STATUSES


# A turn of the key seals the same account anew and touches nothing else. That it is the same cannot be told here: the
# hash beside it stays, and whoever opens the account holds it against that.
_SEALED_ANEW = """
    TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'account' = to_jsonb(OLD) - 'account'
    AND length(NEW.account) = length(OLD.account) AND get_byte(NEW.account, 1) <> get_byte(OLD.account, 1)
"""

# Name inside the seals: never renamed.
LINE_ACCOUNT_COLUMN = "model_workers.allowanceline.account"


class AllowanceLine(models.Model):
    """What one person receives from one run. The facts stand as they were on the snapshot date, the account as it was
    counted: it alone is paid, whatever the register says later. Its hash is that of the register, to be compared with.
    """

    follows_merge = False

    run = models.ForeignKey(AllowanceRun, verbose_name="发放", on_delete=models.PROTECT, related_name="lines")
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="allowance_lines"
    )
    public_id = models.UUIDField("标识", default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField("姓名", max_length=40)
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
                fields=("run", "person"),
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
            ParentsLock(
                name="run_lock",
                unless=_SEALED_ANEW,
                parents="""
                    SELECT r.status FROM public.model_workers_allowancerun r
                    WHERE r.id IN (OLD.run_id, NEW.run_id) ORDER BY r.id FOR SHARE""",
                refusals={
                    "own.status NOT IN ('draft', 'returned')": (
                        "model_workers_run_lines_locked",
                        "发放名册已提交，不能修改。",
                    )
                },
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"


class RunDecision(models.Model):
    """One step of a run through its approval. Insert-only; within a round each step is taken by another person."""

    run = models.ForeignKey(
        AllowanceRun, verbose_name="发放", on_delete=models.PROTECT, related_name="decisions"
    )
    round = models.PositiveSmallIntegerField("送审轮次")
    action = models.CharField("事项", max_length=10)
    source = models.CharField("原状态", max_length=10, choices=RunStatus.choices)
    target = models.CharField("新状态", max_length=10, choices=RunStatus.choices)
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    roles = models.CharField("当时的角色", max_length=200)
    note = models.CharField("意见", max_length=500, blank=True)
    people = models.PositiveIntegerField("人数")
    amount = models.DecimalField("金额", max_digits=12, decimal_places=2)
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = "发放审批记录"
        verbose_name_plural = "发放审批记录"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("run", "round", "actor"),
                condition=Q(action__in=("submit", "check", "approve")),
                name="model_workers_rundecision_different_people",
                violation_error_message="编制、审核和审批必须由不同的人办理。",
            ),
        )
        triggers = (Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.run} {self.action}"
