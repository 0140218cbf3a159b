"""Allowance runs: the list, a new one, the pages of one run, and the steps of its approval."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.access import SignedInRequest, require
from apps.cases.views import decide_case, require_verb
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.allowances import (
    LeftOutFilterForm,
    LineFilterForm,
    RunFilterForm,
    RunForm,
)
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS
from apps.model_workers.models import AllowanceLine, AllowanceRun
from apps.model_workers.rules.allowances import RUN_FLOW, RunStatus
from apps.model_workers.selectors.bridges import bridge_of
from apps.model_workers.selectors.paid_accounts import changed_accounts, with_changes
from apps.model_workers.selectors.run_frame import RunFrame, freshness, run_frame, run_tabs, told_of
from apps.model_workers.selectors.run_lines import filtered_lines
from apps.model_workers.selectors.run_pages import budget_items, left_out, reasons_of
from apps.model_workers.selectors.runs import listed_runs, without_account
from apps.model_workers.services.runs import decide_run, prepare_run, recount_run
from apps.model_workers.tables.allowances import LeftOutTable, LineTable, RunTable

_MOST_CHANGED = 50
"""So many changed accounts are told one by one; the printed roll has them all."""


def found_run(request: SignedInRequest, pk: int) -> AllowanceRun:
    """The run, if the person may see it; else 404."""
    runs = AllowanceRun.objects.visible_to(request.user)
    related = ("union", "rule", "created_by", "previous__rule", "previous__union")
    run: AllowanceRun = get_object_or_404(runs.select_related(*related), pk=pk)
    request.working_year = run.year
    return run


def run_context(frame: RunFrame, page: str) -> dict[str, object]:
    """What every page of a run needs."""
    return {"run": frame.run, "run_frame": frame, "tabs": run_tabs(frame.run, page)}


@require("model_worker.read")
def run_list(request: SignedInRequest) -> HttpResponse:
    filters = RunFilterForm(request.GET)
    runs = listed_runs(request.user)
    shown = runs.filter(**filters.values) if filters.is_valid() else runs.none()
    table = RunTable(shown).paged(request.GET.get("page"), counted=False)
    context = {
        "table": table,
        "filters": filters,
        "row_count": len(table.paginated_rows),
        "may_prepare": request.user.may("allowance.prepare"),
    }
    return render(request, "model_workers/run_list.html", context)


@require("allowance.prepare")
def run_create(request: SignedInRequest) -> HttpResponse:
    form = RunForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            run = prepare_run(
                union_id=form.cleaned_data["union"].pk,
                year=form.cleaned_data["year"],
                snapshot_on=form.cleaned_data["snapshot_on"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已编制{run.union}{run.year}年荣誉津贴名册。")
            return redirect("model_workers:run_detail", pk=run.pk)
    return render(request, "model_workers/run_form.html", {"form": form}, status=422 if form.errors else 200)


@require("model_worker.read")
def run_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Classes, the sentence, what the budget says, the bridge in figures, the opinions."""
    run = found_run(request, pk)
    frame = run_frame(run, request.user)
    is_approved = run.status == RunStatus.APPROVED
    changed = changed_accounts(AllowanceLine.objects.filter(case=run).order_by("id")) if is_approved else []
    context = run_context(frame, "run_detail") | {
        "fresh": freshness(run),
        "changed_count": len(changed),
        "changed_accounts": with_changes(changed[:_MOST_CHANGED]) if changed else [],
        "bridge": bridge_of(run),
        "budget_items": budget_items(run, frame.sheet, request.user),
        "without_account": without_account(run),
        "may_prepare": request.user.may("allowance.prepare"),
    }
    return render(request, "model_workers/run_detail.html", context)


@require("model_worker.read")
def run_lines(request: SignedInRequest, pk: int) -> HttpResponse:
    run = found_run(request, pk)
    filters = LineFilterForm(request.GET, run=run)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:run_lines", args=[run.pk]) + filters.address(without=("q",)))
    lines = filtered_lines(run, filters.values)
    table = LineTable(lines if filters.is_valid() else lines.none())
    table.paged(request.GET.get("page"), counted=False)
    context = run_context(run_frame(run, request.user), "run_lines") | {"table": table, "filters": filters}
    return render(request, "model_workers/run_lines.html", context)


@require("model_worker.read")
def run_bridge(request: SignedInRequest, pk: int) -> HttpResponse:
    run = found_run(request, pk)
    bridge = bridge_of(run)
    context = run_context(run_frame(run, request.user), "run_bridge") | {
        "bridge": bridge,
        "sides": [("新增", bridge.came_by_reason), ("减少", bridge.went_by_reason)],
    }
    return render(request, "model_workers/run_bridge.html", context)


@require("model_worker.read")
def run_left_out(request: SignedInRequest, pk: int) -> HttpResponse:
    run = found_run(request, pk)
    people = left_out(run)
    filters = LeftOutFilterForm(request.GET, reasons=reasons_of(people))
    wanted = filters.values.get("reason")
    shown = [one for one in people if filters.is_valid() and wanted in (None, one.reason)]
    table = LeftOutTable(shown).paged(request.GET.get("page"))
    context = run_context(run_frame(run, request.user), "run_left_out") | {"table": table, "filters": filters}
    return render(request, "model_workers/run_left_out.html", context)


@require("allowance.prepare")
def run_recount(request: SignedInRequest, pk: int) -> HttpResponse:
    """What a new count would change; a POST takes it over."""
    run = found_run(request, pk)
    if request.method == "POST":
        try:
            change = recount_run(run_id=run.pk, actor=request.user, now=timezone.now())
        except Refused as refused:
            messages.error(request, refused.message)
        else:
            told = f"已重新计数：{change.sentence}。" if change.sentence else "已重新计数，名册没有变化。"
            messages.success(request, told)
        return redirect("model_workers:run_detail", pk=run.pk)
    context = run_context(run_frame(run, request.user), "run_detail") | {"fresh": freshness(run)}
    return render(request, "model_workers/run_recount.html", context)


@require(*RUN_FLOW.permissions)
@require_http_methods(["GET", "HEAD", "POST"])
def run_decide(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    """One step of the flow, in the dialog or as a page: with the figures, the bridge and what changed since the count."""
    require_verb(request, RUN_FLOW, verb)
    run = found_run(request, pk)
    return decide_case(request, run, verb, told=lambda: told_of(run), service=decide_run)
