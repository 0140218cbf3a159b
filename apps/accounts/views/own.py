"""One's own account: facts, password, sign-ins."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import selectors, services
from apps.accounts.access import SignedInRequest, signed_in
from apps.accounts.forms import PasswordForm, StandInForm, UpToForm, show_refusal
from apps.accounts.models import RoleGrant
from apps.accounts.roles import PERMISSIONS
from apps.core.errors import Refused


@signed_in
@require_safe
def root(request: SignedInRequest) -> HttpResponse:
    """The address of the section leads to the page of it that everybody has."""
    return redirect("accounts:profile")


@signed_in
@require_safe
def profile(request: SignedInRequest) -> HttpResponse:
    granted = [label for permission, label in PERMISSIONS.items() if request.user.may(permission)]
    stood_in = [grant for grant in selectors.present_grants(user=request.user) if grant.stands_in_for_id]
    return render(request, "accounts/profile.html", {"granted": granted, "stood_in": stood_in})


@signed_in
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: SignedInRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            person = services.change_password(
                user=request.user,
                old_password=form.cleaned_data["old_password"],
                new_password=form.cleaned_data["new_password"],
                current_key=request.session.session_key,
            )
        except Refused as error:
            show_refusal(form, error)
        else:
            update_session_auth_hash(request, person)
            messages.success(request, "密码已修改，其他设备上的登录已全部结束。")
            return redirect("accounts:profile")
    return render(request, "accounts/password_change.html", {"form": form})


@signed_in
@require_safe
def session_list(request: SignedInRequest) -> HttpResponse:
    sessions = selectors.own_sessions(user=request.user, current_key=request.session.session_key)
    return render(request, "accounts/session_list.html", {"sessions": sessions})


@signed_in
@require_POST
def session_end(request: SignedInRequest, reference: UUID) -> HttpResponse:
    try:
        services.end_session(user=request.user, reference=reference, current_key=request.session.session_key)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "该会话已结束。")
    return redirect("accounts:session_list")


@signed_in
@require_POST
def session_end_others(request: SignedInRequest) -> HttpResponse:
    ended = services.end_other_sessions(user=request.user, current_key=request.session.session_key)
    messages.success(request, f"已结束其他 {ended} 个会话。" if ended else "没有其他会话。")
    return redirect("accounts:session_list")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def stand_in_list(request: SignedInRequest) -> HttpResponse:
    form = StandInForm(request.POST or None, actor=request.user)
    if form.is_valid():
        try:
            services.name_stand_in(actor=request.user, **form.facts())
        except Refused as error:
            show_refusal(form, error)
        else:
            messages.success(request, "已提交，安全管理员确认后生效。")
            return redirect("accounts:stand_in_list")
    context = {"form": form, "stand_ins": selectors.own_stand_ins(user=request.user)}
    return render(request, "accounts/stand_in_list.html", context)


@signed_in
@require_POST
def stand_in_end(request: SignedInRequest, pk: int) -> HttpResponse:
    grant = get_object_or_404(RoleGrant, pk=pk, stands_in_for=request.user)
    try:
        services.end_stand_in(actor=request.user, grant_id=grant.pk)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "代理已结束。")
    return redirect("accounts:stand_in_list")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def event_list(request: SignedInRequest) -> HttpResponse:
    """What others did to the account; a sign-in leads here as long as something is unread."""
    if request.method == "POST":
        form = UpToForm(request.POST)
        if form.is_valid():
            services.acknowledge(user=request.user, up_to=form.cleaned_data["up_to"])
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/event_list.html", {"events": selectors.unread_events(user=request.user)})
