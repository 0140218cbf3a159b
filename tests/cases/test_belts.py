"""What holds even where another guard is gone: a second decision for the same step is refused twice over."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.cases.services import Seen, decide
from tests.cases.samples import SAMPLES
from tests.cases.test_every_flow import Walk
from tests.database import altered

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", list(SAMPLES), ids=lambda model: model._meta.label)
def test_one_step_is_taken_once_also_without_the_guard_that_counts(model):
    walk = Walk(model)
    case = walk.make(Decimal(next(iter(walk.sample.amounts.values()))))
    decide(case=case, actor=walk.clerk, verb="submit", seen=Seen.of(case))
    again = (
        f"INSERT INTO {walk.log} (case_id, number, verb, source, actor_id, opinion, minutes, amount, count, facts)"
        f" SELECT case_id, number, verb, source, actor_id, opinion, minutes, amount, count, facts FROM {walk.log}"
    )
    guard = next(one for one in walk.decisions.guards() if one.name == "one_step").get_pgid(walk.decisions)
    with altered(f"ALTER TABLE {walk.log} DISABLE TRIGGER {guard}"), connection.cursor() as cursor:
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            cursor.execute(again)
        assert error.value.__cause__.diag.constraint_name == f"{walk.log}_once"
    with altered(f"ALTER TABLE {walk.log} DROP CONSTRAINT {walk.log}_once"), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {walk.log} DISABLE TRIGGER {guard}")
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            cursor.execute(again)
        assert error.value.__cause__.diag.constraint_name == f"{walk.log}_moves_once"
