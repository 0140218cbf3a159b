"""A whole edition out as xlsx and in again: upload, preview old → new, take over as one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.access import SignedInRequest, client_address, require
from apps.accounts.services import record_export
from apps.budget.forms.imports import ImportForm
from apps.budget.models import Edition, ImportFile
from apps.budget.resources import EditionResource, EditionXlsx, sheet_rows
from apps.budget.rules.trials import Trial
from apps.budget.services.editing import why_closed
from apps.budget.services.imports import keep_file, mark_taken
from apps.core.downloads import XLSX, download
from apps.core.errors import Refused
from apps.core.forms import add_refusal
from apps.core.sheets import GuardedXlsx

_SHOWN = 300


def _edition(request: SignedInRequest, pk: int) -> Edition:
    edition = get_object_or_404(Edition.objects.visible_to(request.user).for_detail(), pk=pk)
    request.working_year = edition.plan.year
    return edition


@require("budget.read")
@require_POST
def edition_export(request: SignedInRequest, pk: int) -> HttpResponse:
    """Every item and line of the edition; that it went out is recorded."""
    edition = _edition(request, pk)
    rows = sheet_rows(edition)
    dataset = EditionResource(edition=edition, actor=request.user, now=timezone.now()).export(rows)
    dataset.title = edition.label
    content = GuardedXlsx().export_data(dataset)
    record_export(
        actor=request.user,
        subject=f"{edition}",
        row_count=len(rows),
        sha256=hashlib.sha256(content).hexdigest(),
        address=client_address(request),
    )
    name = f"{edition.plan.union.short_name}{edition.plan.year}年{edition.plan.get_book_display()}{edition.label}.xlsx"
    return download(content, name, XLSX)


@require("budget.enter")
def edition_import(request: SignedInRequest, pk: int) -> HttpResponse:
    """Upload; the file is kept and its preview shown. Nothing of the edition changes yet."""
    edition = _edition(request, pk)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        try:
            EditionXlsx(edition.stage).create_dataset(form.upload.data)
            file = keep_file(
                edition=edition,
                actor=request.user,
                name=form.upload.name,
                content=form.upload.data,
                sha256=form.upload.sha256,
                now=timezone.now(),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return redirect("budget:import_preview", pk=file.pk)
    context = {
        "edition": edition,
        "plan": edition.plan,
        "form": form,
        "closed": why_closed(edition, request.user),
        "files": edition.import_files.for_list()[:10],
    }
    return render(request, "budget/import.html", context, status=422 if form.errors else 200)


@require("budget.enter")
def import_preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the file would change, counted afresh; a POST takes over exactly what was shown."""
    file = get_object_or_404(ImportFile.objects.visible_to(request.user), pk=pk)
    edition = _edition(request, file.edition_id)
    resource = EditionResource(
        edition=edition, actor=request.user, now=timezone.now(), summary=f"导入“{file.name}”"
    )
    refusal = ""
    book = EditionXlsx(edition.stage)
    try:
        dataset = book.create_dataset(bytes(file.content))
        if request.method == "POST" and file.taken_at is None:
            return _take_over(request, file, resource, dataset)
        resource.import_data(dataset, dry_run=True)
    except Refused as refused:
        refusal = refused.message
        if resource.trial is None and not why_closed(edition, request.user):
            resource = EditionResource(edition=edition, actor=request.user, now=timezone.now())
            _try_again(resource, file)
    return render(
        request,
        "budget/import_preview.html",
        _context(file, edition, resource, refusal) | {"notes": book.notes},
        status=422 if refusal else 200,
    )


def _try_again(resource: EditionResource, file: ImportFile) -> None:
    try:
        resource.import_data(
            EditionXlsx(resource.edition.stage).create_dataset(bytes(file.content)), dry_run=True
        )
    except Refused:
        resource.trial = None


def _take_over(
    request: SignedInRequest, file: ImportFile, resource: EditionResource, dataset: Any
) -> HttpResponse:
    """All rows and the mark on the file commit together. Raises Refused when the rows differ from those shown."""
    with transaction.atomic():
        resource.import_data(dataset, dry_run=True)
        if resource.trial is None or digest(file, resource.trial) != request.POST.get("digest", ""):
            resource.trial = None
            raise Refused("核对之后，表格里的行又有人改过，请按现在的数重新核对。", code="stale")
        resource.import_data(dataset, dry_run=False, use_transactions=False)
        if resource.change is not None:
            mark_taken(file_id=file.pk, actor=request.user, change=resource.change, now=resource.now)
    changed, new = (_words(resource.trial.counts[kind]) for kind in ("changed", "new"))
    messages.success(request, f"已导入“{file.name}”：修改{changed}，新增{new}。可在表格上方整块撤销。")
    return redirect("budget:edition_grid", pk=file.edition_id)


def _words(counts: Mapping[str, int]) -> str:
    return f"项目 {counts['item']} 个、测算行 {counts['line']} 行"


def digest(file: ImportFile, trial: Trial) -> str:
    """Names what a preview showed: the file and the versions of all rows it was tried against."""
    material = json.dumps([file.sha256, sorted(trial.seen.items())])
    return hashlib.sha256(material.encode()).hexdigest()


def _context(file: ImportFile, edition: Edition, resource: EditionResource, refusal: str) -> dict[str, Any]:
    trial = resource.trial
    earlier = (
        ImportFile.objects.filter(edition=edition, sha256=file.sha256, taken_at__isnull=False)
        .exclude(pk=file.pk)
        .for_list()
        .first()
    )
    context: dict[str, Any] = {
        "file": file,
        "edition": edition,
        "plan": edition.plan,
        "trial": trial,
        "refusal": refusal,
        "earlier": earlier,
    }
    if trial is not None:
        untouched_items, untouched_lines = resource.untouched()
        context |= {
            "digest": digest(file, trial),
            "rows": trial.changed[:_SHOWN],
            "counts": trial.counts,
            "file_rows": resource.row_count,
            "problems": trial.faults[:_SHOWN],
            "skipped_sums": resource.skipped_sums,
            "untouched_items": untouched_items,
            "untouched_lines": untouched_lines,
            "shown": _SHOWN,
        }
    return context
