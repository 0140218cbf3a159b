"""The page behind a printed figure: its formula, its rows, and where it is printed."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from apps.accounts.access import SignedInRequest, require
from apps.budget.models import Edition, IssuedDocument
from apps.budget.selectors.figures import find_figure
from apps.budget.selectors.sheet import edition_sheet


@require("budget.read")
@require_GET
def figure(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    """Whoever follows a printed link to a row that is gone is told so."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    found = find_figure(edition_sheet(edition), key)
    context = {
        "edition": edition,
        "plan": edition.plan,
        "figure": found,
        "may_read_history": request.user.may("history.read"),
        "issued": IssuedDocument.objects.filter(edition=edition).for_list(),
    }
    return render(request, "budget/figure.html", context, status=200 if found else 404)
