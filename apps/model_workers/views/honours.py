"""Honours of one person: entered, certified, voided."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.access import SignedInRequest, client_address, require, scoped
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.downloads import PDF, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.honours import HonourForm, ScanForm, VoidForm
from apps.model_workers.models import Honour
from apps.model_workers.services.honours import (
    attach_scan,
    award_honour,
    hand_out_scan,
    void_honour,
)
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]
_TYPES = {"pdf": PDF, "png": "image/png", "jpg": "image/jpeg"}


def _sent(request: SignedInRequest) -> tuple[Any, Any]:
    """What a form with a file was sent with; nothing when it is only shown."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def honour_create(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person = living_person(request, public_id)
    form = HonourForm(*_sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            honour = award_honour(
                person_id=person.pk,
                title=form.cleaned_data["title"],
                awarded_on=form.cleaned_data["awarded_on"],
                facts=form.facts,
                scan=form.cleaned_data["scan"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记{person.name}的“{honour}”。")
            return redirect("model_workers:worker_detail", public_id=person.public_id)
    context = {"form": form, "person": person}
    return render(request, "model_workers/honour_form.html", context, status=422 if form.errors else 200)


def _honour(request: SignedInRequest, public_id: Any) -> Honour:
    return scoped(Honour, request, public_id=public_id)


def _page_of(honour: Honour) -> str:
    return reverse("model_workers:worker_detail", args=[honour.person.public_id])


def _ask(
    request: SignedInRequest, form: Form, honour: Honour, title: str, submit: str, **told: Any
) -> HttpResponse:
    """The form of what is to be done with one honour. `told`: what else the deed says."""
    dialog = DialogForm(title, submit, _page_of(honour), about=f"{honour.person.name}　{honour}", **told)
    return show_form(request, form, dialog)


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def honour_scan(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """Add or change the certificate."""
    honour = _honour(request, public_id)
    form = ScanForm(*_sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            attach_scan(
                honour_id=honour.pk, scan=form.cleaned_data["scan"], actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(honour), "证书扫描件已保存。")
    return _ask(request, form, honour, "证书扫描件", "上传")


@require("model_worker.read")
@require_POST
def honour_certificate(request: SignedInRequest, public_id: Any) -> HttpResponse:
    """The certificate as a download that nothing in it could run from; who took it is written down."""
    honour = _honour(request, public_id)
    try:
        honour = hand_out_scan(honour_id=honour.pk, actor=request.user, address=client_address(request))
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(_page_of(honour))
    kind = _TYPES[honour.scan_name.rsplit(".", 1)[-1]]
    answer = download(honour.scan or b"", honour.scan_name, kind)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def honour_void(request: SignedInRequest, public_id: Any) -> HttpResponse:
    honour = _honour(request, public_id)
    form = VoidForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            void_honour(honour_id=honour.pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(honour), "已作废，不再计入次数。")
    consequence = "只用于登记错误：作废后不再计入次数，记录和理由仍可查看。被授予机关撤销的，请办“撤销荣誉”。"
    return _ask(request, form, honour, "作废荣誉", "作废", consequence=consequence, is_danger=True)
