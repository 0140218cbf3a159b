"""Passwords given by an administrator; each takes effect when a 安全管理员 agrees."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.models.guards import Guard, GuardOfAll, role_array
from apps.accounts.models.users import User
from apps.core import audit
from apps.core.triggers import refuse


class PasswordResetQuerySet(models.QuerySet["PasswordReset"]):
    def visible_to(self, user: User) -> "PasswordResetQuerySet":
        """Of people of the user's own union and of all unions below it."""
        return self.filter(user__union__path__startswith=user.union.path)

    def waiting(self) -> "PasswordResetQuerySet":
        return self.filter(decided_at__isnull=True)


_REQUESTED = f"""
    NEW.requested_at := public.house_now();
    NEW.decided_by_id := NULL; NEW.decided_at := NULL; NEW.is_confirmed := NULL;
    IF NEW.requested_by_id IS DISTINCT FROM public.house_actor() OR public.house_role(
        NEW.requested_by_id, {role_array("account.manage")}, public.house_union_of(NEW.user_id)) IS NULL THEN
        {refuse("accounts_passwordreset_requested_by_administrator", "密码只能由正在办理的系统管理员重置。")}
    END IF;
    RETURN NEW;
"""
_DECIDED = f"""
    IF OLD.decided_at IS NOT NULL THEN
        {refuse("accounts_passwordreset_decided_once", "这次重置已经处理过，不能再改。")}
    END IF;
    NEW.decided_at := public.house_now();
    IF NEW.decided_by_id IS DISTINCT FROM public.house_actor() OR public.house_role(
        NEW.decided_by_id, {role_array("account.confirm")}, public.house_union_of(NEW.user_id)) IS NULL THEN
        {refuse("accounts_passwordreset_decided_by_security", "只有正在办理的安全管理员能确认。")}
    END IF;
    RETURN NEW;
"""


@audit.tracked(exclude=("password",))
class PasswordReset(models.Model):
    """A one-time password that somebody else made. Until it is confirmed the old one goes on working."""

    user = models.ForeignKey(
        User, verbose_name="用户", on_delete=models.PROTECT, related_name="password_resets"
    )
    password = models.CharField("密码散列", max_length=128)
    requested_by = models.ForeignKey(User, verbose_name="重置人", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField("重置时间", db_default=Now())
    decided_by = models.ForeignKey(
        User, verbose_name="确认人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)
    is_confirmed = models.BooleanField("同意", null=True, blank=True)

    objects = PasswordResetQuerySet.as_manager()

    class Meta:
        verbose_name = "密码重置"
        verbose_name_plural = "密码重置"
        constraints = (
            models.CheckConstraint(
                condition=~Q(requested_by=F("user")),
                name="accounts_passwordreset_of_another",
                violation_error_message="不能重置自己的密码。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True, is_confirmed__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False, is_confirmed__isnull=False),
                name="accounts_passwordreset_decided_whole",
                violation_error_message="确认或不同意必须写明由谁、在什么时候。",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | (~Q(decided_by=F("requested_by")) & ~Q(decided_by=F("user"))),
                name="accounts_passwordreset_decided_by_another",
                violation_error_message="重置和确认必须由不同的人办理，也不能确认自己的密码。",
            ),
            models.UniqueConstraint(
                fields=("user",),
                condition=Q(decided_at__isnull=True),
                name="accounts_passwordreset_one_waiting",
                violation_error_message="该用户已有一次密码重置在等待安全管理员确认。",
            ),
        )
        triggers = (
            Guard(name="requested", operation=pgtrigger.Insert, func=_REQUESTED),
            Guard(
                name="fixed",
                operation=pgtrigger.Update,
                columns=("user_id", "password", "requested_by_id", "requested_at"),
                func=refuse("accounts_passwordreset_fixed", "重置的内容不能修改。"),
            ),
            Guard(
                name="decided",
                operation=pgtrigger.Update,
                columns=("decided_by_id", "decided_at", "is_confirmed"),
                func=_DECIDED,
            ),
            GuardOfAll(
                name="never_deleted",
                operation=pgtrigger.Delete,
                func=refuse("accounts_passwordreset_never_deleted", "密码重置的记录不能删除。"),
            ),
        )

    def __str__(self) -> str:
        return str(self.user)
