"""推荐评选: a person proposed for an honour, and each step on the way to it."""

import uuid

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core.triggers import FSM, Protect
from apps.model_workers.models.honours import Honour, HonourTitle
from apps.model_workers.rules.nominations import ENDED_STATUSES, FLOW, SIDES, NominationStatus
from apps.people.models import Person


class NominationQuerySet(models.QuerySet["Nomination"]):
    def visible_to(self, user: User) -> "NominationQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)

    def for_list(self) -> "NominationQuerySet":
        return self.select_related("person__union", "person__unit", "title").order_by("-year", "-id")

    def for_detail(self) -> "NominationQuerySet":
        return self.select_related(
            "person__union", "person__unit", "title", "recommended_by", "honour", "created_by"
        ).defer("honour__scan")


@audit.tracked()
class Nomination(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="nominations"
    )
    title = models.ForeignKey(
        HonourTitle, verbose_name="拟授荣誉", on_delete=models.PROTECT, related_name="nominations"
    )
    year = models.PositiveSmallIntegerField("评选年度")
    recommended_by = models.ForeignKey(
        Union, verbose_name="推荐工会", on_delete=models.PROTECT, related_name="+"
    )
    merits = models.TextField("主要事迹", max_length=2000)
    status = models.CharField(
        "状态", max_length=12, choices=NominationStatus.choices, default=NominationStatus.DRAFT
    )
    notice_place = models.CharField("公示地点或网址", max_length=200, blank=True)
    notice_from = models.DateField("公示开始", null=True, blank=True)
    notice_until = models.DateField("公示结束", null=True, blank=True)
    objections = models.CharField("公示反映", max_length=500, blank=True)
    honour = models.OneToOneField(
        Honour,
        verbose_name="所成荣誉",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="nomination",
    )
    created_by = models.ForeignKey(User, verbose_name="录入人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("录入时间", default=timezone.now)

    objects = NominationQuerySet.as_manager()

    class Meta:
        verbose_name = "推荐评选"
        verbose_name_plural = "推荐评选"
        constraints = (
            models.UniqueConstraint(
                fields=("person", "title", "year"),
                condition=~Q(status__in=sorted(ENDED_STATUSES)),
                name="model_workers_nomination_one_open",
                violation_error_message="这个人本年度的这一荣誉已在评选中。",
            ),
            models.CheckConstraint(
                condition=Q(notice_until__isnull=True)
                | Q(notice_from__isnull=False, notice_until__gte=F("notice_from")),
                name="model_workers_nomination_notice_in_order",
                violation_error_message="公示结束不能早于开始。",
            ),
            models.CheckConstraint(
                condition=Q(status="approved", honour__isnull=False)
                | (~Q(status="approved") & Q(honour__isnull=True)),
                name="model_workers_nomination_becomes_an_honour",
                violation_error_message="审批授予的评选必须成为一项荣誉。",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("noticed", "approved")) | Q(notice_until__isnull=False),
                name="model_workers_nomination_approved_after_notice",
                violation_error_message="公示和授予必须有公示起止日期。",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(objections=""),
                name="model_workers_nomination_objections_known",
                violation_error_message="授予之前必须登记公示反映情况。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            # What was recommended is what is judged. A merge of two people may still move the person.
            Protect(
                name="content_lock",
                operation=pgtrigger.UpdateOf("title_id", "year", "recommended_by_id", "merits"),
                condition=pgtrigger.Q(old__status__in=[str(status) for status in NominationStatus][1:]),
            ),
            FSM(
                name="moves_by_table",
                field="status",
                transitions=[
                    (str(source), str(step.target)) for step in FLOW.steps for source in step.sources
                ],
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年{self.title} {self.person}"


class NominationStep(models.Model):
    """One step, with the person who took it. Insert-only."""

    nomination = models.ForeignKey(
        Nomination, verbose_name="评选", on_delete=models.PROTECT, related_name="steps"
    )
    action = models.CharField("事项", max_length=10)
    source = models.CharField("原状态", max_length=12, choices=NominationStatus.choices)
    target = models.CharField("新状态", max_length=12, choices=NominationStatus.choices)
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    roles = models.CharField("当时的角色", max_length=200)
    note = models.CharField("意见", max_length=500, blank=True)
    minutes_number = models.CharField("会议纪要文号", max_length=60, blank=True)
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = "评选办理记录"
        verbose_name_plural = "评选办理记录"
        ordering = ("id",)
        constraints = (
            # Whoever recommends does not review, whoever reviews does not approve, whatever roles they hold.
            ExclusionConstraint(
                name="model_workers_nominationstep_different_people",
                expressions=(
                    ("nomination", "="),
                    ("actor", "="),
                    (
                        Case(
                            *(When(action=action, then=Value(side)) for action, side in SIDES.items()),
                            output_field=IntegerField(),
                        ),
                        "<>",
                    ),
                ),
                condition=Q(action__in=sorted(SIDES)),
                violation_error_message="推荐、审查和审批必须由不同的人办理。",
            ),
        )
        triggers = (Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.nomination} {self.action}"
