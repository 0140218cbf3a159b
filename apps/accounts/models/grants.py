"""Roles held by people: dated, given by one and, where it weighs, confirmed by another; never deleted."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models.guards import Guard, GuardOfAll, last_administrator, role_array
from apps.accounts.models.unions import Union
from apps.accounts.roles import CONFIRMED_ROLES, CONFIRMING_ROLES, EXCLUSIVE_ROLES, READ_ONLY_ROLES, Role
from apps.accounts.rules import CITY_ONLY, LONGEST_STAND_IN_DAYS, ROLE_KINDS
from apps.core import audit
from apps.core.triggers import refuse, text_array

if TYPE_CHECKING:
    from apps.accounts.models.users import User


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def visible_to(self, user: "User") -> "RoleGrantQuerySet":
        """Of people of the user's own union and of all unions below it."""
        return self.filter(user__union__path__startswith=user.union.path)

    def not_ended(self) -> "RoleGrantQuerySet":
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=Now()))

    def in_force(self) -> "RoleGrantQuerySet":
        """Begun, confirmed and not over, by the clock of the database: what `public.house_role` reads."""
        return self.not_ended().filter(valid_from__lte=Now(), confirmed_at__isnull=False)

    def waiting(self) -> "RoleGrantQuerySet":
        """For a 安全管理员 to confirm."""
        return self.not_ended().filter(confirmed_at__isnull=True)


class _Period(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


_GRANTED = f"""
    IF NEW.granted_by_id IS NULL THEN
        IF public.house_was_administered() AND NOT public.house_is_owner() THEN
            {refuse("accounts_rolegrant_granted_by_actor", "角色必须由正在办理的系统管理员授予。")}
        END IF;
        NEW.confirmed_at := NEW.valid_from;
        RETURN NEW;
    END IF;
    IF NOT public.house_is_owner() THEN
        NEW.valid_from := GREATEST(NEW.valid_from, public.house_now());
        NEW.confirmed_by_id := NULL; NEW.confirmed_at := NULL; NEW.ended_by_id := NULL;
    END IF;
    IF NEW.stands_in_for_id IS NULL AND NEW.role <> ALL ({text_array(sorted(CONFIRMED_ROLES))}) THEN
        NEW.confirmed_at := NEW.valid_from;
    END IF;
    IF public.house_is_owner() THEN RETURN NEW; END IF;
    IF NEW.granted_by_id <> public.house_actor() THEN
        {refuse("accounts_rolegrant_granted_by_actor", "角色必须由正在办理的系统管理员授予。")}
    END IF;
    IF NEW.stands_in_for_id IS NULL THEN
        IF public.house_role(NEW.granted_by_id, {role_array("account.manage")}, NEW.union_id) IS NULL THEN
            {refuse("accounts_rolegrant_granted_by_administrator", "授予人此刻没有管理这个工会账号的权限。")}
        END IF;
    ELSIF public.house_role(NEW.stands_in_for_id, ARRAY[NEW.role::text], NEW.union_id) IS DISTINCT FROM NEW.role THEN
        {refuse("accounts_rolegrant_stands_in_for_holder", "只能请人代理自己此刻持有的角色。")}
    END IF;
    RETURN NEW;
"""

# The person is held, so that nobody moves to another union meanwhile.
_OF_OWN_UNION = f"""
    PERFORM 1 FROM public.accounts_user u WHERE u.id = NEW.user_id FOR NO KEY UPDATE;
    NEW.union_id := COALESCE(NEW.union_id, public.house_union_of(NEW.user_id));
    IF NEW.union_id IS DISTINCT FROM public.house_union_of(NEW.user_id) THEN
        {refuse("accounts_rolegrant_of_own_union", "角色只能为本人所属工会授予。")}
    END IF;
    RETURN NEW;
"""

_KINDS_OF_ROLES = " ".join(
    f"WHEN '{role.value}' THEN {text_array(sorted(kinds))}" for role, kinds in ROLE_KINDS.items()
)
_FITS_UNION = f"""
    IF public.house_kind_of(NEW.union_id) <> ALL (CASE NEW.role {_KINDS_OF_ROLES} ELSE {text_array(sorted(CITY_ONLY))} END) THEN
        {refuse("accounts_rolegrant_role_fits_union", "这个角色不能授予这一级工会的人员。")}
    END IF;
    RETURN NEW;
"""

_CONFIRMED = f"""
    IF OLD.confirmed_at IS NOT NULL THEN
        {refuse("accounts_rolegrant_confirmed_once", "已经确认过，不能再改。")}
    END IF;
    IF OLD.valid_until <= public.house_now() THEN
        {refuse("accounts_rolegrant_over", "已经结束，不能再改。")}
    END IF;
    IF NEW.confirmed_by_id IS DISTINCT FROM public.house_actor()
       OR public.house_role(NEW.confirmed_by_id, {role_array("account.confirm")}, NEW.union_id) IS NULL THEN
        {refuse("accounts_rolegrant_confirmed_by_security", "只有正在办理的安全管理员能确认。")}
    END IF;
    NEW.confirmed_at := public.house_now();
    RETURN NEW;
"""

_ENDED = f"""
    IF OLD.valid_until <= public.house_now() THEN
        {refuse("accounts_rolegrant_over", "已经结束，不能再改。")}
    END IF;
    IF NEW.ended_by_id IS DISTINCT FROM public.house_actor() OR NEW.ended_by_id = NEW.user_id
       OR NOT (COALESCE(NEW.ended_by_id = NEW.stands_in_for_id, false)
               OR public.house_role(NEW.ended_by_id, {role_array("account.manage")}, NEW.union_id) IS NOT NULL
               OR OLD.confirmed_at IS NULL
                  AND public.house_role(NEW.ended_by_id, {role_array("account.confirm")}, NEW.union_id) IS NOT NULL) THEN
        {refuse("accounts_rolegrant_ended_by_entitled", "只有系统管理员或被代理的本人能结束，且不能结束自己的角色。")}
    END IF;
    NEW.valid_until := GREATEST(OLD.valid_from, public.house_now());
    IF OLD.role = '{Role.SYSTEM_ADMIN.value}' AND public.house_is_administrator(OLD.user_id) THEN
        {last_administrator("accounts_rolegrant", besides="OLD.user_id")}
    END IF;
    RETURN NEW;
"""
_FIXED = (
    "user_id",
    "role",
    "union_id",
    "valid_from",
    "granted_by_id",
    "stands_in_for_id",
)


@audit.tracked()
class RoleGrant(models.Model):
    """One role held by one person over his own union and all below it, for a time; or held in place of somebody absent."""

    user = models.ForeignKey(
        "accounts.User", verbose_name="用户", on_delete=models.PROTECT, related_name="role_grants"
    )
    role = models.CharField("角色", max_length=24, choices=Role.choices)
    union = models.ForeignKey(Union, verbose_name="为哪个工会", on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateTimeField("起", db_default=Now())
    valid_until = models.DateTimeField("止", null=True, blank=True)
    granted_by = models.ForeignKey(
        "accounts.User",
        verbose_name="授予人",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    confirmed_by = models.ForeignKey(
        "accounts.User",
        verbose_name="确认人",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # Set by the database with the grant where nobody has to confirm.
    confirmed_at = models.DateTimeField("生效", null=True, blank=True)
    ended_by = models.ForeignKey(
        "accounts.User",
        verbose_name="结束人",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    stands_in_for = models.ForeignKey(
        "accounts.User",
        verbose_name="代理谁",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stand_ins",
    )

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name = "角色授予"
        verbose_name_plural = "角色授予"
        constraints = (
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="accounts_rolegrant_role_is_known",
                violation_error_message="没有这个角色。",
            ),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("user")),
                name="accounts_rolegrant_not_to_oneself",
                violation_error_message="不能给自己授予角色。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True)
                | (
                    Q(confirmed_at__isnull=False)
                    & ~Q(confirmed_by=F("granted_by"))
                    & ~Q(confirmed_by=F("user"))
                ),
                name="accounts_rolegrant_confirmed_by_another",
                violation_error_message="授予和确认必须由不同的人办理，也不能确认自己的角色。",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="accounts_rolegrant_period_in_order",
                violation_error_message="结束时间不能早于开始时间。",
            ),
            models.CheckConstraint(
                condition=Q(stands_in_for__isnull=True)
                | Q(
                    stands_in_for=F("granted_by"),
                    valid_until__isnull=False,
                    valid_until__lte=F("valid_from") + timedelta(days=LONGEST_STAND_IN_DAYS),
                ),
                name="accounts_rolegrant_stand_in_is_short",
                violation_error_message="代理由本人指定，必须有结束日期，最长 30 天。",
            ),
            ExclusionConstraint(
                name="accounts_rolegrant_once",
                expressions=(
                    ("user", "="),
                    ("role", "="),
                    ("union", "="),
                    (models.functions.Coalesce("stands_in_for", 0), "="),
                    (_Period("valid_from", "valid_until"), "&&"),
                ),
                violation_error_message="该用户已有这个角色。",
            ),
            # btree_gist: of one person, no two grants of one time may be of different classes (see rules.role_class).
            ExclusionConstraint(
                name="accounts_rolegrant_one_class",
                expressions=(
                    ("user", "="),
                    (
                        models.Case(
                            models.When(role__in=sorted(EXCLUSIVE_ROLES), then=1),
                            models.When(role__in=sorted(READ_ONLY_ROLES), then=2),
                            models.When(role__in=sorted(CONFIRMING_ROLES), then=4),
                            default=3,
                            output_field=models.IntegerField(),
                        ),
                        "<>",
                    ),
                    (_Period("valid_from", "valid_until"), "&&"),
                ),
                violation_error_message="系统管理员、安全管理员、经审和只读不能与其他角色由一人兼任。",
            ),
        )
        triggers = (
            GuardOfAll(name="b_of_own_union", operation=pgtrigger.Insert, func=_OF_OWN_UNION),
            Guard(name="b_role_fits_union", operation=pgtrigger.Insert, func=_FITS_UNION),
            GuardOfAll(name="c_granted", operation=pgtrigger.Insert, func=_GRANTED),
            Guard(
                name="fixed",
                operation=pgtrigger.Update,
                columns=_FIXED,
                func=refuse("accounts_rolegrant_fixed", "授予的内容不能修改，只能结束后另行授予。"),
            ),
            Guard(
                name="confirmed",
                operation=pgtrigger.Update,
                columns=("confirmed_by_id", "confirmed_at"),
                func=_CONFIRMED,
            ),
            Guard(
                name="ended", operation=pgtrigger.Update, columns=("valid_until", "ended_by_id"), func=_ENDED
            ),
            GuardOfAll(
                name="never_deleted",
                operation=pgtrigger.Delete,
                func=refuse("accounts_rolegrant_never_deleted", "角色授予不能删除，只能结束。"),
            ),
        )

    def __str__(self) -> str:
        return self.get_role_display()

    @property
    def is_waiting(self) -> bool:
        return self.confirmed_at is None

    @property
    def last_day(self) -> date | None:
        """The last day on which it is held: an end at midnight is that of the day before."""
        return self.valid_until and timezone.localdate(self.valid_until - timedelta(microseconds=1))
