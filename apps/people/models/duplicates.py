"""Pairs of rows that may be one human being, what was decided of them, and merges with what they moved."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.triggers import Protect, ReadOnly
from apps.people.models.persons import Person


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def visible_to(self, user: User) -> "DuplicatePairQuerySet":
        """Both people must be in reach: nobody decides about a person of another county."""
        path = user.union.path
        return self.filter(first__union__path__startswith=path, second__union__path__startswith=path)

    def open(self) -> "DuplicatePairQuerySet":
        return self.filter(
            status=DuplicatePair.Status.OPEN,
            first__merged_into__isnull=True,
            second__merged_into__isnull=True,
        )

    def for_list(self) -> "DuplicatePairQuerySet":
        return self.select_related(
            "first__union", "first__unit", "second__union", "second__unit", "decided_by"
        ).order_by("-id")


@audit.tracked()
class DuplicatePair(models.Model):
    """Two rows with the same name and the same birth date or unit. “Not the same” is remembered here."""

    follows_merge = False

    class Status(models.TextChoices):
        OPEN = "open", "待核对"
        DISTINCT = "distinct", "不是同一人"
        MERGED = "merged", "已合并"

    first = models.ForeignKey(
        Person, verbose_name="甲", on_delete=models.CASCADE, related_name="pairs_as_first"
    )
    second = models.ForeignKey(
        Person, verbose_name="乙", on_delete=models.CASCADE, related_name="pairs_as_second"
    )
    same_birth = models.BooleanField("出生日期相同", default=False)
    same_unit = models.BooleanField("单位相同", default=False)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField("理由", max_length=200, blank=True)
    found_at = models.DateTimeField("发现时间", default=timezone.now)
    decided_by = models.ForeignKey(
        User, verbose_name="核对人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("核对时间", null=True, blank=True)

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = "疑似重复"
        verbose_name_plural = "疑似重复"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("first", "second"),
                name="people_duplicatepair_once",
                violation_error_message="这一对已在核对清单中。",
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")),
                name="people_duplicatepair_in_order",
                violation_error_message="先登记的人必须在前。",
            ),
            models.CheckConstraint(
                condition=Q(status="open", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(status="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="people_duplicatepair_decided_by_someone",
                violation_error_message="核对结果必须有核对人和时间。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.first}／{self.second}"


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, user: User) -> "MergeQuerySet":
        path = user.union.path
        return self.filter(kept__union__path__startswith=path, merged__union__path__startswith=path)

    def for_list(self) -> "MergeQuerySet":
        return self.select_related("kept__union", "merged__union", "made_by", "undone_by").order_by("-id")


@audit.tracked()
class Merge(models.Model):
    """One row taken up by another: `moved` names the rows that followed, `filled` the facts it took over."""

    follows_merge = False

    kept = models.ForeignKey(Person, verbose_name="保留", on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(
        Person, verbose_name="并入", on_delete=models.PROTECT, related_name="merged_by"
    )
    moved = models.JSONField("随之转移的记录", default=dict)
    filled = models.JSONField("补入的字段", default=list)
    reason = models.CharField("理由", max_length=200)
    made_by = models.ForeignKey(User, verbose_name="合并人", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("合并时间", default=timezone.now)
    undone_by = models.ForeignKey(
        User, verbose_name="撤销人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField("撤销时间", null=True, blank=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = "合并记录"
        verbose_name_plural = "合并记录"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(kept=F("merged")),
                name="people_merge_of_two",
                violation_error_message="不能把一个人并入其自身。",
            ),
            models.UniqueConstraint(
                fields=("merged",),
                condition=Q(undone_at__isnull=True),
                name="people_merge_once",
                violation_error_message="这个人已经并入另一人。",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="people_merge_has_reason",
                violation_error_message="合并必须填写理由。",
            ),
        )
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            ReadOnly(name="what_was_moved_is_fixed", fields=["kept", "merged", "moved", "filled"]),
        )

    def __str__(self) -> str:
        return f"{self.merged} → {self.kept}"
