"""What does not fit together in one person's file: shown with the rows concerned, decided by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from apps.people.rules.standing import ABSENT_KINDS, RETIRED_KINDS, Kind

_YOUNGEST = 16  # 《劳动法》第十五条: nobody works below sixteen
_POSTHUMOUS = "追授"
_DAYS_OF_A_YEAR = 365


@dataclass(frozen=True)
class HonourFact:
    title: str
    awarded_on: date
    note: str = ""


@dataclass(frozen=True)
class StandingFact:
    kind: str
    effective_on: date
    document: str = ""


@dataclass(frozen=True)
class PaidFact:
    """Something received: `what` as it is called, for a time that begins on `first`."""

    what: str
    first: date
    needs_retirement: bool = False


@dataclass(frozen=True)
class FileFacts:
    """Everything that is held against everything else. Lists hold valid rows only."""

    birth_on: date | None
    honours: Sequence[HonourFact] = ()
    standing: Sequence[StandingFact] = ()
    paid: Sequence[PaidFact] = ()
    stopped: Sequence[tuple[str, date]] = ()
    """(说法, 日期): suspensions and revocations of the file that still hold."""
    other_files: Sequence[str] = ()
    """Other rows of the register that seem to be the same person and have a file too."""


def contradictions(facts: FileFacts) -> list[str]:
    """Sentences, each naming the day and the rows."""
    return [
        *_too_young(facts),
        *_after_death(facts),
        *_twice(facts),
        *_retirement(facts),
        *_paid(facts),
        *_files(facts),
    ]


def _sixteenth_birthday(birth_on: date) -> date:
    try:
        return birth_on.replace(year=birth_on.year + _YOUNGEST)
    except ValueError:  # 29 February
        return date(birth_on.year + _YOUNGEST, 3, 1)


def _too_young(facts: FileFacts) -> list[str]:
    if facts.birth_on is None:
        return []
    of_age = _sixteenth_birthday(facts.birth_on)
    return [
        f"{honour.awarded_on:%Y-%m-%d}“{honour.title}”早于 {_YOUNGEST} 周岁（{facts.birth_on:%Y-%m-%d} 出生）。"
        for honour in facts.honours
        if honour.awarded_on < of_age
    ]


def _died_on(facts: FileFacts) -> date | None:
    return next((event.effective_on for event in facts.standing if event.kind == Kind.DIED), None)


def _after_death(facts: FileFacts) -> list[str]:
    died_on = _died_on(facts)
    if died_on is None:
        return []
    return [
        f"{honour.awarded_on:%Y-%m-%d}“{honour.title}”晚于去世日期 {died_on:%Y-%m-%d}；属于追授的，在备注里写明“追授”。"
        for honour in facts.honours
        if honour.awarded_on > died_on and _POSTHUMOUS not in honour.note
    ]


def _twice(facts: FileFacts) -> list[str]:
    ordered = sorted(facts.honours, key=lambda honour: (honour.title, honour.awarded_on))
    return [
        f"“{one.title}”在 {one.awarded_on:%Y-%m-%d} 和 {later.awarded_on:%Y-%m-%d} 各登记一次，"
        "相隔不到一年，可能是同一次表彰。"
        for one, later in pairwise(ordered)
        if one.title == later.title and (later.awarded_on - one.awarded_on).days < _DAYS_OF_A_YEAR
    ]


def _retirement(facts: FileFacts) -> list[str]:
    retired = [event for event in facts.standing if event.kind in RETIRED_KINDS]
    found = [
        f"{event.effective_on:%Y-%m-%d}“{Kind(event.kind).label}”没有证明材料。"
        for event in retired
        if not event.document
    ]
    first = min((event.effective_on for event in retired), default=None)
    for paid in facts.paid:
        if paid.needs_retirement and (first is None or paid.first < date(first.year, 1, 1)):
            since = f"（{first:%Y-%m-%d} 才离退休）" if first is not None else "（没有登记离退休日期）"
            found.append(f"{paid.what}早于离退休{since}。")
    return found


def _paid(facts: FileFacts) -> list[str]:
    ends = [
        (str(Kind(event.kind).label), event.effective_on)
        for event in facts.standing
        if event.kind in ABSENT_KINDS and not _is_over(event, facts.standing)
    ]
    ends += list(facts.stopped)
    return [
        f"{paid.what}在 {day:%Y-%m-%d}“{label}”之后。"
        for paid in facts.paid
        for label, day in ends
        if paid.first > day
    ]


def _is_over(event: StandingFact, standing: Sequence[StandingFact]) -> bool:
    """Somebody who was missing or abroad and is back."""
    return any(later.kind == Kind.PRESENT and later.effective_on > event.effective_on for later in standing)


def _files(facts: FileFacts) -> list[str]:
    return [f"可能另有一份档案：{other}。" for other in facts.other_files]
