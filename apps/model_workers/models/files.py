"""The file of a model worker: treatment with its own basis, the events of its life, the biennial review."""

import pgtrigger
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.budget.models import PolicyDocument
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly, Trigger
from apps.model_workers.rules.files import FileAction, FileStatus
from apps.model_workers.rules.honours import Level
from apps.people.models import Person


class WorkerFileQuerySet(models.QuerySet["WorkerFile"]):
    def visible_to(self, user: User) -> "WorkerFileQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)


@audit.tracked(in_bulk=True)
class WorkerFile(models.Model):
    """Which treatment a person enjoys, by which document. Made with the first honour."""

    # In a merge of two people the kept one's file stands; the other's stays with the row it belonged to.
    yields_in_merge = True

    person = models.OneToOneField(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="worker_file"
    )
    number = models.CharField("档案号", max_length=40, blank=True)
    managed_by = models.CharField("归口管理单位", max_length=60, blank=True)
    treatment_level = models.CharField("享受待遇级别", max_length=10, choices=Level.choices, blank=True)
    treatment_document = models.ForeignKey(
        PolicyDocument,
        verbose_name="待遇依据",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    archive_reference = models.CharField(
        "档案出处", max_length=100, blank=True, help_text="登记表及档案页码，或证明原件"
    )
    note = models.CharField("备注", max_length=200, blank=True)
    opened_by = models.ForeignKey(User, verbose_name="建档人", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("建档时间", default=timezone.now, editable=False)

    objects = WorkerFileQuerySet.as_manager()

    class Meta:
        verbose_name = "劳模档案"
        verbose_name_plural = "劳模档案"
        constraints = (
            models.CheckConstraint(
                condition=Q(treatment_level="", treatment_document__isnull=True)
                | (~Q(treatment_level="") & Q(treatment_document__isnull=False)),
                name="model_workers_file_treatment_has_basis",
                violation_error_message="享受待遇级别必须有依据文件。",
            ),
            models.UniqueConstraint(
                fields=("number",),
                condition=~Q(number=""),
                name="model_workers_file_number_once",
                violation_error_message="这个档案号已有人使用。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} {self.number}".strip()


class FileEventQuerySet(models.QuerySet["FileEvent"]):
    def visible_to(self, user: User) -> "FileEventQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)

    def valid(self) -> "FileEventQuerySet":
        return self.filter(void_decision__isnull=True)

    def status_on(self, as_of: object) -> Coalesce:
        """Expression for a queryset of people: the state of the file at the end of that day."""
        latest = self.valid().filter(person=OuterRef("pk"), effective_on__lte=as_of)
        return Coalesce(
            Subquery(latest.order_by("-effective_on", "-id").values("target")[:1]),
            models.Value(FileStatus.VALID.value),
        )


# An event is what the decision says that made it; it is taken back by a decision on the same change.
_BY_DECISION = """
    SELECT d.verb, c.action, c.effective_on, c.document, c.id AS case_id, COALESCE(p.merged_into_id, p.id) AS person_id
        INTO step FROM public.model_workers_filechangedecision d
        JOIN public.model_workers_filechange c ON c.id = d.case_id
        JOIN public.people_person p ON p.id = c.person_id WHERE d.id = NEW.decision_id;
    IF TG_OP = 'INSERT' AND (step.verb IS DISTINCT FROM 'approve' OR NEW.void_decision_id IS NOT NULL
       OR (NEW.action, NEW.effective_on, NEW.document, NEW.person_id)
          IS DISTINCT FROM (step.action, step.effective_on, step.document, step.person_id)) THEN
        RAISE EXCEPTION '档案状态变动必须与两人办理的审批一致。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_fileevent_by_its_decision';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.void_decision_id IS DISTINCT FROM OLD.void_decision_id THEN
        PERFORM 1 FROM public.model_workers_filechangedecision d WHERE d.id = NEW.void_decision_id
            AND d.verb = 'void' AND d.case_id = step.case_id AND OLD.void_decision_id IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION '档案状态变动只能由两人办理作废。'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_fileevent_voided_by_decision';
        END IF;
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class FileEvent(models.Model):
    """暂停, 恢复 or 撤销 from a day on: what counting reads of an approved change."""

    # In a merge of two people: of two events on one day the kept person's counts.
    yields_in_merge = True

    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="file_events"
    )
    action = models.CharField("事项", max_length=8, choices=FileAction.choices)
    target = models.CharField("之后的状态", max_length=10, choices=FileStatus.choices)
    effective_on = models.DateField("生效日期")
    document = models.CharField("文件", max_length=200)
    decision = models.OneToOneField(
        "model_workers.FileChangeDecision",
        verbose_name="审批",
        on_delete=models.PROTECT,
        editable=False,
        related_name="file_event",
    )
    void_decision = models.OneToOneField(
        "model_workers.FileChangeDecision",
        verbose_name="作废审批",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="voided_event",
    )

    objects = FileEventQuerySet.as_manager()

    class Meta:
        verbose_name = "档案状态变动"
        verbose_name_plural = "档案状态变动"
        ordering = ("-effective_on", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(action="suspend", target="suspended")
                | Q(action="resume", target="valid")
                | Q(action="revoke", target="revoked"),
                name="model_workers_fileevent_target_follows_action",
                violation_error_message="状态与所办事项不符。",
            ),
            models.UniqueConstraint(
                fields=("person", "effective_on"),
                condition=Q(void_decision__isnull=True),
                name="model_workers_fileevent_one_a_day",
                violation_error_message="这个人在这一天已有一次状态变动。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            ReadOnly(
                name="facts_are_fixed",
                fields=["action", "target", "effective_on", "document", "decision"],
            ),
            Trigger(
                name="by_its_decision",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("void_decision_id"),
                declare=[("step", "RECORD")],
                func=_BY_DECISION,
            ),
        )

    def __str__(self) -> str:
        return f"{self.effective_on} {self.get_action_display()}"


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: User) -> "ReviewQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)


@audit.tracked(in_bulk=True)
class Review(models.Model):
    """One person in one biennial review (邯郸, 铜陵: every two years); open until somebody entered the outcome."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "情况属实"
        CHANGED = "changed", "情况有变"
        DOUBTFUL = "doubtful", "存疑待查"

    year = models.PositiveSmallIntegerField("复核年度")
    union = models.ForeignKey(Union, verbose_name="承办工会", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="reviews")
    due_on = models.DateField("办结期限")
    outcome = models.CharField("结果", max_length=10, choices=Outcome.choices, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    done_by = models.ForeignKey(
        User, verbose_name="复核人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField("复核时间", null=True, blank=True)
    created_by = models.ForeignKey(User, verbose_name="布置人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("布置时间", default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "复核"
        verbose_name_plural = "复核"
        ordering = ("-year", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("year", "person"),
                name="model_workers_review_once",
                violation_error_message="这个人本次复核已布置。",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", done_by__isnull=True, done_at__isnull=True)
                | (~Q(outcome="") & Q(done_by__isnull=False, done_at__isnull=False)),
                name="model_workers_review_done_by_someone",
                violation_error_message="复核结果必须有复核人和时间。",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=("", "confirmed")) | ~Q(note=""),
                name="model_workers_review_change_explained",
                violation_error_message="情况有变或存疑的必须写明说明。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年复核 {self.person}"
