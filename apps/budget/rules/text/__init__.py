"""The text checks (文稿校验): pure functions from a text to findings. `check_text` runs them all."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, localcontext

from apps.budget.rules.findings import Finding, cluster_rounding, in_order
from apps.budget.rules.text import (
    basis,
    changes,
    documents,
    equations,
    funding,
    lists,
    names,
    placeholders,
    products,
    structure,
    tables,
    totals,
    units,
    wording,
    years,
)
from apps.budget.rules.text.catalogue import BY_CODE, CATALOGUE, Entry
from apps.budget.rules.text.documents import KnownDocument
from apps.budget.rules.text.draft import read_draft

__all__ = ["BY_CODE", "CATALOGUE", "Entry", "KnownDocument", "check_text", "guess_year"]

_CHECKS = (
    basis.check,
    changes.check,
    equations.check,
    funding.check,
    lists.check,
    names.check,
    placeholders.check,
    products.check,
    structure.check,
    tables.check,
    totals.check,
    units.check,
    wording.check,
    years.check,
)
_MOST_OF_ONE_CODE = 50
"""A longer list of one kind helps nobody."""

_PRECISION = 400
"""Digits of arithmetic: enough for any product of figures a text can hold, so that no sum is ever rounded."""


def check_text(
    text: str,
    *,
    year: int | None,
    known_documents: Sequence[KnownDocument] = (),
    codes: Mapping[str, str] | None = None,
    figures: Collection[Decimal] | None = None,
    line_labels: Sequence[str] = (),
) -> list[Finding]:
    """All findings in the order of the text, each fault once.

    `year` is the budget year N (None: years are not judged). `codes` maps classification codes of that year to
    their names. `figures` are all amounts of the budget in yuan, without signs; when given, any other amount in the
    text is reported. `line_labels` name the lines for people (第2页第5行); without them they are 第n行.
    """
    with localcontext() as context:
        context.prec = _PRECISION
        draft = read_draft(text, year=year, labels=line_labels, codes=codes, figures=figures)
        found = [finding for check in _CHECKS for finding in check(draft)]
        found += documents.check(draft, known_documents)
        return _shortened(cluster_rounding(in_order(found)))


def guess_year(text: str) -> int | None:
    """The budget year a foreign text seems to speak of: the latest of its headings, item names and amounts needed."""
    return years.guess_year(read_draft(text))


def _shortened(findings: Sequence[Finding]) -> list[Finding]:
    seen: Counter[str] = Counter()
    kept = []
    for finding in findings:
        seen[finding.code] += 1
        if seen[finding.code] <= _MOST_OF_ONE_CODE:
            kept.append(finding)
    return kept
