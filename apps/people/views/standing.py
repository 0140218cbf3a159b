"""Recording what became of a person, moving to another union, voiding; the portrait."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.access import SignedInRequest, require
from apps.core.dialogs import dialog_or_page, leave_dialog
from apps.core.errors import Refused
from apps.core.forms import HouseForm, add_refusal
from apps.people.forms.standing import MoveForm, ProofForm, StandingForm, VoidForm
from apps.people.models import Person, StandingEvent
from apps.people.services.standing import move_person, prove_standing, record_standing, void_standing
from apps.people.views.persons import visible_person

FORM_METHODS = ["GET", "HEAD", "POST"]


def living_person(request: SignedInRequest, public_id: Any) -> Any:
    """A person whose row was not merged into another."""
    person = visible_person(request, public_id)
    if person.merged_into_id is not None:
        raise Http404
    return person


@require("person.edit")
@require_http_methods(FORM_METHODS)
def standing_record(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    form = StandingForm(request.POST if request.method == "POST" else None)

    def record() -> str:
        event = record_standing(
            person_id=person.pk, actor=request.user, now=timezone.now(), **form.cleaned_data
        )
        return f"已登记{person.name}{event.effective_on:%Y-%m-%d}{event.get_kind_display()}。"

    return _answer(request, person, form, "登记状态", "登记", record)


@require("person.edit")
@require_http_methods(FORM_METHODS)
def person_move(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    form = MoveForm(request.POST if request.method == "POST" else None, leaving=person.union)

    def move() -> str:
        facts = dict(form.cleaned_data)
        target = facts.pop("to_union")
        move_person(
            person_id=person.pk, to_union_id=target.pk, actor=request.user, now=timezone.now(), **facts
        )
        return f"{person.name}已由{person.union}转到{target}。"

    return _answer(request, person, form, "转移管理关系", "转移", move)


def _event(request: SignedInRequest, person: Person, pk: int) -> StandingEvent:
    return get_object_or_404(StandingEvent.objects.visible_to(request.user), pk=pk, person=person)


@require("person.edit")
@require_http_methods(FORM_METHODS)
def standing_prove(request: SignedInRequest, public_id: Any, pk: int) -> HttpResponse:
    """The paper of an entry that was made without one."""
    person = living_person(request, public_id)
    event = _event(request, person, pk)
    form = ProofForm(request.POST if request.method == "POST" else None)

    def prove() -> str:
        prove_standing(
            event_id=event.pk, document=form.cleaned_data["document"], actor=request.user, now=timezone.now()
        )
        return f"已补{event.effective_on:%Y-%m-%d}“{event.get_kind_display()}”的证明材料。"

    return _answer(request, person, form, "补证明材料", "保存", prove, event=event)


@require("person.edit")
@require_http_methods(FORM_METHODS)
def standing_void(request: SignedInRequest, public_id: Any, pk: int) -> HttpResponse:
    person = living_person(request, public_id)
    event = _event(request, person, pk)
    form = VoidForm(request.POST if request.method == "POST" else None)

    def void() -> str:
        void_standing(
            event_id=event.pk, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now()
        )
        return f"已作废{event.effective_on:%Y-%m-%d}“{event.get_kind_display()}”。"

    return _answer(request, person, form, "作废状态记录", "作废", void, event=event, is_void=True)


def _answer(
    request: SignedInRequest,
    person: Person,
    form: HouseForm,
    title: str,
    label: str,
    service: Callable[[], str],
    event: StandingEvent | None = None,
    is_void: bool = False,
) -> HttpResponse:
    """One form about one person: asked, refused with everything typed, or done."""
    if request.method == "POST" and form.is_valid():
        try:
            done = service()
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, done)
            stays = Person.objects.visible_to(request.user).filter(pk=person.pk).exists()
            url = (
                reverse("people:person_detail", args=[person.public_id])
                if stays
                else reverse("people:person_list")
            )
            return leave_dialog(request, url)
    context = {
        "person": person,
        "form": form,
        "title": title,
        "submit_label": label,
        "event": event,
        "is_void": is_void,
        "action": request.path,
    }
    return dialog_or_page(request, "people/standing_form.html", context, status=422 if form.errors else 200)
