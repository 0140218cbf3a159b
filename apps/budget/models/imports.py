"""Spreadsheets brought in for a whole edition: the file as it came, kept between preview and take-over and after it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.budget.models.plans import Edition, GridChange
from apps.core.constraints import hash_fits_bytes
from apps.core.triggers import Protect, ReadOnly


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def visible_to(self, user: User) -> "ImportFileQuerySet":
        return self.filter(edition__in=Edition.objects.visible_to(user))

    def for_list(self) -> "ImportFileQuerySet":
        """Without the bytes."""
        return self.defer("content").select_related("uploaded_by", "taken_by")


class ImportFile(models.Model):
    """One uploaded file. It is taken over at most once; its preview is computed afresh each time it is looked at."""

    edition = models.ForeignKey(
        Edition, verbose_name="版本", on_delete=models.PROTECT, related_name="import_files"
    )
    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField("文件")
    uploaded_by = models.ForeignKey(User, verbose_name="上传人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", default=timezone.now)
    change = models.OneToOneField(
        GridChange,
        verbose_name="导入的变动",
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="import_file",
    )
    taken_by = models.ForeignKey(
        User, verbose_name="导入人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField("导入时间", null=True, blank=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        verbose_name = "导入文件"
        verbose_name_plural = "导入文件"
        ordering = ("-id",)
        indexes = (models.Index(fields=("edition", "sha256"), name="budget_importfile_by_hash"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True, taken_by__isnull=True, change__isnull=True)
                | Q(taken_at__isnull=False, taken_by__isnull=False, change__isnull=False),
                name="budget_importfile_taken_by_someone",
                violation_error_message="已导入的文件必须有导入人、导入时间和变动记录。",
            ),
            hash_fits_bytes("budget_importfile_hash_fits_bytes"),
        )
        triggers = (
            ReadOnly(
                name="file_fixed",
                fields=["edition", "name", "sha256", "content", "uploaded_by", "uploaded_at"],
            ),
            Protect(
                name="kept_once_taken",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__taken_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name
