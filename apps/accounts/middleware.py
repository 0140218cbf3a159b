"""The limits of a sign-in at each request: activity, a forced change of password, an answer that scripts understand."""

from collections.abc import Callable
from typing import Any, TypeGuard
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.access import wants_json

_READING = ("GET", "HEAD", "OPTIONS", "TRACE")
_OPEN_BEFORE_PASSWORD_CHANGE = frozenset(
    {
        "accounts:password_change",
        "accounts:sign_out",
        "accounts:sign_in",
        "accounts:sign_in_again",
        "accounts:keep_alive",
    }
)


class SessionLimitMiddleware:
    """Both time limits live in the session engine; a disabled person is not loaded at all (RoleBackend.get_user).

    Writing requests count as activity. Reading never does, so that a GET writes nothing; pages whose person is
    reading post a keep-alive instead.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        came_signed_in = request.user.is_authenticated
        if came_signed_in and request.method not in _READING:
            request.session.touch()  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated:
            response["X-Session-Seconds"] = str(request.session.seconds_left())  # type: ignore[attr-defined]
        elif not came_signed_in and _sends_to_sign_in(response):
            return _sign_in_answer(request, response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or not request.user.must_change_password:
            return None
        match = request.resolver_match
        if match is None or match.view_name in _OPEN_BEFORE_PASSWORD_CHANGE:
            return None
        if wants_json(request):
            return JsonResponse({"message": "请先修改密码。"}, status=403)
        return redirect("accounts:password_change")


def _sends_to_sign_in(response: HttpResponse) -> TypeGuard[HttpResponseRedirect]:
    return isinstance(response, HttpResponseRedirect) and urlsplit(response.url).path == reverse(
        "accounts:sign_in"
    )


def _sign_in_answer(request: HttpRequest, response: HttpResponseRedirect) -> HttpResponse:
    """A script is told 401, so that the page can ask for the password in place; a form's person is told of the loss
    and of why."""
    end = request.session.end  # type: ignore[attr-defined]
    if wants_json(request):
        message = end.sentence if end else "请先登录。"
        return JsonResponse({"message": message}, status=401, headers={"X-Signed-Out": "1"})
    why = {"why": end.value} if end else {}
    if request.method in _READING:
        return redirect(f"{response.url}&{urlencode(why)}") if why else response
    page = request.headers.get("Referer", "")
    same_site = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    query = {"lost": "1"} | why | ({"next": urlsplit(page).path} if page and same_site else {})
    return redirect(f"{reverse('accounts:sign_in')}?{urlencode(query)}")
