"""What is decided upon with an exam, and how its papers tell it: the words of other rows stay as they were submitted."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count

from apps.cases.selectors import decisions_of, facts_as_decided, signed_by
from apps.core.money import format_yuan
from apps.model_workers.models import Exam, ExamInvitation, Hospital
from apps.model_workers.rules.exams import ExamMoney
from apps.model_workers.selectors.exams import (
    ABSENCE_LABELS,
    ExamCounts,
    HospitalRow,
    budget_of,
    exam_counts,
    hospital_rows,
    money_of,
)


@dataclass(frozen=True)
class Told:
    """A person of the roster as papers print them."""

    name: str
    sex: str
    birth_on: str
    unit: str
    union: str
    union_short: str
    hospital: str


def _told(row: ExamInvitation) -> Told:
    person = row.person
    return Told(
        name=person.name,
        sex=person.get_sex_display(),
        birth_on=person.birth_on.isoformat() if person.birth_on else "",
        unit=person.unit.name if person.unit else "",
        union=person.union.name,
        union_short=person.union.short_name,
        hospital=row.hospital.name if row.hospital else "",
    )


def exam_facts(exam: Exam) -> dict[str, Any]:
    """What papers print of rows that are not the exam's own, kept with the submission. Telephone and papers of a person
    are not decided upon."""
    budget, source = budget_of(exam)
    rows = list(exam.invitations.for_list())
    hospitals = Hospital.objects.filter(
        pk__in=[row.hospital_id for row in rows if row.hospital_id is not None]
    )
    return {
        "union": exam.union.name,
        "budget": None if budget is None else str(budget),
        "budget_source": source,
        "hospitals": {str(one.pk): one.name for one in hospitals},
        "roster": {str(row.slip_number): asdict(_told(row)) for row in rows},
    }


def told_of(exam: Exam, rows: Iterable[ExamInvitation]) -> list[tuple[ExamInvitation, Told]]:
    """The rows with the words that papers print of them: once submitted, those of then."""
    kept = (facts_as_decided(exam) or {}).get("roster")
    return [(row, Told(**kept[str(row.slip_number)]) if kept else _told(row)) for row in rows]


@dataclass(frozen=True)
class SettledExam:
    """An exam as the settlement prints it; the numbers are its own rows, which do not move once it is submitted."""

    union: str
    rows: tuple[tuple[str, HospitalRow], ...]
    """Hospitals by the name they had."""
    counts: ExamCounts
    money: ExamMoney
    absences: tuple[tuple[str, int], ...]
    state: str
    submitted_by: str
    closed_by: str


def settled_exam(exam: Exam) -> SettledExam:
    kept = facts_as_decided(exam) or {"union": exam.union.name, "hospitals": {}}
    signed = {one.verb: signed_by(one) for one in decisions_of(exam) if one.round == exam.round}
    reasons: Any = exam.invitations.filter(attended_on__isnull=True).order_by().values_list("absence")
    people = dict(reasons.annotate(people=Count("pk")))
    names = kept["hospitals"]
    return SettledExam(
        union=kept["union"],
        rows=tuple(
            (names.get(row.key, row.name), row) for row in hospital_rows(exam) if row.hospital is not None
        ),
        counts=exam_counts([exam.pk]).get(exam.pk, ExamCounts()),
        money=money_of(exam),
        absences=tuple((label, people[value]) for value, label in ABSENCE_LABELS if value in people),
        state="尚未办结" if exam.is_open else exam.get_status_display(),
        submitted_by="" if exam.is_open else signed.get("submit", ""),
        closed_by="" if exam.is_open else signed.get("close", ""),
    )


def in_words(exam: Exam) -> str:
    """What somebody who takes a step is told of the exam."""
    counts = exam_counts([exam.pk]).get(exam.pk, ExamCounts())
    amount, people = exam.measure()
    return (
        f"{exam}　名册 {counts.invited} 人，到检 {counts.attended} 人，未检 {counts.absent} 人；"
        f"{exam.bills.count()} 家医院结算 {people} 人　{format_yuan(amount)} 元"
    )
