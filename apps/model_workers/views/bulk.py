"""One deed on many people: who they are and how many is shown first, and it can be undone as a whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, require, scoped
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.filters import WorkerFilterForm
from apps.model_workers.forms.reviews import KeeperForm, ReviewPlanForm
from apps.model_workers.models import BulkChange
from apps.model_workers.rules.bulk import UNDO_DAYS
from apps.model_workers.selectors.bulk import bulk_lines
from apps.model_workers.selectors.workers import Chosen, chosen_by_filters, chosen_by_hand
from apps.model_workers.services.bulk import change_keeper, lay_out_reviews, undo_bulk


@dataclass(frozen=True)
class BulkDeed:
    title: str
    form: Any
    service: Callable[..., BulkChange]


DEEDS = {
    "review": BulkDeed("布置复核", ReviewPlanForm, lay_out_reviews),
    "keeper": BulkDeed("变更归口管理单位", KeeperForm, change_keeper),
}


@require("model_worker.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_deed(request: SignedInRequest, deed: str) -> HttpResponse:
    """The chosen rows, or with `all` everybody the filters leave; the number is shown before and checked after."""
    if deed not in DEEDS:
        raise Http404
    wanted, given = DEEDS[deed], request.POST if request.method == "POST" else request.GET
    chosen, carried = _chosen(request, given)
    if not chosen.person_ids:
        messages.warning(request, "没有选中任何人；请先在名册里勾选，或放宽筛选条件。")
        return redirect("model_workers:worker_list")
    if request.method == "POST":
        form = wanted.form(request.POST)
        if form.is_valid():
            try:
                change = wanted.service(
                    person_ids=chosen.person_ids, actor=request.user, now=timezone.now(), **form.cleaned_data
                )
            except Refused as refused:
                add_refusal(form, refused)
            else:
                messages.success(
                    request, f"{change.summary}：{change.people} 人。{UNDO_DAYS} 天内可以在本页撤销。"
                )
                return redirect("model_workers:bulk_list")
    else:
        form = wanted.form(
            initial=wanted.form.suggested(today=timezone.localdate(), expected=len(chosen.person_ids))
        )
    context = {"deed": wanted, "form": form, "chosen": chosen, "carried": carried}
    return render(request, "model_workers/bulk_deed.html", context, status=422 if form.errors else 200)


def _chosen(request: SignedInRequest, given: QueryDict) -> tuple[Chosen, list[tuple[str, str]]]:
    """Who was chosen, and how the form carries the choice on."""
    if given.get("all") == "1":
        filters = WorkerFilterForm(given, user=request.user)
        if not filters.is_valid():
            raise Http404
        found = chosen_by_filters(viewer=request.user, filters=filters.values, today=timezone.localdate())
        return found, [("all", "1"), *filters.pairs()]
    keys = [key for key in given.getlist("person") if _is_uuid(key)]
    return chosen_by_hand(viewer=request.user, public_ids=keys), [("person", key) for key in keys]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@require("model_worker.read")
@require_safe
def bulk_list(request: SignedInRequest) -> HttpResponse:
    context = {"lines": bulk_lines(viewer=request.user, now=timezone.now()), "undo_days": UNDO_DAYS}
    return render(request, "model_workers/bulk_list.html", context)


@require("model_worker.edit", "model_worker.decide")
@require_POST
def bulk_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    change = scoped(BulkChange, request, pk=pk)
    try:
        undo_bulk(change_id=change.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"已撤销“{change.summary}”。")
    return redirect(reverse("model_workers:bulk_list"))
