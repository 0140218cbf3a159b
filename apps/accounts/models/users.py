"""The people who sign in, and the roles each holds."""

from typing import Any

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models.unions import Union
from apps.accounts.roles import EXCLUSIVE_ROLES, READ_ONLY_ROLES, Role, permissions_of
from apps.core import audit
from apps.core.triggers import Protect


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
        triggers = (Protect(name="never_deleted", operation=pgtrigger.Delete),)

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
        keeps = ("account.manage", "reference.edit", "parameter.edit")
        return any(self.may(permission) for permission in keeps) or Role.AUDITOR in self.roles

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
