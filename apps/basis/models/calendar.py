"""Days off and days worked instead, as the State Council announces them year by year."""

from django.db import models
from django.db.models import F, Q

from apps.core import audit


@audit.tracked()
class CalendarYear(models.Model):
    """A year whose days off were entered. Only in such a year are working days counted."""

    FIRST, LAST = 2008, 2099
    """Since 2008 the rule of 2007 on the holidays of the year holds, with 清明, 端午 and 中秋 among them."""

    year = models.PositiveSmallIntegerField(
        "年度", primary_key=True, error_messages={"unique": "这一年的放假安排已登记。"}
    )
    basis = models.CharField("依据文件", max_length=60, blank=True, help_text="放假通知的文号")

    class Meta:
        verbose_name = "放假安排"
        verbose_name_plural = "放假安排"
        ordering = ("-year",)
        constraints = (
            models.CheckConstraint(
                condition=Q(year__gte=2008, year__lte=2099),
                name="basis_calendaryear_in_range",
                violation_error_message="放假安排的年度应在 2008 至 2099 之间。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.year}年"


@audit.tracked()
class CalendarDay(models.Model):
    """A day that differs from its weekday: a weekday off, or a Saturday or Sunday worked."""

    year = models.ForeignKey(
        CalendarYear, verbose_name="年度", on_delete=models.PROTECT, related_name="days", editable=False
    )
    day = models.DateField("日期", unique=True, error_messages={"unique": "这一天已登记。"})
    is_working = models.BooleanField(
        "上班", default=False, help_text="调休上班的周末勾选；放假的工作日不勾选"
    )
    note = models.CharField("说明", max_length=60, help_text="如：国庆节")
    basis = models.CharField(
        "依据文件", max_length=60, blank=True, help_text="与这一年的通知不同的，写另一份的文号"
    )

    class Meta:
        verbose_name = "放假与调休日"
        verbose_name_plural = "放假与调休日"
        ordering = ("day",)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_working=False, day__iso_week_day__lte=5)
                | Q(is_working=True, day__iso_week_day__gte=6),
                name="basis_calendarday_differs",
                violation_error_message="只登记与平常不同的日子：放假的周一至周五，或上班的周六、周日。",
            ),
            models.CheckConstraint(
                condition=Q(day__year=F("year")),
                name="basis_calendarday_in_its_year",
                violation_error_message="日期不在所登记的年度里。",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {'上班' if self.is_working else '放假'}"
