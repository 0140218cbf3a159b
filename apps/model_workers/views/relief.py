"""困难救助: the list with the year's totals, entering a case, one case with its decisions, its form on paper."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.cases.selectors import case_page
from apps.cases.views import decide_case, require_verb
from apps.core.downloads import PDF, XLSX, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.documents.relief import group_in_words, told_facts
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS, ScopedFilterForm
from apps.model_workers.forms.relief import ReliefFilterForm, ReliefForm
from apps.model_workers.models import ReliefCase
from apps.model_workers.rules.relief import FLOW, reference_day
from apps.model_workers.selectors import relief as selectors
from apps.model_workers.services import relief as services
from apps.model_workers.services import relief_papers as papers
from apps.model_workers.tables.relief import ReliefTable
from apps.people.models import Person

FORM_METHODS = ["GET", "HEAD", "POST"]
MOST_FOUND = 30


@require("model_worker.read")
@require_safe
def relief_list(request: SignedInRequest) -> HttpResponse:
    filters = ReliefFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(reverse("model_workers:relief_list") + filters.address(without=("q",)))
    cases = selectors.filtered_cases(viewer=request.user, filters=filters.values)
    table = ReliefTable(cases if filters.is_valid() else cases.none())
    request.working_year = filters.shown_year
    context = {
        "filters": filters,
        "table": table.paged(request.GET.get("page"), counted=False),
        "year": filters.shown_year,
        "totals": selectors.yearly_totals(viewer=request.user, year=filters.shown_year),
        "may_enter": request.user.may("relief.enter"),
        "may_export": request.user.may("person.export"),
    }
    return render(request, "model_workers/relief_list.html", context, status=422 if filters.errors else 200)


@require("person.export")
@require_POST
def relief_export(request: SignedInRequest) -> HttpResponse:
    """Exactly what the list of these filters shows."""
    filters = ReliefFilterForm(request.POST, user=request.user)
    back = reverse("model_workers:relief_list")
    if not filters.is_valid():
        messages.error(request, "".join(filters.sentences))
        return redirect(back)
    copy = papers.export_cases(
        filters=filters.values,
        described=filters.described,
        actor=request.user,
        now=timezone.now(),
        address=client_address(request),
    )
    return download(copy.data, copy.name, XLSX)


@require("relief.enter")
@require_safe
def relief_find(request: SignedInRequest) -> HttpResponse:
    """Whose relief: a model worker found by name."""
    filters = ScopedFilterForm(request.GET, user=request.user)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect("model_workers:relief_find")
    words, today = filters.values.get("q", ""), timezone.localdate()
    found: list[Any] = []
    if words:
        found = list(selectors.candidates(viewer=request.user, words=words, as_of=today, most=MOST_FOUND + 1))
    taken = selectors.taken_by(found, year=today.year)
    context = {
        "filters": filters,
        "people": [(person, taken.get(person.pk)) for person in found[:MOST_FOUND]],
        "is_cut": len(found) > MOST_FOUND,
        "year": today.year,
    }
    return render(request, "model_workers/relief_find.html", context)


def _person(request: SignedInRequest, public_id: Any) -> Person:
    people = Person.objects.visible_to(request.user).living_rows().select_related("union", "unit")
    person: Person = get_object_or_404(people, public_id=public_id)
    return person


@require("relief.enter")
@require_http_methods(FORM_METHODS)
def relief_create(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = _person(request, public_id)
    today = timezone.localdate()
    initial = {"year": today.year, "group": selectors.applicant(person, as_of=today).group}
    form = ReliefForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            case = services.create_case(
                person_id=person.pk, draft=form.draft, actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已保存为草稿；核对后提交审核。")
            return redirect("model_workers:relief_detail", public_id=case.public_id)
    return _form_page(request, form, person)


@require("relief.enter")
@require_http_methods(FORM_METHODS)
def relief_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case = _case(request, public_id)
    initial = ReliefForm.initial_of(services.draft_of(case))
    form = ReliefForm(request.POST if request.method == "POST" else None, initial=initial)
    if not case.is_open:
        messages.error(request, f"当前状态为“{case.get_status_display()}”，内容不能修改。")
        return redirect("model_workers:relief_detail", public_id=case.public_id)
    if form.is_valid():
        try:
            services.edit_case(case_id=case.pk, draft=form.draft, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已保存。")
            return redirect("model_workers:relief_detail", public_id=case.public_id)
    return _form_page(request, form, case.person, case)


def _form_page(
    request: SignedInRequest, form: ReliefForm, person: Person, case: ReliefCase | None = None
) -> HttpResponse:
    year = case.year if case is not None else timezone.localdate().year
    day = reference_day(year=year, today=timezone.localdate())
    context = {
        "form": form,
        "person": person,
        "case": case,
        "who": selectors.applicant(person, as_of=day),
        "standards": selectors.standards_on(day),
    }
    return render(request, "model_workers/relief_form.html", context, status=422 if form.errors else 200)


@require("relief.enter")
@require_POST
def relief_trial(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """What the form would come to as it stands, without saving: for the panel beside it."""
    person = _person(request, public_id)
    form = ReliefForm(request.POST)
    form.is_valid()
    today = timezone.localdate()
    year = form.cleaned_data.get("year") or today.year
    own = ReliefCase.objects.visible_to(request.user).filter(person=person, year=year)
    case = own.filter(status__in=FLOW.open).first() if request.POST.get("case") else None
    context: dict[str, Any] = {}
    wrong = [sentences[0] for name, sentences in form.errors.items() if name != "circumstances"]
    if wrong:
        context["refusal"] = wrong[0]
    else:
        values = form.cleaned_data | {"circumstances": "…"}
        try:
            context["worked"] = services.work_out(
                person=person,
                draft=services.ReliefDraft(**values),
                actor=request.user,
                now=timezone.now(),
                besides=case.pk if case is not None else None,
            )
        except Refused as refused:
            context["refusal"] = refused.message
    if 2000 <= year <= today.year:
        day = reference_day(year=year, today=today)
        context |= {"who": selectors.applicant(person, as_of=day), "standards": selectors.standards_on(day)}
    return render(request, "model_workers/_relief_trial.html", context)


def _case(request: SignedInRequest, public_id: Any) -> ReliefCase:
    case: ReliefCase = get_object_or_404(
        ReliefCase.objects.visible_to(request.user).for_detail(), public_id=public_id
    )
    request.working_year = case.year
    return case


@require("model_worker.read")
@require_safe
def relief_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case, today = _case(request, public_id), timezone.localdate()
    facts = told_facts(case, today=today)
    context = {
        "case": case,
        "case_page": case_page(
            case, viewer=request.user, objection=selectors.objection_to(case, today=today)
        ),
        "facts": facts,
        "group": group_in_words(case, facts),
    }
    return render(request, "model_workers/relief_detail.html", context)


@require(*FLOW.permissions)
@require_http_methods(FORM_METHODS)
def relief_decide(request: SignedInRequest, public_id: Any, verb: str) -> HttpResponse:
    """One step of the flow, in the dialog or as a page."""
    require_verb(request, FLOW, verb)
    return decide_case(request, _case(request, public_id), verb, service=services.decide_relief)


@require("model_worker.read")
@require_POST
def relief_print(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case = _case(request, public_id)
    try:
        copy = papers.print_case(
            case_id=case.pk, actor=request.user, now=timezone.now(), address=client_address(request)
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("model_workers:relief_detail", public_id=case.public_id)
    return download(copy.data, copy.name, PDF)
