"""OutlineEntry: the rows of 主要职责 and 年度主要任务和目标."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.budget.models.plans import Edition
from apps.cases.models import CaseRow
from apps.core import audit
from apps.core.triggers import ReadOnly


class OutlineEntryQuerySet(models.QuerySet["OutlineEntry"]):
    def visible_to(self, user: User) -> "OutlineEntryQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))


@audit.tracked()
class OutlineEntry(CaseRow):
    """One row of 主要职责 or 年度主要任务和目标. Numbers are made when printed, so they can never skip."""

    case_path = "edition"

    class Section(models.TextChoices):
        DUTIES = "duties", "主要职责"
        TASKS = "tasks", "年度主要任务和目标"

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="outline"
    )
    section = models.CharField("章节", max_length=6, choices=Section.choices)
    parent = models.ForeignKey(
        "self", verbose_name="上级", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    ordinal = models.PositiveSmallIntegerField("序号")
    text = models.TextField("内容", max_length=2000)
    version = models.PositiveIntegerField("修改次数", default=1, editable=False)

    objects = OutlineEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "文字条目"
        verbose_name_plural = "文字条目"
        ordering = ("section", "ordinal", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("edition", "section", "parent", "ordinal"),
                nulls_distinct=False,
                deferrable=models.Deferrable.DEFERRED,
                name="budget_outline_ordinal_once",
                violation_error_message="同一级条目的序号不能重复。",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="budget_outline_has_text",
                violation_error_message="条目内容不能为空。",
            ),
        )
        triggers = (ReadOnly(name="identity_fixed", fields=["edition", "section"]),)

    def __str__(self) -> str:
        return self.text[:30]
