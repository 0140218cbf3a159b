"""Recording who came: one slip in the dialog, many by their numbers; bills; hospitals; the papers."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.downloads import PDF, XLSX, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.exams import (
    BillForm,
    BillRemoveForm,
    EntryForm,
    HospitalForm,
    RosterFilterForm,
)
from apps.model_workers.models import Exam, ExamBill, ExamInvitation, Hospital
from apps.model_workers.rules.exams import write_slips
from apps.model_workers.selectors import exams as selectors
from apps.model_workers.services import attendance, bills, exam_papers, hospitals
from apps.model_workers.services.attendance import Entry, What
from apps.model_workers.tables.exams import HospitalTable
from apps.model_workers.views.exams import FORM_METHODS, exam_of

RECORD, AGAIN = "record", "again"


def _told(entry: Entry, rows: Any) -> str:
    slips = write_slips(row.slip_number for row in rows)
    label = What(entry.what).label
    return f"“{label}”已登记 {len(rows)} 人（通知单 {slips}）。"[:300]


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def exam_entry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Many slips at once: typed or pasted, shown by name, then recorded all together."""
    exam = exam_of(request, pk)
    step = request.POST.get("step", "")
    form = EntryForm(request.POST if request.method == "POST" else None, initial=_first_entry(request, exam))
    rows: Any = ()
    if form.is_valid() and step != AGAIN:
        given = {"exam_id": exam.pk, "slips": form.cleaned_data["slips"], "entry": form.entry}
        try:
            if step == RECORD:
                rows = attendance.record_entry(**given, actor=request.user, now=timezone.now())
                messages.success(request, _told(form.entry, rows))
                return redirect("model_workers:exam_detail", pk=exam.pk)
            rows = attendance.try_entry(**given, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
    context = {"exam": exam, "form": form, "rows": rows, "label": _label(form) if rows else ""}
    return render(request, "model_workers/exam_entry.html", context, status=422 if form.errors else 200)


def _first_entry(request: SignedInRequest, exam: Exam) -> dict[str, Any]:
    """The slips of the filters in the address, and the deed it asks for."""
    filters = RosterFilterForm(request.GET, user=request.user, exam=exam)
    initial: dict[str, Any] = {"attended_on": min(timezone.localdate(), exam.ends_on)}
    if request.GET.get("what") in What.values:
        initial["what"] = request.GET["what"]
    if filters.values:
        rows = selectors.roster(exam, viewer=request.user, filters=filters.values)
        initial["slips"] = write_slips(rows.values_list("slip_number", flat=True))
    return initial


def _label(form: EntryForm) -> str:
    """What is going to be recorded, in words."""
    entry, hospital = form.entry, form.cleaned_data.get("hospital")
    label = str(What(entry.what).label)
    if entry.what == What.ATTENDED:
        return f"{entry.attended_on:%Y-%m-%d} {hospital or '在已安排的医院'}到检"
    if entry.what == What.ABSENT:
        return f"{label}：{ExamInvitation.Absence(entry.absence).label}"
    if entry.what == What.HOSPITAL:
        return f"{label}：{hospital or '取消安排'}"
    return label


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def invitation_edit(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """One slip, in the dialog."""
    exam = exam_of(request, pk)
    row = get_object_or_404(selectors.roster(exam, viewer=request.user), slip_number=number)
    initial = {
        "what": What.ABSENT if row.absence else What.ATTENDED,
        "hospital": row.hospital_id,
        "attended_on": row.attended_on or min(timezone.localdate(), exam.ends_on),
        "absence": row.absence,
    }
    form = EntryForm(request.POST if request.method == "POST" else None, row=row, initial=initial)
    back = reverse("model_workers:exam_detail", args=[exam.pk])
    if form.is_valid():
        try:
            rows = attendance.record_entry(
                exam_id=exam.pk, slips=[number], entry=form.entry, actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _same_list(request, back), _told(form.entry, rows))
    unit = row.person.unit.name if row.person.unit else str(row.person.union)
    dialog = DialogForm(
        title=f"登记 {number} 号通知单", submit="保存", back=back, about=f"{row.person.name}（{unit}）"
    )
    return show_form(request, form, dialog)


def _same_list(request: SignedInRequest, back: str) -> str:
    """The list with the filters and the page from which the dialog was opened."""
    opened = urlsplit(request.headers.get("HX-Current-URL", ""))
    return f"{back}?{opened.query}" if opened.path == back and opened.query else back


# --- bills ---------------------------------------------------------------------------------------------------


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def bill_create(request: SignedInRequest, pk: int, hospital_id: int) -> HttpResponse:
    exam = exam_of(request, pk)
    hospital = get_object_or_404(Hospital, pk=hospital_id)
    attended = exam.invitations.attended().filter(hospital=hospital).count()
    initial = {"rate": exam.rule.rate, "billed_on": timezone.localdate()}
    form = BillForm(request.POST if request.method == "POST" else None, initial=initial)
    back = reverse("model_workers:exam_bills", args=[exam.pk])
    if form.is_valid():
        try:
            bill = bills.record_bill(
                exam_id=exam.pk,
                hospital_id=hospital.pk,
                actor=request.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            told = f"{hospital}已结算：{bill.people} 人 × {bill.rate:,.2f} 元 = {bill.amount:,.2f} 元。"
            return form_done(request, back, told)
    lead = f"已登记到检 {attended} 人；每人标准 {exam.rule.rate:,.2f} 元。"
    consequence = "结算以后，这家医院的到检登记不能再改，直到撤销结算。"
    dialog = DialogForm(
        title="登记结算",
        submit="登记结算",
        back=back,
        about=hospital.name,
        lead=lead,
        consequence=consequence,
    )
    return show_form(request, form, dialog)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def bill_remove(request: SignedInRequest, pk: int, bill_id: int) -> HttpResponse:
    exam = exam_of(request, pk)
    bill = get_object_or_404(ExamBill.objects.select_related("hospital"), pk=bill_id, case=exam)
    form = BillRemoveForm(request.POST if request.method == "POST" else None)
    back = reverse("model_workers:exam_bills", args=[exam.pk])
    if form.is_valid():
        try:
            bills.remove_bill(
                exam_id=exam.pk, bill_id=bill.pk, reason=form.cleaned_data["reason"], actor=request.user
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, f"{bill.hospital}的结算已撤销。")
    dialog = DialogForm(
        title="撤销结算",
        submit="撤销结算",
        back=back,
        about=f"{bill.hospital}：{bill.people} 人，{bill.amount:,.2f} 元，发票 {bill.invoice_number}",
        is_danger=True,
    )
    return show_form(request, form, dialog)


# --- papers --------------------------------------------------------------------------------------------------


@require("exam.manage", "person.export")
@require_POST
def exam_slips(request: SignedInRequest, pk: int) -> HttpResponse:
    return _filtered_paper(request, pk, exam_papers.print_slips, PDF)


@require("exam.manage", "person.export")
@require_POST
def exam_roster(request: SignedInRequest, pk: int) -> HttpResponse:
    return _filtered_paper(request, pk, exam_papers.print_roster, PDF)


@require("person.export")
@require_POST
def exam_export(request: SignedInRequest, pk: int) -> HttpResponse:
    return _filtered_paper(request, pk, exam_papers.export_exam_roster, XLSX)


def _filtered_paper(request: SignedInRequest, pk: int, service: Any, content_type: str) -> HttpResponse:
    """Exactly the people the list of these filters shows."""
    exam = exam_of(request, pk)
    filters = RosterFilterForm(request.POST, user=request.user, exam=exam)
    back = reverse("model_workers:exam_detail", args=[exam.pk])
    if not filters.is_valid():
        messages.error(request, "".join(filters.sentences))
        return redirect(back)
    try:
        copy = service(
            exam_id=exam.pk,
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


@require("exam.manage", "person.export")
@require_POST
def exam_settlement(request: SignedInRequest, pk: int) -> HttpResponse:
    exam = exam_of(request, pk)
    copy = exam_papers.print_settlement(
        exam_id=exam.pk, actor=request.user, now=timezone.now(), address=client_address(request)
    )
    return download(copy.data, copy.name, PDF)


# --- hospitals -----------------------------------------------------------------------------------------------


@require("model_worker.read")
@require_safe
def hospital_list(request: SignedInRequest) -> HttpResponse:
    may_edit = request.user.may("exam.manage")
    table = HospitalTable(Hospital.objects.order_by("-is_active", "name"), may_edit=may_edit)
    context = {"table": table.paged(request.GET.get("page"), counted=False), "may_edit": may_edit}
    return render(request, "model_workers/hospital_list.html", context)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def hospital_create(request: SignedInRequest) -> HttpResponse:
    form = HospitalForm(request.POST if request.method == "POST" else None)
    return _hospital_form(request, form, "登记医院", hospitals.add_hospital)


@require("exam.manage")
@require_http_methods(FORM_METHODS)
def hospital_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    hospital = get_object_or_404(Hospital, pk=pk)
    form = HospitalForm(request.POST if request.method == "POST" else None, hospital=hospital)
    return _hospital_form(request, form, "修改医院", hospitals.change_hospital, hospital_id=hospital.pk)


def _hospital_form(
    request: SignedInRequest, form: HospitalForm, title: str, service: Any, **given: Any
) -> HttpResponse:
    back = reverse("model_workers:hospital_list")
    if form.is_valid():
        try:
            hospital = service(actor=request.user, **given, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, f"已保存“{hospital}”。")
    return show_form(request, form, DialogForm(title=title, submit="保存", back=back))
