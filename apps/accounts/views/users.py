"""Managing people: list, facts, roles, closing accounts, passwords."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import selectors, services
from apps.accounts.access import SignedInRequest, require, scoped
from apps.accounts.forms import GrantForm, NewUserForm, ReasonForm, UserFilterForm, UserForm, show_refusal
from apps.accounts.models import User
from apps.core.errors import Refused


@require("account.manage")
@require_safe
def user_list(request: SignedInRequest) -> HttpResponse:
    filters = UserFilterForm(request.GET, actor=request.user)
    people = selectors.filtered_users(
        viewer=request.user, filters=filters.cleaned_data if filters.is_valid() else {}
    )
    page = Paginator(people, 50).get_page(request.GET.get("page"))
    return render(request, "accounts/user_list.html", {"page": page, "filters": filters})


@require("account.manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def user_create(request: SignedInRequest) -> HttpResponse:
    form = NewUserForm(request.POST or None, actor=request.user)
    if form.is_valid():
        facts = dict(form.cleaned_data)
        role = facts.pop("role")
        try:
            user, password = services.create_user(actor=request.user, roles=[role] if role else [], **facts)
        except Refused as error:
            show_refusal(form, error)
        else:
            return _show_password(request, user, password)
    return render(request, "accounts/user_form.html", {"form": form})


@require("account.manage")
@require_safe
def user_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, scoped(User, request, pk=pk))


@require("account.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def user_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    user = scoped(User, request, pk=pk)
    initial = {"full_name": user.full_name, "union": user.union_id, "post": user.post}
    form = UserForm(request.POST or None, initial=initial, actor=request.user)
    if form.is_valid():
        try:
            services.change_user(actor=request.user, user_id=user.pk, **form.cleaned_data)
        except Refused as error:
            show_refusal(form, error)
        else:
            messages.success(request, "已保存。")
            return redirect("accounts:user_detail", pk=user.pk)
    return render(request, "accounts/user_form.html", {"form": form, "person": user})


@require("account.manage")
@require_POST
def role_grant(request: SignedInRequest, pk: int) -> HttpResponse:
    user = scoped(User, request, pk=pk)
    form = GrantForm(request.POST, user=user)
    if form.is_valid():
        try:
            grant = services.grant_role(actor=request.user, user_id=user.pk, role=form.cleaned_data["role"])
        except Refused as error:
            show_refusal(form, error)
        else:
            waits = "角色已提交，安全管理员确认后生效。"
            messages.success(request, waits if grant.is_waiting else "角色已授予。")
            return redirect("accounts:user_detail", pk=user.pk)
    return _detail(request, user, form)


@require("account.manage")
@require_POST
def role_revoke(request: SignedInRequest, pk: int, role: str) -> HttpResponse:
    user = scoped(User, request, pk=pk)
    return _do(request, user, "角色已撤销。", services.revoke_role, role=role)


@require("account.manage")
@require_POST
def user_deactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    user = scoped(User, request, pk=pk)
    reason = request.POST.get("reason", "")
    return _do(request, user, "账号已停用，该用户的登录已全部结束。", services.deactivate_user, reason=reason)


@require("account.manage")
@require_POST
def user_activate(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(request, scoped(User, request, pk=pk), "账号已启用。", services.activate_user)


@require("account.manage")
@require_POST
def user_unlock(request: SignedInRequest, pk: int) -> HttpResponse:
    return _do(request, scoped(User, request, pk=pk), "已解除锁定。", services.unlock_user)


@require("account.manage")
@never_cache
@require_POST
def password_reset(request: SignedInRequest, pk: int) -> HttpResponse:
    user = scoped(User, request, pk=pk)
    try:
        password = services.reset_password(actor=request.user, user_id=user.pk)
    except Refused as error:
        messages.error(request, error.message)
        return redirect("accounts:user_detail", pk=user.pk)
    return _show_password(request, user, password, waits=True)


def _do(
    request: SignedInRequest, user: User, done: str, service: Callable[..., Any], **facts: Any
) -> HttpResponse:
    """One service on one person; the answer stands on the person's page."""
    try:
        service(actor=request.user, user_id=user.pk, **facts)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("accounts:user_detail", pk=user.pk)


def _detail(request: SignedInRequest, user: User, form: GrantForm | None = None) -> HttpResponse:
    context = {
        "person": user,
        "grants": selectors.present_grants(user=user),
        "form": form or GrantForm(user=user),
        "reason_form": ReasonForm(),
        "lock_ends_at": selectors.lock_end(username=user.username),
        "history": selectors.user_history(user=user),
        "is_oneself": user.pk == request.user.pk,
    }
    return render(request, "accounts/user_detail.html", context)


def _show_password(
    request: SignedInRequest, user: User, password: str, *, waits: bool = False
) -> HttpResponse:
    """Once, in the answer itself: the password is stored nowhere in clear, so this page cannot be opened again."""
    context = {"person": user, "password": password, "waits": waits}
    shown = render(request, "accounts/one_time_password.html", context)
    shown["Content-Location"] = reverse("accounts:user_detail", args=[user.pk])
    return shown
