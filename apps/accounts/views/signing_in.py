"""Signing in and out, and staying signed in."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import selectors, services
from apps.accounts.access import client_address, public, signed_in, wants_json
from apps.accounts.forms import SignInForm
from apps.accounts.models import AccessRecord, User
from apps.accounts.rules import SessionEnd, device_name, is_this_machine

# One sentence for an unknown name, a wrong password and a disabled account.
WRONG = "用户名或密码不正确，请重新输入。"


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page. `next` leads to a page of this site only."""
    if request.method != "POST" and request.user.is_authenticated:
        return redirect(_next_page(request))
    form = SignInForm(request.POST or None)
    if form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if user is not None:
            _open_session(request, user)
            return redirect(_first_page(request))
        form.add_error(None, WRONG)
    context = {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "end": _end(request),
        "lost": "lost" in request.GET,
        "demo_users": selectors.demo_users() if _demo_is_open(request) else (),
    }
    return render(request, "accounts/sign_in.html", context)


@public
@never_cache
@sensitive_post_parameters("password")
@require_POST
def sign_in_again(request: HttpRequest) -> JsonResponse:
    """Signing in from within a page whose session has ended, so that what was typed there stays."""
    form = SignInForm(request.POST)
    user = authenticate(request, **form.cleaned_data) if form.is_valid() else None
    if user is None:
        return JsonResponse({"message": WRONG}, status=422)
    _open_session(request, user)
    return JsonResponse(_session_facts(request))


@public
@never_cache
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """One click signs in as a demo account: in demo mode, from this machine; elsewhere the page does not exist."""
    if not _demo_is_open(request):
        raise Http404
    people = User.objects.with_roles().enabled().filter(is_demo=True)
    user = get_object_or_404(people, username=request.POST.get("username", ""))
    _open_session(request, user)
    return JsonResponse(_session_facts(request)) if wants_json(request) else redirect(_first_page(request))


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@signed_in
@never_cache
@require_POST
def keep_alive(request: HttpRequest) -> JsonResponse:
    """The person is still there: SessionLimitMiddleware has moved the deadline already."""
    return JsonResponse(_session_facts(request))


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """Answer of django-axes after too many wrong passwords; says when the name opens again."""
    username = (credentials or {}).get("username") or request.POST.get("username", "")
    ends_at = selectors.lock_end(username=username)
    if wants_json(request):
        until = f"{timezone.localtime(ends_at):%H:%M}" if ends_at else "稍后"
        return JsonResponse({"message": f"密码连续输错，该用户名已锁定，{until} 后可再试。"}, status=429)
    context = {"ends_at": ends_at, "limit": settings.AXES_FAILURE_LIMIT}
    return render(request, "accounts/locked_out.html", context, status=429)


def _open_session(request: HttpRequest, user: Any) -> None:
    login(request, user, backend="apps.accounts.backends.RoleBackend")
    request.session.begin(
        address=client_address(request),
        device=device_name(request.headers.get("User-Agent", "")),
        now=timezone.now(),
    )
    services.forget_ended_sessions(user=user)


def _session_facts(request: HttpRequest) -> dict[str, Any]:
    return {
        "user": request.user.pk,
        "seconds": request.session.seconds_left(),
        "csrf": get_token(request),
    }


def _next_page(request: HttpRequest) -> str:
    """The page asked for, if it is a path of this site; else the workbench."""
    page = request.POST.get("next") or request.GET.get("next", "")
    is_own = page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return page if is_own else resolve_url(settings.LOGIN_REDIRECT_URL)


def _first_page(request: Any) -> str:
    """After a sign-in: what others did to the account, if anything is unread; else the page asked for."""
    if AccessRecord.objects.unread_by(request.user).exists():
        return resolve_url("accounts:event_list")
    return _next_page(request)


def _end(request: HttpRequest) -> SessionEnd | None:
    """Why the sign-in before is over, as the page that was asked for found it."""
    try:
        return SessionEnd(request.GET.get("why"))
    except ValueError:
        return None


def _demo_is_open(request: HttpRequest) -> bool:
    return settings.DEMO_MODE and is_this_machine(client_address(request))
