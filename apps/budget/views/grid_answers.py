"""How the grid's scripts are answered: saved rows, refusals by cell, a colleague's change, in one shape of JSON."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.db import DataError, IntegrityError
from django.http import HttpResponse, JsonResponse, RawPostDataException
from django.template.loader import render_to_string
from django.utils import timezone

from apps.accounts.access import SignedInRequest
from apps.budget.models import CalcLine, Edition
from apps.budget.rules.columns import column_of
from apps.budget.rules.trials import Trial
from apps.budget.selectors.grid import (
    GridItem,
    GridLine,
    edition_grid,
    edition_sums,
    fresh_item,
    line_texts,
)
from apps.budget.selectors.sheet import rule_line
from apps.budget.services.editing import RowChanged
from apps.core import money
from apps.core.errors import Refused
from apps.core.explaining import explain

JsonView = Callable[..., JsonResponse | HttpResponse]
MOST_SHOWN = 200


def answers_json(view: JsonView) -> JsonView:
    """A refusal is told with its column (422), a colleague's change with what stands there now (409); never a 500."""

    @wraps(view)
    def answered(request: SignedInRequest, *args: Any, **kwargs: Any) -> JsonResponse | HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RowChanged as changed:
            return JsonResponse(conflict(changed), status=409)
        except Refused as refused:
            return refusal(refused)
        except RawPostDataException:  # a form was sent where the grid's scripts send JSON
            return refusal(Refused("提交的内容读不懂，请刷新页面后再试。", code="unreadable"))
        except (IntegrityError, DataError) as error:
            return refusal(explain(error, app_label="budget"))

    return answered


def refusal(refused: Refused) -> JsonResponse:
    column = column_of(refused.field)
    errors = {column: refused.message} if column else {}
    return JsonResponse({"message": refused.message, "code": refused.code, "errors": errors}, status=422)


def wrong_cells(problems: dict[str, str]) -> JsonResponse:
    """Several cells of a row at once."""
    first = next(iter(problems.values()))
    return JsonResponse({"message": first, "code": "cells", "errors": problems}, status=422)


def conflict(changed: RowChanged) -> dict[str, Any]:
    """Who changed the row and when, and its cells as they stand now."""
    current = changed.current
    if "method" in current:
        record = CalcLine(**current)
        cells = line_texts(record, rule_line(record).amount)
    else:
        cells = {
            "name": current["name"],
            "prior_amount": ""
            if current["prior_amount"] is None
            else money.format_yuan(current["prior_amount"]),
            "control_amount": ""
            if current["control_amount"] is None
            else money.format_yuan(current["control_amount"]),
            "change_reason": current["change_reason"],
        }
    return {
        "message": changed.message,
        "who": changed.who,
        "at": clock(changed.when),
        "version": changed.version,
        "cells": cells,
    }


def saved(item_id: int, *, line_id: int | None = None, **more: Any) -> JsonResponse:
    """The item after a change, the one line that was saved, and every sum."""
    item = fresh_item(item_id)
    line = next((line for line in item.lines if line.record.pk == line_id), None)
    return JsonResponse(
        {
            "item": item_json(item),
            "line": line_json(line) if line else None,
            "sums": sums_json(item.record.edition),
            "at": clock(timezone.now()),
            **more,
        }
    )


def item_json(item: GridItem) -> dict[str, Any]:
    return {
        "id": item.record.pk,
        "version": item.record.version,
        "title": item.title,
        "cells": {cell.column.name: cell.text for cell in item.cells},
        "sources": {cell.column.name: cell.source for cell in item.cells if cell.source},
        "marks": [{"text": mark.text, "tone": mark.tone, "title": mark.title} for mark in item.marks],
        "sentence": item.sentence,
    }


def line_json(line: GridLine) -> dict[str, Any]:
    return {
        "id": line.record.pk,
        "version": line.record.version,
        "number": line.number,
        "cells": {cell.column.name: cell.text for cell in line.cells},
        "sources": {cell.column.name: cell.source for cell in line.cells if cell.source},
        "method": line.record.method,
    }


def sums_json(edition: Edition) -> list[dict[str, str]]:
    return [
        {
            "key": row.key,
            "label": row.label,
            "amount": money.format_yuan(row.amount),
            "wan": row.wan,
            "base": row.base_text,
            "change": row.change_text,
        }
        for row in edition_sums(edition)
    ]


def items_html(
    request: SignedInRequest, edition: Edition, item_ids: Sequence[int], *, is_open: bool
) -> dict[str, str]:
    """Rows of these items as the page draws them; an item that is gone is drawn as nothing."""
    drawn = {str(pk): "" for pk in item_ids}
    return drawn | {
        str(item.record.pk): _item_html(request, item, is_open=is_open)
        for group in edition_grid(edition).groups
        for item in group.items
        if str(item.record.pk) in drawn
    }


def all_items_html(request: SignedInRequest, edition: Edition, *, is_open: bool) -> list[dict[str, str]]:
    """Rows of every item in the order of the page."""
    return [
        {
            "id": str(item.record.pk),
            "group": str(group.group.pk),
            "html": _item_html(request, item, is_open=is_open),
        }
        for group in edition_grid(edition).groups
        for item in group.items
    ]


def _item_html(request: SignedInRequest, item: GridItem, *, is_open: bool) -> str:
    return render_to_string("budget/_grid_item.html", {"item": item, "is_open": is_open}, request)


def trial_json(trial: Trial) -> dict[str, Any]:
    """A dry run, errors first and changes after them, each list cut at what a person reads.

    Columns without a place count among the errors, so that a page of an earlier version stops at them too.
    """
    return {
        "problems": [str(fault) for fault in trial.faults[:MOST_SHOWN]],
        "problem_count": len(trial.faults),
        "unplaced": [
            {"column": column.column, "label": column.label, "count": len(column.cells)}
            for column in trial.unplaced
        ],
        "rows": [
            {
                "place": row.place,
                "title": row.title,
                "is_new": row.is_new,
                "cells": [{"label": cell.label, "old": cell.old, "new": cell.new} for cell in row.cells],
            }
            for row in trial.changed[:MOST_SHOWN]
        ],
        "changed_count": len(trial.changed),
        "new_count": trial.new_count,
        "unchanged_count": trial.unchanged_count,
        "seen": dict(trial.seen),
        "amount_before": money.format_yuan(trial.amount_before),
        "amount_after": money.format_yuan(trial.amount_after),
    }


def clock(moment: Any) -> str:
    """10:32:05 of today, with the day for another day."""
    local = timezone.localtime(moment)
    today = local.date() == timezone.localdate()
    return local.strftime("%H:%M:%S" if today else "%m-%d %H:%M")
