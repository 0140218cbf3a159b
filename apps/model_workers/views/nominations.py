"""推荐评选: the list, one nomination with the steps that may be taken now, its form on paper."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require, require_step
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.downloads import PDF, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.core.workflow import Step
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS, NominationFilterForm
from apps.model_workers.forms.nominations import (
    ApproveForm,
    ConsultForm,
    NominationForm,
    NoticeForm,
    ObjectionsForm,
    StepForm,
)
from apps.model_workers.models import Nomination
from apps.model_workers.rules.nominations import FLOW, TONES, NominationStatus
from apps.model_workers.selectors.nominations import (
    filtered_nominations,
    nomination_page,
    suggested_notice,
)
from apps.model_workers.services.copies import print_nomination
from apps.model_workers.services.nominations import (
    Award,
    Notice,
    change_nomination,
    create_nomination,
    record_objections,
    take_step,
)
from apps.model_workers.tables.nominations import NominationTable
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]
DECIDES = ("model_worker.edit", "nomination.review", "nomination.approve")


@require("model_worker.read")
@require_safe
def nomination_list(request: SignedInRequest) -> HttpResponse:
    filters = NominationFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:nomination_list") + filters.address(without=("q",)))
    found = filtered_nominations(viewer=request.user, filters=filters.values)
    table = NominationTable(found if filters.is_valid() else found.none())
    context = {
        "filters": filters,
        "table": table.paged(request.GET.get("page"), counted=False),
        "may_edit": request.user.may("model_worker.edit"),
    }
    return render(
        request, "model_workers/nomination_list.html", context, status=422 if filters.errors else 200
    )


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def nomination_create(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    initial = {"year": timezone.localdate().year, "recommended_by": person.union_id}
    form = NominationForm(request.POST if request.method == "POST" else None, initial=initial, person=person)
    if form.is_valid():
        try:
            nomination = create_nomination(
                person_id=person.pk, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已登记为草稿；核对后点“推荐”。")
            return redirect("model_workers:nomination_detail", public_id=nomination.public_id)
    return _form(request, form, person)


def _form(
    request: SignedInRequest, form: NominationForm, person: Any, nomination: Nomination | None = None
) -> HttpResponse:
    context = {"form": form, "person": person, "nomination": nomination}
    return render(request, "model_workers/nomination_form.html", context, status=422 if form.errors else 200)


def _nomination(request: SignedInRequest, public_id: Any) -> Nomination:
    return get_object_or_404(Nomination.objects.visible_to(request.user).for_detail(), public_id=public_id)


@require("model_worker.read")
@require_safe
def nomination_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    nomination = _nomination(request, public_id)
    user = request.user
    context = {
        "nomination": nomination,
        "page": nomination_page(nomination, viewer=user, today=timezone.localdate()),
        "tone": TONES[nomination.status],
        "may_edit": user.may("model_worker.edit") and nomination.status == NominationStatus.DRAFT,
        "may_record": user.may("nomination.review") and nomination.status == NominationStatus.NOTICED,
    }
    return render(request, "model_workers/nomination_detail.html", context)


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def nomination_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    nomination = _nomination(request, public_id)
    person = nomination.person
    initial = {
        "title": nomination.title_id,
        "year": nomination.year,
        "recommended_by": nomination.recommended_by_id,
        "merits": nomination.merits,
    }
    form = NominationForm(request.POST if request.method == "POST" else None, initial=initial, person=person)
    if form.is_valid():
        try:
            change_nomination(
                nomination_id=nomination.pk, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已保存。")
            return redirect("model_workers:nomination_detail", public_id=nomination.public_id)
    return _form(request, form, person, nomination)


@require(*DECIDES)
@require_http_methods(FORM_METHODS)
def nomination_step(request: SignedInRequest, public_id: Any, action: str) -> HttpResponse:
    """One step of the table with what it asks for."""
    step = require_step(request, FLOW, action)
    nomination = _nomination(request, public_id)
    form = _step_form(request, step)
    if form.is_valid():
        try:
            taken = take_step(
                nomination_id=nomination.pk,
                action=action,
                actor=request.user,
                now=timezone.now(),
                **_given(form),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            told = f"已{step.label}，现为“{taken.get_target_display()}”。"
            return form_done(request, _page_of(nomination), told)
    return show_form(request, form, _deed(step, nomination))


def _page_of(nomination: Nomination) -> str:
    return reverse("model_workers:nomination_detail", args=[nomination.public_id])


def _step_form(request: SignedInRequest, step: Step) -> StepForm | ApproveForm:
    asked = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    if step.action == "approve":
        return ApproveForm(*asked, step=step)
    if step.action == "notice":
        suggested = suggested_notice(timezone.localdate())
        initial = {"notice_from": suggested.first, "notice_until": suggested.last}
        form = NoticeForm(asked[0], step=step, initial=initial)
        if suggested.unknown:
            form.fields["notice_until"].help_text = suggested.unknown
        return form
    return (ConsultForm if step.action == "consult" else StepForm)(asked[0], step=step)


def _given(form: StepForm | ApproveForm) -> dict[str, Any]:
    """What was typed, as the service takes it."""
    values = form.cleaned_data
    if isinstance(form, ApproveForm):
        return {
            "note": values["opinion"],
            "minutes_number": values["minutes_number"],
            "award": Award(values["awarded_on"], form.facts, values["scan"]),
        }
    given: dict[str, Any] = {"note": values["note"]}
    if isinstance(form, NoticeForm):
        given["notice"] = Notice(values["notice_place"], values["notice_from"], values["notice_until"])
    return given


def _deed(step: Step, nomination: Nomination) -> DialogForm:
    consequence = {
        "recommend": "推荐以后内容不能再修改；审查和审批由别人办理。",
        "notice": "公示期满、登记公示反映之后，才能审批授予。",
        "approve": "审批的同时登记荣誉，计入本人的档案。",
        "refuse": "这次评选到此结束。",
        "withdraw": "这次评选到此结束，需要时另行推荐。",
    }.get(step.action, "")
    return DialogForm(
        step.label,
        step.label,
        _page_of(nomination),
        about=f"{nomination.person.name}　{nomination.year}年 {nomination.title}",
        consequence=consequence,
        is_danger=step.takes_back,
    )


@require("nomination.review")
@require_http_methods(FORM_METHODS)
def nomination_objections(request: SignedInRequest, public_id: Any) -> HttpResponse:
    nomination = _nomination(request, public_id)
    initial = {"objections": nomination.objections}
    form = ObjectionsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            record_objections(
                nomination_id=nomination.pk, text=form.cleaned_data["objections"], actor=request.user
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(nomination), "已登记公示反映。")
    return show_form(
        request, form, DialogForm("公示反映", "保存", _page_of(nomination), about=nomination.person.name)
    )


@require("model_worker.read")
@require_POST
def nomination_print(request: SignedInRequest, public_id: Any) -> HttpResponse:
    nomination = _nomination(request, public_id)
    try:
        copy = print_nomination(
            nomination_id=nomination.pk,
            actor=request.user,
            now=timezone.now(),
            address=client_address(request),
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(_page_of(nomination))
    return download(copy.data, copy.name, PDF)
