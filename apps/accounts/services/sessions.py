"""Ending sign-ins."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Session, User
from apps.core import once
from apps.core.errors import Refused

KEPT_ENDED = timedelta(days=30)


@transaction.atomic
def end_session(*, user: User, reference: UUID, current_key: str | None) -> None:
    """End another sign-in of the same person. Raises Refused when it is over already or is the present one."""
    session = Session.objects.select_for_update().filter(user=user, reference=reference).first()
    if session is None:
        raise Refused("这个会话已经结束。")
    if session.session_key == current_key:
        raise Refused("这是当前会话，请用“退出”结束它。")
    once.take()
    session.delete()


@transaction.atomic
def end_other_sessions(*, user: User, current_key: str | None) -> int:
    """End all sign-ins of the person but the present one; returns how many were still running."""
    others = Session.objects.filter(user=user).exclude(session_key=current_key or "")
    running = others.running().count()
    once.take()
    others.delete()
    return running


def end_all_sessions(*, user_id: int) -> None:
    """End every sign-in of the person."""
    Session.objects.filter(user_id=user_id).delete()


def forget_ended_sessions(*, user: User) -> None:
    """Clear away the rows of the person's sign-ins that are long over; the others still tell how they ended."""
    Session.objects.filter(user=user, expire_date__lt=timezone.now() - KEPT_ENDED).delete()
