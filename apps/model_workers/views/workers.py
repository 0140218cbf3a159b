"""The roster of model workers: filtered by the address, taken out, printed; and the page of one file."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.core.downloads import PDF, XLSX, download
from apps.core.errors import Refused
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS, ScopedFilterForm, WorkerFilterForm
from apps.model_workers.rules.files import TONES
from apps.model_workers.selectors.dossier import dossier
from apps.model_workers.selectors.workers import FIGURES, for_list, roster
from apps.model_workers.services.copies import export_roster, print_roster
from apps.model_workers.tables.workers import WorkerTable
from apps.people.models import Person
from apps.people.selectors.people import life_standing, work_standing
from apps.people.selectors.search import filtered_people


@require("model_worker.read")
@require_safe
def worker_list(request: SignedInRequest) -> HttpResponse:
    """The people of the filters on the day of the filters; with `figure` exactly those behind a figure of the budget."""
    filters = WorkerFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:worker_list") + filters.address(without=("q",)))
    found = roster(viewer=request.user, filters=filters.values, today=timezone.localdate())
    may_edit = request.user.may("model_worker.edit")
    people = for_list(found.people, found.as_of) if filters.is_valid() else found.people.none()
    table = WorkerTable(people, may_choose=may_edit).paged(request.GET.get("page"), counted=False)
    figure = filters.values.get("figure", "")
    context = {
        "filters": filters,
        "roster": found,
        "table": table,
        "has_rows": bool(table.page.object_list),
        "figure": FIGURES.get(figure, ""),
        "figure_count": found.people.count() if figure and filters.is_valid() else None,
        "class_words": filters.shown("class") if filters.values.get("class") else "",
        "may_edit": may_edit,
        "may_export": request.user.may("person.export"),
    }
    return render(request, "model_workers/worker_list.html", context, status=422 if filters.errors else 200)


@require("person.export")
@require_POST
def worker_export(request: SignedInRequest) -> HttpResponse:
    return _copy(request, export_roster, XLSX)


@require("person.export")
@require_POST
def worker_print(request: SignedInRequest) -> HttpResponse:
    return _copy(request, print_roster, PDF)


def _copy(request: SignedInRequest, service: Any, content_type: str) -> HttpResponse:
    """Exactly what the list of these filters shows."""
    filters = WorkerFilterForm(request.POST, user=request.user)
    back = reverse("model_workers:worker_list")
    if not filters.is_valid():
        messages.error(request, "".join(filters.sentences))
        return redirect(back + filters.address(without=("q",) if filters.holds_number else ()))
    try:
        copy = service(
            filters=filters.values,
            described=filters.described,
            actor=request.user,
            now=timezone.now(),
            address=client_address(request),
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(back + filters.address())
    return download(copy.data, copy.name, content_type)


@require("model_worker.edit")
@require_safe
def worker_find(request: SignedInRequest) -> HttpResponse:
    """Whom an honour or a nomination is for: somebody of the register of people, found by name."""
    filters = ScopedFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:worker_find") + filters.address(without=("q",)))
    people = []
    if filters.values.get("q"):
        found = filtered_people(viewer=request.user, filters=filters.values, as_of=timezone.localdate())
        people = list(found[:51])
    context = {
        "filters": filters,
        "people": people[:50],
        "is_cut": len(people) > 50,
        "for_nomination": request.GET.get("for") == "nomination",
    }
    return render(request, "model_workers/worker_find.html", context, status=422 if filters.errors else 200)


def living_person(request: SignedInRequest, public_id: Any) -> Any:
    """The person for a page of the model workers; 404 for a foreign, missing or merged row."""
    people = Person.objects.visible_to(request.user).living_rows().for_detail(timezone.localdate())
    return get_object_or_404(people, public_id=public_id)


@require("model_worker.read")
@require_safe
def worker_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    user = request.user
    found = dossier(person=person, viewer=user, today=timezone.localdate())
    context = {
        "person": person,
        "dossier": found,
        "status_tone": TONES[found.status],
        "work": work_standing(person.work),
        "life": life_standing(person.life),
        "possible_changes": found.possible_changes,
        "may_edit": user.may("model_worker.edit"),
        "may_decide": user.may("model_worker.decide"),
    }
    return render(request, "model_workers/worker_detail.html", context)
