"""What the database keeps of an allowance run, whoever asks: once, apart in time, frozen, by different people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from apps.model_workers.models import AllowanceLine, AllowancePaper, AllowanceRun, Recovery, RunDecision
from apps.model_workers.rules.allowances import RunStatus
from langfang_union.embedded_database import RUNTIME
from tests.factories import UnitFactory
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db

LINE_COPY = """INSERT INTO model_workers_allowanceline
    (public_id, run_id, person_id, name, union_name, unit_name, unit_nature, award_count, award_class, months, amount,
     bank_name, account, account_hash, account_last_four, id_last_four, period_from, period_until)
    SELECT gen_random_uuid(), run_id, person_id, name, union_name, unit_name, unit_nature, award_count, award_class,
           months, amount, bank_name, account, account_hash, account_last_four, id_last_four, {period}
    FROM model_workers_allowanceline LIMIT 1"""
DECISION = """INSERT INTO model_workers_rundecision
    (run_id, round, action, source, target, actor_id, roles, note, people, amount, at)
    SELECT run_id, round, '{action}', '{source}', '{target}', actor_id, '', '', 0, 0, now()
    FROM model_workers_rundecision ORDER BY id LIMIT 1"""


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
        AllowanceLine.objects.create(**copy | {"run": other})
    with refused("model_workers_line_periods_apart"):
        AllowanceLine.objects.create(
            **copy | {"run": other, "period_from": date(2016, 12, 31), "period_until": date(2017, 12, 31)}
        )
    AllowanceLine.objects.create(
        **copy | {"run": other, "period_from": date(2017, 1, 1), "period_until": date(2017, 12, 31)}
    )


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


@pytest.mark.parametrize("values", [{"status": "approved", "approved_at": "2016-01-01T00:00Z"}, {"round": 1}])
def test_a_run_begins_as_a_draft(office, values):
    rule = office.parameters()
    with refused("model_workers_run_begins_as_draft"):
        AllowanceRun.objects.create(
            union=office.union,
            year=2020,
            snapshot_on=date(2020, 1, 1),
            rule=rule,
            created_by=office.clerk,
            **values,
        )


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


def test_a_state_moves_only_behind_a_decision_that_says_so(office):
    run = office.run()
    with refused("model_workers_run_moves_by_decision"):
        AllowanceRun.objects.filter(pk=run.pk).update(status="submitted", round=1)
    office.decide(run, office.clerk, "submit")
    with refused("model_workers_run_moves_by_decision"):
        AllowanceRun.objects.filter(pk=run.pk).update(status="checked")
    with refused("model_workers_run_moves_by_decision"):
        execute(DECISION.format(action="return", source="submitted", target="returned"))
        AllowanceRun.objects.filter(pk=run.pk).update(status="checked")
    execute(DECISION.format(action="return", source="submitted", target="approved"))
    with pytest.raises(DatabaseError):
        AllowanceRun.objects.filter(pk=run.pk).update(status="approved", approved_at=office.now)


def test_an_approved_run_was_approved_at_some_time(office):
    run = office.run()
    office.decide(run, office.clerk, "submit")
    office.decide(run, office.head, "check")
    decision = DECISION.format(action="approve", source="checked", target="approved")
    execute(decision.replace("actor_id, ''", f"{office.vice.pk}, ''"))
    with refused("model_workers_run_approved_at_some_time"):
        AllowanceRun.objects.filter(pk=run.pk).update(status="approved")
    assert AllowanceRun.objects.filter(pk=run.pk).update(status="approved", approved_at=office.now) == 1


@pytest.mark.parametrize("action", ["check", "approve", "submit"])
def test_one_person_takes_one_step_of_a_round_also_by_sql(office, action):
    office.decide(office.run(), office.clerk, "submit")
    with refused("model_workers_rundecision_different_people"):
        execute(DECISION.format(action=action, source="submitted", target="checked"))


def test_another_round_does_not_get_the_same_person_through(office):
    """A decision of a made-up round does not move the run."""
    run = office.run()
    office.decide(run, office.clerk, "submit")
    RunDecision.objects.create(
        run=run,
        round=2,
        action="check",
        source="submitted",
        target="checked",
        actor=office.clerk,
        people=2,
        amount=0,
    )
    for values in ({"status": "checked", "round": 2}, {"status": "checked"}):
        with refused("model_workers_run_moves_by_decision"):
            AllowanceRun.objects.filter(pk=run.pk).update(**values)


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
    with refused("model_workers_recovery_settled_by_someone"):
        Recovery.objects.create(**facts, status="waived", note="示例")
    Recovery.objects.create(**facts)
    with refused("line_id"):
        Recovery.objects.create(**facts)


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
        ("UPDATE model_workers_allowanceline SET amount = 1", "发放名册已提交"),
        ("DELETE FROM model_workers_allowanceline", "发放名册已提交"),
        (LINE_COPY.format(period="'2030-01-01', '2030-12-31'"), "发放名册已提交"),
        ("UPDATE model_workers_allowancerun SET snapshot_on = '2016-06-30'", "发放名册已提交"),
        ("UPDATE model_workers_allowancerun SET bridge = '{}'", "发放名册已提交"),
        ("UPDATE model_workers_allowancerun SET approved_at = now()", "发放名册已提交"),
        ("UPDATE model_workers_allowancerun SET status = 'checked'", "状态只能通过审批改变|not allowed"),
        (
            "UPDATE model_workers_allowancerun SET status = 'voided'",
            "状态只能通过审批改变|not allowed|Invalid",
        ),
        ("UPDATE model_workers_allowancerun SET year = 2015", "Cannot update"),
        ("DELETE FROM model_workers_allowancerun", "Cannot delete"),
        ("UPDATE model_workers_rundecision SET actor_id = actor_id, note = 'x'", "Cannot update or delete"),
        ("DELETE FROM model_workers_rundecision", "Cannot update or delete"),
        (DECISION.format(action="approve", source="submitted", target="approved"), "different_people"),
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
        "UPDATE model_workers_allowancerun SET bridge = '{}'",
        "UPDATE model_workers_allowancerun SET approved_at = now()",
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
    runtime.execute("UPDATE model_workers_allowanceline SET amount = 1400")
    runtime.commit()
    assert sum(line.amount for line in run.lines.all()) == 2800
