"""Basis documents (依据文件): the orders, notices and minutes that a budget item rests on."""

import pgtrigger
from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.locks import printed_lock
from apps.core import audit
from apps.core.triggers import Trigger


class PolicyDocumentQuerySet(models.QuerySet["PolicyDocument"]):
    def for_list(self) -> "PolicyDocumentQuerySet":
        """With how many items cite each document; the newest first."""
        return self.annotate(cited_count=Count("citations__item__lineage", distinct=True)).order_by(
            "-issued_on", "title"
        )

    def current(self) -> "PolicyDocumentQuerySet":
        """What may still be cited: a corrected entry stays only under what was printed with it."""
        return self.filter(corrected_at__isnull=True)

    def with_corrections(self) -> "PolicyDocumentQuerySet":
        return self.select_related("corrects", "corrected_by")

    def newest(self) -> dict[int, int]:
        """For each corrected entry the one that stands for it now, through corrections of corrections."""
        following = dict(self.filter(corrects__isnull=False).values_list("corrects_id", "pk"))
        found = {}
        for old, new in following.items():
            while new in following:
                new = following[new]
            found[old] = new
        return found

    def matching(self, term: str) -> "PolicyDocumentQuerySet":
        return self.filter(Q(title__contains=term) | Q(number__contains=term) | Q(issuer__contains=term))


@audit.tracked()
class PolicyDocument(models.Model):
    """One document by its normalised number; the same title in other words is another document until someone decides."""

    class Kind(models.TextChoices):
        LAW = "law", "法律"
        REGULATION = "regulation", "规章"
        NORMATIVE = "normative", "规范性文件"
        MINUTES = "minutes", "会议纪要"
        SPEECH = "speech", "领导讲话"

    title = models.CharField("标题", max_length=200, blank=True, help_text="不带书名号")
    number = models.CharField(
        "文号", max_length=60, blank=True, help_text="年份用六角括号，如 廊工发〔2007〕31号；法律可留空"
    )
    issuer = models.CharField("发文机关", max_length=120)
    kind = models.CharField("性质", max_length=12, choices=Kind.choices)
    issued_on = models.DateField("发文日期", null=True, blank=True)
    in_force_until = models.DateField("有效期至", null=True, blank=True, help_text="长期有效的留空")
    scan = models.FileField("扫描件", upload_to="policy/%Y/", blank=True)
    scan_sha256 = models.CharField("扫描件 SHA-256", max_length=64, blank=True, editable=False)
    note = models.CharField("备注", max_length=300, blank=True)
    corrects = models.OneToOneField(
        "self",
        verbose_name="更正的是",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="corrected_by",
        editable=False,
    )
    correction_reason = models.CharField("更正理由", max_length=300, blank=True, editable=False)
    corrected_at = models.DateTimeField("被更正于", null=True, blank=True, editable=False)
    version = models.PositiveIntegerField("修改次数", default=1, editable=False)
    created_by = models.ForeignKey(
        User, verbose_name="登记人", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)

    objects = PolicyDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "依据文件"
        verbose_name_plural = "依据文件"
        ordering = ("title",)
        constraints = (
            models.UniqueConstraint(
                fields=("number",),
                condition=~Q(number="") & Q(corrected_at__isnull=True),
                name="budget_policydocument_number_once",
                violation_error_message="这个文号已登记，同一文号只登记一次。",
            ),
            models.UniqueConstraint(
                fields=("title",),
                condition=Q(number="", corrected_at__isnull=True),
                name="budget_policydocument_title_once",
                violation_error_message="这个标题已登记，没有文号的文件同一标题只登记一次。",
            ),
            models.CheckConstraint(
                condition=~Q(number__regex=r"[\[\]【】（）()\s]"),
                name="budget_policydocument_number_normalised",
                violation_error_message="文号年份须用六角括号〔〕，不带空格。",
            ),
            models.CheckConstraint(
                condition=~Q(title="") | ~Q(number=""),
                name="budget_policydocument_is_named",
                violation_error_message="依据文件必须有标题或文号。",
            ),
            models.CheckConstraint(
                condition=Q(in_force_until__isnull=True)
                | Q(issued_on__isnull=True)
                | Q(in_force_until__gte=F("issued_on")),
                name="budget_policydocument_dates_in_order",
                violation_error_message="有效期不能早于发文日期。",
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, correction_reason="")
                | (Q(corrects__isnull=False) & ~Q(correction_reason="")),
                name="budget_policydocument_correction_says_why",
                violation_error_message="更正依据文件须写明理由。",
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(corrects=F("id")),
                name="budget_policydocument_corrects_another",
                violation_error_message="一份文件不能更正它自己。",
            ),
        )
        triggers = (
            printed_lock(
                "title",
                "number",
                "issuer",
                "issued_on",
                used="i.id IN (SELECT item_id FROM public.budget_itembasis WHERE document_id = OLD.id)",
            ),
            Trigger(
                name="corrected_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__corrected_at__isnull=False),
                func="""
                    RAISE EXCEPTION '这一条依据文件已被更正，不能再改。'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_policydocument_corrected_fixed';
                """,
            ),
        )

    def __str__(self) -> str:
        return self.citation()

    def citation(self) -> str:
        """As printed: 《标题》（文号）; 《标题》 or 文号文件 when the other is not known."""
        if not self.title:
            return f"{self.number}文件"
        return f"《{self.title}》（{self.number}）" if self.number else f"《{self.title}》"
