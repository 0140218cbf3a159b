"""复核: the task list with its progress, and the answer for one person."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require, scoped
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS, ReviewFilterForm, ScopedFilterForm
from apps.model_workers.forms.reviews import OutcomeForm
from apps.model_workers.models import Honour, Review
from apps.model_workers.selectors.reviews import (
    doubtful_honours,
    filtered_reviews,
    review_progress,
    review_years,
)
from apps.model_workers.services.reviews import enter_outcome
from apps.model_workers.tables.reviews import DoubtTable, ReviewTable


@require("model_worker.read")
@require_safe
def review_list(request: SignedInRequest) -> HttpResponse:
    """The reviews of the filters; of one year also how far each union is."""
    filters = ReviewFilterForm(request.GET, user=request.user, outcomes=Review.Outcome.choices)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:review_list") + filters.address(without=("q",)))
    user, today = request.user, timezone.localdate()
    years = review_years(user)
    year = filters.values.get("year") or (years[0] if years else today.year)
    found = filtered_reviews(viewer=user, filters=filters.values, today=today)
    may_edit = user.may("model_worker.edit")
    table = ReviewTable(found if filters.is_valid() else found.none(), may_edit=may_edit, today=today)
    context = {
        "filters": filters,
        "table": table.paged(request.GET.get("page"), counted=False),
        "progress": review_progress(viewer=user, year=year, today=today),
        "year": year,
        "years": years,
        "may_edit": may_edit,
    }
    return render(request, "model_workers/review_list.html", context, status=422 if filters.errors else 200)


@require("model_worker.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def review_enter(request: SignedInRequest, year: int, public_id: Any) -> HttpResponse:
    review = scoped(Review, request, year=year, person__public_id=public_id)
    back = reverse("model_workers:review_list") + f"?year={review.year}"
    initial = {"outcome": review.outcome, "note": review.note}
    form = OutcomeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            enter_outcome(review_id=review.pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, f"已登记{review.person.name}的复核结果。")
    about = f"{review.person.name}　{review.year}年复核，{review.due_on:%Y-%m-%d} 前办结"
    return show_form(request, form, DialogForm("复核结果", "保存", back, about=about))


@require("model_worker.read")
@require_safe
def doubt_list(request: SignedInRequest) -> HttpResponse:
    """Honours whose certificate nobody has seen (存疑)."""
    filters = ScopedFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:doubt_list") + filters.address(without=("q",)))
    honours = doubtful_honours(viewer=request.user, filters=filters.values)
    shown = honours if filters.is_valid() else Honour.objects.none()
    table = DoubtTable(shown, may_edit=request.user.may("model_worker.edit"))
    context = {"filters": filters, "table": table.paged(request.GET.get("page"), counted=False)}
    return render(request, "model_workers/doubt_list.html", context, status=422 if filters.errors else 200)
