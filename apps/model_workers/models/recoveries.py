"""What was paid too much and is to be recovered."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.models.guards import role_array
from apps.core import audit
from apps.core.triggers import Protect, Trigger, refuse
from apps.model_workers.models.allowances import AllowanceLine
from apps.model_workers.rules.allowances import CHECK, PREPARE


def _refuse(guard: str, sentence: str) -> str:
    return refuse(f"model_workers_recovery_{guard}", sentence)


_IN_ORDER = f"""
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'open' OR NEW.asked_by_id IS NOT NULL THEN
            {_refuse("begins_open", "列入追回的只能是“待追回”。")}
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.line_id, NEW.stopped_on, NEW.reason, NEW.amount, NEW.created_at)
        IS DISTINCT FROM (OLD.line_id, OLD.stopped_on, OLD.reason, OLD.amount, OLD.created_at) THEN
        {_refuse("facts_fixed", "列入追回的金额和原因不能修改。")}
    END IF;
    IF OLD.status IN ('recovered', 'waived') THEN
        {_refuse("settled_stays", "这一笔已办结，不能再改。")}
    END IF;
    IF NEW.status = 'waived' AND OLD.status <> 'waiving' THEN
        {_refuse("asked_first", "不再追回必须先由经办人提出申请。")}
    END IF;
    IF NEW.status <> 'waiving' OR OLD.status = 'waiving' THEN
        IF (NEW.asked_by_id, NEW.asked_at, NEW.asked_note)
            IS DISTINCT FROM (OLD.asked_by_id, OLD.asked_at, OLD.asked_note) THEN
            {_refuse("asking_kept", "申请的记录不能修改。")}
        END IF;
    END IF;
    RETURN NEW;
"""
# Whoever asks and whoever decides is the person at work, with the role for it at that moment; the owner alone, who
# writes demo and tests, says when.
_TWO_PEOPLE = f"""
    SELECT r.union_id INTO place FROM public.model_workers_allowanceline l
        JOIN public.model_workers_allowancerun r ON r.id = l.case_id WHERE l.id = NEW.line_id;
    IF NEW.status = 'waiving' AND OLD.status <> 'waiving' AND (NEW.asked_by_id <> public.house_actor()
        OR public.house_role(NEW.asked_by_id, {role_array(PREPARE)}, place) IS NULL) THEN
        {_refuse("asked_by_role", "申请不再追回的必须是正在办理的经办人。")}
    END IF;
    IF NEW.status = 'open' AND OLD.status = 'waiving' AND (OLD.asked_by_id = public.house_actor()
        OR public.house_role(public.house_actor(), {role_array(CHECK)}, place) IS NULL) THEN
        {_refuse("reopened_by_role", "仍要追回的，由申请人以外、正在办理的审核人办理。")}
    END IF;
    IF NEW.status = 'recovered' AND (NEW.settled_by_id <> public.house_actor()
        OR public.house_role(NEW.settled_by_id, {role_array(PREPARE)}, place) IS NULL) THEN
        {_refuse("recovered_by_role", "登记已追回的必须是正在办理的经办人。")}
    END IF;
    IF NEW.status = 'waived' AND (NEW.settled_by_id <> public.house_actor()
        OR public.house_role(NEW.settled_by_id, {role_array(CHECK)}, place) IS NULL) THEN
        {_refuse("waived_by_role", "同意不再追回的必须是正在办理的审核人。")}
    END IF;
    IF public.house_is_owner() THEN RETURN NEW; END IF;
    IF NEW.status = 'waiving' AND OLD.status <> 'waiving' THEN
        NEW.asked_at := public.house_now();
    ELSIF NEW.status IN ('recovered', 'waived') THEN
        NEW.settled_at := public.house_now();
    END IF;
    RETURN NEW;
"""  # noqa: S608


@audit.tracked()
class Recovery(models.Model):
    """Something paid for months after the entitlement had ended, to be recovered."""

    follows_merge = False

    class Status(models.TextChoices):
        OPEN = "open", "待追回"
        WAIVING = "waiving", "申请不再追回"
        RECOVERED = "recovered", "已追回"
        WAIVED = "waived", "不再追回"

    line = models.OneToOneField(
        AllowanceLine, verbose_name="发放明细", on_delete=models.PROTECT, related_name="recovery"
    )
    stopped_on = models.DateField("应停发日期")
    reason = models.CharField("原因", max_length=100)
    amount = models.DecimalField("多发金额", max_digits=9, decimal_places=2)
    status = models.CharField("状态", max_length=10, choices=Status.choices, default=Status.OPEN)
    # To let go, one asks and another decides.
    asked_by = models.ForeignKey(
        User, verbose_name="申请人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField("申请时间", null=True, blank=True)
    asked_note = models.CharField("申请理由", max_length=200, blank=True)
    settled_by = models.ForeignKey(
        User, verbose_name="办理人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField("办理时间", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)
    created_at = models.DateTimeField("列入时间", default=timezone.now)

    class Meta:
        verbose_name = "多发追回"
        verbose_name_plural = "多发追回"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="model_workers_recovery_positive",
                violation_error_message="多发金额必须大于 0。",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("open", "waiving"), settled_by__isnull=True, settled_at__isnull=True)
                | (
                    ~Q(status__in=("open", "waiving"))
                    & Q(settled_by__isnull=False, settled_at__isnull=False)
                    & ~Q(note="")
                ),
                name="model_workers_recovery_settled_by_someone",
                violation_error_message="追回或不再追回必须有办理人、时间和说明。",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("waiving", "waived"))
                | Q(asked_by__isnull=False, asked_at__isnull=False) & ~Q(asked_note=""),
                name="model_workers_recovery_waiver_asked_for",
                violation_error_message="不再追回必须先由经办人写明理由提出申请。",
            ),
            models.CheckConstraint(
                condition=~Q(status="waived") | ~Q(settled_by=F("asked_by")),
                name="model_workers_recovery_waived_by_another",
                violation_error_message="申请不再追回的人不能自己同意，请由别人审核。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Trigger(
                name="in_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_IN_ORDER,
            ),
            Trigger(
                name="two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                declare=[("place", "bigint")],
                func=_TWO_PEOPLE,
            ),
        )

    def __str__(self) -> str:
        return f"{self.line.name} {self.amount}"
