"""A block pasted into the grid: tried, taken over as a whole, taken back as a whole."""

from collections.abc import Sequence

from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, require, scoped
from apps.budget.forms.blocks import BlockPayload, block_payload, block_summary, item_rows, line_rows
from apps.budget.models import Edition, GridChange
from apps.budget.rules.trials import RowInput
from apps.budget.selectors.blocks import items_below, lines_below, touched_items
from apps.budget.services.blocks import apply_block, try_block
from apps.budget.services.undo import undo_change
from apps.budget.views.grid_answers import answers_json, clock, items_html, sums_json, trial_json

MOST_DRAWN = 50
"""Above this many items the page is loaded anew."""


@require("budget.enter")
@require_POST
@answers_json
def grid_paste_try(request: SignedInRequest, pk: int) -> JsonResponse:
    """The dry run: old → new for each cell, wrong cells named."""
    edition = scoped(Edition, request, pk=pk)
    rows = _rows(edition, block_payload(request.body))
    return JsonResponse(trial_json(try_block(edition_id=edition.pk, actor=request.user, rows=rows)))


@require("budget.enter")
@require_POST
@answers_json
def grid_paste(request: SignedInRequest, pk: int) -> JsonResponse:
    """Take the block over, if nothing changed since it was tried."""
    edition = scoped(Edition, request, pk=pk)
    payload = block_payload(request.body)
    change = apply_block(
        edition_id=edition.pk,
        actor=request.user,
        rows=_rows(edition, payload),
        seen=payload.seen,
        kind=GridChange.Kind.PASTE,
        summary=block_summary(payload, edition.stage),
        now=timezone.now(),
    )
    return _answer(request, edition, change)


@require("budget.enter")
@require_POST
@answers_json
def grid_undo(request: SignedInRequest, pk: int, change_id: int) -> JsonResponse:
    edition = scoped(Edition, request, pk=pk)
    change = scoped(GridChange, request, pk=change_id, edition=edition)
    items = touched_items(change)
    undo_change(change_id=change.pk, actor=request.user, now=timezone.now())
    return _answer(request, edition, change, items=items)


def _rows(edition: Edition, payload: BlockPayload) -> list[RowInput]:
    if payload.table == "line":
        return line_rows(payload, lines_below(edition, payload.parent_id, payload.start_id))
    return item_rows(payload, items_below(edition, payload.parent_id, payload.start_id), edition.stage)


def _answer(
    request: SignedInRequest, edition: Edition, change: GridChange, *, items: Sequence[int] = ()
) -> JsonResponse:
    touched = list(items) or touched_items(change)
    html = items_html(request, edition, touched, is_open=True) if len(touched) <= MOST_DRAWN else {}
    return JsonResponse(
        {
            "change": change.pk,
            "summary": change.summary,
            "html": html,
            "reload": not html,
            "sums": sums_json(edition),
            "at": clock(timezone.now()),
        }
    )
