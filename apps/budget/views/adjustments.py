"""Adjustments after 批复: the page of an adjustment edition, registering a movement and taking it back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require
from apps.budget.checks import findings_objection
from apps.budget.forms.adjustments import FORMS
from apps.budget.models import Adjustment, Edition
from apps.budget.rules.stages import Stage
from apps.budget.selectors.adjustments import adjustment_sheet
from apps.budget.selectors.frame import edition_frame
from apps.budget.services import adjustments as services
from apps.core.dialogs import dialog_or_page, leave_dialog
from apps.core.errors import Refused
from apps.core.forms import add_refusal

TITLES = {"transfer": "调剂", "addition": "追加", "cut": "追减", "new": "新增项目（追加）"}


def _edition(request: SignedInRequest, pk: int) -> Edition:
    return get_object_or_404(
        Edition.objects.visible_to(request.user).for_detail(), pk=pk, stage=Stage.ADJUSTMENT
    )


@require("budget.read")
def adjustment_list(request: SignedInRequest, pk: int) -> HttpResponse:
    edition = _edition(request, pk)
    request.working_year = edition.plan.year
    context = {
        "edition": edition,
        "plan": edition.plan,
        "sheet": adjustment_sheet(edition),
        "edition_frame": edition_frame(edition, request.user, objection=findings_objection(edition)),
        "kinds": TITLES.items(),
    }
    return render(request, "budget/adjustments.html", context)


def _transfer(values: dict[str, Any], **common: Any) -> None:
    services.transfer_between(
        from_item_id=values["from_item"].pk,
        to_item_id=values["to_item"].pk,
        amount=values["amount"],
        reason=values["reason"],
        **common,
    )


def _addition(values: dict[str, Any], **common: Any) -> None:
    services.add_to_item(
        item_id=values["item"].pk, amount=values["amount"], reason=values["reason"], **common
    )


def _cut(values: dict[str, Any], **common: Any) -> None:
    services.cut_item(item_id=values["item"].pk, amount=values["amount"], reason=values["reason"], **common)


def _new(values: dict[str, Any], **common: Any) -> None:
    described = {name: value for name, value in values.items() if name not in ("amount", "reason")}
    services.add_new_item(values=described, amount=values["amount"], reason=values["reason"], **common)


_REGISTERS: dict[str, Callable[..., None]] = {
    "transfer": _transfer,
    "addition": _addition,
    "cut": _cut,
    "new": _new,
}


@require("budget.enter")
def adjustment_add(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """The form of one movement, in the dialog or as a page."""
    if kind not in FORMS:
        raise Http404
    edition = _edition(request, pk)
    form = FORMS[kind](request.POST if request.method == "POST" else None, sheet=adjustment_sheet(edition))
    if request.method == "POST" and form.is_valid():
        try:
            _REGISTERS[kind](form.cleaned_data, edition_id=edition.pk, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记{TITLES[kind]}。")
            return leave_dialog(request, reverse("budget:adjustment_list", args=[edition.pk]))
    context = {"edition": edition, "plan": edition.plan, "kind": kind, "title": TITLES[kind], "form": form}
    return dialog_or_page(request, "budget/adjustment_form.html", context, status=422 if form.errors else 200)


@require("budget.enter")
@require_POST
def adjustment_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    editions = Edition.objects.visible_to(request.user)
    adjustment = get_object_or_404(
        Adjustment.objects.select_related("item"), pk=pk, item__edition__in=editions
    )
    try:
        services.remove_movement(adjustment_id=adjustment.pk, actor=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(
            request, f"已撤销这笔{adjustment.get_kind_display()}，在本版本的修改历史里仍可查到。"
        )
    return redirect("budget:adjustment_list", pk=adjustment.item.edition_id)
