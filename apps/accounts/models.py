"""The union tree, the people who sign in, their roles, their sessions and the record of what they took out."""

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.roles import EXCLUSIVE_ROLES, READ_ONLY_ROLES, Role, permissions_of
from apps.core import audit


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
       COALESCE((SELECT path FROM accounts_union WHERE id = NEW.parent_id), '') || NEW.code || '/'
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
            pgtrigger.ReadOnly(name="place_is_fixed", fields=["code", "parent", "path"]),
            pgtrigger.Trigger(
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


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> "UserQuerySet":
        """People of the user's own union and of all unions below it."""
        return self.filter(union__path__startswith=user.union.path)

    def with_roles(self) -> "UserQuerySet":
        return self.select_related("union").prefetch_related("role_grants")

    def for_list(self) -> "UserQuerySet":
        return self.with_roles().order_by("union__path", "username")

    def enabled(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def matching(self, words: str) -> "UserQuerySet":
        """People whose name, user name or post holds the words."""
        return self.filter(
            Q(full_name__icontains=words) | Q(username__icontains=words) | Q(post__icontains=words)
        )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


@audit.tracked(exclude=("password", "last_login"))
class User(AbstractBaseUser):
    """A person who signs in. What the person may do comes from roles.py alone."""

    username = models.CharField(
        "用户名", max_length=40, unique=True, error_messages={"unique": "这个用户名已有人使用，请换一个。"}
    )
    full_name = models.CharField("姓名", max_length=40)
    union = models.ForeignKey(Union, verbose_name="所属工会", on_delete=models.PROTECT, related_name="users")
    post = models.CharField("职务", max_length=40, blank=True)
    is_active = models.BooleanField("启用", default=True)
    # Made by the demo command; the one-click sign-in accepts these accounts only.
    is_demo = models.BooleanField("演示账号", default=False, editable=False)
    must_change_password = models.BooleanField("下次登录须改密码", default=False)
    # The hash itself stays out of the history; this shows there that the password was changed.
    password_changed_at = models.DateTimeField("密码修改时间", null=True, blank=True, editable=False)
    created_at = models.DateTimeField("建立时间", default=timezone.now, editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["full_name"]
    objects = UserManager()

    class Meta:
        verbose_name = "用户"
        verbose_name_plural = "用户"
        ordering = ("union__path", "username")
        constraints = (
            models.UniqueConstraint(
                models.functions.Lower("username"),
                name="accounts_user_name_once",
                violation_error_message="这个用户名已有人使用（不分大小写），请换一个。",
            ),
            models.CheckConstraint(
                condition=Q(username__regex=r"^[a-z0-9][a-z0-9._-]*$"),
                name="accounts_user_name_is_plain",
                violation_error_message="用户名只能用小写字母、数字和 . _ -，并以字母或数字开头。",
            ),
            models.CheckConstraint(
                condition=Q(is_demo=False) | Q(password__startswith="!"),  # noqa: S106
                name="accounts_user_demo_has_no_password",
                violation_error_message="演示账号没有密码，只能在演示模式下一键登录。",
            ),
        )
        triggers = (pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),)

    def __str__(self) -> str:
        return self.full_name

    @property
    def roles(self) -> frozenset[str]:
        """Role names the person holds now; read once per object."""
        held = self.__dict__.get("_roles")
        if held is None:
            held = (
                frozenset(grant.role for grant in self.role_grants.all()) if self.is_active else frozenset()
            )
            self.__dict__["_roles"] = held
        return held

    def role_labels(self) -> str:
        return "、".join(role.label for role in Role if role.value in self.roles)

    def may(self, permission: str) -> bool:
        """Whether any of the person's roles gives this permission."""
        return permission in permissions_of(self.roles)

    # Django's admin asks these; the admin's own classes decide by `may`, so everything else is refused.
    @property
    def is_staff(self) -> bool:
        return self.may("account.manage") or self.may("reference.edit") or Role.AUDITOR in self.roles

    @property
    def is_superuser(self) -> bool:
        return False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def visible_to(self, user: "User") -> "RoleGrantQuerySet":
        return self.filter(user__union__path__startswith=user.union.path)


@audit.tracked()
class RoleGrant(models.Model):
    """One role held by one person."""

    user = models.ForeignKey(User, verbose_name="用户", on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField("角色", max_length=24, choices=Role.choices)
    granted_by = models.ForeignKey(
        User, verbose_name="授予人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField("授予时间", default=timezone.now, editable=False)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name = "角色授予"
        verbose_name_plural = "角色授予"
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role"),
                name="accounts_rolegrant_once",
                violation_error_message="该用户已有这个角色。",
            ),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("user")),
                name="accounts_rolegrant_not_to_oneself",
                violation_error_message="不能给自己授予角色。",
            ),
            # btree_gist: of one person, no two grants may be of different classes (see rules.role_class).
            ExclusionConstraint(
                name="accounts_rolegrant_one_class",
                expressions=(
                    ("user", "="),
                    (
                        models.Case(
                            models.When(role__in=sorted(EXCLUSIVE_ROLES), then=1),
                            models.When(role__in=sorted(READ_ONLY_ROLES), then=2),
                            default=3,
                            output_field=models.IntegerField(),
                        ),
                        "<>",
                    ),
                ),
                violation_error_message="系统管理员、经审和只读不能与其他角色由一人兼任。",
            ),
        )

    def __str__(self) -> str:
        return self.get_role_display()


class SessionQuerySet(models.QuerySet["Session"]):
    def running(self) -> "SessionQuerySet":
        return self.filter(expire_date__gt=timezone.now())


class Session(AbstractBaseSession):
    """A sign-in on one device, so that people can see and end their own sessions."""

    # Names the session on pages; the session key itself is a secret and is never shown.
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    address = models.GenericIPAddressField("地址", null=True)
    device = models.CharField("设备", max_length=200, blank=True)
    signed_in_at = models.DateTimeField("登录时间", null=True)
    last_seen_at = models.DateTimeField("最近操作", null=True)

    objects: ClassVar[Any] = SessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "登录会话"
        verbose_name_plural = "登录会话"

    @classmethod
    def get_session_store_class(cls) -> type:
        from apps.accounts.sessions import SessionStore

        return SessionStore


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def visible_to(self, user: "User") -> "AccessRecordQuerySet":
        """Records of people of the user's own union and of all unions below it."""
        return self.filter(actor__union__path__startswith=user.union.path)

    def for_list(self) -> "AccessRecordQuerySet":
        return self.select_related("actor__union").order_by("-id")


class AccessRecord(models.Model):
    """Append-only record of what left the system or was refused: exports, full values shown, denied attempts."""

    class Kind(models.TextChoices):
        EXPORT = "export", "导出"
        PRINT = "print", "打印"
        REVEAL = "reveal", "查看完整信息"
        DENIED = "denied", "被拒绝的访问"
        VERIFY = "verify", "核验文件"
        ACCOUNT = "account", "账号管理"

    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    actor = models.ForeignKey(
        User, verbose_name="用户", on_delete=models.PROTECT, null=True, related_name="access_records"
    )
    subject = models.CharField("对象", max_length=200)
    detail = models.CharField("说明", max_length=500, blank=True)
    row_count = models.PositiveIntegerField("行数", null=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    address = models.GenericIPAddressField("地址", null=True)
    at = models.DateTimeField("时间", default=timezone.now)

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "访问记录"
        verbose_name_plural = "访问记录"
        ordering = ("-id",)
        indexes = (models.Index(fields=("actor", "-id"), name="accounts_access_by_actor"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"
