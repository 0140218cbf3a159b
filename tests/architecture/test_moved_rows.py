"""A row of something closed neither leaves for something open nor comes in from there: each lock looks at both."""

import uuid
from collections.abc import Callable

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError

from apps.budget.models import Adjustment, Edition, Indicator, Item, ItemBasis
from apps.budget.rules.stages import Book
from apps.core import audit
from apps.model_workers.models import AllowanceRun
from tests.budget.office import Office
from tests.factories import (
    ExamFactory,
    PolicyDocumentFactory,
)
from tests.model_workers.checkups import closed, finished
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db

EDITION = "budget_edition_content_locked"
MOVES = {
    "budget_item": ("edition_id", EDITION),
    "budget_outlineentry": ("edition_id", EDITION),
    "budget_calcline": ("item_id", EDITION),
    "budget_indicator": ("item_id", EDITION),
    "budget_itembasis": ("item_id", EDITION),
    "budget_adjustment": ("item_id", EDITION),
}


def complete(office: Office, edition: Edition) -> Edition:
    item = edition.items.get()
    Indicator.objects.create(item=item, ordinal=1, level="cost", name="x", direction="at_least", target="1")
    ItemBasis.objects.create(item=item, document=PolicyDocumentFactory(), ordinal=1)
    return edition


def editions() -> tuple[Edition, Edition]:
    office = Office()
    closed, opened = (
        complete(office, office.plan(book=book).editions.get()) for book in (Book.FISCAL, Book.UNION)
    )
    office.record_step(closed, "submit", office.clerk)
    return closed, opened


def items() -> tuple[Item, Item]:
    closed, opened = editions()
    return closed.items.get(), opened.items.get()


def adjusted_items() -> tuple[Item, Item]:
    office = Office()
    found = []
    for edition in (
        office.adjustment(items=1),
        office.plan(book=Book.UNION).editions.get(),
    ):
        found.append(edition.items.get())
    Adjustment.objects.create(
        item=found[0], kind="addition", amount=1, reason="示例", created_by=office.clerk
    )
    office.record_step(found[0].edition, "submit", office.clerk)
    return found[0], found[1]


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


SCENES: dict[str, Callable] = {
    "edition_id": editions,
    "item_id": items,
}


def refused_by(statement: str, *values: object) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return error.value.__cause__.diag.constraint_name


@pytest.mark.parametrize("table", MOVES)
def test_no_row_leaves_what_is_closed_and_none_comes_in(table):
    column, guard = MOVES[table]
    scene = adjusted_items if table == "budget_adjustment" else SCENES[column]
    closed, opened = scene()
    statement = f"UPDATE {table} SET {column} = %s WHERE {column} = %s"
    assert refused_by(statement, opened.pk, closed.pk) == guard
    if table != "budget_adjustment":  # an open edition before 批复 has none
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
            Adjustment.objects.create(
                item=item, kind="transfer", amount=amount, pair=pair, reason="示例", created_by=office.clerk
            )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("UPDATE budget_adjustment SET pair = %s WHERE pair = %s", [uuid.uuid4(), pairs[1]])
    half = "UPDATE budget_adjustment SET pair = NULL, kind = 'addition' WHERE pair = %s AND amount > 0"
    assert refused_by(half, pairs[0]) == "budget_adjustment_transfer_balances"
