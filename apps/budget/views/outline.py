"""主要职责 and 年度主要任务和目标 as rows: read, add, change, move, remove."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.models import Edition, OutlineEntry
from apps.budget.selectors.outline import outline_sections
from apps.budget.services.outline import add_entry, change_entry, move_entry, remove_entry
from apps.core.errors import Refused


def _page(request: SignedInRequest, edition: Edition, **extra: object) -> HttpResponse:
    request.working_year = edition.plan.year
    context = {
        "edition": edition,
        "sections": outline_sections(edition),
        "can_change": request.user.may("budget.enter") and edition.is_open,
    }
    return render(request, "budget/outline.html", context | extra, status=422 if extra else 200)


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
            typed={"section": section, "parent": parent, "text": text},
        )
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
            messages.success(request, "已删除，后面的编号自动接上。")
            return _back(entry.edition_id)
        else:
            seen = int(version) if version.isdecimal() and len(version) < 9 else 0
            change_entry(entry_id=pk, text=text, seen_version=seen, actor=request.user)
    except Refused as refused:
        return _page(request, entry.edition, error=refused.message, typed={"entry": pk, "text": text})
    return _back(entry.edition_id, pk)


def _visible(request: SignedInRequest, pk: int) -> OutlineEntry:
    return scoped(OutlineEntry, request, pk=pk)


def _back(edition_id: int, entry_id: int | None = None) -> HttpResponse:
    response = redirect("budget:outline", edition_id=edition_id)
    if entry_id is not None:
        response["Location"] += f"#entry-{entry_id}"
    return response
