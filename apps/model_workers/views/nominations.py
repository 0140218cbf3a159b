"""推荐评选: the list, one nomination with the steps that may be taken now, its notice, its form on paper."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.cases.forms import AnswerForm, NoticeStepForm, ObjectionForm, StepForm
from apps.cases.selectors import case_page, notice_page, suggested_notice
from apps.cases.views import decide_case, require_verb
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.downloads import PDF, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.documents.nominations import told_facts
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS, NominationFilterForm
from apps.model_workers.forms.nominations import ApproveForm, NominationForm
from apps.model_workers.models import Nomination
from apps.model_workers.rules.nominations import FLOW, NOTICE
from apps.model_workers.selectors.nominations import filtered_nominations, objection_to
from apps.model_workers.services import nominations as services
from apps.model_workers.services.copies import print_nomination
from apps.model_workers.tables.nominations import NominationTable
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]
STEP_FORMS: dict[str, type[StepForm]] = {"notice": NoticeStepForm, "approve": ApproveForm}


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
            nomination = services.create_nomination(
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
    rows = Nomination.objects.visible_to(request.user).for_detail()
    case: Nomination = get_object_or_404(rows, public_id=public_id)
    return case


@require("model_worker.read")
@require_safe
def nomination_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case, today = _nomination(request, public_id), timezone.localdate()
    context = {
        "case": case,
        "case_page": case_page(case, viewer=request.user, objection=objection_to(case, today=today)),
        "facts": told_facts(case),
        "notice": notice_page(case, viewer=request.user, today=today),
        "wanted": NOTICE.working_days,
    }
    return render(request, "model_workers/nomination_detail.html", context)


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def nomination_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    nomination = _nomination(request, public_id)
    person = nomination.person
    if not nomination.is_open:
        messages.error(request, f"当前状态为“{nomination.get_status_display()}”，内容不能修改。")
        return redirect(_page_of(nomination))
    initial = {
        "title": nomination.title_id,
        "year": nomination.year,
        "recommended_by": nomination.recommended_by_id,
        "merits": nomination.merits,
    }
    form = NominationForm(request.POST if request.method == "POST" else None, initial=initial, person=person)
    if form.is_valid():
        try:
            services.change_nomination(
                nomination_id=nomination.pk, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已保存。")
            return redirect("model_workers:nomination_detail", public_id=nomination.public_id)
    return _form(request, form, person, nomination)


@require(*FLOW.permissions)
@require_http_methods(FORM_METHODS)
def nomination_decide(request: SignedInRequest, public_id: Any, verb: str) -> HttpResponse:
    """One step of the flow with what it asks for."""
    require_verb(request, FLOW, verb)
    case = _nomination(request, public_id)
    initial: dict[str, Any] = {}
    told = ""
    if verb == "notice":
        suggested = suggested_notice(NOTICE, today=timezone.localdate())
        initial = {"first_on": suggested.first, "last_on": suggested.last}
        told = f"{case}　{suggested.unknown}" if suggested.unknown else ""
    return decide_case(
        request,
        case,
        verb,
        told=lambda: told,
        service=services.decide_nomination,
        form_class=STEP_FORMS.get(verb, StepForm),
        initial=initial,
    )


def _page_of(nomination: Nomination) -> str:
    return reverse("model_workers:nomination_detail", args=[nomination.public_id])


@require(NOTICE.enters)
@require_http_methods(FORM_METHODS)
def nomination_object(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """What somebody said against the notice."""
    case = _nomination(request, public_id)
    form = ObjectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.enter_objection(case=case, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(case), "已登记公示反映，等待核查答复。")
    dialog = DialogForm(
        "登记公示反映",
        "登记",
        _page_of(case),
        about=str(case),
        consequence="答复以前、或经核查属实的，不能授予。",
    )
    return show_form(request, form, dialog)


@require(NOTICE.answers)
@require_http_methods(FORM_METHODS)
def nomination_answer(request: SignedInRequest, public_id: Any, pk: int) -> HttpResponse:
    """Whether what was said is true."""
    case = _nomination(request, public_id)
    page = notice_page(case, viewer=request.user, today=timezone.localdate())
    said = next((one for one in page.objections if one.pk == pk), None) if page else None
    if said is None:
        raise Http404
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.answer_objection(
                case=case, objection=said, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(case), "已答复公示反映。")
    dialog = DialogForm(
        "答复公示反映", "答复", _page_of(case), about=said.said, consequence="属实的，这次评选不能授予。"
    )
    return show_form(request, form, dialog)


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
