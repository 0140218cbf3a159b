"""Days off and days worked instead, as the State Council announces them year by year."""

from django.db import models
from django.db.models import Q

from apps.core import audit


@audit.tracked()
class CalendarDay(models.Model):
    """A day that differs from its weekday: a weekday off, or a Saturday or Sunday worked."""

    day = models.DateField("日期", unique=True, error_messages={"unique": "这一天已登记。"})
    is_working = models.BooleanField(
        "上班", default=False, help_text="调休上班的周末勾选；放假的工作日不勾选"
    )
    note = models.CharField("说明", max_length=60, help_text="如：国庆节")

    class Meta:
        verbose_name = "放假与调休日"
        verbose_name_plural = "放假与调休日"
        ordering = ("-day",)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_working=False, day__iso_week_day__lte=5)
                | Q(is_working=True, day__iso_week_day__gte=6),
                name="accounts_calendarday_differs",
                violation_error_message="只登记与平常不同的日子：放假的周一至周五，或上班的周六、周日。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {'上班' if self.is_working else '放假'}"
