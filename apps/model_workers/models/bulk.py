"""What was done to many people at once, kept so that one undo takes it back as a whole."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Union, User
from apps.core.triggers import Protect, ReadOnly


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    def visible_to(self, user: User) -> "BulkChangeQuerySet":
        if not user.may("model_worker.read"):
            return self.none()
        return self.filter(union__path__startswith=user.union.path)

    def for_list(self) -> "BulkChangeQuerySet":
        return self.select_related("actor", "undone_by", "union").defer("changes").order_by("-id")


class BulkChange(models.Model):
    """One deed on chosen rows. `changes` is [{"id": 1, "before": …, "after": …}]; before null: the row was new."""

    class Kind(models.TextChoices):
        REVIEW = "review", "布置复核"
        MANAGED_BY = "managed_by", "变更归口管理单位"

    union = models.ForeignKey(Union, verbose_name="经办工会", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("事项", max_length=10, choices=Kind.choices)
    summary = models.CharField("内容", max_length=200)
    people = models.PositiveIntegerField("人数")
    changes = models.JSONField("变动")
    actor = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", default=timezone.now)
    undone_by = models.ForeignKey(
        User, verbose_name="撤销人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        verbose_name = "批量办理"
        verbose_name_plural = "批量办理"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(people__gt=0),
                name="model_workers_bulkchange_of_somebody",
                violation_error_message="批量办理至少要有一人。",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="model_workers_bulkchange_undone_by_someone",
                violation_error_message="撤销必须有撤销人和时间。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            ReadOnly(
                name="facts_are_fixed",
                fields=["union", "kind", "summary", "people", "changes", "actor", "at"],
            ),
        )

    def __str__(self) -> str:
        return self.summary
