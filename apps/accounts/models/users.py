"""The people who sign in."""

from typing import Any

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from apps.accounts.models.grants import RoleGrant
from apps.accounts.models.guards import Guard, last_administrator, role_array
from apps.accounts.models.unions import Union
from apps.accounts.roles import Role, permissions_of, roles_with
from apps.core import actors, audit
from apps.core.triggers import Protect, refuse


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> "UserQuerySet":
        """People of the user's own union and of all unions below it."""
        return self.filter(union__path__startswith=user.union.path)

    def with_roles(self) -> "UserQuerySet":
        in_force = RoleGrant.objects.in_force()
        return self.select_related("union").prefetch_related(
            models.Prefetch("role_grants", queryset=in_force, to_attr="grants_in_force")
        )

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


_CLOSED = f"""
    IF public.house_role(public.house_actor(), {role_array("account.manage")}, OLD.union_id) IS NULL
       OR public.house_actor() = OLD.id THEN
        {refuse("accounts_user_closed_by_administrator", "只有正在办理的另一位系统管理员能停用、启用账号。")}
    END IF;
    IF OLD.is_active AND NOT NEW.is_active AND public.house_is_administrator(OLD.id) THEN
        {last_administrator("accounts_user", besides="OLD.id")}
    END IF;
    RETURN NEW;
"""
_MOVED = f"""
    IF public.house_holds_roles(OLD.id) THEN
        {refuse("accounts_user_moves_without_roles", "该用户还有为原工会授予的角色，请先撤销再改所属工会。")}
    END IF;
    RETURN NEW;
"""


# One's own, or the one that was just confirmed: nobody else sets a password.
_PASSWORD = f"""
    IF NOT public.house_password_confirmed(NEW.id, NEW.password) AND public.house_actor() <> NEW.id THEN
        {refuse("accounts_user_password_confirmed", "密码只能由本人修改，或经安全管理员确认后重置。")}
    END IF;
    RETURN NEW;
"""


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
        triggers = (
            Protect(name="never_deleted", operation=pgtrigger.Delete),
            Guard(name="closed", operation=pgtrigger.Update, columns=("is_active",), func=_CLOSED),
            Guard(name="password", operation=pgtrigger.Update, columns=("password",), func=_PASSWORD),
            Guard(name="moved", operation=pgtrigger.Update, columns=("union_id",), func=_MOVED),
        )

    def __str__(self) -> str:
        return self.full_name

    def in_place_of(self, other: "User | None") -> str:
        """The name as it stands on pages and papers; a stand-in's with that of whoever is stood in for."""
        return f"{self}（代{other}）" if other is not None else str(self)

    @property
    def roles(self) -> frozenset[str]:
        """Role names the person holds now; read once per object."""
        return frozenset(grant.role for grant in self._grants)

    @cached_property
    def _grants(self) -> "list[RoleGrant]":
        """Those in force now; the database gives them for the person's own union alone."""
        if not self.is_active:
            return []
        fetched: list[RoleGrant] | None = getattr(self, "grants_in_force", None)
        return list(self.role_grants.in_force()) if fetched is None else fetched

    def role_labels(self) -> str:
        """The roles in words; one that is held in somebody's place alone says so."""
        own = {grant.role for grant in self._grants if grant.stands_in_for_id is None}
        held = (role for role in Role if role.value in self.roles)
        return "、".join(str(role.label) if role.value in own else f"代·{role.label}" for role in held)

    def may(self, permission: str) -> bool:
        """Whether any of the person's roles gives this permission."""
        return permission in permissions_of(self.roles)

    def acts_for(self, permission: str) -> int | None:
        """In whose place the person holds this permission, as `public.house_role` finds it; None for one's own."""
        order = roles_with(permission)
        giving = [grant for grant in self._grants if grant.role in order]
        giving.sort(key=lambda one: (one.stands_in_for_id is not None, order.index(one.role), one.pk))
        return giving[0].stands_in_for_id if giving else None

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's; a hash that a better hasher makes anew is a change of the person's own."""

        def keep(raw: str) -> None:
            self.set_password(raw)
            self._password = None
            with transaction.atomic():
                actors.announce(self.pk)
                self.save(update_fields=["password"])

        return check_password(raw_password, self.password, keep)

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
