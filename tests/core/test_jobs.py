"""What a waiting page says of a task in the background."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from apps.core.jobs import NO_WORKER_AFTER, Condition, judge, task_condition

SOON, LATE = timedelta(seconds=1), NO_WORKER_AFTER * 2


@pytest.mark.parametrize(
    ("own", "alive", "waited", "condition"),
    [
        (("todo", None), set(), SOON, Condition.WAITING),
        (("todo", None), {1}, LATE, Condition.WAITING),
        (("todo", None), set(), LATE, Condition.NO_WORKER),
        (("doing", 1), {1}, LATE, Condition.RUNNING),
        (("doing", 1), {2}, SOON, Condition.INTERRUPTED),
        (("doing", None), {2}, LATE, Condition.INTERRUPTED),
        (("doing", 1), set(), LATE, Condition.NO_WORKER),
        (("failed", 1), {1}, SOON, Condition.STALLED),
        (("succeeded", 1), {1}, SOON, Condition.STALLED),
        (None, {1}, SOON, Condition.STALLED),
    ],
)
def test_a_task_is_judged_by_the_queue_and_the_workers(own, alive, waited, condition):
    assert judge(own=own, alive=alive, waited=waited) == condition


def test_every_task_of_ours_begins_again_when_it_was_interrupted():
    ours = {name: task for name, task in app.tasks.items() if name.startswith("apps.")}
    lasting = {name for name, task in ours.items() if task.retry_strategy is None}
    assert lasting == {"apps.core.tasks.begin_again"}
    assert len(ours) > 1


@pytest.mark.django_db
def test_the_newest_task_of_the_same_name_and_arguments_counts():
    now = timezone.now()

    def condition(**arguments: int) -> Condition:
        return task_condition(task="apps.people.tasks.read_roster", arguments=arguments, since=now, now=now)

    assert condition(roster_id=10**9) == Condition.STALLED
    app.configure_task("apps.people.tasks.read_roster").defer(roster_id=10**9)
    assert condition(roster_id=10**9) == Condition.WAITING
    assert condition(roster_id=10**9 + 1) == Condition.STALLED
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()) RETURNING id")
        (worker,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])
        assert condition(roster_id=10**9) == Condition.RUNNING
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
        assert condition(roster_id=10**9) == Condition.INTERRUPTED
