"""What the database keeps of an allowance run, whoever asks: once, apart in time, frozen, by different people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.core import actors
from apps.model_workers.models import (
    AllowanceLine,
    AllowancePaper,
    AllowanceRun,
    AllowanceStandard,
    Recovery,
)
from apps.model_workers.rules.allowances import RunStatus
from langfang_union.embedded_database import RUNTIME
from tests.budget.closings import close_year
from tests.factories import UnitFactory, UserFactory
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db

LINE_COPY = """INSERT INTO model_workers_allowanceline
    (public_id, case_id, person_id, name, union_name, unit_name, unit_nature, award_count, award_class, months, amount,
     bank_name, account, account_hash, account_last_four, id_last_four, period_from, period_until)
    SELECT gen_random_uuid(), case_id, person_id, name, union_name, unit_name, unit_nature, award_count, award_class,
           months, amount, bank_name, account, account_hash, account_last_four, id_last_four, {period}
    FROM model_workers_allowanceline LIMIT 1"""
DECISION = """INSERT INTO model_workers_allowancerundecision
    (case_id, number, verb, source, actor_id, opinion, minutes, amount, count, facts)
    SELECT id, decided + 1, '{verb}', status, {actor}, '示例', '', {amount}, {count}, '{{}}'
    FROM model_workers_allowancerun"""


@pytest.fixture
def office(db) -> AllowanceOffice:
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    return office


def execute(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


@contextmanager
def refused(name: str) -> Iterator[None]:
    """The database refuses, and says which constraint or trigger did; what stood inside is undone."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert name in error.value.__cause__.diag.constraint_name


def test_a_person_cannot_stand_twice_in_one_run(office):
    office.run()
    with refused("model_workers_line_once"):
        execute(LINE_COPY.format(period="'2020-01-01', '2020-12-31'"))


def test_a_person_is_paid_for_one_time_once_across_all_runs(office):
    office.people({1: 1}, unit=UnitFactory())
    run, other = office.run(union=office.county), office.run()
    assert not set(run.lines.values_list("person")) & set(other.lines.values_list("person"))
    line = run.lines.first()
    copy = {
        field.name: getattr(line, field.name)
        for field in AllowanceLine._meta.fields
        if field.name not in ("id", "public_id")
    }
    with refused("model_workers_line_periods_apart"):
        AllowanceLine.objects.create(**copy | {"case": other})
    for begins, ends in (
        (date(2016, 12, 31), date(2017, 12, 31)),
        (date(2017, 1, 1), date(2017, 12, 31)),
        (date(2016, 2, 1), date(2017, 1, 31)),
    ):
        with refused("model_workers_line_"):
            AllowanceLine.objects.create(
                **copy | {"case": other, "period_from": begins, "period_until": ends}
            )


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"amount": "9999999.00"}, "model_workers_line_within_standard"),
        ({"amount": 1400}, "model_workers_line_within_standard"),
        ({"award_class": 2, "award_count": 2}, "model_workers_line_within_standard"),
        ({"period_until": date(2017, 12, 31)}, "model_workers_line_within_year"),
        ({"period_from": date(2016, 2, 1)}, "model_workers_line_within_year"),
    ],
)
def test_a_line_pays_what_the_standard_of_its_class_gives_for_its_year(office, values, name):
    run = office.run()
    with refused(name):
        AllowanceLine.objects.filter(pk=run.lines.first().pk).update(**values)


def test_a_run_without_lines_or_above_its_standard_is_not_submitted_also_by_sql(office):
    run = office.run()
    AllowanceStandard.objects.update(amount=1)
    with refused("model_workers_allowancerundecision_lines_within_standard"):
        execute(DECISION.format(verb="submit", actor=office.clerk.pk, amount=3000, count=2))
    run.lines.all().delete()
    with refused("model_workers_allowancerundecision_has_lines"):
        execute(DECISION.format(verb="submit", actor=office.clerk.pk, amount=0, count=0))


def test_a_closed_year_takes_no_step(office):
    run = office.run()
    close_year(run.year)
    actors.announce(office.clerk.pk)
    with refused("model_workers_allowancerundecision_year_open"):
        execute(DECISION.format(verb="submit", actor=office.clerk.pk, amount=3000, count=2))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"award_class": 2}, "model_workers_line_class_follows_count"),
        ({"award_class": 3, "award_count": 2}, "model_workers_line_class_follows_count"),
        ({"months": 13}, "model_workers_line_amount_sound"),
        ({"amount": -1}, "model_workers_line_amount_sound"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused(office, values, name):
    run = office.run()
    with refused(name):
        AllowanceLine.objects.filter(pk=run.lines.first().pk).update(**values)


def test_a_union_has_one_run_a_year_that_was_not_voided(office):
    run = office.run()
    copy = {
        "union": run.union,
        "year": run.year,
        "snapshot_on": run.snapshot_on,
        "rule": run.rule,
        "created_by": run.created_by,
    }
    with refused("model_workers_run_once"):
        AllowanceRun.objects.create(**copy)


def test_what_is_signed_has_one_paper_whose_bytes_fit_their_hash(office):
    run = office.run()
    paper = AllowancePaper(run=run, content=b"%PDF", sha256="0" * 64, page_count=1, made_by=office.clerk)
    with refused("model_workers_paper_of_approved_run"):
        paper.save()
    office.approve(run)
    with refused("model_workers_paper_hash_fits_bytes"):
        paper.save(force_insert=True)


def test_a_recovery_is_more_than_nothing_once_a_line_and_settled_by_somebody(office):
    line = office.approve(office.run()).lines.first()
    facts = {"line": line, "stopped_on": date(2016, 1, 1), "reason": "示例", "amount": 1}
    with refused("model_workers_recovery_positive"):
        Recovery.objects.create(**facts | {"amount": 0})
    with refused("model_workers_recovery_begins_open"):
        Recovery.objects.create(**facts, status="waived", note="示例")
    recovery = Recovery.objects.create(**facts)
    actors.announce(office.clerk.pk)
    with refused("model_workers_recovery_settled_by_someone"):
        Recovery.objects.update(status="recovered", settled_by=office.clerk, note="示例")
    with refused("model_workers_recovery_facts_fixed"):
        Recovery.objects.update(amount=2)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        execute("DELETE FROM model_workers_recovery")
    assert recovery.status == "open"
    with refused("line_id"):
        Recovery.objects.create(**facts)


def test_what_was_overpaid_is_let_go_by_two_people_also_by_sql(office):
    line = office.approve(office.run()).lines.first()
    Recovery.objects.create(line=line, stopped_on=date(2016, 1, 1), reason="示例", amount=1)
    both = UserFactory(model_worker_clerk=True, model_worker_head=True)
    asked = {"status": "waiving", "asked_by": both, "asked_at": office.now, "asked_note": "示例"}
    waived = {"status": "waived", "settled_at": office.now, "note": "示例"}
    actors.announce(both.pk)
    with refused("model_workers_recovery_asked_first"):
        Recovery.objects.update(**waived, settled_by=both)
    with refused("model_workers_recovery_asked_by_role"):
        Recovery.objects.update(**asked | {"asked_by": office.clerk})
    with refused("model_workers_recovery_waiver_asked_for"):
        Recovery.objects.update(**asked | {"asked_note": ""})
    Recovery.objects.update(**asked)
    with refused("model_workers_recovery_asking_kept"):
        Recovery.objects.update(asked_by=office.clerk)
    with refused("model_workers_recovery_waived_by_another"):
        Recovery.objects.update(**waived, settled_by=both)
    with refused("model_workers_recovery_waived_by_role"):
        Recovery.objects.update(**waived, settled_by=office.head)
    for nobody in (both, office.clerk, office.vice):
        actors.announce(nobody.pk)
        with refused("model_workers_recovery_reopened_by_role"):
            Recovery.objects.update(status="open")
    actors.announce(office.head.pk)
    Recovery.objects.update(status="open")
    actors.announce(both.pk)
    Recovery.objects.update(**asked)
    actors.announce(office.head.pk)
    Recovery.objects.update(**waived, settled_by=office.head)
    with refused("model_workers_recovery_settled_stays"):
        Recovery.objects.update(status="open", settled_by=None, settled_at=None)


def test_when_it_was_asked_and_settled_is_the_word_of_the_database(office):
    line = office.approve(office.run()).lines.first()
    Recovery.objects.create(line=line, stopped_on=date(2016, 1, 1), reason="示例", amount=1)
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    execute(f"SET LOCAL ROLE {RUNTIME}")
    actors.announce(office.clerk.pk)
    Recovery.objects.update(status="waiving", asked_by=office.clerk, asked_at=long_ago, asked_note="示例")
    actors.announce(office.head.pk)
    Recovery.objects.update(status="waived", settled_by=office.head, settled_at=long_ago, note="示例")
    execute("RESET ROLE")
    recovery = Recovery.objects.get()
    assert recovery.asked_at.year == recovery.settled_at.year == timezone.localdate().year


# --- as the role under which the site runs -----------------------------------------------------------------


@pytest.fixture
def runtime():
    """A connection of its own, as the role under which the site runs."""
    facts = connection.settings_dict
    with psycopg.connect(
        host=facts["HOST"], port=facts["PORT"], dbname=facts["NAME"], user=RUNTIME
    ) as second:
        yield second


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE model_workers_allowanceline SET name = 'x'", "没有说明是谁在办理"),
        ("DELETE FROM model_workers_allowanceline", "没有说明是谁在办理"),
        ("UPDATE model_workers_allowancerun SET snapshot_on = '2016-06-30'", "没有说明是谁在办理"),
        ("UPDATE model_workers_allowancerun SET round = 9", "状态只能通过审批改变"),
        ("UPDATE model_workers_allowancerun SET created_by_id = -1", "不能改变"),
        ("UPDATE model_workers_allowancerun SET year = 2015", "没有说明是谁在办理"),
        ("DELETE FROM model_workers_allowancerun", "不能删除"),
        ("UPDATE model_workers_allowancerundecision SET opinion = 'x'", "不能修改或删除"),
        ("DELETE FROM model_workers_allowancerundecision", "不能修改或删除"),
        (DECISION.format(verb="check", actor=1, amount=3000, count=2), "没有说明是谁在办理"),
        ("ALTER TABLE model_workers_allowanceline DISABLE TRIGGER ALL", "must be owner"),
        ("TRUNCATE model_workers_allowanceline CASCADE", "permission denied"),
        ("SET session_replication_role = replica", "permission denied"),
    ],
)
def test_the_runtime_role_can_change_nothing_of_a_submitted_run(runtime, statement, reason):
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    run = office.run()
    office.decide(run, office.clerk, "submit")
    assert runtime.execute("SELECT current_user").fetchone() == (RUNTIME,)
    with pytest.raises(psycopg.Error, match=reason):
        runtime.execute(statement)
    runtime.rollback()
    run.refresh_from_db()
    assert run.status == RunStatus.SUBMITTED
    assert sum(line.amount for line in run.lines.all()) == 3000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE model_workers_allowanceline SET amount = 1",
        "UPDATE model_workers_allowancerundecision SET facts = '{}'",
        "UPDATE model_workers_allowancerundecision SET at = now()",
        "UPDATE model_workers_allowancerun SET status = 'draft'",
        "UPDATE model_workers_allowancepaper SET page_count = 2",
        "DELETE FROM model_workers_allowancepaper",
    ],
)
def test_the_runtime_role_can_change_nothing_of_an_approved_run(runtime, statement):
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 1})
    run = office.approve(office.run())
    content = b"%PDF"
    execute(
        """INSERT INTO model_workers_allowancepaper (run_id, content, sha256, page_count, made_by_id, made_at)
           VALUES (%s, %s, encode(sha256(%s), 'hex'), 1, %s, now())""",
        run.pk,
        content,
        content,
        office.clerk.pk,
    )
    with pytest.raises(psycopg.Error):
        runtime.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_the_runtime_role_may_still_write_while_the_run_is_open(runtime):
    """The refusals above come from the locks, not from a role that can do nothing at all."""
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    run = office.run()
    said = actors.claim(office.clerk.pk, backend=runtime.info.backend_pid)
    runtime.execute("SELECT set_config('house.actor', %s, true)", [said])
    runtime.execute("UPDATE model_workers_allowanceline SET unit_name = '示例改过'")
    runtime.commit()
    assert {line.unit_name for line in run.lines.all()} == {"示例改过"}
