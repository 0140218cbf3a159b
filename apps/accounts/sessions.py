"""Database sessions that know their person and device and end after idling or at the end of the day."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.accounts.models import Session
from apps.accounts.rules import SessionEnd, session_deadline


class SessionStore(DatabaseStore):
    """`expire_date` is the deadline of the sign-in. Every save moves it; only writing requests save."""

    ends_at: datetime | None = None
    end: SessionEnd | None = None
    """Why the sign-in that the browser named is over, if it is."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def begin(self, *, address: str | None, device: str, now: datetime) -> None:
        """Note where and when the person signed in; call after `django.contrib.auth.login`."""
        self["reference"] = str(uuid4())
        self["address"] = address
        self["device"] = device
        self["signed_in_at"] = now.isoformat()
        self.ends_at = self._deadline(signed_in_at=now, last_seen_at=now)

    def touch(self) -> None:
        """Count the present request as activity; the session middleware then saves it."""
        self.modified = True
        signed_in_at = self._signed_in_at(self)
        if signed_in_at:
            self.ends_at = self._deadline(signed_in_at=signed_in_at, last_seen_at=timezone.now())

    def cycle_key(self) -> None:
        """The row under the new key stands beside the old one for a moment and needs a name of its own."""
        if "reference" in self:
            self["reference"] = str(uuid4())
        super().cycle_key()

    def seconds_left(self) -> int:
        """Seconds until the sign-in ends; 0 when nobody is signed in."""
        if self.is_empty() or self.ends_at is None:
            return 0
        return max(0, int((self.ends_at - timezone.now()).total_seconds()))

    def _get_session_from_db(self) -> Session | None:
        named = self.session_key
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        if row is None:
            is_there = Session.objects.filter(session_key=named).exists()
            self.end = SessionEnd.TIMED_OUT if is_there else SessionEnd.ELSEWHERE
            return None
        self.ends_at = row.expire_date
        if (
            row.signed_in_at and row.last_seen_at
        ):  # the limits of today, should they have been shortened meanwhile
            limit = self._deadline(signed_in_at=row.signed_in_at, last_seen_at=row.last_seen_at)
            self.ends_at = min(row.expire_date, limit)
        if self.ends_at <= timezone.now():
            self._session_key = None
            self.end = SessionEnd.TIMED_OUT
            return None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        now = timezone.now()
        if SESSION_KEY in data:  # however the person was signed in, both limits hold
            data.setdefault("reference", str(uuid4()))
            data.setdefault("signed_in_at", now.isoformat())
        row = cast(Session, super().create_model_instance(data))
        signed_in_at = self._signed_in_at(data)
        if SESSION_KEY in data and signed_in_at:
            row.user_id = int(data[SESSION_KEY])
            row.reference = UUID(data["reference"])
            row.address = data.get("address")
            row.device = data.get("device", "")
            row.signed_in_at = signed_in_at
            row.last_seen_at = now
            row.expire_date = self._deadline(signed_in_at=signed_in_at, last_seen_at=now)
        return row

    @staticmethod
    def _signed_in_at(data: Any) -> datetime | None:
        text = data.get("signed_in_at")
        return parse_datetime(text) if text else None

    @staticmethod
    def _deadline(*, signed_in_at: datetime, last_seen_at: datetime) -> datetime:
        return session_deadline(
            signed_in_at=signed_in_at,
            last_seen_at=last_seen_at,
            idle_seconds=settings.SESSION_IDLE_SECONDS,
            absolute_seconds=settings.SESSION_ABSOLUTE_SECONDS,
        )
