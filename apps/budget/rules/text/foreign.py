"""A foreign text as a whole: what is found in it, by which year, and the form in which that leaves its process."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from apps.budget.rules.findings import Finding, Severity
from apps.budget.rules.text import KnownDocument, check_text, guess_year
from apps.budget.rules.text.draft import read_draft
from apps.core.errors import Refused
from apps.core.texts import SourceText

# The last digit is enough: begun at the first, a long row of digits would be read again from each of them.
_AMOUNT = re.compile(r"[0-9０-９][,，.．]*+\s*+(?:万|亿)?元")


@dataclass(frozen=True)
class Known:
    """What the house knows and a text is held against."""

    documents: Sequence[KnownDocument] = ()
    codes: Sequence["KnownCode"] = ()

    def codes_of(self, year: int) -> dict[str, str]:
        return {
            code: name
            for code, name, first, last in self.codes
            if first <= year and (last is None or year <= last)
        }


KnownCode = tuple[str, str, int, int | None]
"""A classification code, its name, its first and its last year."""


@dataclass(frozen=True)
class Checked:
    text: str
    notes: tuple[str, ...]
    year: int | None
    """The budget year it was judged by; None when none was told and none can be guessed."""
    speaks_of_budget: bool
    findings: tuple[Finding, ...]


def check_foreign(source: SourceText, *, year: int | None, known: Known) -> Checked:
    judged_by = year or guess_year(source.text)
    findings = check_text(
        source.text,
        year=judged_by,
        known_documents=known.documents,
        codes=known.codes_of(judged_by) if judged_by else None,
        line_labels=source.labels,
    )
    return Checked(source.text, source.notes, judged_by, speaks_of_budget(source.text), tuple(findings))


def speaks_of_budget(text: str) -> bool:
    """Whether there is anything to check: an item, or an amount written with its unit."""
    return bool(read_draft(text).items or _AMOUNT.search(text))


def refusal_to_json(refused: Refused) -> str:
    return json.dumps({"refused": refused.message, "code": refused.code}, ensure_ascii=False)


def refusal_in(words: str) -> Refused | None:
    told = json.loads(words)
    return Refused(told["refused"], code=told["code"]) if "refused" in told else None


def checked_to_json(checked: Checked) -> str:
    return json.dumps(asdict(checked), ensure_ascii=False, default=str)


def checked_from_json(words: str) -> Checked:
    told = json.loads(words)
    told["findings"] = tuple(_finding(one) for one in told["findings"])
    told["notes"] = tuple(told["notes"])
    return Checked(**told)


def _finding(told: dict[str, Any]) -> Finding:
    finding = Finding(**{field.name: told[field.name] for field in fields(Finding)})
    return replace(
        finding,
        severity=Severity(finding.severity),
        more=tuple((start, end) for start, end in finding.more),
        gap=None if finding.gap is None else Decimal(finding.gap),
    )


def known_to_json(known: Known) -> dict[str, Any]:
    return {
        "documents": [
            [one.number, one.title, one.in_force_until and one.in_force_until.isoformat()]
            for one in known.documents
        ],
        "codes": [list(code) for code in known.codes],
    }


def known_from_json(told: Mapping[str, Any]) -> Known:
    documents = [
        KnownDocument(number, title, date.fromisoformat(until) if until else None)
        for number, title, until in told["documents"]
    ]
    return Known(documents, [(code, name, first, last) for code, name, first, last in told["codes"]])
