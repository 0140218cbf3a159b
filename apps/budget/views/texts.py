"""Checking a foreign text: paste or upload an explanation, get its findings with their places."""

import re
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts.access import SignedInRequest, require
from apps.budget.checks import card, known_codes, known_documents
from apps.budget.forms.texts import ForeignTextForm
from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.text import check_text, guess_year
from apps.budget.rules.text.draft import read_draft

_AMOUNT = re.compile(r"[0-9０-９][0-9０-９,，.．]*\s*(?:万|亿)?元")


@require("text.check")
def text_check(request: SignedInRequest) -> HttpResponse:
    """Nothing of the text is stored."""
    form = ForeignTextForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        source = form.cleaned_data["source"]
        year = form.cleaned_data["year"] or guess_year(source.text)
        findings = check_text(
            source.text,
            year=year,
            known_documents=known_documents(),
            codes=known_codes(year) if year else None,
            line_labels=source.labels,
        )
        findings.sort(key=lambda finding: Severity(finding.severity).rank)
        context |= {
            "findings": [card(finding) for finding in findings],
            "lines": marked_lines(source.text, findings),
            "counts": _counts(findings),
            "year": year,
            "notes": source.notes,
            "source_name": getattr(form.cleaned_data.get("file"), "name", ""),
            "is_explanation": speaks_of_budget(source.text),
        }
    return render(request, "budget/text_check.html", context, status=422 if form.errors else 200)


def speaks_of_budget(text: str) -> bool:
    """Whether there is anything to check: an item, or an amount written with its unit."""
    return bool(read_draft(text).items or _AMOUNT.search(text))


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
