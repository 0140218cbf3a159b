"""Taking the roster out, and what was paid too much."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, client_address, deny, require
from apps.core.downloads import PDF, XLSX, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.allowances import RollForm, SettleForm
from apps.model_workers.selectors.overpayments import overpaid_lines
from apps.model_workers.selectors.run_frame import run_frame
from apps.model_workers.selectors.run_lines import listed_recoveries
from apps.model_workers.services.allowance_rolls import take_out_roll
from apps.model_workers.services.recoveries import STEPS, list_recovery, settle_recovery
from apps.model_workers.views.runs import found_run, run_context

_TYPES = {"pdf": PDF, "xlsx": XLSX}


@require("model_worker.read")
def run_print(request: SignedInRequest, pk: int) -> HttpResponse:
    """How the roster is to be taken out; a POST gives the file and leaves a record."""
    run = found_run(request, pk)
    form = RollForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            taken = take_out_roll(
                run_id=run.pk,
                kind=form.cleaned_data["kind"],
                is_full=bool(form.cleaned_data.get("is_full")),
                reason=form.cleaned_data.get("reason", ""),
                actor=request.user,
                now=timezone.now(),
                address=client_address(request),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return download(taken.data, taken.name, _TYPES[form.cleaned_data["kind"]])
    context = run_context(run_frame(run, request.user), "run_detail") | {"form": form}
    return render(request, "model_workers/run_print.html", context, status=422 if form.errors else 200)


@require("model_worker.read")
def run_overpaid(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the register now calls overpaid, and what is on the list."""
    run = found_run(request, pk)
    context = run_context(run_frame(run, request.user), "run_overpaid") | {
        "found": overpaid_lines(run, today=timezone.localdate()),
        "listed": listed_recoveries(run),
        "may_list": request.user.may("allowance.prepare"),
        "may_waive": request.user.may("allowance.check"),
    }
    return render(request, "model_workers/run_overpaid.html", context)


@require("allowance.prepare")
@require_POST
def recovery_list(request: SignedInRequest, pk: int, person: UUID) -> HttpResponse:
    run = found_run(request, pk)
    try:
        recovery = list_recovery(run_id=run.pk, person=person, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"已把{recovery.line.name}多发的 {recovery.amount:,.2f} 元列入追回。")
    return redirect("model_workers:run_overpaid", pk=run.pk)


@require("allowance.prepare", "allowance.check")
def recovery_settle(request: SignedInRequest, pk: int, person: UUID, outcome: str) -> HttpResponse:
    if outcome not in STEPS:
        raise Http404
    label, permission, _ = STEPS[outcome]
    if not request.user.may(permission):
        deny(request, f"没有“{label}”的权限")
    run = found_run(request, pk)
    recovery = get_object_or_404(listed_recoveries(run), line__person__public_id=person)
    form = SettleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            settle_recovery(
                run_id=run.pk,
                person=person,
                outcome=outcome,
                note=form.cleaned_data["note"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"{recovery.line.name}：{label}。")
            return redirect("model_workers:run_overpaid", pk=run.pk)
    context = run_context(run_frame(run, request.user), "run_overpaid") | {
        "recovery": recovery,
        "form": form,
        "label": label,
    }
    return render(request, "model_workers/recovery_settle.html", context, status=422 if form.errors else 200)
