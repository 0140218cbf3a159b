"""Two editions side by side, on screen, on paper and as a spreadsheet."""

import hashlib

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, client_address, require
from apps.accounts.services import record_export
from apps.budget.models import Edition, Plan
from apps.budget.selectors.comparison import (
    SHOWS,
    Comparison,
    comparable_editions,
    compare_editions,
    default_pair,
    edition_name,
)
from apps.budget.tables import comparison_workbook
from apps.core.downloads import XLSX, download


def _plan(request: SignedInRequest, pk: int) -> Plan:
    return get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("union", "fiscal_year"), pk=pk
    )


def _chosen(editions: list[Edition], text: str, fallback: Edition) -> Edition:
    """The edition named in the address; 404 when it is none of those that can be compared."""
    if not text:
        return fallback
    found = next((edition for edition in editions if str(edition.pk) == text), None)
    if found is None:
        raise Http404
    return found


def _comparison(request: SignedInRequest, plan: Plan) -> tuple[list[Edition], Comparison | None]:
    asked = request.POST if request.method == "POST" else request.GET
    editions = comparable_editions(plan, request.user)
    pair = default_pair(plan, editions)
    if pair is None:
        return editions, None
    before = _chosen(editions, asked.get("before", ""), pair[0])
    after = _chosen(editions, asked.get("after", ""), pair[1])
    show = asked.get("show", "all")
    return editions, compare_editions(before, after, show=show if show in SHOWS else "all")


@require("budget.read")
def plan_compare(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = _plan(request, pk)
    request.working_year = plan.year
    editions, comparison = _comparison(request, plan)
    show = request.GET.get("show", "all")
    context = {
        "plan": plan,
        "options": [(edition.pk, edition_name(edition, year=plan.year)) for edition in editions],
        "comparison": comparison,
        "shows": [(key, label, comparison.counts[key]) for key, label in SHOWS.items()] if comparison else [],
        "show": show if show in SHOWS else "all",
    }
    return render(request, "budget/compare.html", context)


@require("budget.read")
@require_POST
def compare_export(request: SignedInRequest, pk: int) -> HttpResponse:
    """The rows shown, as xlsx; who took them out is recorded."""
    plan = _plan(request, pk)
    _, comparison = _comparison(request, plan)
    if comparison is None:
        raise Http404
    name = f"{plan} {comparison.before_label}与{comparison.after_label}对比"
    data = comparison_workbook(comparison, title=name, created=timezone.now())
    record_export(
        actor=request.user,
        subject=name,
        row_count=len(comparison.rows()),
        sha256=hashlib.sha256(data).hexdigest(),
        address=client_address(request),
    )
    return download(data, f"{name}.xlsx", XLSX)
