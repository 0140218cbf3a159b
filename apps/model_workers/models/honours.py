"""Honours: what was awarded, many to a person. An honour is not treatment."""

import uuid
from datetime import date

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.triggers import Protect, Trigger
from apps.model_workers.rules.honours import Category, Level
from apps.people.models import Person


@audit.tracked()
class HonourTitle(models.Model):
    """A kind of honour. Whether it counts at all is told here; whether it counts towards an allowance, by the rule."""

    name = models.CharField("荣誉称号", max_length=60, unique=True)
    level = models.CharField("级别", max_length=10, choices=Level.choices)
    category = models.CharField("类别", max_length=8, choices=Category.choices)
    is_model_worker = models.BooleanField("属于劳模荣誉", default=True)
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = "荣誉称号"
        verbose_name_plural = "荣誉称号"
        ordering = ("level", "name")

    def __str__(self) -> str:
        return self.name


class HonourQuerySet(models.QuerySet["Honour"]):
    def visible_to(self, user: User) -> "HonourQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(person__union__path__startswith=user.union.path)

    def standing(self) -> "HonourQuerySet":
        """Neither voided nor revoked."""
        return self.filter(voided_at__isnull=True, revoked_on__isnull=True)

    def standing_on(self, day: date) -> "HonourQuerySet":
        """Awarded by that day, not voided, and not revoked by then (as selectors.counting reads it)."""
        return self.filter(
            Q(revoked_on__isnull=True) | Q(revoked_on__gt=day), awarded_on__lte=day, voided_at__isnull=True
        )

    def without_scan(self) -> "HonourQuerySet":
        """Honours nobody has seen the certificate of."""
        return self.filter(scan_sha256="")

    def for_list(self) -> "HonourQuerySet":
        """Without the bytes of the certificates."""
        return self.select_related("title").defer("scan").order_by("-awarded_on", "-id")

    def for_detail(self) -> "HonourQuerySet":
        return self.for_list().select_related("title", "created_by", "voided_by")


# What an approval grants is what was nominated, to whom it was nominated for, after its notice; nothing hangs itself on
# an approval later.
_OF_NOMINATION = """
    IF TG_OP = 'UPDATE' AND NEW.decision_id IS DISTINCT FROM OLD.decision_id THEN
        RAISE EXCEPTION '荣誉与评选审批的对应关系不能改变。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_honour_by_its_decision';
    END IF;
    IF NEW.decision_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT d.verb, d.round, c.title_id, COALESCE(p.merged_into_id, p.id) AS person_id, (
            SELECT max(n.last_on) FROM public.model_workers_nominationnotice n
            JOIN public.model_workers_nominationdecision o ON o.id = n.decision_id
            WHERE o.case_id = c.id AND o.round = d.round) AS last_on
        INTO step FROM public.model_workers_nominationdecision d
        JOIN public.model_workers_nomination c ON c.id = d.case_id
        JOIN public.people_person p ON p.id = c.person_id WHERE d.id = NEW.decision_id;
    IF step.verb IS DISTINCT FROM 'approve' OR NEW.title_id <> step.title_id
       OR TG_OP = 'INSERT' AND NEW.person_id <> step.person_id THEN
        RAISE EXCEPTION '由评选授予的荣誉必须与审批的人和荣誉一致。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_honour_by_its_decision';
    END IF;
    IF (NEW.awarded_on > step.last_on) IS NOT TRUE THEN
        RAISE EXCEPTION '由评选授予的荣誉，表彰日期应在公示结束以后。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_honour_after_notice';
    END IF;
    RETURN NEW;
"""

# Revoked and given back by the decision just taken on a change that names this honour, and as it says.
_STATUS_BY_DECISION = """
    IF TG_OP = 'INSERT' THEN
        IF NEW.revoked_on IS NULL AND NEW.revoked_document = '' AND NEW.status_decision_id IS NULL THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '新登记的荣誉不能是已撤销的。'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_honour_begins_standing';
    END IF;
    IF (NEW.revoked_on, NEW.revoked_document, NEW.status_decision_id)
       IS NOT DISTINCT FROM (OLD.revoked_on, OLD.revoked_document, OLD.status_decision_id) THEN
        RETURN NEW;
    END IF;
    SELECT d.verb, c.action, c.effective_on, c.document INTO step FROM public.model_workers_filechangedecision d
        JOIN public.model_workers_filechange c ON c.id = d.case_id AND c.decided = d.number
        JOIN public.model_workers_filechangehonour r ON r.case_id = c.id AND r.honour_id = NEW.id
        WHERE d.id = NEW.status_decision_id AND d.id > COALESCE(OLD.status_decision_id, 0);
    IF step.verb = 'approve' AND step.action IN ('revoke', 'revoke_honour')
       AND NEW.revoked_on = step.effective_on AND NEW.revoked_document = step.document
       OR (step.verb = 'approve' AND step.action = 'restore_honour'
           OR step.verb = 'void' AND step.action IN ('revoke', 'revoke_honour'))
       AND NEW.revoked_on IS NULL AND NEW.revoked_document = '' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '荣誉的撤销和恢复只能由两人按文件办理。'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'model_workers_honour_changed_by_decision';
"""


@audit.tracked(exclude=("scan",), in_bulk=True)
class Honour(models.Model):
    """One award. A wrong entry is voided with a reason; a revoked honour stays, with the day and the document.

    The history keeps the SHA-256 of a scan, not the scan itself.
    """

    # In a merge of two people: entered for both, one of them is voided.
    same_when = ("title", "awarded_on")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="honours")
    title = models.ForeignKey(
        HonourTitle, verbose_name="荣誉称号", on_delete=models.PROTECT, related_name="honours"
    )
    awarded_on = models.DateField("表彰日期")
    session = models.CharField("届次", max_length=40, blank=True)
    awarding_body = models.CharField("表彰机关", max_length=100)
    document_number = models.CharField("表彰文号", max_length=60, blank=True)
    certificate_number = models.CharField("证书编号", max_length=60, blank=True)
    scan = models.BinaryField("证书扫描件", null=True, editable=False)
    scan_name = models.CharField("扫描件文件名", max_length=100, blank=True, editable=False)
    scan_sha256 = models.CharField("扫描件 SHA-256", max_length=64, blank=True, editable=False)
    note = models.CharField("备注", max_length=200, blank=True)
    revoked_on = models.DateField("撤销日期", null=True, blank=True)
    revoked_document = models.CharField("撤销文件", max_length=200, blank=True)
    # The decision that revoked it, or gave it back, last.
    status_decision = models.ForeignKey(
        "model_workers.FileChangeDecision",
        verbose_name="撤销或恢复的审批",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    # The approval of a nomination that made it; empty for what was entered from a certificate.
    decision = models.OneToOneField(
        "model_workers.NominationDecision",
        verbose_name="评选审批",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="honour",
    )
    created_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)
    voided_by = models.ForeignKey(
        User, verbose_name="作废人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    voided_at = models.DateTimeField("作废时间", null=True, blank=True)
    void_reason = models.CharField("作废理由", max_length=200, blank=True)

    objects = HonourQuerySet.as_manager()

    class Meta:
        verbose_name = "荣誉"
        verbose_name_plural = "荣誉"
        ordering = ("-awarded_on", "-id")
        indexes = (
            models.Index(
                fields=("person", "awarded_on"),
                condition=Q(voided_at__isnull=True),
                include=("title", "revoked_on"),
                name="model_workers_honour_standing",
            ),
        )
        constraints = (
            # Duplicates of the same award (10.3-6): the same title on the same day by the same document.
            models.UniqueConstraint(
                fields=("person", "title", "awarded_on"),
                condition=Q(voided_at__isnull=True),
                name="model_workers_honour_once",
                violation_error_message="这个人在同一天的同一荣誉已登记，不能重复登记。",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
                name="model_workers_honour_void_has_reason",
                violation_error_message="作废必须写明理由和作废人。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Trigger(
                name="of_nomination",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("decision_id", "title_id", "awarded_on"),
                declare=[("step", "RECORD")],
                func=_OF_NOMINATION,
            ),
            Trigger(
                name="status_by_decision",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("revoked_on", "revoked_document", "status_decision_id"),
                declare=[("step", "RECORD")],
                func=_STATUS_BY_DECISION,
            ),
        )

    def __str__(self) -> str:
        return f"{self.awarded_on:%Y} {self.title}"
