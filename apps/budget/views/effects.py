"""What if: other standards, counts or snapshot dates in an item, and what they would make of the sums."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.forms.effects import TrialForm
from apps.budget.models import Edition, Item
from apps.budget.selectors.effects import effect_of
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.sources import names_permissions, tried_readings
from apps.core.errors import Refused
from apps.core.forms import add_refusal


@require("budget.read")
@require_safe
def item_what_if(request: SignedInRequest, pk: int) -> HttpResponse:
    """Nothing is stored: the figures tried stand in the address."""
    item = scoped(Item, request, pk=pk)
    edition = Edition.objects.for_detail().get(pk=item.edition_id)
    request.working_year = edition.plan.year
    sheet = edition_sheet(edition)
    row = next(one for one in sheet.items if one.record.pk == item.pk)
    form = TrialForm(request.GET or None, lines=row.lines)
    effect = None
    if form.is_valid():
        day: date | None = form.cleaned_data.get("snapshot_on")
        try:
            trials = tried_readings(
                edition.plan,
                form.lines,
                day=day,
                typed={line.record.pk: (form.people(line), form.rate(line)) for line in form.lines},
                as_of=timezone.localdate(),
            )
            effect = effect_of(sheet, row, trials)
        except Refused as refused:
            add_refusal(form, refused)
    tried = {one.row.record.pk: one for one in effect.lines} if effect else {}
    context = {
        "edition": edition,
        "plan": edition.plan,
        "row": row,
        "form": form,
        "rows": [(line, *form.inputs[line.record.pk], tried.get(line.record.pk)) for line in form.lines],
        "effect": effect,
        "shows_names": all(request.user.may(needed) for needed in names_permissions(form.lines)),
    }
    return render(request, "budget/what_if.html", context, status=422 if form.errors else 200)
