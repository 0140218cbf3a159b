"""A row of something closed neither leaves for something open nor comes in from there: each lock looks at both."""

import uuid

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError

from apps.budget.models import Adjustment
from apps.core import audit
from apps.model_workers.models import AllowanceRun
from tests.budget.office import Office, as_clerk
from tests.factories import ExamFactory
from tests.model_workers.checkups import closed, finished
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db


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


def refused_by(statement: str, *values: object) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return error.value.__cause__.diag.constraint_name


def test_the_lines_of_an_approved_run_add_up_to_what_was_approved():
    closed, opened = runs()
    before = sum(line.amount for line in closed.lines.all())
    statement = "UPDATE model_workers_allowanceline SET case_id = %s WHERE case_id = %s"
    for one, other in ((opened, closed), (closed, opened)):
        with audit.because(actor_id=opened.created_by_id, action="示例"):
            assert refused_by(statement, one.pk, other.pk) == "model_workers_allowanceline_content_fixed"
    assert sum(line.amount for line in closed.lines.all()) == before == 3000


def test_who_was_billed_does_not_move_to_another_exam():
    billed, other = finished(year=2014), ExamFactory(year=2015)
    statement = "UPDATE model_workers_examinvitation SET case_id = %s WHERE case_id = %s"
    assert refused_by(statement, other.pk, billed.pk) == "model_workers_invitation_billed"


@pytest.mark.parametrize("table", ["model_workers_examinvitation", "model_workers_exambill"])
def test_no_row_leaves_a_closed_exam_and_none_comes_in(table):
    done, opened = closed(year=2014), finished(year=2015)
    statement = f"UPDATE {table} SET case_id = %s WHERE case_id = %s"
    for one, other in ((opened, done), (done, opened)):
        with audit.because(actor_id=opened.created_by_id, action="示例"):
            assert refused_by(statement, one.pk, other.pk) == f"{table}_content_fixed"


def test_no_table_has_a_lock_of_its_own_beside_that_of_its_case():
    locked = {
        model._meta.db_table
        for model in apps.get_models()
        for trigger in getattr(model._meta, "triggers", ())
        if trigger.name.endswith("_lock") and pgtrigger.Insert in trigger.operation
    }
    assert locked == set()


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
