"""Yearly medical exam (体检): the roster by rule, slips, hospitals, who came, and the hospital's bill."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core import audit
from apps.core.triggers import ParentsLock, Protect, Trigger
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.honours import Level
from apps.people.models import Person


@audit.tracked()
class ExamRule(Dated):
    """Who is invited and what an exam may cost. “市级及以上” is all three levels."""

    levels = ArrayField(models.CharField(max_length=10, choices=Level.choices), verbose_name="荣誉级别")
    minimum_age = models.PositiveSmallIntegerField(
        "最低年龄", null=True, blank=True, help_text="不限年龄的留空；按快照日计算"
    )
    rate = models.DecimalField("每人标准（元）", max_digits=9, decimal_places=2)

    class Meta:
        verbose_name = "体检规则"
        verbose_name_plural = "体检规则"
        ordering = ("-valid_from",)
        constraints = (
            *dated_constraints("model_workers_examrule", message="所填期间已有体检规则，期间不能重叠。"),
            models.CheckConstraint(
                condition=Q(rate__gt=0) & Q(levels__len__gt=0),
                name="model_workers_examrule_sound",
                violation_error_message="每人标准必须大于 0 元，并至少选择一个荣誉级别。",
            ),
        )

    def __str__(self) -> str:
        return f"体检规则 {self.period_words}"


@audit.tracked()
class Hospital(models.Model):
    name = models.CharField("医院", max_length=80, unique=True)
    address = models.CharField("地址", max_length=120, blank=True)
    phone = models.CharField("预约电话", max_length=20, blank=True)
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = "体检医院"
        verbose_name_plural = "体检医院"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ExamQuerySet(models.QuerySet["Exam"]):
    def visible_to(self, user: User) -> "ExamQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)


_CLOSED_IS_FINAL = """
    RAISE EXCEPTION '本年度体检已办结，不能修改。'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_exam_locked';
"""


@audit.tracked()
class Exam(models.Model):
    """The exam of one year. Closed when the bills are in; then nothing changes any more."""

    union = models.ForeignKey(Union, verbose_name="工会", on_delete=models.PROTECT, related_name="exams")
    year = models.PositiveSmallIntegerField("年度")
    snapshot_on = models.DateField("名册日期")
    rule = models.ForeignKey(ExamRule, verbose_name="规则", on_delete=models.PROTECT, related_name="exams")
    starts_on = models.DateField("体检开始")
    ends_on = models.DateField("体检结束")
    created_by = models.ForeignKey(User, verbose_name="建立人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("建立时间", default=timezone.now)
    # What the budget gives, where no calculation line of that year is bound to the number of people invited.
    budget_amount = models.DecimalField(
        "预算金额（元）", max_digits=12, decimal_places=2, null=True, blank=True
    )
    closed_by = models.ForeignKey(
        User, verbose_name="办结人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)

    objects = ExamQuerySet.as_manager()

    class Meta:
        verbose_name = "体检"
        verbose_name_plural = "体检"
        ordering = ("-year",)
        constraints = (
            models.UniqueConstraint(
                fields=("union", "year"),
                name="model_workers_exam_once",
                violation_error_message="该工会本年度已有体检安排。",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="model_workers_exam_days_in_order",
                violation_error_message="体检结束不能早于开始。",
            ),
            models.CheckConstraint(
                condition=Q(budget_amount__isnull=True) | Q(budget_amount__gte=0),
                name="model_workers_exam_budget_not_negative",
                violation_error_message="预算金额不能是负数。",
            ),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True, closed_at__isnull=True)
                | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="model_workers_exam_closed_by_someone",
                violation_error_message="办结必须有办结人和时间。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Trigger(
                name="closed_is_final",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
                func=_CLOSED_IS_FINAL,
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年体检"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def _exam_lock() -> ParentsLock:
    return ParentsLock(
        name="exam_lock",
        parents="""
            SELECT e.closed_at FROM public.model_workers_exam e
            WHERE e.id IN (OLD.exam_id, NEW.exam_id) ORDER BY e.id FOR SHARE""",
        refusals={"own.closed_at IS NOT NULL": ("model_workers_exam_locked", "本年度体检已办结，不能修改。")},
    )


# A bill says how many came: whoever it counts stays as he is, and nobody is added to them, until the bill is taken back.
_BILLED_IS_FIXED = """
    IF (OLD.attended_on IS NOT NULL, OLD.exam_id, OLD.hospital_id)
       IS DISTINCT FROM (NEW.attended_on IS NOT NULL, NEW.exam_id, NEW.hospital_id)
       AND EXISTS (
            SELECT FROM public.model_workers_exambill b
            WHERE OLD.attended_on IS NOT NULL AND (b.exam_id, b.hospital_id) = (OLD.exam_id, OLD.hospital_id)
               OR NEW.attended_on IS NOT NULL AND (b.exam_id, b.hospital_id) = (NEW.exam_id, NEW.hospital_id))
    THEN
        RAISE EXCEPTION '这家医院已结算，到检人数不能再变；请先撤销结算。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_invitation_billed';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


class ExamInvitationQuerySet(models.QuerySet["ExamInvitation"]):
    def visible_to(self, user: User) -> "ExamInvitationQuerySet":
        """Of exams in reach, people in reach: whoever was handed over to another county is that county's matter."""
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(
            exam__union__path__startswith=user.union.path, person__union__path__startswith=user.union.path
        )

    def attended(self) -> "ExamInvitationQuerySet":
        return self.filter(attended_on__isnull=False)

    def absent(self) -> "ExamInvitationQuerySet":
        return self.exclude(absence="")

    def pending(self) -> "ExamInvitationQuerySet":
        """Nothing recorded yet: neither that the person came nor why not."""
        return self.filter(attended_on__isnull=True, absence="")

    def for_list(self) -> "ExamInvitationQuerySet":
        return self.select_related("person__union", "person__unit", "hospital").order_by("slip_number")


@audit.tracked(in_bulk=True)
class ExamInvitation(models.Model):
    """One person on the roster: the slip, the hospital, and whether the person came or why not."""

    follows_merge = (
        False  # a slip was printed for the row it names; the roster of an open exam is brought up to date
    )

    class Absence(models.TextChoices):
        ILL = "ill", "住院或行动不便"
        AWAY = "away", "在外地"
        ELSEWHERE = "elsewhere", "已在单位体检"
        DECLINED = "declined", "本人不参加"
        UNREACHED = "unreached", "联系不上"
        DIED = "died", "去世"

    exam = models.ForeignKey(Exam, verbose_name="体检", on_delete=models.PROTECT, related_name="invitations")
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="exams")
    slip_number = models.PositiveIntegerField("通知单号")
    hospital = models.ForeignKey(
        Hospital, verbose_name="医院", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    attended_on = models.DateField("到检日期", null=True, blank=True)
    absence = models.CharField("未检原因", max_length=10, choices=Absence.choices, blank=True)

    objects = ExamInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "体检名册"
        verbose_name_plural = "体检名册"
        ordering = ("slip_number",)
        constraints = (
            models.UniqueConstraint(
                fields=("exam", "person"),
                name="model_workers_invitation_once",
                violation_error_message="名册里一个人只能有一行。",
            ),
            models.UniqueConstraint(
                fields=("exam", "slip_number"),
                name="model_workers_invitation_slip_once",
                violation_error_message="同一次体检里通知单号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(attended_on__isnull=True) | Q(absence="", hospital__isnull=False),
                name="model_workers_invitation_came_or_not",
                violation_error_message="到检的必须有医院，且不能同时填写未检原因。",
            ),
        )
        triggers = (
            _exam_lock(),
            Trigger(
                name="billed_is_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_BILLED_IS_FIXED,
            ),
        )

    def __str__(self) -> str:
        return f"{self.exam} {self.slip_number}"


_BILL_COUNTS_WHO_CAME = """
    SELECT count(*) INTO came FROM public.model_workers_examinvitation i
    WHERE i.exam_id = NEW.exam_id AND i.hospital_id = NEW.hospital_id AND i.attended_on IS NOT NULL;
    IF came <> NEW.people THEN
        RAISE EXCEPTION '结算人数 % 与该医院到检人数 % 不一致。', NEW.people, came
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_bill_counts_who_came';
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class ExamBill(models.Model):
    """A hospital's bill: people who came times the rate, to the fen."""

    exam = models.ForeignKey(Exam, verbose_name="体检", on_delete=models.PROTECT, related_name="bills")
    hospital = models.ForeignKey(Hospital, verbose_name="医院", on_delete=models.PROTECT, related_name="+")
    people = models.PositiveIntegerField("人数")
    rate = models.DecimalField("每人（元）", max_digits=9, decimal_places=2)
    amount = models.DecimalField("金额（元）", max_digits=12, decimal_places=2)
    invoice_number = models.CharField("发票号码", max_length=40)
    billed_on = models.DateField("结算日期")
    created_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        verbose_name = "体检结算"
        verbose_name_plural = "体检结算"
        ordering = ("billed_on", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("exam", "hospital"),
                name="model_workers_bill_once",
                violation_error_message="这家医院本年度已结算。",
            ),
            models.UniqueConstraint(
                fields=("invoice_number",),
                name="model_workers_bill_invoice_once",
                violation_error_message="这个发票号码已登记。",
            ),
            models.CheckConstraint(
                condition=Q(amount=F("people") * F("rate")),
                name="model_workers_bill_is_people_times_rate",
                violation_error_message="结算金额必须等于人数 × 每人标准。",
            ),
        )
        triggers = (
            _exam_lock(),
            Trigger(
                name="counts_who_came",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("came", "INTEGER")],
                func=_BILL_COUNTS_WHO_CAME,
            ),
        )

    def __str__(self) -> str:
        return f"{self.exam} {self.hospital}"
