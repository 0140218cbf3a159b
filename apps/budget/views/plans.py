"""Plans: the list, a new one, the page of one, and its next stage."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.forms.plans import CorrectionForm, PlanForm
from apps.budget.models import Edition, Plan, YearClosing
from apps.budget.rules.stages import NEXT_STAGE, STAGE_MEANING, Book, Stage, edition_label
from apps.budget.selectors.frame import decision_events, edition_frame, stage_steps
from apps.budget.selectors.last_year import last_final_edition, why_no_last_year
from apps.budget.selectors.plans import (
    book_totals,
    edition_amounts,
    plan_choices,
    plan_page,
    plan_rows,
)
from apps.budget.services.plans import (
    copy_last_year,
    create_plan,
    open_correction,
    open_next_edition,
)
from apps.budget.tables import PlanTable
from apps.core.dialogs import DialogForm, dialog_or_page, form_done, show_form
from apps.core.errors import Refused
from apps.core.forms import add_refusal


def _whole(text: str) -> int | None:
    """A number from the address; anything else means no filter."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@require("budget.read")
@require_safe
def root(request: SignedInRequest) -> HttpResponse:
    """The address of the section is that of its list."""
    return redirect("budget:plan_list")


@require("budget.read")
def plan_list(request: SignedInRequest) -> HttpResponse:
    year, union_id = _whole(request.GET.get("year", "")), _whole(request.GET.get("union", ""))
    book = request.GET.get("book", "")
    if year is not None:
        request.working_year = year
    rows = plan_rows(request.user, year=year, book=book if book in Book.values else "", union_id=union_id)
    table = PlanTable(rows, order_by=request.GET.get("sort", "")).paged(request.GET.get("page"))
    context = {
        "table": table,
        "row_count": len(rows),
        "totals": book_totals(rows) if year is not None else [],
        "choices": plan_choices(request.user),
        "books": Book.choices,
        "chosen": {"year": year, "book": book, "union": union_id},
        "is_filtered": bool(year is not None or book or union_id is not None),
        "may_create": request.user.may("budget.enter"),
    }
    return render(request, "budget/plan_list.html", context)


@require("budget.enter")
def plan_create(request: SignedInRequest) -> HttpResponse:
    form = PlanForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            plan = create_plan(
                union_id=form.cleaned_data["union"].pk,
                year=form.cleaned_data["year"],
                book=form.cleaned_data["book"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已新建“{plan}”，从“一上”开始编制。")
            return redirect("budget:plan_detail", pk=plan.pk)
    return render(request, "budget/plan_form.html", {"form": form}, status=422 if form.errors else 200)


@require("budget.read")
def plan_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("union", "fiscal_year", "created_by"), pk=pk
    )
    request.working_year = plan.year
    page = plan_page(plan)
    may_enter = request.user.may("budget.enter")
    settled = page.open_edition is None and not plan.fiscal_year.is_closed
    context = {
        "plan": plan,
        "page": page,
        "steps": stage_steps(
            [row.edition for row in page.rows], {row.edition.pk: row.amounts for row in page.rows}
        ),
        "events": decision_events(plan),
        "next_label": _next_label(page.newest),
        "may_open_next": may_enter and settled,
        "may_correct": may_enter and settled and page.newest.stage != Stage.ADJUSTMENT,
        "may_copy": may_enter and page.can_copy,
        "may_enter": may_enter,
        "closing": YearClosing.objects.visible_to(request.user).filter(fiscal_year=plan.year).first(),
    }
    return render(request, "budget/plan_detail.html", context)


def _next_label(edition: Edition) -> str:
    stage = NEXT_STAGE[edition.stage]
    return edition_label(stage, edition.sequence + 1 if stage == edition.stage else 1)


@require("budget.enter")
def plan_next(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then open the next stage as a copy of the last one."""
    plan = scoped(Plan, request, pk=pk)
    request.working_year = plan.year
    last = plan.editions.select_related("plan__fiscal_year", "plan__union").order_by("id").last()
    if last is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            edition = open_next_edition(plan_id=plan.pk, actor=request.user, now=timezone.now())
        except Refused as refused:
            error = refused.message
        else:
            messages.success(request, f"已开启“{edition.label}”，内容复制自“{last.label}”。")
            return redirect("budget:edition_grid", pk=edition.pk)
    stage = NEXT_STAGE[last.stage]
    context = {
        "plan": plan,
        "last": last,
        "next_label": _next_label(last),
        "meaning": STAGE_MEANING[stage],
        "is_adjustment": stage == Stage.ADJUSTMENT,
        "frame_of_last": edition_frame(last, request.user),
        "error": error,
    }
    return dialog_or_page(request, "budget/plan_next.html", context, status=422 if error else 200)


@require("budget.enter")
@require_http_methods(["GET", "HEAD", "POST"])
def plan_correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for the reason, then open the last approved edition once more."""
    plan = scoped(Plan, request, pk=pk)
    request.working_year = plan.year
    last = plan.editions.select_related("plan__fiscal_year", "plan__union").order_by("id").last()
    if last is None:
        raise Http404
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            edition = open_correction(
                plan_id=plan.pk,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return form_done(request, edition.url, f"已开启“{edition.label}”，内容复制自“{last.label}”。")
    dialog = DialogForm(
        title=f"更正“{last.label}”",
        submit="开启更正",
        back=reverse("budget:plan_detail", args=[plan.pk]),
        about=str(last),
        lead=f"“{last.label}”不再改变。更正是一个新版本，内容从它复制，改好以后由同样的人审核、审定，再签发；签发的说明写明更正理由。",
    )
    return show_form(request, form, dialog)


@require("budget.enter")
def edition_copy(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then fill an empty 一上 from last year's final edition."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    source = last_final_edition(edition.plan)
    error = ""
    if request.method == "POST":
        try:
            count = copy_last_year(edition_id=edition.pk, actor=request.user, now=timezone.now())
        except Refused as refused:
            error = refused.message
        else:
            messages.success(
                request, f"已从上年复制 {count} 个项目，上年预算数已填好，请逐项核对标准和数量。"
            )
            return redirect("budget:edition_grid", pk=edition.pk)
    amounts = edition_amounts([source.plan_id])[source.pk] if source is not None else None
    plan = edition.plan
    context = {
        "edition": edition,
        "plan": plan,
        "source": source,
        "why_none": "" if source else why_no_last_year(plan.union.path, plan.book, plan.year - 1),
        "amounts": amounts,
        "error": error,
    }
    return dialog_or_page(request, "budget/plan_copy.html", context, status=422 if error else 200)
