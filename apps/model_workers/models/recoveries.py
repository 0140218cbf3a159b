"""What was paid too much and is to be recovered."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.model_workers.models.allowances import AllowanceLine


@audit.tracked()
class Recovery(models.Model):
    """Something paid for months after the entitlement had ended, to be recovered."""

    follows_merge = False

    class Status(models.TextChoices):
        OPEN = "open", "待追回"
        RECOVERED = "recovered", "已追回"
        WAIVED = "waived", "不再追回"

    line = models.OneToOneField(
        AllowanceLine, verbose_name="发放明细", on_delete=models.PROTECT, related_name="recovery"
    )
    stopped_on = models.DateField("应停发日期")
    reason = models.CharField("原因", max_length=100)
    amount = models.DecimalField("多发金额", max_digits=9, decimal_places=2)
    status = models.CharField("状态", max_length=10, choices=Status.choices, default=Status.OPEN)
    settled_by = models.ForeignKey(
        User, verbose_name="办理人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField("办理时间", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)
    created_at = models.DateTimeField("列入时间", default=timezone.now)

    class Meta:
        verbose_name = "多发追回"
        verbose_name_plural = "多发追回"
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="model_workers_recovery_positive",
                violation_error_message="多发金额必须大于 0。",
            ),
            models.CheckConstraint(
                condition=Q(status="open", settled_by__isnull=True, settled_at__isnull=True)
                | (~Q(status="open") & Q(settled_by__isnull=False, settled_at__isnull=False) & ~Q(note="")),
                name="model_workers_recovery_settled_by_someone",
                violation_error_message="追回或不再追回必须有办理人、时间和说明。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.line.name} {self.amount}"
