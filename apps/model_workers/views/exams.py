"""体检: the list, opening and changing an exam, its four tabs, bringing the roster up to date, the steps of its closing."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.cases.selectors import case_page
from apps.cases.views import decide_case, require_verb
from apps.core.dialogs import DialogForm, dialog_or_page, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.exams import ExamChangeForm, ExamOpenForm, NothingForm, RosterFilterForm
from apps.model_workers.forms.filters import NUMBER_IN_ADDRESS
from apps.model_workers.models import Exam
from apps.model_workers.rules.exams import FLOW, named
from apps.model_workers.selectors import exams as selectors
from apps.model_workers.selectors.settled_exams import in_words
from apps.model_workers.services import exams as services
from apps.model_workers.tables.exams import ExamTable, RosterTable

FORM_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


_TABS = (
    ("名册", "model_workers:exam_detail"),
    ("医院", "model_workers:exam_hospitals"),
    ("结算", "model_workers:exam_bills"),
    ("未检原因统计", "model_workers:exam_absences"),
)


def exam_of(request: SignedInRequest, pk: int) -> Exam:
    """The exam in reach, with its union, rule and people; its year stands in the frame."""
    exams = Exam.objects.visible_to(request.user).select_related("union", "rule__document", "created_by")
    exam: Exam = get_object_or_404(exams, pk=pk)
    request.working_year = exam.year
    return exam


def exam_page(
    request: SignedInRequest, exam: Exam, template: str, current: str, **context: Any
) -> HttpResponse:
    """One tab of an exam."""
    counts = selectors.exam_counts([exam.pk]).get(exam.pk, selectors.ExamCounts())
    may_manage = request.user.may("exam.manage")
    context |= {
        "exam": exam,
        "case_page": case_page(exam, viewer=request.user),
        "counts": counts,
        "tabs": [
            Tab(
                label,
                reverse(name, args=[exam.pk]),
                name == current,
                counts.invited if label == "名册" else None,
            )
            for label, name in _TABS
        ],
        "may_manage": may_manage and exam.is_open,
        "may_print": may_manage or request.user.may("person.export"),
        "may_export": request.user.may("person.export"),
    }
    return render(request, template, context)


@require("model_worker.read")
@require_safe
def exam_list(request: SignedInRequest) -> HttpResponse:
    exams = Exam.objects.visible_to(request.user).select_related("union").order_by("-year", "union__path")
    status = request.GET.get("status", "")
    if status in FLOW.labels:
        exams = exams.filter(status=status)
    table = ExamTable(exams, counts=selectors.exam_counts(exams.values_list("pk", flat=True)))
    context = {
        "table": table.paged(request.GET.get("page"), counted=False),
        "may_manage": request.user.may("exam.manage"),
        "status": status,
        "statuses": FLOW.labels.items(),
    }
    return render(request, "model_workers/exam_list.html", context)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def exam_create(request: SignedInRequest) -> HttpResponse:
    form = ExamOpenForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            exam = services.open_exam(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已建立{exam.year}年体检，名册 {exam.invitations.count()} 人。")
            return redirect("model_workers:exam_detail", pk=exam.pk)
    return render(request, "model_workers/exam_form.html", {"form": form}, status=422 if form.errors else 200)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def exam_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    exam = exam_of(request, pk)
    form = ExamChangeForm(
        request.POST if request.method == "POST" else None, initial=ExamChangeForm.initial_of(exam)
    )
    back = reverse("model_workers:exam_detail", args=[exam.pk])
    if form.is_valid():
        try:
            services.change_exam(exam_id=exam.pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, "已保存。")
    dialog = DialogForm(
        title=f"修改{exam.year}年体检安排", submit="保存", back=back, about=f"{exam.union} {exam}"
    )
    return show_form(request, form, dialog)


@require("model_worker.read")
@require_safe
def exam_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """名册."""
    exam = exam_of(request, pk)
    filters = RosterFilterForm(request.GET, user=request.user, exam=exam)
    filters.is_valid()
    if filters.holds_number:
        messages.error(request, NUMBER_IN_ADDRESS)
        return redirect(
            reverse("model_workers:exam_detail", args=[exam.pk]) + filters.address(without=("q",))
        )
    rows = selectors.roster(exam, viewer=request.user, filters=filters.values)
    may_record = request.user.may("exam.manage") and exam.is_open
    table = RosterTable(rows if filters.is_valid() else rows.none(), exam=exam, may_record=may_record)
    return exam_page(
        request,
        exam,
        "model_workers/exam_detail.html",
        "model_workers:exam_detail",
        filters=filters,
        table=table.paged(request.GET.get("page"), counted=False),
    )


@require("model_worker.read")
@require_safe
def exam_hospitals(request: SignedInRequest, pk: int) -> HttpResponse:
    """医院."""
    exam = exam_of(request, pk)
    name = "model_workers:exam_hospitals"
    rows = selectors.hospital_rows(exam)
    return exam_page(request, exam, "model_workers/exam_hospitals.html", name, rows=rows)


@require("model_worker.read")
@require_safe
def exam_bills(request: SignedInRequest, pk: int) -> HttpResponse:
    """结算."""
    exam = exam_of(request, pk)
    context = {
        "rows": [row for row in selectors.hospital_rows(exam) if row.hospital is not None],
        "money": selectors.money_of(exam),
        "obstacles": selectors.obstacles(exam) if exam.is_open else (),
    }
    return exam_page(request, exam, "model_workers/exam_bills.html", "model_workers:exam_bills", **context)


@require("model_worker.read")
@require_safe
def exam_absences(request: SignedInRequest, pk: int) -> HttpResponse:
    """未检原因统计."""
    exam = exam_of(request, pk)
    table = selectors.absence_table(exam, viewer=request.user)
    name = "model_workers:exam_absences"
    return exam_page(request, exam, "model_workers/exam_absences.html", name, absences=table)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def exam_refresh(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who would come and go; posting it brings the roster up to date."""
    exam = exam_of(request, pk)
    back = reverse("model_workers:exam_detail", args=[exam.pk])
    form = NothingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            change = services.refresh_roster(exam_id=exam.pk, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, _told(change))
    context = {
        "exam": exam,
        "form": form,
        "difference": selectors.roster_difference(exam),
        "back": back,
    }
    return dialog_or_page(
        request, "model_workers/exam_refresh.html", context, status=422 if form.errors else 200
    )


def _told(change: services.RosterChange) -> str:
    parts = [
        f"新增 {len(change.added)} 人（{named(change.added)}）" if change.added else "",
        f"移出 {len(change.removed)} 人（{named(change.removed)}）" if change.removed else "",
        f"{named(change.kept)}已不符合条件，但已到检，保留" if change.kept else "",
    ]
    return f"名册已更新：{'；'.join(filter(None, parts)) or '没有变化'}。"


@require(*FLOW.permissions)
@require_http_methods(FORM_METHODS)
def exam_decide(request: SignedInRequest, pk: int, verb: str) -> HttpResponse:
    """A step of the closing or of the reopening."""
    require_verb(request, FLOW, verb)
    exam = exam_of(request, pk)
    return decide_case(request, exam, verb, told=lambda: in_words(exam), service=services.decide_exam)
