"""Who a user name and password belong to. Permissions are not Django's: see roles.py."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.rules import normal_username


class RoleBackend(BaseBackend):
    """Checks passwords and loads the person of each request together with union and roles."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        user = User.objects.with_roles().filter(username=normal_username(username)).first()
        if user is None:
            # As much work as for a known name, so that the time taken does not tell whether the name exists.
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """None for a disabled account, so whoever is disabled is out at the next request."""
        return User.objects.with_roles().enabled().filter(pk=user_id).first()
