"""What a check says: a finding with its severity, place and fingerprint, and the one line for rounding gaps."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from apps.core import money

ROUNDING_LIMIT = Decimal(100)
"""Yuan (0.01万元): a gap up to this, where 万元 are involved, comes from rounding and is told in one line."""

ROUNDING_CODE = "amount.rounding"
EXCERPT_LENGTH = 120


class Severity(models.TextChoices):
    HARD = "hard", "必须改正"
    SOFT = "soft", "改正或说明理由"
    INFO = "info", "提示"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, or one cluster of like faults.

    `start` and `end` are offsets into the text that was checked (None when the finding is about data);
    `more` holds the further spans of a cluster. `gap` is the difference in yuan where two amounts were
    compared and 万元 are involved: it decides whether rounding explains it.
    """

    code: str
    severity: Severity
    message: str
    place: str = ""
    excerpt: str = ""
    start: int | None = None
    end: int | None = None
    hint: str = ""
    more: tuple[Span, ...] = ()
    gap: Decimal | None = None
    subject: str = ""
    """What the finding is about, where its words do not tell it for sure: an item by its lineage, an amount to the fen."""

    @property
    def fingerprint(self) -> str:
        """The same for the same fault wherever it stands; another one once a figure of it changes.

        A reason given for a finding is stored against this, so moving a paragraph keeps the reason and
        changing an amount asks for a new one.
        """
        words = re.sub(r"\s+", "", unicodedata.normalize("NFKC", self.excerpt))
        figures = re.findall(r"[\d.]+%?", self.message)
        material = "\x1f".join([self.code, words, *figures, *filter(None, [self.subject])])
        return hashlib.sha256(material.encode()).hexdigest()[:32]

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every stretch of the text to highlight."""
        if self.start is None or self.end is None:
            return self.more
        return ((self.start, self.end), *self.more)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By place in the text (findings without one come first), each said once."""
    unique = {(finding.code, finding.spans, finding.message): finding for finding in findings}
    return sorted(
        unique.values(),
        key=lambda finding: (
            -1 if finding.start is None else finding.start,
            finding.severity.rank,
            finding.code,
        ),
    )


def stops_issue(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == Severity.HARD for finding in findings)


def is_rounding(gap: Decimal | None) -> bool:
    return gap is not None and abs(gap) <= ROUNDING_LIMIT


def cluster_rounding(findings: Sequence[Finding]) -> list[Finding]:
    """Merge every gap that rounding explains into one INFO line; the rest keep their order."""
    gaps = [finding for finding in findings if is_rounding(finding.gap)]
    if not gaps:
        return list(findings)
    first = gaps[0]
    largest = max(abs(finding.gap) for finding in gaps if finding.gap is not None)
    spans = [span for finding in gaps for span in finding.spans]
    start, end = spans[0] if spans else (None, None)
    places = list(dict.fromkeys(finding.place for finding in gaps if finding.place))
    merged = Finding(
        code=ROUNDING_CODE,
        severity=Severity.INFO,
        message=(
            f"有 {len(gaps)} 处金额相差不超过 0.01 万元，属于万元取两位小数的四舍五入差额，"
            f"最大相差 {money.format_plain(largest)} 元。"
        ),
        place="、".join(places[:5]) + ("等" if len(places) > 5 else ""),
        excerpt=first.excerpt,
        start=start,
        end=end,
        hint="如需说明，可在正文注明“部分合计数因四舍五入存在尾差”。",
        more=tuple(spans[1:]),
    )
    at = findings.index(first)
    kept_before = [finding for finding in findings[:at] if not is_rounding(finding.gap)]
    kept_after = [finding for finding in findings[at:] if not is_rounding(finding.gap)]
    return [*kept_before, merged, *kept_after]
