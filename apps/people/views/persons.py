"""One person: the page, entering, changing, full numbers one at a time, the printed form."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.core.dialogs import dialog_or_page
from apps.core.downloads import PDF, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.people.chapters import chapters_of
from apps.people.forms.persons import SUGGESTIONS, Difference, PersonForm, ReasonForm
from apps.people.models import Person
from apps.people.selectors.duplicates import open_pairs_of
from apps.people.selectors.people import life_standing, person_history, standing_events, work_standing
from apps.people.services.persons import edit_person, register_person
from apps.people.services.registration import print_registration
from apps.people.services.secrets import REVEALABLE, reveal_secret

SHOWN_SECONDS = 60
"""How long a full number stays on the screen."""


def visible_person(request: SignedInRequest, public_id: Any) -> Any:
    """The person for a page; 404 for a foreign row as for a missing one."""
    people = Person.objects.visible_to(request.user).for_detail(timezone.localdate())
    return get_object_or_404(people, public_id=public_id)


@require("person.read")
@require_safe
def person_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = visible_person(request, public_id)
    user, is_living = request.user, person.merged_into_id is None
    context = {
        "person": person,
        "survivor": None
        if is_living
        else Person.objects.visible_to(user).filter(pk=person.merged_into_id).first(),
        "work": work_standing(person.work),
        "life": life_standing(person.life),
        "secrets": [(name, label, getattr(person, name)) for name, label in REVEALABLE.items()],
        "standing": standing_events(person),
        "sections": chapters_of(person, user),
        "pairs": open_pairs_of(person, viewer=user) if user.may("person.merge") else [],
        "history": person_history(person) if user.may("history.read") else None,
        "may_edit": user.may("person.edit") and is_living,
        "may_reveal": user.may("person.reveal"),
    }
    return render(request, "people/person_detail.html", context)


@require("person.edit")
@sensitive_post_parameters("id_number", "phone", "account")
@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: SignedInRequest) -> HttpResponse:
    form = PersonForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            person = register_person(
                draft=form.draft,
                union=form.cleaned_data["union"],
                unit=form.cleaned_data["unit"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return _saved(request, person, form, f"已登记{person.name}。")
    return _form(request, form)


@require("person.edit")
@sensitive_post_parameters("id_number", "phone", "account")
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = visible_person(request, public_id)
    if person.merged_into_id is not None:
        raise Http404
    form = PersonForm(request.POST if request.method == "POST" else None, user=request.user, person=person)
    differences: list[Difference] = []
    if request.method == "POST" and form.is_valid():
        try:
            person = edit_person(
                person_id=person.pk,
                seen_version=form.cleaned_data["version"] or 0,
                draft=form.draft,
                unit=form.cleaned_data["unit"],
                kept=form.kept,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            if refused.code == "changed":
                differences = form.differences(person)
                form = _seen(request, person)
            add_refusal(form, refused)
        else:
            return _saved(request, person, form, "已保存。")
    return _form(request, form, person, differences)


def _seen(request: SignedInRequest, person: Person) -> PersonForm:
    """The same input, now made in knowledge of the row as it stands."""
    typed: QueryDict = request.POST.copy()
    typed["version"] = str(person.version)
    form = PersonForm(typed, user=request.user, person=person)
    form.is_valid()
    return form


def _saved(request: SignedInRequest, person: Person, form: PersonForm, done: str) -> HttpResponse:
    messages.success(request, done)
    for warning in form.warnings:
        messages.warning(request, warning)
    return redirect("people:person_detail", public_id=person.public_id)


def _form(
    request: SignedInRequest,
    form: PersonForm,
    person: Person | None = None,
    differences: list[Difference] | None = None,
) -> HttpResponse:
    context = {"form": form, "person": person, "differences": differences, "suggestions": SUGGESTIONS.items()}
    return render(request, "people/person_form.html", context, status=422 if form.errors else 200)


@require("person.reveal")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def person_reveal(request: SignedInRequest, public_id: Any, field: str) -> HttpResponse:
    """Ask for the reason, then show one full number, once: it stands in this answer and nowhere else."""
    person = visible_person(request, public_id)
    if field not in REVEALABLE or getattr(person, field) is None:
        raise Http404
    form, revealed = ReasonForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        try:
            revealed = reveal_secret(
                person_id=person.pk,
                field=field,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
                address=client_address(request),
            )
        except Refused as refused:
            add_refusal(form, refused)
    context = {
        "person": person,
        "field": field,
        "label": REVEALABLE[field],
        "mask": str(getattr(person, field)),
        "form": form,
        "revealed": revealed,
        "seconds": SHOWN_SECONDS,
    }
    return dialog_or_page(request, "people/reveal.html", context, status=422 if form.errors else 200)


@require("person.read")
@require_POST
def person_print(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """The registration form as PDF to keep."""
    person = visible_person(request, public_id)
    try:
        printed = print_registration(
            person_id=person.pk, actor=request.user, now=timezone.now(), address=client_address(request)
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("people:person_detail", public_id=person.public_id)
    return download(printed.data, printed.name, PDF)
