"""Managing the union tree."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import selectors, services
from apps.accounts.access import SignedInRequest, require, scoped
from apps.accounts.forms import NewUnionForm, UnionForm, show_refusal
from apps.accounts.models import Union
from apps.core.errors import Refused


@require("account.manage")
@require_safe
def union_tree(request: SignedInRequest) -> HttpResponse:
    return render(request, "accounts/union_tree.html", {"lines": selectors.union_tree(user=request.user)})


@require("account.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def union_create(request: SignedInRequest) -> HttpResponse:
    form = NewUnionForm(
        request.POST or None, initial={"parent": request.GET.get("parent")}, actor=request.user
    )
    if form.is_valid():
        facts = dict(form.cleaned_data)
        try:
            services.create_union(actor=request.user, parent_id=facts.pop("parent").pk, **facts)
        except Refused as error:
            show_refusal(form, error)
        else:
            messages.success(request, "工会组织已建立。")
            return redirect("accounts:union_tree")
    return render(request, "accounts/union_form.html", {"form": form})


@require("account.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def union_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    union = scoped(Union, request, pk=pk)
    initial = {name: getattr(union, name) for name in ("name", "short_name", "area_code", "is_active")}
    form = UnionForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            services.change_union(actor=request.user, union_id=union.pk, **form.cleaned_data)
        except Refused as error:
            show_refusal(form, error)
        else:
            messages.success(request, "已保存。")
            return redirect("accounts:union_tree")
    return render(request, "accounts/union_form.html", {"form": form, "union": union})
