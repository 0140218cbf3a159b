"""What left the system or was refused."""

import pgtrigger
from django.db import models
from django.utils import timezone

from apps.accounts.models.users import User
from apps.core.triggers import Protect, Trigger


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def visible_to(self, user: "User") -> "AccessRecordQuerySet":
        """Records of people of the user's own union and of all unions below it."""
        return self.filter(actor__union__path__startswith=user.union.path)

    def unread_by(self, user: "User") -> "AccessRecordQuerySet":
        """What others did to the person's account, until the person has said to have read it."""
        return self.filter(concerns=user, acknowledgement__isnull=True)

    def for_list(self) -> "AccessRecordQuerySet":
        return self.select_related("actor__union").order_by("-id")


# When it happened is the database's word, and who it was is proven: nobody is accused, and nothing dated back.
_AS_IT_HAPPENED = """
    IF public.house_is_owner() THEN
        RETURN NEW;
    END IF;
    IF NEW.actor_id IS NOT NULL THEN
        IF NEW.actor_id <> public.house_actor() THEN
            RAISE EXCEPTION '访问记录只能以正在操作的人的名义写入。'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_accessrecord_in_own_name';
        END IF;
    END IF;
    NEW.at := public.house_now();
    RETURN NEW;
"""


class AccessRecord(models.Model):
    """Append-only record of what left the system or was refused: exports, full values shown, denied attempts."""

    class Kind(models.TextChoices):
        EXPORT = "export", "导出"
        PRINT = "print", "打印"
        REVEAL = "reveal", "查看完整信息"
        DENIED = "denied", "被拒绝的访问"
        VERIFY = "verify", "核验文件"
        ACCOUNT = "account", "账号管理"

    withheld = ("UPDATE", "DELETE")

    kind = models.CharField("类型", max_length=8, choices=Kind.choices)
    actor = models.ForeignKey(
        User, verbose_name="用户", on_delete=models.PROTECT, null=True, related_name="access_records"
    )
    concerns = models.ForeignKey(
        User,
        verbose_name="涉及的账号",
        on_delete=models.PROTECT,
        null=True,
        related_name="account_events",
        db_index=False,
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
        indexes = (
            models.Index(fields=("actor", "-id"), name="accounts_access_by_actor"),
            models.Index(
                fields=("concerns", "-id"),
                name="accounts_access_by_account",
                condition=models.Q(concerns__isnull=False),
            ),
        )
        triggers = (
            Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            Trigger(
                name="as_it_happened",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_AS_IT_HAPPENED,
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"


class Acknowledgement(models.Model):
    """The person whose account it was has read what was done to it."""

    withheld = ("UPDATE", "DELETE")

    record = models.OneToOneField(AccessRecord, on_delete=models.PROTECT, primary_key=True)
    at = models.DateTimeField("时间", db_default=models.functions.Now())

    class Meta:
        verbose_name = "账号变动的知悉"
        verbose_name_plural = "账号变动的知悉"
        triggers = (Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return str(self.record)
