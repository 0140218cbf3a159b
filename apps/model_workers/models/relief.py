"""Relief for model workers in difficulty: dated lines and caps, cases, decisions."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.triggers import Protect, Trigger
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.relief import ENDED_STATUSES, LineGroup, ReliefKind, ReliefStatus
from apps.people.models import Person


@audit.tracked()
class ReliefStandard(Dated):
    """For 生活困难救助 a line a month and a cap a month; for the other kinds the highest amount of one grant."""

    kind = models.CharField("种类", max_length=8, choices=ReliefKind.choices)
    group = models.CharField("适用人员", max_length=10, choices=LineGroup.choices)
    line = models.DecimalField("救助线（元/月）", max_digits=9, decimal_places=2, null=True, blank=True)
    cap = models.DecimalField(
        "最高额（元）", max_digits=9, decimal_places=2, help_text="生活困难救助按月，其余按次"
    )

    class Meta:
        verbose_name = "救助标准"
        verbose_name_plural = "救助标准"
        ordering = ("-valid_from", "kind", "group")
        constraints = (
            *dated_constraints(
                "model_workers_reliefstandard",
                "kind",
                "group",
                message="这一种类和人员在所填期间已有标准，期间不能重叠。",
            ),
            models.CheckConstraint(
                condition=Q(kind="living", line__isnull=False, line__gt=0, cap__gt=0)
                | (~Q(kind="living") & Q(line__isnull=True, cap__gt=0)),
                name="model_workers_reliefstandard_sound",
                violation_error_message="生活困难救助要有救助线和每月最高额，其他种类只有每次最高额。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_group_display()}"


class ReliefCaseQuerySet(models.QuerySet["ReliefCase"]):
    def visible_to(self, user: User) -> "ReliefCaseQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)

    def live(self) -> "ReliefCaseQuerySet":
        return self.exclude(status__in=ENDED_STATUSES)

    def for_list(self) -> "ReliefCaseQuerySet":
        return self.select_related("person__union", "person__unit", "standard").order_by("-id")

    def for_detail(self) -> "ReliefCaseQuerySet":
        return self.select_related("person__union", "person__unit", "standard__document", "created_by")


# Less than the rule gives may be granted, more never; and the standard is one for this kind.
_WITHIN_STANDARD = """
    SELECT s.kind AS kind, s.line AS line, s.cap AS cap INTO standard
    FROM public.model_workers_reliefstandard s WHERE s.id = NEW.standard_id;
    IF standard.kind <> NEW.kind THEN
        RAISE EXCEPTION '适用标准与救助种类不符。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_reliefcase_standard_of_kind';
    END IF;
    IF NEW.kind = 'living' THEN
        most := LEAST(standard.cap, GREATEST(standard.line - NEW.monthly_income, 0)) * NEW.months;
    ELSE
        most := standard.cap;
    END IF;
    IF NEW.amount > most THEN
        RAISE EXCEPTION '救助金额 % 元超过按标准计算的 % 元。', NEW.amount, most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_reliefcase_within_standard';
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class ReliefCase(models.Model):
    """One relief for one person in one year; the kinds exclude each other."""

    follows_merge = False  # frozen once submitted: it stays with the row it was decided for

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="relief_cases"
    )
    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("种类", max_length=8, choices=ReliefKind.choices)
    standard = models.ForeignKey(
        ReliefStandard, verbose_name="适用标准", on_delete=models.PROTECT, related_name="cases"
    )
    monthly_income = models.DecimalField(
        "本人月均收入（元）", max_digits=9, decimal_places=2, null=True, blank=True
    )
    months = models.PositiveSmallIntegerField("月数", null=True, blank=True)
    amount = models.DecimalField("救助金额（元）", max_digits=9, decimal_places=2)
    circumstances = models.CharField("困难情况", max_length=500)
    status = models.CharField("状态", max_length=10, choices=ReliefStatus.choices, default=ReliefStatus.DRAFT)
    round = models.PositiveSmallIntegerField("送审轮次", default=0)
    created_by = models.ForeignKey(User, verbose_name="录入人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("录入时间", default=timezone.now)

    objects = ReliefCaseQuerySet.as_manager()

    class Meta:
        verbose_name = "困难救助"
        verbose_name_plural = "困难救助"
        constraints = (
            models.UniqueConstraint(
                fields=("person", "year"),
                condition=~Q(status__in=sorted(ENDED_STATUSES)),
                name="model_workers_reliefcase_one_a_year",
                violation_error_message="这个人本年度已有一项救助；三类救助一年内不能重复享受。",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="model_workers_reliefcase_positive",
                violation_error_message="救助金额必须大于 0。",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="living",
                    monthly_income__isnull=False,
                    monthly_income__gte=0,
                    months__isnull=False,
                    months__gte=1,
                    months__lte=12,
                )
                | (~Q(kind="living") & Q(monthly_income__isnull=True, months__isnull=True)),
                name="model_workers_reliefcase_income_known",
                violation_error_message="生活困难救助必须填写本人月均收入和月数（1 至 12），其他种类不填。",
            ),
            models.CheckConstraint(
                condition=~Q(circumstances=""),
                name="model_workers_reliefcase_explained",
                violation_error_message="必须写明困难情况。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Protect(
                name="content_lock",
                operation=pgtrigger.UpdateOf(
                    "person_id",
                    "year",
                    "kind",
                    "standard_id",
                    "monthly_income",
                    "months",
                    "amount",
                    "circumstances",
                ),
                condition=pgtrigger.Q(
                    old__status__in=["submitted", "checked", "approved", "rejected", "withdrawn"]
                ),
            ),
            Trigger(
                name="within_standard",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("kind", "standard_id", "monthly_income", "months", "amount"),
                declare=[("standard", "RECORD"), ("most", "NUMERIC")],
                func=_WITHIN_STANDARD,
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年{self.get_kind_display()} {self.person}"


class ReliefDecision(models.Model):
    """One step of a case. Insert-only; within a round each step is taken by another person."""

    case = models.ForeignKey(
        ReliefCase, verbose_name="救助", on_delete=models.PROTECT, related_name="decisions"
    )
    round = models.PositiveSmallIntegerField("送审轮次")
    action = models.CharField("事项", max_length=10)
    source = models.CharField("原状态", max_length=10, choices=ReliefStatus.choices)
    target = models.CharField("新状态", max_length=10, choices=ReliefStatus.choices)
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    roles = models.CharField("当时的角色", max_length=200)
    note = models.CharField("意见", max_length=500, blank=True)
    amount = models.DecimalField("金额", max_digits=9, decimal_places=2)
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = "救助审批记录"
        verbose_name_plural = "救助审批记录"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("case", "round", "actor"),
                condition=Q(action__in=("submit", "check", "approve", "reject")),
                name="model_workers_reliefdecision_different_people",
                violation_error_message="录入、审核和审批必须由不同的人办理。",
            ),
        )
        triggers = (Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.case} {self.action}"
