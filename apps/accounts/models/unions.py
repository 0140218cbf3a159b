"""The union tree."""

from typing import TYPE_CHECKING

import pgtrigger
from django.db import models
from django.db.models import F, Q

from apps.core import audit
from apps.core.triggers import ReadOnly, Trigger

if TYPE_CHECKING:
    from apps.accounts.models.users import User


class UnionQuerySet(models.QuerySet["Union"]):
    def visible_to(self, user: "User") -> "UnionQuerySet":
        """The user's own union and everything below it."""
        return self.filter(path__startswith=user.union.path)

    def in_tree_order(self) -> "UnionQuerySet":
        return self.order_by("path")

    def in_use(self) -> "UnionQuerySet":
        return self.filter(is_active=True)


# Row scope rests on the path, so the database itself keeps it equal to the parent's path and this code.
_PATH_FOLLOWS_PARENT = """
    IF NEW.path IS DISTINCT FROM
       COALESCE((SELECT path FROM public.accounts_union WHERE id = NEW.parent_id), '') || NEW.code || '/'
    THEN
        RAISE EXCEPTION 'accounts_union_path_follows_parent: path % does not continue the parent', NEW.path
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_union_path_follows_parent';
    END IF;
    RETURN NEW;
"""


@audit.tracked()
class Union(models.Model):
    """One trade union of the tree 市总 → 县(市、区)总工会、开发区、产业、市直系统 → 基层."""

    class Kind(models.TextChoices):
        CITY = "city", "市总工会"
        COUNTY = "county", "县（市、区）总工会"
        ZONE = "zone", "开发区工会"
        INDUSTRY = "industry", "产业工会"
        SYSTEM = "system", "市直系统工会"
        GRASSROOTS = "grassroots", "基层工会"

    code = models.CharField("工会编码", max_length=20, unique=True)
    name = models.CharField("全称", max_length=100)
    short_name = models.CharField("简称", max_length=30)
    kind = models.CharField("类别", max_length=12, choices=Kind.choices)
    parent = models.ForeignKey(
        "self",
        verbose_name="上级工会",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    # Codes of all unions from the root to this one, each closed by "/": row scope is one indexed prefix.
    path = models.CharField("路径", max_length=200, unique=True, editable=False)
    area_code = models.CharField(
        "行政区划代码", max_length=6, blank=True, help_text="GB/T 2260；开发区等不在国标内的留空"
    )
    is_active = models.BooleanField("在用", default=True)

    objects = UnionQuerySet.as_manager()

    class Meta:
        verbose_name = "工会组织"
        verbose_name_plural = "工会组织"
        ordering = ("path",)
        indexes = (
            models.Index(
                fields=("path",), name="accounts_union_path_prefix", opclasses=("text_pattern_ops",)
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="city", parent__isnull=True) | (~Q(kind="city") & Q(parent__isnull=False)),
                name="accounts_union_only_city_is_root",
                violation_error_message="只有市总工会没有上级工会，其他工会必须选择上级工会。",
            ),
            models.CheckConstraint(
                condition=Q(path__endswith=models.functions.Concat(F("code"), models.Value("/"))),
                name="accounts_union_path_ends_with_code",
                violation_error_message="工会路径必须以本工会编码结尾。",
            ),
            models.CheckConstraint(
                condition=Q(area_code="") | Q(area_code__regex=r"^[0-9]{6}$"),
                name="accounts_union_area_code_is_six_digits",
                violation_error_message="行政区划代码必须是 6 位数字（GB/T 2260）。",
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9]+$"),
                name="accounts_union_code_is_plain",
                violation_error_message="工会编码只能用大写字母和数字。",
            ),
            models.UniqueConstraint(
                fields=("kind",),
                condition=Q(kind="city"),
                name="accounts_union_one_root",
                violation_error_message="只能有一个市总工会。",
            ),
        )
        triggers = (
            ReadOnly(name="place_is_fixed", fields=["code", "parent", "path"]),
            Trigger(
                name="path_follows_parent",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_PATH_FOLLOWS_PARENT,
            ),
        )

    def __str__(self) -> str:
        return self.short_name

    @property
    def depth(self) -> int:
        """0 for the root."""
        return self.path.count("/") - 1
