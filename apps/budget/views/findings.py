"""The findings of an edition: the panel beside the grid, the page, and the reason that lets a soft one stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.checks import EditionFinding, edition_findings, unanswered
from apps.budget.models import Edition
from apps.budget.rules import edition_checks
from apps.budget.rules.text import CATALOGUE
from apps.budget.selectors.waivers import is_superseded, kept_reasons, waiver_obstacle
from apps.budget.services.waivers import keep_reasons, waive_finding, waive_findings
from apps.core.errors import Refused


@dataclass(frozen=True)
class AnswerRow:
    """A finding with what stands against a reason, and what was typed for it."""

    found: EditionFinding
    obstacle: str
    reason: str = ""
    is_marked: bool = False
    error: str = ""

    @property
    def takes_reason(self) -> bool:
        return self.found.needs_answer and not self.found.is_hard and not self.obstacle


@require("budget.read")
def edition_findings_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """The whole page, or only the list when the grid's panel asks for it."""
    edition = scoped(Edition, request, pk=pk)
    return _answer(request, edition)


def _answer(
    request: SignedInRequest,
    edition: Edition,
    *,
    refused: Refused | None = None,
    reasons: Mapping[str, str] = {},
    marked: Sequence[str] = (),
    **extra: object,
) -> HttpResponse:
    """`reasons`, `marked`: what was typed, by fingerprint, for a form that comes back."""
    request.working_year = edition.plan.year
    findings, superseded = edition_findings(edition), is_superseded(edition)
    rows = [
        AnswerRow(
            found,
            waiver_obstacle(found.finding, edition, request.user, superseded=superseded),
            reason=reasons.get(found.finding.fingerprint, ""),
            is_marked=found.finding.fingerprint in marked,
            error=refused.message if refused and refused.field == found.finding.fingerprint else "",
        )
        for found in findings
    ]
    earlier = kept_reasons(edition)
    context = {
        "edition": edition,
        "findings": rows,
        "open_count": len(unanswered(findings)),
        "superseded": superseded,
        "kept_count": sum(
            row.found.finding.fingerprint in earlier
            for row in rows
            if row.found.needs_answer and not row.obstacle
        ),
        "error": refused.message if refused else "",
        "open_rows": sum(1 for row in rows if row.takes_reason and not superseded),
        "may_answer": request.user.may("budget.check") or request.user.may("budget.enter"),
    }
    template = "budget/_findings.html" if "HX-Request" in request.headers else "budget/findings.html"
    return render(request, template, context | extra, status=422 if refused else 200)


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
        return _answer(request, edition, refused=refused, reasons={fingerprint: reason})
    if "HX-Request" in request.headers:
        return _answer(request, edition)
    messages.success(request, "已记下理由。")
    return redirect("budget:edition_findings", pk=edition.pk)


@require("budget.enter", "budget.check")
@require_POST
def findings_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Reasons for several findings at once: one each, or one for those that are marked."""
    edition = scoped(Edition, request, pk=pk)
    typed = {
        name.removeprefix("reason-"): value
        for name, value in request.POST.items()
        if name.startswith("reason-") and isinstance(value, str) and value.strip()
    }
    marked, common = request.POST.getlist("marked"), request.POST.get("common", "")
    reasons = dict.fromkeys(marked, common) | typed
    try:
        rows = waive_findings(edition_id=edition.pk, reasons=reasons, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _answer(request, edition, refused=refused, reasons=typed, marked=marked, common=common)
    messages.success(request, f"已记下 {len(rows)} 条理由。")
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
