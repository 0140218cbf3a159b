"""The pages of every case: list, entry, one case with its trail, the dialog of a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, deny, require
from apps.accounts.models import User
from apps.cases.forms import StepForm
from apps.cases.models import Case
from apps.cases.rules.flow import Flow, Step
from apps.cases.selectors import Objection, case_page, held_permissions, no_objection, obstacle
from apps.cases.services import Seen, decide, save_case
from apps.core.dialogs import DialogForm, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import HouseErrors, add_refusal
from apps.core.money import format_yuan

PER_PAGE = 50
_FORM_METHODS = ["GET", "HEAD", "POST"]


def decide_case(
    request: SignedInRequest,
    case: Case,
    verb: str,
    *,
    told: Callable[[], str] = lambda: "",
    shows: Callable[[], SafeString] = SafeString,
    objection: Objection = no_objection,
    service: Callable[..., Any] = decide,
    form_class: type[StepForm] = StepForm,
    initial: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The dialog of one step, and the step. `told`: what the dialog says of the case in a line, `shows`: what it shows of
    it as a fragment, `objection`: what the programme's rules say against the step, all asked when it is shown; `service`:
    takes the step, with what a `form_class` of its own gives besides."""
    here = case.url
    step, fits = _named_step(case, verb)
    seen = Seen.of(case)
    typed = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = form_class(*typed, step=step, initial={**StepForm.initial_of(seen), **(initial or {})})
    if form.is_valid():
        try:
            done = service(
                case=case,
                actor=request.user,
                verb=verb,
                seen=form.seen,
                opinion=form.cleaned_data["opinion"],
                minutes=form.cleaned_data.get("minutes", ""),
                now=timezone.now(),
                **form.given,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, here, f"{case}：{step.label}，现为“{case.flow.labels[done.target]}”。")
    held = held_permissions(request.user, case)
    lead = obstacle(step, case, request.user, held, objection) if fits else _not_now(case, step)
    dialog = DialogForm(
        title=step.label,
        submit=step.label,
        back=here,
        about=told() or _about(case, seen),
        shows=shows(),
        lead=lead,
        consequence=step.consequence or _consequence(case, step),
        is_danger=step.takes_back,
        is_closed=bool(lead) and not form.is_bound,
    )
    return show_form(request, form, dialog)


def require_verb(request: SignedInRequest, flow: Flow, verb: str) -> None:
    """Before a row is fetched: 404 for a step that is not in the table, 403 for those who may never take it."""
    named = flow.named(verb)
    if not named:
        raise Http404
    if not any(request.user.may(step.permission) for step in named):
        deny(request, f"没有“{named[0].label}”的权限")


def _named_step(case: Case, verb: str) -> tuple[Step, bool]:
    """The step an address names, and whether there is one from where the case stands."""
    named = case.flow.named(verb)
    found = next((step for step in named if step.applies(case.status, case.route)), None)
    return found or named[0], found is not None


def _not_now(case: Case, step: Step) -> str:
    return f"当前状态为“{case.get_status_display()}”，不能{step.label}。"


def _about(case: Case, seen: Seen) -> str:
    count = f"{seen.count} {case.counted}　" if seen.count != 1 else ""
    return f"{case}　{count}{format_yuan(seen.amount)} 元" if case.measured else str(case)


def _consequence(case: Case, step: Step) -> str:
    """What follows from the step: nobody should learn it afterwards."""
    if step.opens_round:
        return "提交以后内容不能再改，数据库也会拒绝。"
    if step.target == case.flow.way[-1]:
        return f"办理后为“{case.flow.labels[step.target]}”，印在表上的内容从此固定。"
    return ""


@dataclass(frozen=True)
class Column:
    """One column of a list: its label, and where its value stands (dotted)."""

    label: str
    value: str
    is_money: bool = False

    def of(self, row: Any) -> Any:
        for name in self.value.split("."):
            row = getattr(row, name)
            row = row() if callable(row) else row
        return f"{row:%Y-%m-%d}" if isinstance(row, date) else row


class CaseForm(HouseErrors, forms.ModelForm):
    """The content of a case, as a programme declares it with Meta."""


@dataclass(frozen=True)
class CaseList:
    """The list of one kind of case. Subclasses say where entering begins, where it is not the page of a form."""

    model: type[Case]
    columns: tuple[Column, ...]
    related: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def enter_label(self) -> str:
        return "录入"

    @property
    def list_url(self) -> str:
        return reverse(f"{self.model.pages}_list")

    @property
    def create_url(self) -> str:
        return reverse(f"{self.model.pages}_create")

    def at(self, case: Case, page: str = "detail") -> str:
        return reverse(f"{self.model.pages}_{page}", args=[case.public_id])

    def list(self, request: SignedInRequest) -> HttpResponse:
        status = request.GET.get("status", "")
        rows = self.model.objects.visible_to(request.user).select_related(*self.related, "union")
        if status in self.model.flow.labels:
            rows = rows.filter(status=status)
        page = Paginator(rows.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
        table = [
            (row, self.at(row), [(column.of(row), column.is_money) for column in self.columns])
            for row in page.object_list
        ]
        context = {
            "pages": self,
            "page": page,
            "rows": table,
            "status": status,
            "statuses": self.model.flow.labels.items(),
            "may_enter": request.user.may(self.model.flow.enters),
        }
        return render(request, "cases/list.html", context)


@dataclass(frozen=True, kw_only=True)
class CasePages(CaseList):
    """What a programme declares to have all pages; `urls` gives them."""

    form: type[forms.ModelForm]
    fill: Callable[..., None] = lambda *, case, actor: None
    """fill(case=…, actor=…): the programme's rules over what was typed; raises Refused. Sets the union of a new case."""
    template: str = "cases/detail.html"
    shows: Callable[[Any, User], Mapping[str, Any]] = lambda case, viewer: {}
    """shows(case, viewer): what a `template` of the programme's own tells besides."""

    @property
    def urls(self) -> list[URLPattern]:
        flow, name = self.model.flow, self.model.pages.rpartition(":")[2]
        both = require_http_methods(_FORM_METHODS)
        reads, enters = require(self.model.reads), require(flow.enters)
        return [
            path("", reads(require_safe(self.list)), name=f"{name}_list"),
            path("new/", enters(both(self.edit)), name=f"{name}_create"),
            path("<uuid:public_id>/", reads(require_safe(self.detail)), name=f"{name}_detail"),
            path("<uuid:public_id>/edit/", enters(both(self.edit)), name=f"{name}_edit"),
            path(
                "<uuid:public_id>/<slug:verb>/",
                require(*flow.permissions)(both(self.decide)),
                name=f"{name}_decide",
            ),
        ]

    def _case(self, request: SignedInRequest, public_id: Any) -> Any:
        rows = self.model.objects.visible_to(request.user).select_related(
            *self.related, "union", "created_by"
        )
        return get_object_or_404(rows, public_id=public_id)

    def edit(self, request: SignedInRequest, public_id: Any = None) -> HttpResponse:
        case = self._case(request, public_id) if public_id else self.model()
        form = self.form(
            request.POST if request.method == "POST" else None, instance=case, initial=request.GET.dict()
        )
        if form.is_valid():
            try:
                self.fill(case=case, actor=request.user)
                save_case(case=case, actor=request.user)
            except Refused as refused:
                add_refusal(form, refused)
            else:
                messages.success(request, "已保存为草稿；核对后提交。")
                return redirect(f"{self.model.pages}_detail", public_id=case.public_id)
        context = {"pages": self, "form": form, "case": case}
        return render(request, "cases/form.html", context, status=422 if form.errors else 200)

    def detail(self, request: SignedInRequest, public_id: Any) -> HttpResponse:
        case = self._case(request, public_id)
        facts = [(column.label, column.of(case), column.is_money) for column in self.columns]
        context = {
            "pages": self,
            "case": case,
            "facts": facts,
            "edit_url": self.at(case, "edit"),
            "case_page": case_page(case, viewer=request.user),
            **self.shows(case, request.user),
        }
        return render(request, self.template, context)

    def decide(self, request: SignedInRequest, public_id: Any, verb: str) -> HttpResponse:
        require_verb(request, self.model.flow, verb)
        return decide_case(request, self._case(request, public_id), verb)
