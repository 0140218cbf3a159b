"""Sign-ins on one device each."""

import uuid
from typing import Any, ClassVar

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from apps.accounts.models.users import User


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
