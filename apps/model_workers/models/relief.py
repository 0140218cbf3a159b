"""Relief for model workers in difficulty: dated lines and caps, cases, decisions."""

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.cases.models import Case, CaseQuerySet, Requirement, decision_of
from apps.core import audit
from apps.core.triggers import Trigger
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.relief import ENDED_STATUSES, FLOW, SAME_NAME, LineGroup, ReliefKind
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


class ReliefCaseQuerySet(CaseQuerySet):
    def for_list(self) -> "ReliefCaseQuerySet":
        return self.select_related("person__unit", "union", "standard").order_by("-id")

    def for_detail(self) -> "ReliefCaseQuerySet":
        return self.select_related(
            "person__union", "person__unit", "union", "standard__document", "created_by"
        )


# Less than the rule gives may be granted, more never; the standard is one for this kind, and for the people whom the
# register says it is, unless somebody wrote why not.
_WITHIN_STANDARD = """
    SELECT s.kind AS kind, s."group" AS people, s.line AS line, s.cap AS cap INTO standard
    FROM public.model_workers_reliefstandard s WHERE s.id = NEW.standard_id;
    IF standard.kind <> NEW.kind THEN
        RAISE EXCEPTION '适用标准与救助种类不符。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_reliefcase_standard_of_kind';
    END IF;
    IF NEW.register_group NOT IN ('', standard.people) AND NEW.group_reason = '' THEN
        RAISE EXCEPTION '适用人员与名册登记的不同，必须写明理由。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_reliefcase_group_explained';
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
    IF NEW.amount < most AND NEW.lower_reason = '' THEN
        RAISE EXCEPTION '救助金额 % 元低于按标准计算的 % 元，必须写明少发理由。', NEW.amount, most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_reliefcase_lower_explained';
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class ReliefCase(Case):
    """One relief for one person in one year; the kinds exclude each other. Its union is the one that decides it."""

    flow, measured, reads, pages = FLOW, "amount", "model_worker.read", "model_workers:relief"
    ended = ENDED_STATUSES
    requires = (
        Requirement(
            "not_for_a_namesake",
            SAME_NAME,
            "NOT EXISTS (SELECT FROM public.people_person p JOIN public.accounts_user u ON u.full_name = p.name"
            " WHERE p.id = own.person_id AND u.id = {actor})",
        ),
        Requirement(
            "year_open",
            "该年度已关闭，这一年的救助不能再办理。",
            "NOT EXISTS (SELECT FROM public.budget_fiscalyear y WHERE y.year = own.year AND y.closed_at IS NOT NULL)",
        ),
    )
    follows_merge = False  # frozen once submitted: it stays with the row it was decided for

    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="relief_cases"
    )
    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("种类", max_length=8, choices=ReliefKind.choices)
    standard = models.ForeignKey(
        ReliefStandard, verbose_name="适用标准", on_delete=models.PROTECT, related_name="cases"
    )
    # Whose line the register gives this person on the day; empty where it says nothing.
    register_group = models.CharField(
        "名册登记的适用人员", max_length=10, choices=LineGroup.choices, blank=True
    )
    group_reason = models.CharField("与名册不同的理由", max_length=150, blank=True)
    monthly_income = models.DecimalField(
        "本人月均收入（元）", max_digits=9, decimal_places=2, null=True, blank=True
    )
    months = models.PositiveSmallIntegerField("月数", null=True, blank=True)
    amount = models.DecimalField("救助金额（元）", max_digits=9, decimal_places=2)
    lower_reason = models.CharField("少发理由", max_length=150, blank=True)
    circumstances = models.CharField("困难情况", max_length=500)

    objects = ReliefCaseQuerySet.as_manager()  # type: ignore[misc]

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
            Trigger(
                name="within_standard",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf(
                    "kind",
                    "standard_id",
                    "register_group",
                    "group_reason",
                    "monthly_income",
                    "months",
                    "amount",
                    "lower_reason",
                ),
                declare=[("standard", "RECORD"), ("most", "NUMERIC")],
                func=_WITHIN_STANDARD,
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年{self.get_kind_display()} {self.person}"


ReliefDecision = decision_of(ReliefCase)
