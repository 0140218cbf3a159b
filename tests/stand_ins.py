"""Standing in for somebody absent, for tests."""

from datetime import timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.services import confirm_grant, name_stand_in
from tests.factories import UserFactory


def instead_of(absent: User, role: Role, stands_in: User | None = None) -> User:
    """Somebody who stands in, as people get there: named by the absent, confirmed by a 安全管理员."""
    person = stands_in or UserFactory(full_name="示例·代理人")
    now = timezone.now()
    grant = name_stand_in(
        actor=absent,
        role=role,
        user=person,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=3),
    )
    confirm_grant(actor=User.objects.get(pk=UserFactory(security_admin=True).pk), grant_id=grant.pk)
    return User.objects.get(pk=person.pk)
