"""Who was sent to which hospital, who came, and why not: for one slip or many, all of them or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import DatabaseError, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import Exam, ExamBill, ExamInvitation, Hospital
from apps.model_workers.rules.exams import named, require_attended_on, write_slips
from apps.model_workers.selectors.exams import slips_of
from apps.model_workers.services.exams import locked_exam, require_open, require_organiser
from apps.model_workers.services.refusals import explain

Rows = Sequence[ExamInvitation]


class What(models.TextChoices):
    """What is recorded of the people of some slips."""

    ATTENDED = "attended", "到检"
    ABSENT = "absent", "未检原因"
    HOSPITAL = "hospital", "安排医院"
    CLEAR = "clear", "清除登记"


@dataclass(frozen=True)
class Entry:
    """One thing to be recorded. A hospital goes with 到检 (where they came) and 安排医院 (None takes it away)."""

    what: str
    attended_on: date | None = None
    hospital_id: int | None = None
    absence: str = ""


def try_entry(*, exam_id: int, slips: Sequence[int], entry: Entry, actor: User, now: datetime) -> Rows:
    """The people an entry would be recorded of, without recording it. Raises Refused as `record_entry` would."""
    require_organiser(actor)
    exam = Exam.objects.visible_to(actor).select_related("union", "rule").get(pk=exam_id)
    require_open(exam)
    rows, _ = _checked(exam, slips, entry, actor, now)
    return rows


@transaction.atomic
def record_entry(*, exam_id: int, slips: Sequence[int], entry: Entry, actor: User, now: datetime) -> Rows:
    """Record one thing of all these people, or of none. Raises Refused, naming those who speak against it."""
    exam = locked_exam(exam_id, actor)
    rows, values = _checked(exam, slips, entry, actor, now)
    action = f"体检登记：{What(entry.what).label}"
    try:
        with transaction.atomic(), audit.because(actor_id=actor.pk, action=action):
            ExamInvitation.objects.filter(pk__in=[row.pk for row in rows]).update(**values)
    except DatabaseError as error:
        raise explain(error) from None
    return rows


def _checked(
    exam: Exam, slips: Sequence[int], entry: Entry, actor: User, now: datetime
) -> tuple[Rows, dict[str, Any]]:
    """The rows, and the columns to set in each of them."""
    if entry.what not in What.values:
        raise Refused("“办理”请从列表中选择。", field="what")
    rows = _rows(exam, slips, actor)
    values = _CHECKS[entry.what](exam, rows, entry, timezone.localdate(now))
    return rows, values


def _attended(exam: Exam, rows: Rows, entry: Entry, today: date) -> dict[str, Any]:
    """Who is recorded in the same way already is no obstacle."""
    day, hospital_id = entry.attended_on, entry.hospital_id
    if day is None:
        raise Refused("“到检日期”没有填写。", field="attended_on")
    require_attended_on(day, starts_on=exam.starts_on, ends_on=exam.ends_on, today=today)
    values: dict[str, Any] = {"attended_on": day, "absence": ""}
    if hospital_id is not None:
        values["hospital"] = _hospital(hospital_id)
    else:
        _require_none(rows, lambda row: row.hospital_id is None, "还没有安排医院，请选择到检的医院")
    _require_none(
        rows,
        lambda row: (
            row.attended_on not in (None, day)
            or (row.attended_on is not None and row.hospital_id != (hospital_id or row.hospital_id))
        ),
        "已登记在别的日期或医院到检，登记错了的请先清除登记",
    )
    _require_unbilled(exam, {hospital_id or row.hospital_id for row in rows if row.attended_on is None})
    return values


def _absent(exam: Exam, rows: Rows, entry: Entry, today: date) -> dict[str, Any]:
    if entry.absence not in ExamInvitation.Absence.values:
        raise Refused("“未检原因”请从列表中选择。", field="absence")
    _require_none(rows, lambda row: row.attended_on is not None, "已登记到检，登记错了的请先清除登记")
    return {"absence": entry.absence}


def _sent(exam: Exam, rows: Rows, entry: Entry, today: date) -> dict[str, Any]:
    hospital = _hospital(entry.hospital_id) if entry.hospital_id is not None else None
    _require_none(rows, lambda row: row.attended_on is not None, "已到检，不能改医院；登记错了的请先清除登记")
    return {"hospital": hospital}


def _cleared(exam: Exam, rows: Rows, entry: Entry, today: date) -> dict[str, Any]:
    """The hospital stays."""
    _require_unbilled(exam, {row.hospital_id for row in rows if row.attended_on is not None})
    return {"attended_on": None, "absence": ""}


_CHECKS: dict[str, Callable[[Exam, Rows, Entry, date], dict[str, Any]]] = {
    What.ATTENDED: _attended,
    What.ABSENT: _absent,
    What.HOSPITAL: _sent,
    What.CLEAR: _cleared,
}


def _rows(exam: Exam, slips: Sequence[int], actor: User) -> Rows:
    """The rows of all these slips. Raises Refused when one of them is not on the roster."""
    found = slips_of(exam, slips, viewer=actor)
    if found.unknown:
        raise Refused(
            f"名册里没有 {named(write_slips(found.unknown).split(), counter='段')} 号通知单，一个都没有登记。",
            field="slips",
            code="unknown",
        )
    if not found.rows:
        raise Refused("“通知单号”没有填写。", field="slips", code="required")
    return found.rows


def _hospital(hospital_id: int) -> Hospital:
    hospital = Hospital.objects.filter(pk=hospital_id).first()
    if hospital is None:
        raise Refused("“医院”请从列表中选择。", field="hospital")
    if not hospital.is_active:
        raise Refused(f"{hospital}已停用，请选择在用的医院。", field="hospital")
    return hospital


def _require_none(rows: Rows, speaks_against: Callable[[ExamInvitation], bool], sentence: str) -> None:
    found = [f"{row.slip_number}号{row.person.name}" for row in rows if speaks_against(row)]
    if found:
        raise Refused(f"{named(found)}{sentence}。一个都没有登记。", field="slips", code="conflict")


def _require_unbilled(exam: Exam, hospital_ids: set[int | None]) -> None:
    wanted = [key for key in hospital_ids if key is not None]
    bills = ExamBill.objects.filter(case=exam, hospital__in=wanted).select_related("hospital")
    names = "、".join(bill.hospital.name for bill in bills)
    if names:
        raise Refused(f"{names}已结算，到检人数不能再变；请先撤销结算。", code="billed")
