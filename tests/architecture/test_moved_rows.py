"""A row of something closed neither leaves for something open nor comes in from there: each lock looks at both."""

import uuid
from collections.abc import Callable

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from apps.budget.models import Adjustment
from apps.core import audit
from apps.model_workers.models import AllowanceRun, Exam, ExamBill, Hospital
from tests.budget.office import Office, as_clerk
from tests.factories import (
    ExamFactory,
    ExamInvitationFactory,
    HospitalFactory,
    UserFactory,
)
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db

EXAM = "model_workers_exam_locked"
MOVES = {
    "model_workers_examinvitation": ("exam_id", EXAM),
    "model_workers_exambill": ("exam_id", EXAM),
}


def runs() -> tuple[AllowanceRun, AllowanceRun]:
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    closed = office.approve(office.run())
    office.people({1: 1})
    opened = office.run(year=2017, on=closed.snapshot_on.replace(year=2016))
    with audit.because(actor_id=office.clerk.pk, action="示例"):
        opened.lines.filter(person__in=closed.lines.values("person")).delete()
    return closed, opened


def bill(exam: Exam, hospital: Hospital, people: int) -> ExamBill:
    return ExamBill.objects.create(
        exam=exam,
        hospital=hospital,
        people=people,
        rate=400,
        amount=400 * people,
        invoice_number=f"示例{exam.year}",
        billed_on=exam.ends_on,
        created_by=UserFactory(),
    )


def exams() -> tuple[Exam, Exam]:
    """Nobody came to either, so that nothing but the closing speaks against a move."""
    closed, opened = ExamFactory(year=2014), ExamFactory(year=2015)
    for exam in (closed, opened):
        ExamInvitationFactory(exam=exam)
        bill(exam, HospitalFactory(), 0)
    Exam.objects.filter(pk=closed.pk).update(closed_at=timezone.now(), closed_by=UserFactory())
    return closed, opened


SCENES: dict[str, Callable] = {
    "exam_id": exams,
}


def refused_by(statement: str, *values: object) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return error.value.__cause__.diag.constraint_name


@pytest.mark.parametrize("table", MOVES)
def test_no_row_leaves_what_is_closed_and_none_comes_in(table):
    column, guard = MOVES[table]
    closed, opened = SCENES[column]()
    statement = f"UPDATE {table} SET {column} = %s WHERE {column} = %s"
    assert refused_by(statement, opened.pk, closed.pk) == guard
    assert refused_by(statement, closed.pk, opened.pk) == guard


def test_the_lines_of_an_approved_run_add_up_to_what_was_approved():
    closed, opened = runs()
    before = sum(line.amount for line in closed.lines.all())
    statement = "UPDATE model_workers_allowanceline SET case_id = %s WHERE case_id = %s"
    for one, other in ((opened, closed), (closed, opened)):
        with audit.because(actor_id=opened.created_by_id, action="示例"):
            assert refused_by(statement, one.pk, other.pk) == "model_workers_allowanceline_content_fixed"
    assert sum(line.amount for line in closed.lines.all()) == before == 3000


def test_who_was_billed_does_not_move_to_another_exam():
    billed, other = ExamFactory(year=2014), ExamFactory(year=2015)
    invitation = ExamInvitationFactory(exam=billed, hospital=HospitalFactory(), attended_on=billed.starts_on)
    bill(billed, invitation.hospital, 1)
    statement = "UPDATE model_workers_examinvitation SET exam_id = %s WHERE exam_id = %s"
    assert refused_by(statement, other.pk, billed.pk) == "model_workers_invitation_billed"


def test_every_table_with_a_lock_of_its_parent_is_tried():
    locked = {
        model._meta.db_table
        for model in apps.get_models()
        for trigger in getattr(model._meta, "triggers", ())
        if trigger.name.endswith("_lock") and pgtrigger.Insert in trigger.operation
    }
    assert locked == set(MOVES)


def test_a_half_of_a_transfer_does_not_move_to_another_pair():
    office = Office()
    edition = office.adjustment(items=2)
    pairs = [uuid.uuid4(), uuid.uuid4()]
    for pair in pairs:
        for item, amount in zip(edition.items.all(), (5, -5), strict=True):
            with as_clerk(edition):
                Adjustment.objects.create(
                    item=item,
                    kind="transfer",
                    amount=amount,
                    pair=pair,
                    reason="示例",
                    created_by=office.clerk,
                )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("UPDATE budget_adjustment SET pair = %s WHERE pair = %s", [uuid.uuid4(), pairs[1]])
    half = "UPDATE budget_adjustment SET pair = NULL, kind = 'addition' WHERE pair = %s AND amount > 0"
    assert refused_by(half, pairs[0]) == "budget_adjustment_transfer_balances"
