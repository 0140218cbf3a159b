"""Plan → Edition: one budget of a union, year and book, and its versions."""

from collections.abc import Callable
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models.reference import FiscalYear
from apps.budget.rules.stages import (
    FINAL_STAGES,
    FLOW,
    OPEN_STATUSES,
    Book,
    Stage,
    Status,
    edition_label,
)
from apps.cases.models import Case, CaseQuerySet, decision_of
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly, Trigger, refuse


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


_TOTAL = """SELECT
    COALESCE((SELECT sum(l.amount) FROM public.budget_calcline l
        JOIN public.budget_item i ON i.id = l.item_id WHERE i.edition_id = own.id), 0)
    + COALESCE((SELECT sum(a.amount) FROM public.budget_adjustment a
        JOIN public.budget_item i ON i.id = a.item_id
        JOIN public.budget_edition e ON e.id = i.edition_id
        WHERE e.plan_id = own.plan_id AND e.stage = own.stage AND e.sequence <= own.sequence
        AND i.lineage IN (SELECT k.lineage FROM public.budget_item k WHERE k.edition_id = own.id)), 0) AS amount,
    (SELECT count(*) FROM public.budget_item i WHERE i.edition_id = own.id) AS count"""
"""What is decided upon: the lines of the edition and all adjustments up to it, in yuan; and the number of items."""

_LAST_YEAR = """SELECT max(e.id) FROM public.budget_edition e
    JOIN public.budget_plan p ON p.id = e.plan_id
    JOIN public.budget_plan now ON now.id = own.plan_id
    WHERE e.status = 'approved' AND e.stage IN ('ratified', 'adjustment')
    AND (p.union_id, p.book, p.fiscal_year_id) = (now.union_id, now.book, now.fiscal_year_id - 1)"""

_BEGINS = f"""
    SELECT p.union_id, y.closed_at INTO place FROM public.budget_plan p
        JOIN public.budget_fiscalyear y ON y.year = p.fiscal_year_id WHERE p.id = NEW.plan_id FOR SHARE OF y;
    IF place.closed_at IS NOT NULL THEN
        {refuse("budget_edition_year_open", "该年度已关闭，不能再开启新的版本。")}
    END IF;
    IF NEW.union_id <> place.union_id THEN
        {refuse("budget_edition_union_of_plan", "版本属于它的预算的工会。")}
    END IF;
    PERFORM 1 FROM public.budget_edition b
        WHERE b.id = NEW.based_on_id AND b.plan_id = NEW.plan_id AND b.status = 'approved';
    IF NOT FOUND AND NEW.based_on_id IS NOT NULL THEN
        {refuse("budget_edition_follows_approved", "新的版本只能来自本预算已审定的版本。")}
    END IF;
    RETURN NEW;
"""


class EditionQuerySet(CaseQuerySet):
    def open(self) -> "EditionQuerySet":
        return self.filter(status__in=OPEN_STATUSES)

    def final(self) -> "EditionQuerySet":
        """Editions in which a year's budget may end, the last first: an approved 批复 or 调剂."""
        return self.filter(status=Status.APPROVED, stage__in=FINAL_STAGES).order_by("-id")

    def for_detail(self) -> "EditionQuerySet":
        """With the steps taken and the people who took them, in two queries however many editions there are."""
        return self.select_related(
            "plan__union", "plan__fiscal_year", "based_on", "created_by"
        ).prefetch_related("decisions__actor", "decisions__stands_in_for")


@audit.tracked()
class Edition(Case):
    """One version of a plan, and the case of its approval. Its content can change only while it is a draft or returned."""

    flow, measured, routed_by, on_cards = FLOW, _TOTAL, "own.stage", True
    counted, reads, pages, named_by = "个项目", "budget.read", "budget:edition", "pk"
    # Kept with the submission: what is printed of last year must not move when last year is adjusted again.
    keeps: ClassVar = {"compared_with": _LAST_YEAR}

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
    decisions: Any
    """Its steps, first to last; each an EditionDecision."""

    reason = models.CharField("更正理由", max_length=300, blank=True)

    objects: ClassVar[Any] = EditionQuerySet.as_manager()

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
                condition=Q(sequence=1) | (Q(sequence__gte=1) & (Q(stage=Stage.ADJUSTMENT) | ~Q(reason=""))),
                name="budget_edition_repeat_says_why",
                violation_error_message="更正已审定的版本必须说明理由。",
            ),
        )
        triggers = (
            Trigger(
                name="begins_in_place",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("place", "RECORD")],
                func=_BEGINS,
            ),
            Trigger(
                name="place_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("plan", "stage", "sequence", "based_on"),
                func=refuse("budget_edition_place_fixed", "版本属于哪个预算、哪个阶段不能改变。"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan} {self.label}"

    @property
    def url(self) -> str:
        return reverse("budget:edition_grid", args=[self.pk])

    @property
    def label(self) -> str:
        return edition_label(self.stage, self.sequence)

    @property
    def submission(self) -> Any | None:
        """The step with which this round was opened; None for a draft that was never submitted."""
        return self._last(lambda step: step.verb == "submit")

    @property
    def approval(self) -> Any | None:
        """The step with which it was settled."""
        return self._last(lambda step: step.target == Status.APPROVED)

    @property
    def acted(self) -> list[Any]:
        """The steps of the present round that still count."""
        return [step for step in self.decisions.all() if step.round == self.round and step.verb != "withdraw"]

    @property
    def last_step(self) -> Any | None:
        return self._last(lambda step: True)

    def _last(self, fits: Callable[[Any], bool]) -> Any | None:
        return next((step for step in [*self.decisions.all()][::-1] if fits(step)), None)

    @property
    def minutes(self) -> str:
        """会议纪要文号 of the meeting that settled it."""
        return self.approval.minutes if self.approval is not None else ""

    @property
    def compared_with_id(self) -> int | None:
        """Last year's edition as it was found when this one was submitted."""
        return None if self.submission is None else self.submission.facts["compared_with"]


EditionDecision = decision_of(Edition)


class GridChangeQuerySet(models.QuerySet["GridChange"]):
    def visible_to(self, user: User) -> "GridChangeQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


class GridChange(models.Model):
    """One pasted block or import, with what stood there before, so that one undo takes it back as a whole."""

    class Kind(models.TextChoices):
        PASTE = "paste", "粘贴"
        IMPORT = "import", "导入"

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="grid_changes"
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
