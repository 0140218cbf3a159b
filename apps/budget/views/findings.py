"""The findings of an edition: the panel beside the grid, the page, and the reason that lets a soft one stand."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Edition
from apps.budget.rules import edition_checks
from apps.budget.rules.text import CATALOGUE
from apps.budget.selectors.waivers import is_superseded, kept_reasons, waiver_obstacle
from apps.budget.services.decisions import waive_finding
from apps.budget.services.reasons import keep_reasons
from apps.core.errors import Refused


@require("budget.read")
def edition_findings_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """The whole page, or only the list when the grid's panel asks for it."""
    edition = scoped(Edition, request, pk=pk)
    return _answer(request, edition)


def _answer(request: SignedInRequest, edition: Edition, **extra: object) -> HttpResponse:
    request.working_year = edition.plan.year
    findings, superseded = edition_findings(edition), is_superseded(edition)
    rows = [
        (found, waiver_obstacle(found.finding, edition, request.user, superseded=superseded))
        for found in findings
    ]
    earlier = kept_reasons(edition)
    context = {
        "edition": edition,
        "findings": rows,
        "open_count": len(unanswered(findings)),
        "superseded": superseded,
        "kept_count": sum(
            found.finding.fingerprint in earlier
            for found, obstacle in rows
            if found.needs_answer and not obstacle
        ),
        "may_answer": request.user.may("budget.check") or request.user.may("budget.enter"),
    }
    template = "budget/_findings.html" if "HX-Request" in request.headers else "budget/findings.html"
    return render(request, template, context | extra, status=422 if extra else 200)


@require("budget.enter", "budget.check")
@require_POST
def finding_waive(request: SignedInRequest, pk: int) -> HttpResponse:
    edition = scoped(Edition, request, pk=pk)
    fingerprint, reason = request.POST.get("fingerprint", ""), request.POST.get("reason", "")
    try:
        waive_finding(
            edition_id=edition.pk,
            fingerprint=fingerprint,
            reason=reason,
            actor=request.user,
            now=timezone.now(),
        )
    except Refused as refused:
        return _answer(
            request, edition, error=refused.message, typed={"fingerprint": fingerprint, "reason": reason}
        )
    if "HX-Request" in request.headers:
        return _answer(request, edition)
    messages.success(request, "已记下理由。")
    return redirect("budget:edition_findings", pk=edition.pk)


@require("budget.enter", "budget.check")
@require_POST
def findings_keep(request: SignedInRequest, pk: int) -> HttpResponse:
    """The reasons of the edition before, for what has not changed since."""
    edition = scoped(Edition, request, pk=pk)
    try:
        kept = keep_reasons(edition_id=edition.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"已沿用 {len(kept)} 条理由，记在您名下。")
    return redirect("budget:edition_findings", pk=edition.pk)


@require("text.check")
def check_catalogue(request: SignedInRequest) -> HttpResponse:
    """校验规则目录: every check there is, over texts and over rows."""
    context = {"texts": CATALOGUE, "rows": edition_checks.CATALOGUE.items()}
    return render(request, "budget/check_catalogue.html", context)
