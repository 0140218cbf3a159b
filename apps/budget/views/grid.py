"""The grid: the page, rows saved as they are left, rows added, moved and removed, and their history."""

import re

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.checks import findings_objection
from apps.budget.forms.blocks import row_payload, steps_payload
from apps.budget.forms.cells import parse_item, parse_line
from apps.budget.models import CalcLine, Edition, Item, ItemGroup
from apps.budget.rules.calculation import Method
from apps.budget.rules.columns import LINE_COLUMNS
from apps.budget.selectors.blocks import last_change
from apps.budget.selectors.frame import edition_frame
from apps.budget.selectors.grid import blank_line, column_facts, edition_grid
from apps.budget.selectors.history import item_history, line_history
from apps.budget.selectors.sheet import item_row
from apps.budget.services.editing import why_closed
from apps.budget.services.items import change_item, create_item, move_item, remove_item
from apps.budget.services.lines import add_line, change_line, move_line, remove_line
from apps.budget.views.grid_answers import (
    all_items_html,
    answers_json,
    items_html,
    saved,
    sums_json,
    wrong_cells,
)
from apps.core.errors import Refused


@require("budget.read")
def edition_grid_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """The edition as a spreadsheet; read-only, and saying why, when its content may not change."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    closed = why_closed(edition, request.user)
    context = {
        "edition": edition,
        "plan": edition.plan,
        "grid": edition_grid(edition),
        "line_columns": LINE_COLUMNS,
        "columns_json": column_facts(edition.stage),
        "blank_line": blank_line(),
        "closed": closed,
        "is_open": not closed,
        "last_change": None if closed else last_change(edition, request.user),
        "edition_frame": edition_frame(edition, request.user, objection=findings_objection(edition)),
        "may_read_history": request.user.may("history.read"),
    }
    return render(request, "budget/grid.html", context)


@require("budget.enter")
@require_POST
@answers_json
def grid_line_save(request: SignedInRequest, pk: int) -> JsonResponse:
    line = scoped(CalcLine, request, pk=pk)
    payload = row_payload(request.body)
    parsed = parse_line(payload.cells, method=line.method)
    if parsed.problems:
        return wrong_cells(parsed.problems)
    change_line(
        line_id=line.pk,
        actor=request.user,
        values=parsed.values,
        seen_version=payload.version,
        now=timezone.now(),
        back_to=payload.back_to,
    )
    return saved(line.item_id, line_id=line.pk)


@require("budget.enter")
@require_POST
@answers_json
def grid_line_add(request: SignedInRequest, pk: int) -> JsonResponse:
    item = scoped(Item, request, pk=pk)
    parsed = parse_line(
        {"method": "1"} | dict(row_payload(request.body, is_new=True).cells), method=Method.HEADCOUNT
    )
    if parsed.problems:
        return wrong_cells(parsed.problems)
    line = add_line(item_id=item.pk, actor=request.user, values=parsed.values, now=timezone.now())
    return saved(item.pk, line_id=line.pk)


@require("budget.enter")
@require_POST
@answers_json
def grid_line_remove(request: SignedInRequest, pk: int) -> JsonResponse:
    line = scoped(CalcLine, request, pk=pk)
    remove_line(line_id=line.pk, actor=request.user, seen_version=row_payload(request.body).version)
    return saved(line.item_id)


@require("budget.enter")
@require_POST
@answers_json
def grid_line_move(request: SignedInRequest, pk: int) -> JsonResponse:
    line = scoped(CalcLine, request, pk=pk)
    move_line(line_id=line.pk, actor=request.user, steps=steps_payload(request.body))
    return saved(line.item_id)


@require("budget.enter")
@require_POST
@answers_json
def grid_item_save(request: SignedInRequest, pk: int) -> JsonResponse:
    item = get_object_or_404(Item.objects.visible_to(request.user).select_related("edition"), pk=pk)
    payload = row_payload(request.body)
    parsed = parse_item(payload.cells, stage=item.edition.stage)
    if problems := parsed.problems | parsed.forbidden(item.edition.stage):
        return wrong_cells(problems)
    change_item(
        item_id=item.pk,
        actor=request.user,
        values=parsed.values,
        seen_version=payload.version,
        now=timezone.now(),
    )
    return saved(item.pk)


@require("budget.enter")
@require_POST
@answers_json
def grid_item_add(request: SignedInRequest, pk: int, group_id: int) -> JsonResponse:
    """A new item at the end of a group, by its name; the rest is filled in the grid or on its page."""
    edition = scoped(Edition, request, pk=pk)
    group = get_object_or_404(ItemGroup, pk=group_id)
    parsed = parse_item(row_payload(request.body, is_new=True).cells, stage=edition.stage)
    if problems := parsed.problems | parsed.forbidden(edition.stage):
        return wrong_cells(problems)
    item = create_item(
        edition_id=edition.pk, actor=request.user, values=parsed.values | {"group": group}, now=timezone.now()
    )
    return saved(item.pk, html=items_html(request, edition, [item.pk], is_open=True))


@require("budget.enter")
@require_POST
@answers_json
def grid_item_remove(request: SignedInRequest, pk: int) -> JsonResponse:
    item = scoped(Item, request, pk=pk)
    remove_item(item_id=item.pk, actor=request.user, seen_version=row_payload(request.body).version)
    return JsonResponse({"sums": sums_json(item.edition)})


@require("budget.enter")
@require_POST
@answers_json
def grid_item_move(request: SignedInRequest, pk: int) -> JsonResponse:
    item = scoped(Item, request, pk=pk)
    move_item(item_id=item.pk, actor=request.user, steps=steps_payload(request.body))
    return JsonResponse({"sums": sums_json(item.edition)})


@require("budget.read")
@answers_json
def grid_items(request: SignedInRequest, pk: int) -> JsonResponse:
    """Rows of some items, or of all, as they are now, to take the place of what stands in the page."""
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    is_open = not why_closed(edition, request.user)
    if "all" in request.GET:
        items = all_items_html(request, edition, is_open=is_open)
        return JsonResponse({"items": items, "sums": sums_json(edition)})
    wanted = [int(key) for key in request.GET.getlist("item")[:500] if re.fullmatch(r"[0-9]{1,18}", key)]
    if not wanted:
        raise Refused("没有说明要刷新哪些项目。", code="empty")
    html = items_html(request, edition, wanted, is_open=is_open)
    return JsonResponse({"html": html, "sums": sums_json(edition)})


@require("history.read")
def grid_history(request: SignedInRequest, table: str, pk: int) -> HttpResponse:
    """What happened to a row: who, when, old → new, and why."""
    if table == "lines":
        line = get_object_or_404(CalcLine.objects.visible_to(request.user).select_related("item"), pk=pk)
        context = {"title": f"测算行 {line}", "changes": line_history(line)}
    elif table == "items":
        item = scoped(Item, request, pk=pk)
        context = {"title": item_row(item).title, "changes": item_history(item)}
    else:
        raise Http404
    return render(request, "budget/_grid_history.html", context)


@require("budget.read")
def grid_explanation(request: SignedInRequest, pk: int) -> HttpResponse:
    """The printed words of one item, as its figures stand now."""
    row = item_row(scoped(Item, request, pk=pk))
    return render(request, "budget/_grid_explanation.html", {"row": row})
