"""Checking a foreign text: paste or upload an explanation, get its findings with their places."""

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts.access import SignedInRequest, require
from apps.budget.checks import card, check_foreign_text
from apps.budget.forms.texts import ForeignTextForm
from apps.budget.rules.findings import Finding, Severity
from apps.core.errors import Refused
from apps.core.forms import add_refusal


@require("text.check")
def text_check(request: SignedInRequest) -> HttpResponse:
    """Nothing of the text is stored."""
    form = ForeignTextForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            context |= _shown(form)
        except Refused as refused:
            add_refusal(form, refused)
    return render(request, "budget/text_check.html", context, status=422 if form.errors else 200)


def _shown(form: ForeignTextForm) -> dict[str, object]:
    file = form.cleaned_data["file"]
    checked = check_foreign_text(
        year=form.cleaned_data["year"],
        text=form.cleaned_data["text"],
        name=file.name if file else "",
        data=file.read() if file else b"",
    )
    findings = sorted(checked.findings, key=lambda finding: finding.severity.rank)
    return {
        "findings": [card(finding) for finding in findings],
        "lines": marked_lines(checked.text, findings),
        "counts": _counts(findings),
        "year": checked.year,
        "notes": checked.notes,
        "source_name": file.name if file else "",
        "is_explanation": checked.speaks_of_budget,
    }


def _counts(findings: list[Finding]) -> list[tuple[str, str, int]]:
    ranked = sorted(findings, key=lambda finding: Severity(finding.severity).rank)
    return [
        (str(severity), str(Severity(severity).label), len(list(group)))
        for severity, group in groupby(ranked, key=lambda finding: finding.severity)
    ]


@dataclass(frozen=True)
class Piece:
    """A stretch of one line; `number` is that of the finding it belongs to, `is_first` where the finding begins."""

    words: str
    severity: str = ""
    number: int | None = None
    is_first: bool = False


def marked_lines(text: str, findings: list[Finding]) -> list[list[Piece]]:
    """The text line by line with the marks of its findings. Where marks overlap, the earlier one is shown."""
    marks = sorted(
        (start, end, number)
        for number, finding in enumerate(findings, start=1)
        for start, end in finding.spans
        if end > start
    )
    severity = {number: str(finding.severity) for number, finding in enumerate(findings, start=1)}
    shown: set[int] = set()
    lines: list[list[Piece]] = []
    offset = following = 0
    for line in text.splitlines(keepends=True):
        place, line_end = offset, offset + len(line.rstrip("\r\n"))
        pieces: list[Piece] = []
        while following < len(marks) and marks[following][0] < line_end:
            start, end, number = marks[following]
            start = max(start, place)
            if end > start:
                pieces.append(Piece(text[place:start]))
                stop = min(end, line_end)
                pieces.append(Piece(text[start:stop], severity[number], number, number not in shown))
                shown.add(number)
                place = stop
            if end > line_end:  # goes on in the next line
                break
            following += 1
        pieces.append(Piece(text[place:line_end]))
        lines.append([piece for piece in pieces if piece.words])
        offset += len(line)
    return lines
