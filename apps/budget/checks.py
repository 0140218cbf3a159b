"""文稿校验: all findings of an edition, from its rows and from the text that would be printed, with their answers."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from apps.budget import documents
from apps.budget.models import ClassificationCode, Edition, PolicyDocument, Waiver
from apps.budget.rules import edition_checks
from apps.budget.rules.findings import Finding, Severity, Span
from apps.budget.rules.stages import JUDGES
from apps.budget.rules.text import KnownDocument, check_text
from apps.budget.rules.text.foreign import (
    Checked,
    Known,
    KnownCode,
    checked_from_json,
    known_to_json,
    refusal_in,
)
from apps.budget.selectors.explanation import earlier_year
from apps.budget.selectors.figures import known_amounts
from apps.budget.selectors.sheet import Sheet, edition_sheet
from apps.budget.selectors.sources import source_findings
from apps.cases.selectors import Objection
from apps.core.errors import Refused
from apps.core.processes import Limits, Overrun, lines_from

# Told once, by the rows, with a link to the place to mend: the text would only repeat them.
_TOLD_BY_ROWS = frozenset({"basis.missing", "basis.speech", "document.variants", "document.expired"})

# Arithmetic of the items' sentences. The sentences are generated from the rows, so nothing is lost where it is left out.
_CALCULATED = frozenset({"amount.product", "amount.heading", "amount.classes", "dues.amount"})


# Prose of the greatest length that is accepted takes 2 s of processor time and 110 MB, the worst nonsense 6 s.
_LIMITS = Limits(memory_bytes=512 * 1024 * 1024, cpu_seconds=10, silent_seconds=30)
_PROCESS = ("-E", "-s", "-m", "apps.budget.rules.text.process")
_places = threading.BoundedSemaphore(2)
"""So many texts at once in one web process, which has four threads: the others are left for the pages."""
_NOT_FINISHED = "文稿没有在规定的时间和内存里校验完，没有结果；请删去成片重复的字符，或分成几份分别校验。"


@dataclass(frozen=True)
class Card:
    """A finding as the component of the pages shows it."""

    level: str
    text: str
    place: str
    excerpt: str
    hint: str
    waived_by: str = ""
    waived_reason: str = ""


def card(finding: Finding, waiver: Waiver | None = None) -> Card:
    return Card(
        level=str(finding.severity),
        text=finding.message,
        place=finding.place,
        excerpt="" if finding.excerpt == finding.place else finding.excerpt,
        hint=finding.hint,
        waived_by=str(waiver.waived_by) if waiver else "",
        waived_reason=waiver.reason if waiver else "",
    )


@dataclass(frozen=True)
class EditionFinding:
    """A finding together with the reason by which someone let it stand, if anyone did."""

    finding: Finding
    waiver: Waiver | None

    @property
    def is_hard(self) -> bool:
        return self.finding.severity == Severity.HARD

    @property
    def needs_answer(self) -> bool:
        return self.finding.severity == Severity.HARD or (
            self.finding.severity == Severity.SOFT and self.waiver is None
        )

    @property
    def message(self) -> str:
        return self.finding.message

    @property
    def card(self) -> Card:
        return card(self.finding, self.waiver)


def _row_findings(sheet: Sheet) -> Iterator[Finding]:
    if not sheet.items:
        yield Finding("data.empty", Severity.HARD, "本版本还没有项目。")
    for item in sheet.items:
        yield from edition_checks.check_item(
            item,
            stage=sheet.edition.stage,
            purpose=item.record.purpose,
            control_amount=item.record.control_amount,
            change_reason=item.record.change_reason,
            has_documents=bool(item.citations),
            has_codes=item.record.function_code_id is not None
            and item.record.department_economic_code_id is not None,
            has_source=item.record.funding_source_id is not None,
        )
    yield from edition_checks.check_documents(sheet.documents(), year=sheet.year)
    sections = set(sheet.edition.outline.values_list("section", flat=True))
    for section, code, name in (
        ("duties", "data.no_duties", "主要职责"),
        ("tasks", "data.no_tasks", "年度主要任务和目标"),
    ):
        if section not in sections:
            yield Finding(code, Severity.SOFT, f"没有填写“{name}”。", place=name, excerpt=name)


def _adjusted_spans(sheet: Sheet, text: str) -> list[Span]:
    """Where in the text the items stand whose amount was moved after 批复, heading included."""
    spans = []
    for item in sheet.items:
        start = text.find(f"项目{item.number}：{item.title}") if item.adjustment else -1
        if start >= 0:
            ends = [at for mark in ("\n项目", "小计") if (at := text.find(mark, start)) >= 0]
            spans.append((start, min(ends, default=len(text))))
    return spans


def _is_about_adjustment(finding: Finding, adjusted: Sequence[Span]) -> bool:
    """The text tells 批复数 on the way to the adjusted amount; the text checks take that for a wrong total."""
    if finding.code not in _CALCULATED or finding.start is None:
        return False
    return any(start <= finding.start < end for start, end in adjusted)


def known_documents() -> list[KnownDocument]:
    """The register of basis documents, as the text checks take it."""
    return [
        KnownDocument(title=document.title, number=document.number, in_force_until=document.in_force_until)
        for document in PolicyDocument.objects.current().only("title", "number", "in_force_until")
    ]


def known_codes() -> list[KnownCode]:
    """The classification codes, for a foreign text.

    Codes of three digits are left out: in prose they are counts (302个基层工会).
    """
    codes = ClassificationCode.objects.filter(code__regex="^[0-9]{5,}$")
    return list(codes.values_list("code", "name", "first_year", "last_year"))


def check_foreign_text(*, year: int | None, text: str = "", name: str = "", data: bytes = b"") -> Checked:
    """A pasted text, or an uploaded file with its name, read and checked in a process of its own.

    Raises Refused where it cannot be read, cannot be checked within the limits, or others are being checked.
    """
    field = "file" if name else "text"
    known = Known(known_documents(), known_codes())
    task = {"name": name or None, "year": year, "known": known_to_json(known)}
    if not _places.acquire(blocking=False):
        raise Refused("正在校验的文稿较多，这一份还没有校验；请过一会儿再点“开始校验”。", code="busy")
    try:
        with lines_from(
            _PROCESS,
            json.dumps(task).encode() + b"\n" + (data if name else text.encode()),
            limits=_LIMITS,
            folder=settings.BASE_DIR,
        ) as lines:
            *_, answer = lines
    except (Overrun, ValueError):
        raise Refused(_NOT_FINISHED, field=field, code="not_finished") from None
    finally:
        _places.release()
    refusal = refusal_in(answer.decode())
    if refusal is not None:
        raise Refused(refusal.message, field=field, code=refusal.code)
    return checked_from_json(answer.decode())


def edition_findings(edition: Edition, *, sheet: Sheet | None = None) -> list[EditionFinding]:
    """Every finding, hard ones first, each with the waiver that answers it."""
    sheet = sheet or edition_sheet(edition)
    found = [*_row_findings(sheet), *source_findings(sheet)]
    if sheet.items:
        earlier = earlier_year(edition)
        text = documents.plain_text(sheet, earlier)
        printed = check_text(
            text,
            year=sheet.year,
            known_documents=known_documents(),
            figures=known_amounts(sheet, earlier),
        )
        adjusted = _adjusted_spans(sheet, text)
        found += [
            finding
            for finding in printed
            if finding.code not in _TOLD_BY_ROWS and not _is_about_adjustment(finding, adjusted)
        ]
    waivers = {waiver.fingerprint: waiver for waiver in edition.waivers.select_related("waived_by")}
    unique: dict[str, Finding] = {}
    for finding in found:
        unique.setdefault(finding.fingerprint, finding)
    ordered = sorted(unique.values(), key=lambda finding: Severity(finding.severity).rank)
    return [EditionFinding(finding, waivers.get(finding.fingerprint)) for finding in ordered]


def unanswered(findings: Sequence[EditionFinding]) -> list[EditionFinding]:
    """Hard findings, and soft ones without a reason: what stands between the edition and its approval."""
    return [finding for finding in findings if finding.needs_answer]


def findings_obstacle(verb: str, findings: Sequence[EditionFinding]) -> str:
    """Why a step must wait for the findings; empty when they let it pass. A submission waits for the hard ones alone."""
    if verb == "submit":
        hard = [found for found in findings if found.is_hard]
        return f"文稿校验还有 {len(hard)} 个必须改正的问题，不能提交。" if hard else ""
    left = unanswered(findings) if verb in JUDGES else []
    return f"文稿校验还有 {len(left)} 个问题没有处理或说明。" if left else ""


def findings_objection(edition: Edition) -> Objection:
    """What the findings of an edition say against a step; they are read once, and only if a step asks for them."""

    @cache
    def findings() -> list[EditionFinding]:
        return edition_findings(edition)

    return lambda verb: findings_obstacle(verb, findings()) if verb in ("submit", *JUDGES) else ""
