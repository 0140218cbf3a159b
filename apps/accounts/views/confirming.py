"""What waits for a 安全管理员: roles, stand-ins and passwords that somebody else gave."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import selectors, services
from apps.accounts.access import SignedInRequest, require, scoped
from apps.accounts.models import PasswordReset, RoleGrant
from apps.core.errors import Refused


@require("account.confirm")
@require_safe
def confirm_list(request: SignedInRequest) -> HttpResponse:
    context = {
        "grants": selectors.waiting_grants(viewer=request.user),
        "resets": selectors.waiting_resets(viewer=request.user),
    }
    return render(request, "accounts/confirm_list.html", context)


@require("account.confirm")
@require_POST
def grant_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    grant = scoped(RoleGrant, request, pk=pk)
    return _do(request, "已确认，角色生效。", services.confirm_grant, grant_id=grant.pk)


@require("account.confirm")
@require_POST
def grant_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    grant = scoped(RoleGrant, request, pk=pk)
    reason = request.POST.get("reason", "")
    return _do(request, "已记为不同意，角色不生效。", services.refuse_grant, grant_id=grant.pk, reason=reason)


@require("account.confirm")
@require_POST
def reset_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    reset = scoped(PasswordReset, request, pk=pk)
    return _do(request, "已确认，一次性密码生效。", services.confirm_reset, reset_id=reset.pk)


@require("account.confirm")
@require_POST
def reset_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    reset = scoped(PasswordReset, request, pk=pk)
    reason = request.POST.get("reason", "")
    return _do(request, "已记为不同意，原密码不变。", services.refuse_reset, reset_id=reset.pk, reason=reason)


def _do(request: SignedInRequest, done: str, service: Callable[..., Any], **facts: Any) -> HttpResponse:
    try:
        service(actor=request.user, **facts)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("accounts:confirm_list")
