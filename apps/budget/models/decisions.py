"""What is decided on an edition: the steps of its approval, and the findings let stand with a reason."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.plans import Edition
from apps.budget.rules.stages import FLOW, Status
from apps.core.triggers import Protect, Trigger

_ONE_STEP = """
    SELECT * INTO own FROM public.budget_edition WHERE id = NEW.edition_id FOR NO KEY UPDATE;
    PERFORM 1 FROM (VALUES {steps}) AS step (action, source, target, track, needs_minutes)
        WHERE step.action = NEW.action AND step.source = NEW.from_status
        AND step.target = NEW.to_status AND (step.track IS NULL OR step.track = own.stage)
        AND (NEW.minutes_number <> '' OR NOT step.needs_minutes);
    IF NOT FOUND OR NEW.from_status <> own.status THEN
        RAISE EXCEPTION '这一步不在审批流程里，或缺少会议纪要文号。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_step_of_the_flow';
    END IF;
    PERFORM 1 FROM public.budget_decision d
        WHERE d.edition_id = own.id AND d.id > COALESCE(own.last_decision_id, 0);
    IF FOUND OR NEW.round <> own.round + (NEW.action = 'submit')::int THEN
        RAISE EXCEPTION '审批记录的轮次与版本不符，或上一步还没有生效。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_round_of_the_edition';
    END IF;
    IF NEW.action = 'withdraw' AND NEW.actor_id <> own.submitted_by_id THEN
        RAISE EXCEPTION '只有提交人可以撤回。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_withdrawn_by_submitter';
    END IF;
    SELECT COALESCE((SELECT SUM(l.amount) FROM public.budget_calcline l
                JOIN public.budget_item i ON i.id = l.item_id WHERE i.edition_id = own.id), 0)
           + COALESCE((SELECT SUM(a.amount) FROM public.budget_adjustment a
                JOIN public.budget_item i ON i.id = a.item_id
                JOIN public.budget_edition e ON e.id = i.edition_id
                WHERE e.plan_id = own.plan_id AND e.stage = own.stage
                AND e.sequence <= own.sequence AND i.lineage IN (
                    SELECT lineage FROM public.budget_item WHERE edition_id = own.id)), 0)
        INTO total;
    IF NEW.total_amount <> total THEN
        RAISE EXCEPTION '审批记录的合计与版本的合计不符。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_total_of_the_edition';
    END IF;
    RETURN NEW;
"""


def _steps() -> str:
    """The state table as rows of SQL: action, from, to, stage (null for all), whether the minutes are asked for."""
    return ", ".join(
        f"('{step.action}', '{source}', '{step.target}', {track}, {step.needs_minutes})"
        for step in FLOW.steps
        for source in step.sources
        for track in [f"'{track}'" for track in step.tracks] or ["NULL"]
    )


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
        triggers = (
            Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # The state table itself, the round and the total: a row that says anything else never comes in.
            Trigger(
                name="one_step_of_the_flow",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("own", "public.budget_edition%ROWTYPE"), ("total", "NUMERIC")],
                func=_ONE_STEP.format(steps=_steps()),
            ),
            # Checked at commit: a decision that moves nothing must not lie in wait for somebody to use it.
            Trigger(
                name="takes_effect",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    PERFORM 1 FROM public.budget_edition e WHERE e.id = NEW.edition_id AND e.last_decision_id >= NEW.id;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION '审批记录没有改变版本的状态。'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_takes_effect';
                    END IF;
                    RETURN NULL;
                """,
            ),
        )

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
            Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # A reason changes no content, so the state of the edition does not matter; a later edition ends it.
            Trigger(
                name="newest_edition_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM public.budget_edition own
                        JOIN public.budget_edition later ON later.plan_id = own.plan_id AND later.id > own.id
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
