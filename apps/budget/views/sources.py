"""The source of a calculation line: what was read, what it says now, and what a person decides about it."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require
from apps.budget.forms.sources import BindingForm, ReadingForm, SourceChoiceForm
from apps.budget.models import CalcLine, Edition
from apps.budget.rules import wording
from apps.budget.selectors.effects import Effect, effect_of
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.sources import line_state, preview, trial_of
from apps.budget.services import sources as services
from apps.core import quantities
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.core.quantities import Reading


def _line(request: SignedInRequest, pk: int) -> CalcLine:
    lines = CalcLine.objects.visible_to(request.user).select_related(
        "item__edition__plan__union", "item__edition__plan__fiscal_year", "updated_by"
    )
    return get_object_or_404(lines, pk=pk)


def _panel(request: SignedInRequest, line: CalcLine, **extra: Any) -> HttpResponse:
    """The panel in the state of the line: bound, or choosing a source."""
    edition = line.item.edition
    request.working_year = edition.plan.year
    may_change = edition.is_open and request.user.may("budget.enter")
    context: dict[str, Any] = {"line": line, "item": line.item, "edition": edition, "plan": edition.plan}
    year = edition.plan.year
    context |= {
        "may_change": may_change,
        "title": line.item.title(year),
        "line_label": wording.fill(line.label, {"年度": str(year), "上年": str(year - 1)}),
    }
    if line.source_key:
        state = line_state(line)
        seen = state.reading.value if state.reading is not None else None
        if state.is_changed and state.reading is not None:
            context["effect"] = _effect(edition, line, state.reading)
        context["shows_names"] = not state.hides_names_from or request.user.may(state.hides_names_from)
        context |= {"state": state, "form": ReadingForm(initial={"seen_value": seen})}
    elif may_change:
        key = request.GET.get("key", "") or request.POST.get("key", "")
        source = quantities.find(key)
        context |= {"choice_form": SourceChoiceForm(initial={"key": key}), "source": source}
        if source is not None:
            context |= {
                "form": BindingForm(source=source),
                "preview": preview(line, source, request.GET),
                "shows_names": not source.permission or request.user.may(source.permission),
            }
    context |= extra | {"in_dialog": "HX-Request" in request.headers}
    template = "budget/_source_panel.html" if context["in_dialog"] else "budget/sources.html"
    return render(request, template, context, status=422 if extra else 200)


def _effect(edition: Edition, line: CalcLine, reading: Reading) -> Effect | None:
    """What taking the new figure makes of item, group and whole; None where the line would contradict itself."""
    sheet = edition_sheet(edition)
    item = next(one for one in sheet.items if one.record.pk == line.item_id)
    try:
        return effect_of(sheet, item, {line.pk: trial_of(line, reading)})
    except Refused:
        return None


@require("budget.read")
def line_source(request: SignedInRequest, pk: int) -> HttpResponse:
    """Reading only: the present figure is shown beside the stored one and nothing is written."""
    return _panel(request, _line(request, pk))


def _done(request: SignedInRequest, line: CalcLine, sentence: str) -> HttpResponse:
    """Back to the panel; inside the dialog the page below is told that the line changed."""
    if "HX-Request" not in request.headers:
        messages.success(request, sentence)
        return redirect("budget:line_source", pk=line.pk)
    answer = _panel(request, _line(request, line.pk))
    told = {
        "toast": {"text": sentence, "level": "success"},
        "sourceChanged": {"line": line.pk, "item": line.item_id},
    }
    answer.headers["HX-Trigger"] = json.dumps(told)
    return answer


@require("budget.enter")
@require_POST
def source_bind(request: SignedInRequest, pk: int) -> HttpResponse:
    line = _line(request, pk)
    source = quantities.find(request.POST.get("key", ""))
    if source is None:
        choice = SourceChoiceForm(request.POST)
        choice.is_valid()
        return _panel(request, line, choice_form=choice)
    form = BindingForm(request.POST, source=source)
    if form.is_valid():
        keeps = "keep" in request.POST
        try:
            services.bind_source(
                line_id=line.pk,
                key=source.key,
                parameters=form.parameters,
                actor=request.user,
                now=timezone.now(),
                keep_reason=form.cleaned_data["keep_reason"] if keeps else None,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return _done(request, line, f"已绑定“{source.label}”。")
    return _panel(request, line, form=form)


@require("budget.enter")
@require_POST
def source_read(request: SignedInRequest, pk: int) -> HttpResponse:
    line = _line(request, pk)
    try:
        difference = services.read_source(line_id=line.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _panel(request, line, error=refused.message)
    changed = difference.is_any
    return _done(
        request, line, "数已变化，请接受新数或说明理由保留。" if changed else "已重新读取，没有变化。"
    )


@require("budget.enter")
@require_POST
def source_decide(request: SignedInRequest, pk: int, answer: str) -> HttpResponse:
    """Accept the present figure, or keep the old one with a reason."""
    if answer not in ("accept", "keep"):
        raise Http404
    line = _line(request, pk)
    form = ReadingForm(request.POST)
    if form.is_valid():
        common = {"line_id": line.pk, "seen_value": form.cleaned_data["seen_value"], "actor": request.user}
        try:
            if answer == "accept":
                services.accept_reading(**common, now=timezone.now())
            else:
                services.keep_reading(**common, reason=form.cleaned_data["reason"], now=timezone.now())
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return _done(request, line, "已采用新数。" if answer == "accept" else "已保留原数，理由已记下。")
    return _panel(request, line, form=form)


@require("budget.enter")
@require_POST
def source_unbind(request: SignedInRequest, pk: int) -> HttpResponse:
    line = _line(request, pk)
    try:
        services.unbind_source(line_id=line.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        return _panel(request, line, error=refused.message)
    return _done(request, line, "已解除绑定，数量保持不变。")
