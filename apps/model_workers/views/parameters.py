"""标准与参数: everything dated on one page, each with its history; entering, correcting and ending."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from apps.accounts.access import SignedInRequest, require
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.parameters import FORMS, EndForm, ParameterForm
from apps.model_workers.selectors.parameters import (
    PARAMETERS,
    ParameterKind,
    last_event,
    parameter_groups,
    parameter_history,
    parameter_row,
)
from apps.model_workers.services.parameters import add_parameter, correct_parameter, end_parameter


@require("model_worker.read")
def parameter_list(request: SignedInRequest) -> HttpResponse:
    context = {
        "groups": parameter_groups(today=timezone.localdate()),
        "may_edit": request.user.may("parameter.edit"),
    }
    return render(request, "model_workers/parameter_list.html", context)


@require("model_worker.read")
def parameter_detail(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """One parameter with its history and what rests on it."""
    found = _kind(kind)
    row = parameter_row(found, _record(found, pk), today=timezone.localdate())
    context = {
        "kind": found,
        "row": row,
        "history": parameter_history(found, pk),
        "may_edit": request.user.may("parameter.edit"),
    }
    return render(request, "model_workers/parameter_detail.html", context)


@require("parameter.edit")
def parameter_create(request: SignedInRequest, kind: str) -> HttpResponse:
    found = _kind(kind)
    form = FORMS[kind](request.POST if request.method == "POST" else None, initial=_copied(found, request))
    if form.is_valid():
        try:
            entered = add_parameter(kind=found, values=form.values, actor=request.user)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            closed = entered.closed
            ended = f"原来的一项 {closed.valid_until:%Y-%m-%d} 截止。" if closed is not None else ""
            messages.success(request, f"已登记{found.label}。{ended}")
            return redirect("model_workers:parameter_list")
    return _form_page(request, found, form, title=f"登记{found.label}")


@require("parameter.edit")
def parameter_edit(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    found = _kind(kind)
    record = _record(found, pk)
    row = parameter_row(found, record, today=timezone.localdate())
    form = FORMS[kind](
        request.POST if request.method == "POST" else None,
        initial=_initial(found, record) | {"seen": last_event(found, pk)},
        fixed=found.same,
    )
    if form.is_valid():
        try:
            correct_parameter(
                kind=found,
                pk=pk,
                values=form.values,
                seen=form.cleaned_data["seen"] or 0,
                actor=request.user,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已更正{found.label}。")
            return redirect("model_workers:parameter_detail", kind=kind, pk=pk)
    return _form_page(request, found, form, title=f"更正{found.label}", row=row)


@require("parameter.edit")
def parameter_end(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    found = _kind(kind)
    record = _record(found, pk)
    row = parameter_row(found, record, today=timezone.localdate())
    form = EndForm(
        request.POST if request.method == "POST" else None,
        initial={"until": record.valid_until, "seen": last_event(found, pk)},
    )
    if form.is_valid():
        try:
            end_parameter(
                kind=found,
                pk=pk,
                until=form.cleaned_data["until"],
                seen=form.cleaned_data["seen"] or 0,
                actor=request.user,
            )
        except Refused as refused:
            field = "until" if refused.field == "valid_until" else refused.field
            add_refusal(form, Refused(refused.message, field=field, code=refused.code))
        else:
            messages.success(request, f"{row.title}：已定于 {form.cleaned_data['until']:%Y-%m-%d} 截止。")
            return redirect("model_workers:parameter_detail", kind=kind, pk=pk)
    return _form_page(request, found, form, title=f"截止{found.label}", row=row, is_end=True)


def _kind(key: str) -> ParameterKind:
    if key not in PARAMETERS:
        raise Http404
    return PARAMETERS[key]


def _record(kind: ParameterKind, pk: int) -> Any:
    return get_object_or_404(kind.model._default_manager.select_related("document", "created_by"), pk=pk)


def _initial(kind: ParameterKind, record: Any) -> dict[str, Any]:
    names = (*kind.fields, "valid_from", "valid_until", "document", "is_sample")
    return {name: getattr(record, name) for name in names}


def _copied(kind: ParameterKind, request: SignedInRequest) -> dict[str, Any]:
    """The form of a new one begins with what it follows, but for its days and its basis."""
    after = request.GET.get("after", "")
    record = (
        kind.model._default_manager.filter(pk=int(after)).first()
        if after.isdecimal() and len(after) < 19
        else None
    )
    return {name: getattr(record, name) for name in kind.fields} if record is not None else {}


def _form_page(
    request: SignedInRequest, kind: ParameterKind, form: ParameterForm | EndForm, **context: Any
) -> HttpResponse:
    return render(
        request,
        "model_workers/parameter_form.html",
        {"kind": kind, "form": form, **context},
        status=422 if form.errors else 200,
    )
