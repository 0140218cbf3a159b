"""放假安排: the years that are known, the days of one, putting them right."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.basis.forms.calendar import DayForm, RemoveDayForm, YearForm
from apps.basis.models import CalendarDay, CalendarYear
from apps.basis.selectors.calendar import year_page, years_with_counts
from apps.basis.services.calendar import add_day, correct_day, register_year, remove_day
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal

FORM_METHODS = ["GET", "HEAD", "POST"]


@require("document.read")
@require_safe
def calendar_list(request: SignedInRequest) -> HttpResponse:
    years = years_with_counts()
    known, present = {one.year for one in years}, timezone.localdate().year
    context = {
        "years": years,
        "missing": [year for year in (present, present + 1) if year not in known],
        "may_edit": request.user.may("parameter.edit"),
    }
    return render(request, "basis/calendar_list.html", context)


@require("document.read")
@require_safe
def calendar_detail(request: SignedInRequest, year: int) -> HttpResponse:
    page = year_page(get_object_or_404(CalendarYear, pk=year))
    return render(
        request,
        "basis/calendar_detail.html",
        {"page": page, "may_edit": request.user.may("parameter.edit")},
    )


@require("parameter.edit")
@require_http_methods(FORM_METHODS)
def calendar_create(request: SignedInRequest) -> HttpResponse:
    form = YearForm(
        request.POST if request.method == "POST" else None, initial={"year": timezone.localdate().year + 1}
    )
    if form.is_valid():
        try:
            record = register_year(**form.cleaned_data, actor=request.user)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记 {record.year} 年的放假安排，请再看一遍。")
            return redirect("basis:calendar_detail", year=record.year)
    return render(request, "basis/calendar_form.html", {"form": form}, status=422 if form.errors else 200)


@require("parameter.edit")
@require_http_methods(FORM_METHODS)
def day_create(request: SignedInRequest, year: int) -> HttpResponse:
    record = get_object_or_404(CalendarYear, pk=year)
    form = DayForm(request.POST if request.method == "POST" else None, initial={"basis": record.basis})
    if form.is_valid():
        try:
            day = add_day(**form.cleaned_data, actor=request.user)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(day.year_id), f"已增加：{day}。")
    return show_form(request, form, DialogForm("增加一天", "增加", _page_of(year), about=str(record)))


@require("parameter.edit")
@require_http_methods(FORM_METHODS)
def day_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(CalendarDay.objects.select_related("year"), pk=pk)
    about = str(record)
    initial = {
        "day": record.day,
        "is_working": str(record.is_working),
        "note": record.note,
        "basis": record.basis or record.year.basis,
    }
    form = DayForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            day = correct_day(pk=pk, **form.cleaned_data, actor=request.user)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(day.year_id), f"已更正：{day}。")
    return show_form(request, form, DialogForm("更正", "保存", _page_of(record.year_id), about=about))


@require("parameter.edit")
@require_http_methods(FORM_METHODS)
def day_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(CalendarDay, pk=pk)
    form = RemoveDayForm(request.POST if request.method == "POST" else None)
    back = _page_of(record.year_id)
    if form.is_valid():
        try:
            remove_day(pk=pk, reason=form.cleaned_data["reason"], actor=request.user)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, f"已删去：{record}。")
    dialog = DialogForm(
        "删去",
        "删去",
        back,
        about=str(record),
        consequence="这一天以后按平常的周几计算。",
        is_danger=True,
    )
    return show_form(request, form, dialog)


def _page_of(year: int) -> str:
    return reverse("basis:calendar_detail", args=[year])
