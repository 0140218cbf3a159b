"""Printing and issuing: background print jobs and the issued documents that can never change."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.models.guards import STOOD_IN_FOR, role_array
from apps.budget.models.plans import Edition
from apps.budget.rules.stages import FLOW
from apps.core.constraints import hash_fits_bytes
from apps.core.triggers import Protect, Trigger, refuse


class Style(models.TextChoices):
    GONGWEN = "gongwen", "公文版式"
    BOOK = "book", "预算文本版式"


_ISSUED = f"""
    SELECT c.* INTO own FROM public.budget_edition c WHERE c.id = NEW.edition_id FOR NO KEY UPDATE;
    IF own.status <> 'approved' THEN
        {refuse("budget_issueddocument_of_approved", "只有已审定的版本可以签发。")}
    END IF;
    PERFORM 1 FROM public.budget_plan p JOIN public.budget_fiscalyear y ON y.year = p.fiscal_year_id
        WHERE p.id = own.plan_id AND y.closed_at IS NULL FOR SHARE OF y;
    IF NOT FOUND THEN
        {refuse("budget_issueddocument_year_open", "该年度已关闭，不能再签发。")}
    END IF;
    IF NEW.issued_by_id <> public.house_actor() THEN
        {refuse("budget_issueddocument_issued_by_actor", "签发人必须是正在办理的人。")}
    END IF;
    held := public.house_role(NEW.issued_by_id, {role_array("budget.issue")}, own.union_id);
    IF held IS NULL THEN
        {refuse("budget_issueddocument_issued_by_role", "签发人此刻没有签发的权限。")}
    END IF;
    -- Whoever is stood in for is printed inside too.
    IF NEW.stands_in_for_id IS DISTINCT FROM {STOOD_IN_FOR} THEN
        {refuse("budget_issueddocument_stands_in_as_held", "签发人代理谁，与授权不符，请重新签发。")}
    END IF;
    hands := array_remove(ARRAY[NEW.issued_by_id, NEW.stands_in_for_id], NULL);
    PERFORM 1 FROM public.budget_editiondecision d
        WHERE d.case_id = own.id AND d.duty = '{FLOW.enters}' AND ARRAY[d.actor_id, d.stands_in_for_id] && hands;
    IF FOUND OR own.editors && hands THEN
        {refuse("budget_issueddocument_issued_by_other", "录入或提交过本版本的人不能签发它。")}
    END IF;
    SELECT count(*) INTO earlier FROM public.budget_issueddocument i
        WHERE i.edition_id = NEW.edition_id AND i.style = NEW.style;
    IF NEW.sequence <> earlier + 1 THEN
        {refuse("budget_issueddocument_in_order", "签发次数必须逐次相接。")}
    END IF;
    -- The time is printed inside, so it is the writer's; it must be that of the print.
    IF NOT public.house_is_owner() AND NEW.issued_at NOT BETWEEN
            public.house_now() - interval '1 hour' AND public.house_now() + interval '1 minute' THEN
        {refuse("budget_issueddocument_issued_now", "签发时间必须是打印时的时间。")}
    END IF;
    RETURN NEW;
"""
"""Issuing moves no edition, so it is no step of the Flow: it may come again, and nobody waits for it."""


class IssuedDocumentQuerySet(models.QuerySet["IssuedDocument"]):
    def visible_to(self, user: User) -> "IssuedDocumentQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))

    def for_list(self) -> "IssuedDocumentQuerySet":
        """Without the bytes: a list must not read megabytes."""
        return (
            self.defer("pdf", "snapshot")
            .select_related("edition__plan__union", "issued_by", "stands_in_for")
            .order_by("-id")
        )


class IssuedDocument(models.Model):
    """A signed-off explanation: the bytes, their SHA-256 and the data behind them. A correction is a new row."""

    edition = models.ForeignKey(Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="issued")
    style = models.CharField("版式", max_length=8, choices=Style.choices)
    sequence = models.PositiveSmallIntegerField("签发次数", default=1)
    reason = models.CharField("更正理由", max_length=300, blank=True)
    title = models.CharField("标题", max_length=200)
    pdf = models.BinaryField("PDF")
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    page_count = models.PositiveIntegerField("页数")
    snapshot = models.JSONField("数据快照")
    fonts = models.JSONField("所用字体")
    waived = models.JSONField("保留问题")
    issued_by = models.ForeignKey(User, verbose_name="签发人", on_delete=models.PROTECT, related_name="+")
    stands_in_for = models.ForeignKey(
        User, verbose_name="代理", on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    issued_at = models.DateTimeField("签发时间", default=timezone.now)

    objects = IssuedDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "已签发说明"
        verbose_name_plural = "已签发说明"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "style", "sequence"),
                name="budget_issueddocument_once",
                violation_error_message="这一版式的这一次签发已经存在。",
            ),
            models.CheckConstraint(
                condition=Q(sequence=1) | ~Q(reason=""),
                name="budget_issueddocument_correction_has_reason",
                violation_error_message="更正签发必须说明理由。",
            ),
            hash_fits_bytes("budget_issueddocument_hash_fits_bytes", content="pdf"),
        )
        triggers = (
            Protect(name="never_changes", operation=pgtrigger.Update | pgtrigger.Delete),
            Trigger(
                name="issued_in_place",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("own", "RECORD"), ("earlier", "bigint"), ("held", "text"), ("hands", "bigint[]")],
                func=_ISSUED,
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def issuer(self) -> str:
        """Who issued it; a stand-in with both names, as printed inside."""
        return self.issued_by.in_place_of(self.stands_in_for)


class PrintJob(models.Model):
    """One printing in the background, with its progress and, when it is a draft, its result."""

    class Status(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "正在生成"
        DONE = "done", "已完成"
        FAILED = "failed", "未完成"

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="print_jobs"
    )
    style = models.CharField("版式", max_length=8, choices=Style.choices)
    is_issue = models.BooleanField("签发", default=False)
    reason = models.CharField("更正理由", max_length=300, blank=True)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField("进展", max_length=60, blank=True)
    percent = models.PositiveSmallIntegerField("百分比", default=0)
    message = models.CharField("结果", max_length=500, blank=True)
    pdf = models.BinaryField("PDF", null=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    page_count = models.PositiveIntegerField("页数", null=True)
    issued = models.ForeignKey(
        IssuedDocument, verbose_name="签发件", on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_by = models.ForeignKey(User, verbose_name="申请人", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField("申请时间", default=timezone.now)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = "打印任务"
        verbose_name_plural = "打印任务"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(percent__lte=100),
                name="budget_printjob_percent_in_range",
                violation_error_message="进度不能超过 100%。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.edition} {self.get_style_display()}"

    @property
    def is_over(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.FAILED)
