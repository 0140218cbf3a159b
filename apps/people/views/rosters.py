"""Rosters: the history, the upload, the wait, the preview, and what a person decides on it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.access import SignedInRequest, client_address, require
from apps.core.downloads import XLSX, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.people.forms.rosters import RosterForm
from apps.people.models import RosterImport, RosterRow
from apps.people.resources import template_workbook
from apps.people.rules.roster_cells import BY_KEY, HINTS
from apps.people.selectors.rosters import condition_of, earlier_taken, row_page, visible_rosters
from apps.people.services import rosters as services

PER_PAGE = 50


def _roster(request: SignedInRequest, public_id: UUID) -> RosterImport:
    return get_object_or_404(visible_rosters(request.user), public_id=public_id)


@require("person.import")
@require_safe
def roster_list(request: SignedInRequest) -> HttpResponse:
    page = Paginator(visible_rosters(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "people/roster_list.html", {"page": page})


@require("person.import")
@require_safe
def roster_template(request: SignedInRequest) -> HttpResponse:
    """The headings and a row of hints; nothing of anybody."""
    return download(template_workbook(created=timezone.now()), "名册模板.xlsx", XLSX)


@require("person.import")
@require_http_methods(["GET", "HEAD", "POST"])
def roster_create(request: SignedInRequest) -> HttpResponse:
    """Upload; the background then reads the file. Nothing of the register changes yet."""
    form = (
        RosterForm(request.POST, request.FILES, user=request.user)
        if request.method == "POST"
        else RosterForm(user=request.user)
    )
    if request.method == "POST" and form.is_valid():
        try:
            roster = services.upload_roster(
                union=form.cleaned_data["union"],
                actor=request.user,
                name=form.upload.name,
                content=form.upload.data,
                sha256=form.upload.sha256,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return redirect("people:roster_detail", public_id=roster.public_id)
    columns = [
        (column.name, "必填" if column.required else HINTS.get(key, "选填")) for key, column in BY_KEY.items()
    ]
    context = {"form": form, "columns": columns}
    return render(request, "people/roster_form.html", context, status=422 if form.errors else 200)


@require("person.import")
@require_safe
@never_cache
def roster_detail(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """How the reading gets on, and then what the roster would change."""
    roster = _roster(request, public_id)
    condition = condition_of(roster, timezone.now())
    context: dict[str, Any] = {"roster": roster, "condition": condition}
    if condition is None and roster.row_count:
        context |= _preview(roster, request)
    return render(request, "people/roster_detail.html", context)


def _preview(roster: RosterImport, request: SignedInRequest) -> dict[str, Any]:
    """One page of the rows of one outcome; the address says which."""
    counts = {outcome: getattr(roster, f"{outcome.value}_count") for outcome in TABS}
    first = next((outcome for outcome in TABS if counts[outcome]), RosterRow.Outcome.SAME)
    wanted = request.GET.get("tab", "")
    tab = RosterRow.Outcome(wanted) if wanted in RosterRow.Outcome.values else first
    page = row_page(
        roster,
        outcome=tab,
        after=_number(request.GET.get("after")),
        before=_number(request.GET.get("before")),
    )
    address = reverse("people:roster_detail", kwargs={"public_id": roster.public_id}) + f"?tab={tab.value}"
    numbers = f"第 {page.rows[0].number:,} 至 {page.rows[-1].number:,} 行" if page.rows else ""
    return {
        "tab": tab,
        "tabs": [
            {
                "label": outcome.label,
                "url": f"?tab={outcome.value}",
                "count": counts[outcome],
                "is_current": outcome == tab,
            }
            for outcome in (
                RosterRow.Outcome.NEW,
                RosterRow.Outcome.CHANGED,
                RosterRow.Outcome.SAME,
                RosterRow.Outcome.ERROR,
            )
        ],
        "page": {
            "rows": page.rows,
            "note": numbers,
            "previous_url": f"{address}&before={page.before}" if page.before else "",
            "next_url": f"{address}&after={page.after}" if page.after else "",
        },
        "columns": [BY_KEY[key].name for key in roster.columns] if len(roster.columns) < len(BY_KEY) else [],
        "earlier": earlier_taken(roster) if roster.status == RosterImport.Status.STAGED else None,
        "writes": roster.new_count + roster.changed_count,
        "is_mine": roster.uploaded_by_id == request.user.pk,
        "may_merge": request.user.may("person.merge"),
    }


# What has to be looked at comes first.
TABS = (
    RosterRow.Outcome.ERROR,
    RosterRow.Outcome.NEW,
    RosterRow.Outcome.CHANGED,
    RosterRow.Outcome.SAME,
)


def _number(text: str | None) -> int | None:
    """A row number of an address; anything else is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None


@require("person.import")
@require_safe
@never_cache
def roster_progress(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """The part of the page that asks every second; at the end it asks for the whole page."""
    roster = _roster(request, public_id)
    condition = condition_of(roster, timezone.now())
    if condition is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "people/_roster_progress.html", {"roster": roster, "condition": condition})


@require("person.import")
@require_POST
def roster_take(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _decide(request, public_id, services.request_taking)


@require("person.import")
@require_POST
def roster_restart(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _decide(request, public_id, services.restart_roster)


@require("person.import")
@require_POST
def roster_discard(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    return _decide(request, public_id, services.discard_roster)


def _decide(request: SignedInRequest, public_id: UUID, service: Any) -> HttpResponse:
    roster = _roster(request, public_id)
    try:
        service(roster_id=roster.pk, actor=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("people:roster_detail", public_id=roster.public_id)


@require("person.import")
@require_POST
def roster_wrong_rows(request: SignedInRequest, public_id: UUID) -> FileResponse | HttpResponse:
    """The wrong rows with their reasons. Taking them leaves a record, so it is no GET."""
    roster = _roster(request, public_id)
    try:
        wrong = services.hand_out_wrong_rows(
            roster_id=roster.pk, actor=request.user, now=timezone.now(), address=client_address(request)
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("people:roster_detail", public_id=roster.public_id)
    return FileResponse(
        wrong.file,
        as_attachment=True,
        filename=wrong.name,
        content_type=XLSX,
        headers={"Cache-Control": "private, no-store"},
    )
