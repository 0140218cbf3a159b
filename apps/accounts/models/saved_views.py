"""Filters of a list that a person keeps under a name."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models.users import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> "SavedViewQuerySet":
        """One's own only."""
        return self.filter(user=user)


class SavedView(models.Model):
    """One page with one set of filters, as they stand in its address."""

    user = models.ForeignKey(User, verbose_name="用户", on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField("页面", max_length=60, help_text="网址的名称，如 people:person_list")
    name = models.CharField("名称", max_length=30)
    query = models.CharField("条件", max_length=1000)
    created_at = models.DateTimeField("保存时间", default=timezone.now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "常用筛选"
        verbose_name_plural = "常用筛选"
        ordering = ("page", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "page", "name"),
                name="accounts_savedview_once",
                violation_error_message="这个名称您已在本页用过，请换一个名称。",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(query=""),
                name="accounts_savedview_is_named",
                violation_error_message="常用筛选必须有名称和条件。",
            ),
        )

    def __str__(self) -> str:
        return self.name
