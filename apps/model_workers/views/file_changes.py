"""荣誉和待遇变动: the list, asking for a change of one person's file or honours, one change with its trail."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require
from apps.cases.selectors import case_page
from apps.cases.views import CaseList, Column, decide_case, require_verb
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.model_workers.forms.file_changes import ChangeForm
from apps.model_workers.models import FileChange
from apps.model_workers.rules.file_changes import CONSEQUENCES, FLOW, Change
from apps.model_workers.selectors.file_changes import honours_of, objection_to, told_facts
from apps.model_workers.services import file_changes as services
from apps.model_workers.views.workers import living_person

FORM_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class ChangeList(CaseList):
    """A change begins on the page of the person it concerns."""

    @property
    def enter_label(self) -> str:
        return "到名册里选人"

    @property
    def create_url(self) -> str:
        return reverse("model_workers:worker_list")


LIST = ChangeList(
    FileChange,
    (
        Column("姓名", "person.name"),
        Column("单位", "person.unit"),
        Column("事项", "get_action_display"),
        Column("生效日期", "effective_on"),
        Column("文件", "document"),
        Column("管理工会", "union.short_name"),
    ),
    related=("person__unit",),
)


@require("model_worker.read")
@require_safe
def change_list(request: SignedInRequest) -> HttpResponse:
    return LIST.list(request)


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def change_create(request: SignedInRequest, public_id: Any, action: str) -> HttpResponse:
    if action not in Change.values:
        raise Http404
    person = living_person(request, public_id)
    initial = {"honours": request.GET.getlist("honour")}
    form = ChangeForm(
        request.POST if request.method == "POST" else None, initial=initial, action=action, person=person
    )
    if form.is_valid():
        try:
            case = services.create_change(
                person_id=person.pk, action=action, draft=form.draft, actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(case), "已保存为草稿；核对后提交审批。")
    back = reverse("model_workers:worker_detail", args=[person.public_id])
    return _ask(request, form, action, person.name, back)


def _ask(request: SignedInRequest, form: ChangeForm, action: str, about: str, back: str) -> HttpResponse:
    dialog = DialogForm(
        str(Change(action).label),
        "保存草稿",
        back,
        about=about,
        consequence=f"{CONSEQUENCES[action]}提交后由负责人审批才生效。",
    )
    return show_form(request, form, dialog)


def _change(request: SignedInRequest, public_id: Any) -> FileChange:
    rows = FileChange.objects.visible_to(request.user).for_detail()
    case: FileChange = get_object_or_404(rows, public_id=public_id)
    return case


def _page_of(case: FileChange) -> str:
    return reverse("model_workers:change_detail", args=[case.public_id])


@require("model_worker.edit")
@require_http_methods(FORM_METHODS)
def change_edit(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case = _change(request, public_id)
    if not case.is_open:
        messages.error(request, f"当前状态为“{case.get_status_display()}”，内容不能修改。")
        return redirect(_page_of(case))
    initial = {
        "effective_on": case.effective_on,
        "document": case.document,
        "reason": case.reason,
        "honours": honours_of(case),
    }
    form = ChangeForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        action=case.action,
        person=case.person,
    )
    if form.is_valid():
        try:
            services.edit_change(case_id=case.pk, draft=form.draft, actor=request.user, now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, _page_of(case), "已保存。")
    return _ask(request, form, case.action, case.person.name, _page_of(case))


@require("model_worker.read")
@require_safe
def change_detail(request: SignedInRequest, public_id: Any) -> HttpResponse:
    case, today = _change(request, public_id), timezone.localdate()
    context = {
        "case": case,
        "case_page": case_page(case, viewer=request.user, objection=objection_to(case, today=today)),
        "facts": told_facts(case),
    }
    return render(request, "model_workers/change_detail.html", context)


@require(*FLOW.permissions)
@require_http_methods(FORM_METHODS)
def change_decide(request: SignedInRequest, public_id: Any, verb: str) -> HttpResponse:
    require_verb(request, FLOW, verb)
    case = _change(request, public_id)
    return decide_case(
        request,
        case,
        verb,
        told=lambda: f"{case}　自 {case.effective_on:%Y-%m-%d} 起　{case.document}",
        service=services.decide_change,
    )
