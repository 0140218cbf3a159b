"""Plan → Edition: one budget of a union, year and book, and its versions."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models.reference import FiscalYear
from apps.budget.rules.stages import FINAL_STAGES, OPEN_STATUSES, Book, Stage, Status, edition_label
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly, Trigger


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
        triggers = (ReadOnly(name="identity_fixed", fields=["union", "fiscal_year", "book"]),)

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

    def final(self) -> "EditionQuerySet":
        """Editions in which a year's budget may end, the last first: an approved 批复 or 调剂."""
        return self.filter(status=Status.APPROVED, stage__in=FINAL_STAGES).order_by("-id")

    def for_detail(self) -> "EditionQuerySet":
        return self.select_related(
            "plan__union",
            "plan__fiscal_year",
            "based_on",
            "compared_with__plan__union",
            "compared_with__plan__fiscal_year",
            "submitted_by",
            "created_by",
            "last_decision",
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
    # Kept with the submission: what is printed of last year must not move when last year is adjusted again.
    compared_with = models.ForeignKey(
        "self",
        verbose_name="所比上年版本",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
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
            ReadOnly(
                name="identity_fixed",
                fields=["plan", "stage", "sequence", "based_on", "created_by", "created_at"],
            ),
            Protect(
                name="kept_once_submitted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__round__gt=0),
            ),
            Trigger(
                name="begins_as_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.status <> 'draft' OR NEW.round <> 0 OR NEW.minutes_number <> '' OR num_nonnulls(
                        NEW.last_decision_id, NEW.submitted_by_id, NEW.submitted_at, NEW.approved_at,
                        NEW.compared_with_id) > 0 THEN
                        RAISE EXCEPTION '新的版本只能是草稿。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_begins_as_draft';
                    END IF;
                    IF NEW.based_on_id IS NOT NULL THEN
                        PERFORM 1 FROM public.budget_edition b
                            WHERE b.id = NEW.based_on_id AND b.plan_id = NEW.plan_id AND b.status = 'approved';
                        IF NOT FOUND THEN
                            RAISE EXCEPTION '新的版本只能来自本预算已审定的版本。'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_follows_approved';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            # No status without a decision: every move needs its own new row in budget_decision, and who submitted,
            # when, which minutes and which round are what that row says.
            Trigger(
                name="moves_by_decision",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "status",
                    "round",
                    "last_decision",
                    "submitted_by",
                    "submitted_at",
                    "compared_with",
                    "approved_at",
                    "minutes_number",
                ),
                declare=[("decision", "public.budget_decision%ROWTYPE")],
                func="""
                    SELECT * INTO decision FROM public.budget_decision WHERE id = NEW.last_decision_id;
                    IF decision.id IS NULL OR decision.edition_id <> NEW.id OR OLD.status = NEW.status
                       OR decision.from_status <> OLD.status OR decision.to_status <> NEW.status
                       OR decision.id <= COALESCE(OLD.last_decision_id, 0) THEN
                        RAISE EXCEPTION '状态只能通过审批改变，轮次、提交和审定的记录随之改变。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_moves_by_decision';
                    END IF;
                    -- What is missing altogether is refused by the constraints of the table.
                    IF NEW.round <> decision.round
                       OR decision.action = 'submit' AND (
                            NEW.submitted_by_id <> decision.actor_id OR NEW.submitted_at <> decision.at)
                       OR decision.action <> 'submit' AND
                            (NEW.submitted_by_id, NEW.submitted_at, NEW.compared_with_id) IS DISTINCT FROM
                            (OLD.submitted_by_id, OLD.submitted_at, OLD.compared_with_id)
                       OR NEW.status = 'approved' AND (
                            NEW.approved_at <> decision.at
                            OR NEW.minutes_number NOT IN ('', decision.minutes_number))
                       OR NEW.status <> 'approved' AND
                            (NEW.approved_at, NEW.minutes_number) IS DISTINCT FROM
                            (OLD.approved_at, OLD.minutes_number) THEN
                        RAISE EXCEPTION '轮次、提交和审定的记录必须与审批记录一致。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_says_the_decision';
                    END IF;
                    IF decision.action = 'submit' AND NEW.compared_with_id IS NOT NULL THEN
                        PERFORM 1 FROM public.budget_edition e
                            JOIN public.budget_plan p ON p.id = e.plan_id JOIN public.budget_plan own ON own.id = NEW.plan_id
                            WHERE e.id = NEW.compared_with_id AND e.status = 'approved'
                            AND e.stage IN ('ratified', 'adjustment') AND p.union_id = own.union_id
                            AND p.book = own.book AND p.fiscal_year_id = own.fiscal_year_id - 1;
                        IF NOT FOUND THEN
                            RAISE EXCEPTION '只能与上年同一预算的批复或调剂比较。'
                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_compared_with_last_year';
                        END IF;
                    END IF;
                    RETURN NEW;
                """,
            ),
            Trigger(
                name="closed_year_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    PERFORM 1 FROM public.budget_plan p JOIN public.budget_fiscalyear y ON y.year = p.fiscal_year_id
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
        triggers = (
            ReadOnly(name="append_only", exclude=["undone_at"]),
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Protect(
                name="undone_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__undone_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.summary
