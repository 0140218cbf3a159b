"""Yearly medical exam (体检): the roster by rule, slips, hospitals, who came, and the hospital's bill."""

from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Case, CaseRow, Requirement, decision_of, of_case
from apps.cases.models.rows import ROW_OPERATIONS
from apps.cases.rules.closing import FORWARD
from apps.core import audit
from apps.core.triggers import Trigger, refuse
from apps.model_workers.models.periods import Dated, dated_constraints
from apps.model_workers.rules.exams import FLOW
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


_ROSTER = "FROM public.model_workers_examinvitation i WHERE i.case_id = own.id"
_CAME = "i.attended_on IS NOT NULL"
# What a hospital billed of an exam, and how many people came there.
_BILL = "public.model_workers_exambill b"
_SEEN_THERE = (
    "(SELECT count(*) FROM public.model_workers_examinvitation i"
    f" WHERE (i.case_id, i.hospital_id) = (b.case_id, b.hospital_id) AND {_CAME})"
)


@audit.tracked()
class Exam(Case):
    """The exam of one year. One person submits it with its bills, another closes it; then nothing of it moves."""

    flow, reads = FLOW, "model_worker.read"
    pages, named_by = "model_workers:exam", "pk"
    # 人数 are the people the bills pay for.
    measured = (
        "SELECT COALESCE(sum(b.amount), 0) AS amount, COALESCE(sum(b.people), 0) AS count"
        f" FROM {_BILL} WHERE b.case_id = own.id"
    )
    requires = (
        Requirement("has_roster", "名册里没有人，不能办理。", f"EXISTS (SELECT {_ROSTER})", FORWARD),
        Requirement(
            "everybody_answered",
            "名册里还有人没有登记到检或未检原因。",
            f"NOT EXISTS (SELECT {_ROSTER} AND i.attended_on IS NULL AND i.absence = '')",
            FORWARD,
        ),
        Requirement(
            "everything_billed",
            "有人到检的医院还没有全部结算。",
            f"NOT EXISTS (SELECT {_ROSTER} AND {_CAME} AND NOT EXISTS"
            f" (SELECT FROM {_BILL} WHERE (b.case_id, b.hospital_id) = (i.case_id, i.hospital_id)))",
            FORWARD,
        ),
        Requirement(
            "year_open",
            "该年度已关闭，这一年的体检不能再办理。",
            "NOT EXISTS (SELECT FROM public.budget_fiscalyear y WHERE y.year = own.year AND y.closed_at IS NOT NULL)",
        ),
    )

    year = models.PositiveSmallIntegerField("年度")
    snapshot_on = models.DateField("名册日期")
    rule = models.ForeignKey(ExamRule, verbose_name="规则", on_delete=models.PROTECT, related_name="exams")
    starts_on = models.DateField("体检开始")
    ends_on = models.DateField("体检结束")
    # What the budget gives, where no calculation line of that year is bound to the number of people invited.
    budget_amount = models.DecimalField(
        "预算金额（元）", max_digits=12, decimal_places=2, null=True, blank=True
    )

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
        )

    def __str__(self) -> str:
        return f"{self.year}年体检"


ExamDecision = decision_of(Exam)


class _OfBills(Trigger):
    """Roster and bills agree. Judged once a statement, after the guard of the case, which lets one writer of an exam in
    at a time: hence the names behind `of_case`."""

    when, level = pgtrigger.After, pgtrigger.Statement
    about: str

    def __init__(self, operation: Any) -> None:
        old = "old_rows" if operation in (pgtrigger.Update, pgtrigger.Delete) else None
        new = "new_rows" if operation in (pgtrigger.Update, pgtrigger.Insert) else None
        self.rows = [name for name in (old, new) if name]
        super().__init__(
            name=f"{self.about}_{str(operation).lower()}",
            operation=operation,
            referencing=pgtrigger.Referencing(old=old, new=new),
        )


class BilledIsFixed(_OfBills):
    """A bill says how many came: whoever it counts stays, and nobody is added to them, until the bill is taken back."""

    about = "roster_billed"

    def get_func(self, model: Any) -> str:
        came = [f"SELECT i.id, i.case_id, i.hospital_id FROM {name} i WHERE {_CAME}" for name in self.rows]
        moved = (
            " UNION ALL ".join(f"({one} EXCEPT {other})" for one, other in (came, came[::-1]))
            if len(came) > 1
            else came[0]
        )
        return f"""
            IF EXISTS (SELECT FROM ({moved}) m JOIN {_BILL} ON (b.case_id, b.hospital_id) = (m.case_id, m.hospital_id)) THEN
                {refuse("model_workers_invitation_billed", "这家医院已结算，到检人数不能再变；请先撤销结算。")}
            END IF;
            RETURN NULL;
        """


class CountsWhoCame(_OfBills):
    about = "sums_of_roster"

    def get_func(self, model: Any) -> str:
        return f"""
            IF EXISTS (SELECT FROM new_rows b WHERE b.people <> {_SEEN_THERE}) THEN
                {refuse("model_workers_bill_counts_who_came", "结算人数与该医院到检人数不一致。")}
            END IF;
            RETURN NULL;
        """


class ExamInvitationQuerySet(models.QuerySet["ExamInvitation"]):
    def visible_to(self, user: User) -> "ExamInvitationQuerySet":
        """Of exams in reach, people in reach: whoever was handed over to another county is that county's matter."""
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(
            case__union__path__startswith=user.union.path, person__union__path__startswith=user.union.path
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
class ExamInvitation(CaseRow):
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

    case = of_case(Exam, related_name="invitations")
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
                fields=("case", "person"),
                name="model_workers_invitation_once",
                violation_error_message="名册里一个人只能有一行。",
            ),
            models.UniqueConstraint(
                fields=("case", "slip_number"),
                name="model_workers_invitation_slip_once",
                violation_error_message="同一次体检里通知单号不能重复。",
            ),
            models.CheckConstraint(
                condition=Q(attended_on__isnull=True) | Q(absence="", hospital__isnull=False),
                name="model_workers_invitation_came_or_not",
                violation_error_message="到检的必须有医院，且不能同时填写未检原因。",
            ),
        )
        triggers = tuple(BilledIsFixed(operation) for operation in ROW_OPERATIONS)

    def __str__(self) -> str:
        return f"{self.case} {self.slip_number}"


@audit.tracked()
class ExamBill(CaseRow):
    """A hospital's bill: people who came times the rate, to the fen."""

    case = of_case(Exam, related_name="bills")
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
                fields=("case", "hospital"),
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
        triggers = tuple(CountsWhoCame(operation) for operation in (pgtrigger.Insert, pgtrigger.Update))

    def __str__(self) -> str:
        return f"{self.case} {self.hospital}"
