"""An exam taken through its steps, for tests."""

from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.cases.services import Seen
from apps.model_workers.models import Exam
from apps.model_workers.services.exams import decide_exam
from tests.factories import ExamBillFactory, ExamFactory, ExamInvitationFactory, HospitalFactory, UserFactory


def step(exam: Exam, actor: User, verb: str, opinion: str = "", **changes: Any) -> Any:
    given = {"seen": Seen.of(exam), "now": timezone.now(), "opinion": opinion} | changes
    return decide_exam(case=exam, actor=actor, verb=verb, **given)


def close(exam: Exam, clerk: User, head: User) -> Exam:
    step(exam, clerk, "submit")
    step(exam, head, "close")
    return exam


def finished(**facts: Any) -> Exam:
    """One person came and was billed: nothing is missing before it is submitted."""
    exam = ExamFactory(**facts)
    came = ExamInvitationFactory(case=exam, hospital=HospitalFactory(), attended_on=exam.starts_on)
    ExamBillFactory(case=exam, hospital=came.hospital)
    return exam


def closed(**facts: Any) -> Exam:
    exam = finished(**facts)
    return close(exam, exam.created_by, UserFactory(model_worker_head=True))
