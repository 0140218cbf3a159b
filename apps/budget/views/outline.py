"""主要职责 and 年度主要任务和目标 as rows: read, add, change, move, remove."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.models import Edition, OutlineEntry
from apps.budget.selectors.outline import outline_sections
from apps.budget.services.outline import add_entry, change_entry, move_entry, remove_entry
from apps.core.errors import Refused


def _page(request: SignedInRequest, edition: Edition, told: str = "", **extra: object) -> HttpResponse:
    """The whole page; to htmx only its sections, which leave what is typed in other rows where it is.

    With an `error`, `beside` says that it is about the words typed, so it stands beside them.
    """
    request.working_year = edition.plan.year
    context = {
        "edition": edition,
        "sections": outline_sections(edition),
        "can_change": request.user.may("budget.enter") and edition.is_open,
    }
    template = "budget/_outline_sections.html" if "HX-Request" in request.headers else "budget/outline.html"
    response = render(request, template, context | extra, status=422 if "error" in extra else 200)
    if told:
        response["HX-Trigger"] = json.dumps({"toast": {"text": told, "level": "success"}})
    return response


@require("budget.read")
def outline(request: SignedInRequest, edition_id: int) -> HttpResponse:
    return _page(request, scoped(Edition, request, pk=edition_id))


@require("budget.enter")
@require_POST
def outline_add(request: SignedInRequest, edition_id: int) -> HttpResponse:
    edition = scoped(Edition, request, pk=edition_id)
    parent = request.POST.get("parent", "")
    section, text = request.POST.get("section", ""), request.POST.get("text", "")
    try:
        entry = add_entry(
            edition_id=edition.pk,
            section=section,
            text=text,
            actor=request.user,
            parent_id=int(parent) if parent.isdecimal() and len(parent) < 18 else None,
        )
    except Refused as refused:
        return _page(
            request,
            edition,
            error=refused.message,
            typed={"text": text},
            refused_box=f"new-{section}-{parent if refused.field == 'text' else ''}",
            beside=refused.field == "text",
        )
    if "HX-Request" in request.headers:
        return _page(request, edition, told="已添加。", settled=f"new-{section}-{parent}")
    return _back(edition.pk, entry.pk)


@require("budget.enter")
@require_POST
def outline_change(request: SignedInRequest, pk: int) -> HttpResponse:
    """Save, move up or down, or remove one row, by the button that was pressed."""
    entry = _visible(request, pk)
    action, version = request.POST.get("action", "save"), request.POST.get("version", "")
    text = request.POST.get("text", "")
    try:
        if action == "up":
            move_entry(entry_id=pk, steps=-1, actor=request.user)
        elif action == "down":
            move_entry(entry_id=pk, steps=1, actor=request.user)
        elif action == "remove":
            remove_entry(entry_id=pk, actor=request.user)
            if "HX-Request" in request.headers:
                return _page(request, entry.edition, told="已删除，后面的编号自动接上。")
            messages.success(request, "已删除，后面的编号自动接上。")
            return _back(entry.edition_id)
        else:
            seen = int(version) if version.isdecimal() and len(version) < 9 else 0
            change_entry(entry_id=pk, text=text, seen_version=seen, actor=request.user)
    except Refused as refused:
        return _page(
            request,
            entry.edition,
            error=refused.message,
            typed={"entry": pk, "text": text},
            beside=refused.field == "text",
        )
    if "HX-Request" in request.headers:
        if action == "save":
            return _page(request, entry.edition, told="已保存。", settled=pk)
        return _page(request, entry.edition)
    return _back(entry.edition_id, pk)


def _visible(request: SignedInRequest, pk: int) -> OutlineEntry:
    return scoped(OutlineEntry, request, pk=pk)


def _back(edition_id: int, entry_id: int | None = None) -> HttpResponse:
    response = redirect("budget:outline", edition_id=edition_id)
    if entry_id is not None:
        response["Location"] += f"#entry-{entry_id}"
    return response
