"""Plan → Edition: one budget of a union, year and book, and its versions with their decisions."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models.reference import FiscalYear
from apps.budget.rules.stages import OPEN_STATUSES, Book, Stage, Status, edition_label
from apps.core import audit


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, user: User) -> "PlanQuerySet":
        """Plans of the user's own union and of those below it; nothing without the right to read budgets."""
        if not user.may("budget.read"):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)

    def for_list(self) -> "PlanQuerySet":
        return (
            self.select_related("union", "fiscal_year")
            .prefetch_related("editions")
            .order_by("-fiscal_year_id", "union__path", "book")
        )


@audit.tracked()
class Plan(models.Model):
    """The budget of one union for one year in one book."""

    union = models.ForeignKey(Union, verbose_name="工会", on_delete=models.PROTECT, related_name="plans")
    fiscal_year = models.ForeignKey(
        FiscalYear, verbose_name="年度", on_delete=models.PROTECT, related_name="plans"
    )
    book = models.CharField("预算体系", max_length=10, choices=Book.choices)
    created_by = models.ForeignKey(User, verbose_name="建立人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = "预算"
        verbose_name_plural = "预算"
        constraints = (
            models.UniqueConstraint(
                fields=("union", "fiscal_year", "book"),
                name="budget_plan_once",
                violation_error_message="该工会本年度的这一预算体系已有预算，请直接打开。",
            ),
        )
        triggers = (pgtrigger.ReadOnly(name="identity_fixed", fields=["union", "fiscal_year", "book"]),)

    def __str__(self) -> str:
        return f"{self.union.name}{self.year}年{self.get_book_display()}"

    @property
    def year(self) -> int:
        return self.fiscal_year_id


class EditionQuerySet(models.QuerySet["Edition"]):
    def visible_to(self, user: User) -> "EditionQuerySet":
        return self.filter(plan__in=Plan.objects.visible_to(user))

    def open(self) -> "EditionQuerySet":
        return self.filter(status__in=OPEN_STATUSES)

    def for_detail(self) -> "EditionQuerySet":
        return self.select_related(
            "plan__union", "plan__fiscal_year", "based_on", "submitted_by", "created_by", "last_decision"
        )


@audit.tracked()
class Edition(models.Model):
    """One version of a plan. Its content can change only while it is a draft or returned; the database sees to it."""

    plan = models.ForeignKey(Plan, verbose_name="预算", on_delete=models.PROTECT, related_name="editions")
    stage = models.CharField("阶段", max_length=12, choices=Stage.choices)
    sequence = models.PositiveSmallIntegerField("次数", default=1)
    based_on = models.ForeignKey(
        "self",
        verbose_name="来自版本",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="followers",
    )
    status = models.CharField("状态", max_length=14, choices=Status.choices, default=Status.DRAFT)
    # Counts the submissions: each round of approval has its own set of people.
    round = models.PositiveSmallIntegerField("送审轮次", default=0)
    last_decision = models.OneToOneField(
        "budget.Decision",
        verbose_name="最近审批",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    submitted_by = models.ForeignKey(
        User, verbose_name="提交人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    approved_at = models.DateTimeField("审定时间", null=True, blank=True)
    minutes_number = models.CharField("会议纪要文号", max_length=60, blank=True)
    created_by = models.ForeignKey(User, verbose_name="建立人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = "预算版本"
        verbose_name_plural = "预算版本"
        ordering = ("plan", "created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "stage", "sequence"),
                name="budget_edition_once",
                violation_error_message="本预算的这一阶段已有版本。",
            ),
            models.UniqueConstraint(
                fields=("plan",),
                condition=~Q(status=Status.APPROVED),
                name="budget_edition_one_open",
                violation_error_message="本预算还有未审定的版本，同一时间只能有一个。",
            ),
            models.CheckConstraint(
                condition=Q(sequence=1) | (Q(stage=Stage.ADJUSTMENT) & Q(sequence__gte=1)),
                name="budget_edition_only_adjustments_repeat",
                violation_error_message="只有调剂可以有多次。",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.DRAFT) | Q(submitted_by__isnull=False, submitted_at__isnull=False),
                name="budget_edition_submitted_by_someone",
                violation_error_message="已提交的版本必须有提交人和提交时间。",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.APPROVED) | Q(approved_at__isnull=False),
                name="budget_edition_approved_at_some_time",
                violation_error_message="已审定的版本必须有审定时间。",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.APPROVED)
                | ~Q(stage__in=(Stage.FIRST_UP, Stage.SECOND_UP, Stage.ADJUSTMENT))
                | ~Q(minutes_number=""),
                name="budget_edition_approved_with_minutes",
                violation_error_message="会议审定必须填写会议纪要文号。",
            ),
        )
        triggers = (
            pgtrigger.ReadOnly(
                name="identity_fixed", fields=["plan", "stage", "sequence", "based_on", "created_by"]
            ),
            pgtrigger.Protect(
                name="kept_once_submitted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__round__gt=0),
            ),
            # No status without a decision: every move needs its own new row in budget_decision.
            pgtrigger.Trigger(
                name="moves_by_decision",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                declare=[("decision", "budget_decision%ROWTYPE")],
                func="""
                    SELECT * INTO decision FROM budget_decision WHERE id = NEW.last_decision_id;
                    IF decision.id IS NULL OR decision.edition_id <> NEW.id OR decision.from_status <> OLD.status
                       OR decision.to_status <> NEW.status OR decision.id <= COALESCE(OLD.last_decision_id, 0) THEN
                        RAISE EXCEPTION '状态只能通过审批改变。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_moves_by_decision';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="closed_year_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    PERFORM 1 FROM budget_plan p JOIN budget_fiscalyear y ON y.year = p.fiscal_year_id
                        WHERE p.id = NEW.plan_id AND y.closed_at IS NOT NULL;
                    IF FOUND THEN
                        RAISE EXCEPTION '该年度已关闭，不能再修改。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_year_open';
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan} {self.label}"

    @property
    def label(self) -> str:
        return edition_label(self.stage, self.sequence)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES and not self.plan.fiscal_year.is_closed


class OfEditionQuerySet(models.QuerySet):
    """Rows that hang on an edition are seen by those who see the edition."""

    def visible_to(self, user: User) -> "OfEditionQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


class Decision(models.Model):
    """One step of the approval, with the person, the role at that time, the opinion and the total. Insert-only."""

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="decisions"
    )
    round = models.PositiveSmallIntegerField("送审轮次")
    action = models.CharField("动作", max_length=10)
    label = models.CharField("动作名称", max_length=20)
    from_status = models.CharField("原状态", max_length=14, choices=Status.choices)
    to_status = models.CharField("新状态", max_length=14, choices=Status.choices)
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    roles = models.CharField("当时角色", max_length=200)
    note = models.CharField("意见", max_length=500, blank=True)
    minutes_number = models.CharField("会议纪要文号", max_length=60, blank=True)
    total_amount = models.DecimalField("当时合计", max_digits=16, decimal_places=2)
    at = models.DateTimeField("时间", default=timezone.now)

    objects = OfEditionQuerySet.as_manager()

    class Meta:
        verbose_name = "审批记录"
        verbose_name_plural = "审批记录"
        ordering = ("id",)
        constraints = (
            # One person acts once in a round: whoever submitted cannot check, whoever checked cannot approve.
            models.UniqueConstraint(
                fields=("edition", "round", "actor"),
                condition=~Q(action="withdraw"),
                name="budget_decision_one_step_a_person",
                violation_error_message="同一轮送审中，每人只能办理一个环节：提交、审核、审批必须由不同的人办理。",
            ),
            models.CheckConstraint(
                condition=~Q(action="return") | ~Q(note=""),
                name="budget_decision_return_has_opinion",
                violation_error_message="退回必须填写意见。",
            ),
            models.CheckConstraint(
                condition=~Q(from_status=F("to_status")),
                name="budget_decision_moves",
                violation_error_message="审批必须改变状态。",
            ),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.label} {self.actor}"


class Waiver(models.Model):
    """A soft finding let stand, with the reason and the person. Insert-only."""

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="waivers"
    )
    fingerprint = models.CharField("问题指纹", max_length=64)
    code = models.CharField("规则", max_length=40)
    message = models.CharField("问题", max_length=500)
    reason = models.CharField("理由", max_length=500)
    waived_by = models.ForeignKey(User, verbose_name="接受人", on_delete=models.PROTECT, related_name="+")
    waived_at = models.DateTimeField("时间", default=timezone.now)

    objects = OfEditionQuerySet.as_manager()

    class Meta:
        verbose_name = "校验说明"
        verbose_name_plural = "校验说明"
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "fingerprint"),
                name="budget_waiver_once",
                violation_error_message="这个问题已有说明。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="budget_waiver_has_reason",
                violation_error_message="保留问题必须说明理由。",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # A reason changes no content, so the state of the edition does not matter; a later edition ends it.
            pgtrigger.Trigger(
                name="newest_edition_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM budget_edition own
                        JOIN budget_edition later ON later.plan_id = own.plan_id AND later.id > own.id
                        WHERE own.id = NEW.edition_id;
                    IF FOUND THEN
                        RAISE EXCEPTION '本预算已开启后续版本，本版本不再补充说明。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_waiver_newest_edition';
                    END IF;
                    RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return self.message


class GridChangeQuerySet(models.QuerySet["GridChange"]):
    def visible_to(self, user: User) -> "GridChangeQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


class GridChange(models.Model):
    """One pasted block or import, with what stood there before, so that one undo takes it back as a whole."""

    class Kind(models.TextChoices):
        PASTE = "paste", "粘贴"
        IMPORT = "import", "导入"

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.CASCADE, related_name="grid_changes"
    )
    kind = models.CharField("类型", max_length=6, choices=Kind.choices)
    summary = models.CharField("摘要", max_length=200)
    # [{"table": "line"|"item", "id": 1, "version": 5, "before": {...}|null}] – null means the row was new.
    changes = models.JSONField("变动")
    actor = models.ForeignKey(User, verbose_name="操作人", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", default=timezone.now)
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)

    objects = GridChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "批量变动"
        verbose_name_plural = "批量变动"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.summary
