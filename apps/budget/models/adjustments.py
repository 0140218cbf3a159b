"""Adjustment: what moves on an item after 批复."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import CaseRow
from apps.core import audit
from apps.core.triggers import ReadOnly, Trigger


@audit.tracked()
class Adjustment(CaseRow):
    """One movement after 批复, on one item. A transfer is two rows of one pair that add up to zero."""

    case_path = "item__edition"

    class Kind(models.TextChoices):
        TRANSFER = "transfer", "调剂"
        ADDITION = "addition", "追加"
        CUT = "cut", "追减"

    item = models.ForeignKey(
        "budget.Item", verbose_name="项目", on_delete=models.PROTECT, related_name="adjustments"
    )
    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    amount = models.DecimalField(
        "金额（元）", max_digits=14, decimal_places=2, help_text="调入、追加为正，调出、追减为负"
    )
    pair = models.UUIDField("调剂对", null=True, blank=True)
    reason = models.CharField("理由", max_length=300)
    created_by = models.ForeignKey(User, verbose_name="录入人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("录入时间", default=timezone.now)

    class Meta:
        verbose_name = "预算调整"
        verbose_name_plural = "预算调整"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="transfer", pair__isnull=False) & ~Q(amount=0)
                | Q(kind="addition", pair__isnull=True, amount__gt=0)
                | Q(kind="cut", pair__isnull=True, amount__lt=0),
                name="budget_adjustment_sign_fits_kind",
                violation_error_message="追加的金额为正，追减为负，调剂必须成对。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="budget_adjustment_has_reason",
                violation_error_message="预算调整必须说明理由。",
            ),
        )
        triggers = (
            ReadOnly(name="identity_fixed", fields=["item"]),
            Trigger(
                name="after_ratification",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM public.budget_item i JOIN public.budget_edition e ON e.id = i.edition_id
                        WHERE i.id = NEW.item_id AND e.stage <> 'adjustment';
                    IF FOUND THEN
                        RAISE EXCEPTION '只有批复后的调剂版本可以登记调剂、追加、追减。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_after_ratification';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # Checked at commit: within a transaction a giver may stand low until what it takes is there.
            Trigger(
                name="item_covers",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                func="""
                    PERFORM 1 FROM public.budget_item i JOIN public.budget_edition e ON e.id = i.edition_id
                        WHERE i.id IN (OLD.item_id, NEW.item_id)
                        AND COALESCE((SELECT SUM(l.amount) FROM public.budget_calcline l WHERE l.item_id = i.id), 0)
                            + COALESCE((SELECT SUM(a.amount) FROM public.budget_adjustment a
                                JOIN public.budget_item moved ON moved.id = a.item_id
                                JOIN public.budget_edition since ON since.id = moved.edition_id
                                WHERE moved.lineage = i.lineage AND since.plan_id = e.plan_id
                                AND since.stage = e.stage AND since.sequence <= e.sequence), 0) < 0;
                    IF FOUND THEN
                        RAISE EXCEPTION '项目调整后的金额不能小于 0。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_item_covers';
                    END IF;
                    RETURN NULL;
                """,
            ),
            # Checked at commit, when both rows of a transfer are there.
            Trigger(
                name="transfer_balances",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                timing=pgtrigger.Deferred,
                func="""
                    PERFORM 1 FROM public.budget_adjustment WHERE pair IN (OLD.pair, NEW.pair)
                        GROUP BY pair HAVING SUM(amount) <> 0 OR COUNT(*) <> 2;
                    IF FOUND THEN
                        RAISE EXCEPTION '调剂的调出与调入必须相等。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_transfer_balances';
                    END IF;
                    RETURN NULL;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
