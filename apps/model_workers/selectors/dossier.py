"""Everything known of one model worker: honours, class, entitlement, what was received, and what does not fit together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.model_workers.models import (
    AllowanceLine,
    AllowanceRun,
    ExamInvitation,
    FileChange,
    FileChangeDecision,
    FileEvent,
    Honour,
    Nomination,
    ReliefCase,
    Review,
    WorkerFile,
)
from apps.model_workers.rules.allowances import Facts, RunStatus, why_not
from apps.model_workers.rules.contradictions import (
    FileFacts,
    HonourFact,
    PaidFact,
    StandingFact,
    contradictions,
)
from apps.model_workers.rules.file_changes import Change, possible
from apps.model_workers.rules.files import FileStatus, KnownEvent, status_after
from apps.model_workers.rules.honours import award_class
from apps.model_workers.rules.relief import ENDED_STATUSES
from apps.model_workers.selectors.counting import Counting, rule_on
from apps.model_workers.selectors.paid_accounts import changed_accounts, with_changes
from apps.people.models import DuplicatePair, Person, StandingEvent
from apps.people.selectors.relations import row_ids_of


@dataclass(frozen=True)
class Received:
    """What the programmes gave the person, newest first."""

    allowances: Sequence[AllowanceLine]
    exams: Sequence[ExamInvitation]
    relief: Sequence[ReliefCase]


@dataclass(frozen=True)
class Dossier:
    person: Any
    file: WorkerFile | None
    honours: Sequence[Honour]
    events: Sequence[FileEvent]
    """Those that hold, the latest first."""
    changes: Sequence[FileChange]
    reviews: Sequence[Review]
    nominations: Sequence[Nomination]
    received: Received
    status: FileStatus
    award_count: int | None
    """Honours that count towards the allowance today; None without a rule in force."""
    reason: str
    """Why there is no allowance; empty when the person is entitled."""
    counted: frozenset[int]
    """Keys of the honours that count."""
    contradictions: Sequence[str]

    @property
    def class_label(self) -> str:
        found = award_class(self.award_count or 0)
        return str(found.label) if found is not None else ""

    @property
    def standing_honours(self) -> list[Honour]:
        return [honour for honour in self.honours if honour.voided_at is None and honour.revoked_on is None]

    @property
    def possible_changes(self) -> list[Change]:
        """What may be asked for next; nothing without a file."""
        if self.file is None:
            return []
        last = next(iter(self.events), None)
        status = status_after(KnownEvent(last.target, last.effective_on) if last is not None else None)
        revoked = [one for one in self.honours if one.voided_at is None and one.revoked_on is not None]
        return possible(status, standing=len(self.standing_honours), revoked=len(revoked))


def dossier(*, person: Any, viewer: User, today: date) -> Dossier:
    """The file of a person read `for_detail`. The number of queries does not grow with the rows."""
    rows = row_ids_of(person)
    honours = list(Honour.objects.filter(person=person).for_detail())
    events = list(FileEvent.objects.valid().filter(person=person))
    received = _received(rows)
    status = _status_on(events, today)
    counted, count = _counted(person, honours, today)
    reason = (
        why_not(Facts(award_count=count, work=person.work, life=person.life, file_status=status))
        if count is not None
        else "没有生效的计次规则"
    )
    return Dossier(
        person=person,
        file=WorkerFile.objects.select_related("treatment_document", "opened_by")
        .filter(person=person)
        .first(),
        honours=honours,
        events=events,
        changes=_changes(rows),
        reviews=list(Review.objects.filter(person=person).select_related("done_by", "created_by", "union")),
        nominations=list(Nomination.objects.filter(person__in=rows).for_list()),
        received=received,
        status=status,
        award_count=count,
        reason=reason,
        counted=counted,
        contradictions=[
            *found_contradictions(person, honours, events, received, viewer),
            *_changed_accounts(rows, today),
        ],
    )


def _changes(rows: Sequence[int]) -> list[FileChange]:
    """With who took the last step of each, the latest first."""
    changes = FileChange.objects.filter(person__in=rows).select_related("person", "created_by")
    steps = FileChangeDecision.objects.select_related("actor").order_by("-number")
    return list(changes.prefetch_related(Prefetch("decisions", steps)).order_by("-effective_on", "-id"))


def _changed_accounts(rows: Sequence[int], today: date) -> list[str]:
    """Where an approved run is still to pay to another account than the one of the register."""
    runs = AllowanceRun.objects.awaiting_payment(today)
    changed = changed_accounts(AllowanceLine.objects.filter(person__in=rows, case__in=runs))
    return [one.sentence for one in with_changes(changed)] if changed else []


def _received(rows: Sequence[int]) -> Received:
    return Received(
        allowances=list(
            AllowanceLine.objects.filter(person__in=rows)
            .exclude(case__status=RunStatus.VOIDED)
            .defer("account")
            .select_related("case")
            .order_by("-case__year", "-id")
        ),
        exams=list(
            ExamInvitation.objects.filter(person__in=rows)
            .select_related("case", "hospital")
            .order_by("-case__year", "-id")
        ),
        relief=list(ReliefCase.objects.filter(person__in=rows).order_by("-year", "-id")),
    )


def _status_on(events: Sequence[FileEvent], day: date) -> FileStatus:
    """Of events with the latest first."""
    held = next((one for one in events if one.effective_on <= day), None)
    return FileStatus(held.target) if held is not None else FileStatus.VALID


def _counted(person: Person, honours: Sequence[Honour], today: date) -> tuple[frozenset[int], int | None]:
    """Which honours count today, by the one condition all counts share, and how many they are."""
    try:
        rule = rule_on(today)
    except Refused:
        return frozenset(), None
    keys = frozenset(
        Honour.objects.standing_on(today)
        .filter(Counting.of(rule).condition(), person=person)
        .values_list("pk", flat=True)
    )
    return keys, len(keys)


def found_contradictions(
    person: Any,
    honours: Sequence[Honour],
    events: Sequence[FileEvent],
    received: Received,
    viewer: User,
) -> list[str]:
    """What does not fit together; other people are named only when the viewer may see them."""
    standing = [
        StandingFact(event.kind, event.effective_on, event.document)
        for event in StandingEvent.objects.valid().filter(person=person).order_by("effective_on", "id")
    ]
    last = events[0] if events else None
    stopped = (
        [(str(FileStatus(last.target).label), last.effective_on)]
        if last is not None and last.target != FileStatus.VALID
        else []
    )
    return contradictions(
        FileFacts(
            birth_on=person.birth_on,
            honours=[
                HonourFact(str(honour.title), honour.awarded_on, honour.note)
                for honour in honours
                if honour.voided_at is None
            ],
            standing=standing,
            paid=_paid(received),
            stopped=stopped,
            other_files=_other_files(person, viewer),
        )
    )


def _paid(received: Received) -> list[PaidFact]:
    found = [
        PaidFact(f"{line.case.year}年荣誉津贴", line.period_from, needs_retirement=True)
        for line in received.allowances
    ]
    found += [
        PaidFact(f"{one.case.year}年体检（{one.attended_on:%Y-%m-%d} 到检）", one.attended_on)
        for one in received.exams
        if one.attended_on is not None
    ]
    found += [
        PaidFact(f"{case.year}年{case.get_kind_display()}", date(case.year, 1, 1))
        for case in received.relief
        if case.status not in ENDED_STATUSES
    ]
    return found


def _other_files(person: Person, viewer: User) -> list[str]:
    """Rows merged into this one that kept a file, and suspected doubles with honours of their own."""
    merged = WorkerFile.objects.filter(person__merged_into=person).select_related("person")
    found = [f"已并入的记录“{file.person.name}”名下还有档案 {file.number or '（无号）'}" for file in merged]
    pairs = (
        DuplicatePair.objects.visible_to(viewer)
        .filter(Q(first=person) | Q(second=person), status=DuplicatePair.Status.OPEN)
        .select_related("first__union", "second__union")
    )
    others = [pair.second if pair.first_id == person.pk else pair.first for pair in pairs]
    honoured = set(Honour.objects.standing().filter(person__in=others).values_list("person_id", flat=True))
    return found + [
        f"疑似重复的“{other.name}”（{other.union}）也有荣誉" for other in others if other.pk in honoured
    ]
