"""Who may open a page: the decorators every view wears, and the fetch that answers 404 for foreign rows."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.roles import PERMISSIONS
from apps.accounts.sessions import SessionStore

View = Callable[..., HttpResponseBase]
Row = TypeVar("Row", bound=Model)


class SignedInRequest(HttpRequest):
    """What a view gets behind LoginRequiredMiddleware: somebody has signed in. `working_year` is what the frame shows."""

    user: User
    session: SessionStore
    working_year: int


def require(*permissions: str) -> Callable[[View], View]:
    """Open the view to holders of any of these permissions; others get 403, and the attempt is recorded."""
    unknown = [permission for permission in permissions if permission not in PERMISSIONS]
    if unknown or not permissions:
        raise ValueError(f"not in roles.PERMISSIONS: {unknown or 'nothing named'}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User) or not any(user.may(permission) for permission in permissions):
                deny(
                    request, "您没有“" + "”或“".join(PERMISSIONS[name] for name in permissions) + "”的权限。"
                )
            return view(request, *args, **kwargs)

        guarded.permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Mark a view as open to everybody who has signed in (LoginRequiredMiddleware sees to that)."""
    view.permissions = ()  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Mark a view as open to everybody, signed in or not."""
    view.permissions = ()  # type: ignore[attr-defined]
    return login_not_required(view)


def deny(request: HttpRequest, reason: str) -> None:
    """Record the attempt and refuse it. The record is the one thing a GET may leave behind."""
    services.record_denial(
        actor=request.user,
        path=request.path,
        reason=reason,
        address=client_address(request),
    )
    raise PermissionDenied(reason)


def scoped(model: type[Row], request: HttpRequest, **lookup: Any) -> Row:
    """The row, if the person may see it; else 404, the same as for a row that does not exist."""
    return get_object_or_404(model.objects.visible_to(request.user), **lookup)  # type: ignore[attr-defined]


def client_address(request: HttpRequest) -> str | None:
    """The address the request came from; None when the server does not know it (a socket)."""
    return request.META.get("REMOTE_ADDR") or None


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks (htmx or fetch), so that a redirect to a page would be of no use to it."""
    return (
        request.headers.get("HX-Request") == "true"
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
        or request.headers.get("Accept", "").startswith("application/json")
    )
