"""Printing an edition: choose the style, wait for the background job, take the draft; begin an issue."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.access import SignedInRequest, client_address, require
from apps.budget.forms.printing import ISSUE, PrintForm
from apps.budget.models import Edition, PrintJob
from apps.budget.printing import print_page
from apps.budget.selectors.frame import edition_frame
from apps.budget.selectors.printing import condition_of, visible_jobs
from apps.budget.services import printing as services
from apps.core.downloads import PDF, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.core.jobs import Condition


@require("budget.read")
def edition_print(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page before printing; posting it puts the job into the queue."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    form = PrintForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            job = services.request_print(
                edition_id=edition.pk,
                actor=request.user,
                style=form.cleaned_data["style"],
                is_issue=request.POST.get("what") == ISSUE,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return redirect("budget:print_job", pk=job.pk)
    context = {
        "edition": edition,
        "plan": edition.plan,
        "form": form,
        "page": print_page(edition, request.user, timezone.now()),
        "edition_frame": edition_frame(edition, request.user),
    }
    return render(request, "budget/print.html", context, status=422 if form.errors else 200)


def _job(request: SignedInRequest, pk: int) -> PrintJob:
    return get_object_or_404(visible_jobs(request.user), pk=pk)


def _job_context(job: PrintJob) -> dict[str, object]:
    condition = condition_of(job, timezone.now())
    return {
        "job": job,
        "edition": job.edition,
        "plan": job.edition.plan,
        "condition": condition,
        "is_waiting": condition not in (None, Condition.STALLED),
    }


@require("budget.read")
@require_GET
def print_job(request: SignedInRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    request.working_year = job.edition.plan.year
    return render(request, "budget/print_job.html", _job_context(job))


@require("budget.read")
@require_GET
@never_cache
def print_job_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """The part of the page that asks every second."""
    return render(request, "budget/_print_job.html", _job_context(_job(request, pk)))


@require("budget.read")
@require_POST
def print_job_restart(request: SignedInRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        job = services.restart_print(job_id=job.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("budget:print_job", pk=job.pk)


@require("budget.read")
@require_POST
def print_job_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """The bytes of a draft. Taking them leaves a record, so it is no GET."""
    job = _job(request, pk)
    try:
        draft = services.hand_out_draft(job_id=job.pk, actor=request.user, address=client_address(request))
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("budget:print_job", pk=job.pk)
    name = f"{job.edition.plan}编制说明（{job.edition.label}，草稿）.pdf"
    return download(draft.pdf or b"", name, PDF)
