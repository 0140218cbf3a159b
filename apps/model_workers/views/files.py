"""The file of one model worker: its facts and its treatment."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.access import SignedInRequest, require
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.files import FileForm, TreatmentForm
from apps.model_workers.models import WorkerFile
from apps.model_workers.services.files import change_file, set_treatment
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]


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
