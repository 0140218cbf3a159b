"""The file of one model worker: its facts, its treatment, its suspension and revocation."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.access import SignedInRequest, require, scoped
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.files import DecideForm, FileForm, TreatmentForm
from apps.model_workers.forms.honours import VoidForm
from apps.model_workers.models import FileEvent, WorkerFile
from apps.model_workers.rules.files import FLOW, FileAction
from apps.model_workers.services.files import change_file, decide_file, set_treatment, void_event
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]
_CONSEQUENCES = {
    FileAction.SUSPEND: "自生效日期起不再进入荣誉津贴和体检名册；已经发放的列入多发追回清单。",
    FileAction.RESUME: "自生效日期起恢复进入名册。",
    FileAction.REVOKE: "撤销以后不能恢复；登记错误的，由劳模负责人作废这次变动。证书和奖章依规定收回。",
}


def _file(request: SignedInRequest, public_id: Any) -> tuple[Any, WorkerFile, str]:
    """The person, the file and the page both are shown on; 404 without a file."""
    person = living_person(request, public_id)
    file = get_object_or_404(WorkerFile, person=person)
    return person, file, reverse("model_workers:worker_detail", args=[person.public_id])


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def file_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person, file, back = _file(request, public_id)
    initial = {name: getattr(file, name) for name in FileForm.base_fields}
    form = FileForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            change_file(person_id=person.pk, facts=form.cleaned_data, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, "档案已保存。")
    return show_form(request, form, DialogForm("修改档案", "保存", back, about=person.name))


@require("model_worker.decide")
@require_http_methods(FORM_METHODS)
def file_treatment(request: SignedInRequest, public_id: Any) -> HttpResponse:
    person, file, back = _file(request, public_id)
    initial = {"level": file.treatment_level, "document": file.treatment_document_id}
    form = TreatmentForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            set_treatment(person_id=person.pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            told = "享受待遇已确定。" if form.cleaned_data["level"] else "享受待遇现为“未确定”。"
            return form_done(request, back, told)
    return show_form(request, form, DialogForm("确定享受待遇", "保存", back, about=person.name))


@require("model_worker.decide")
@require_http_methods(FORM_METHODS)
def file_decide(request: SignedInRequest, public_id: Any, action: str) -> HttpResponse:
    person, _, back = _file(request, public_id)
    step = next((step for step in FLOW.steps if step.action == action), None)
    if step is None:
        raise Http404
    form = DecideForm(request.POST if request.method == "POST" else None, action=action, person=person)
    if form.is_valid():
        try:
            decide_file(
                person_id=person.pk,
                action=action,
                effective_on=form.cleaned_data["effective_on"],
                document=form.cleaned_data["document"],
                reason=form.cleaned_data["reason"],
                honour_ids=form.honour_ids,
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, f"已办理{step.label}。")
    return show_form(
        request,
        form,
        DialogForm(
            step.label,
            step.label,
            back,
            about=person.name,
            consequence=_CONSEQUENCES[FileAction(action)],
            is_danger=action != FileAction.RESUME,
        ),
    )


@require("model_worker.decide")
@require_http_methods(FORM_METHODS)
def event_void(request: SignedInRequest, public_id: Any, pk: int) -> HttpResponse:
    person, _, back = _file(request, public_id)
    event = scoped(FileEvent, request, pk=pk, person=person)
    form = VoidForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            void_event(event_id=event.pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, back, "已作废这次变动。")
    told = "；随这次撤销一并撤销的荣誉同时恢复" if event.action == FileAction.REVOKE else ""
    return show_form(
        request,
        form,
        DialogForm(
            "作废状态变动",
            "作废",
            back,
            about=f"{person.name}　{event}",
            consequence=f"只用于登记错误：档案回到变动之前的状态{told}。",
            is_danger=True,
        ),
    )
