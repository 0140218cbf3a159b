"""How a task in the background stands, judged by the queue and by the reports of the workers."""

from datetime import datetime, timedelta

from django.db import models

NO_WORKER_AFTER = timedelta(seconds=5)
"""So long a task may lie in the queue before its page says that nobody works on it."""
WORKER_SILENT_AFTER = timedelta(seconds=30)
"""A worker reports every ten seconds; after three missed reports it is taken for dead."""


class Condition(models.TextChoices):
    """What a page says of a task that has not ended."""

    WAITING = "waiting", "排队中"
    NO_WORKER = "no_worker", "没有后台程序在运行"
    RUNNING = "running", "正在进行"
    STALLED = "stalled", "已中断"


def task_condition(*, task: str, arguments: dict[str, int], since: datetime, now: datetime) -> Condition:
    """How the newest task of this name and arguments stands, put into the queue at `since` and not ended."""
    from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

    alive = set(
        ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - WORKER_SILENT_AFTER).values_list(
            "pk", flat=True
        )
    )
    own = (
        ProcrastinateJob.objects.filter(task_name=task, args=arguments)
        .order_by("-id")
        .values_list("status", "worker_id")
        .first()
    )
    return judge(own=own, alive=alive, waited=now - since)


def judge(*, own: tuple[str, int | None] | None, alive: set[int], waited: timedelta) -> Condition:
    """`own`: the task's state in the queue and the worker that took it; `alive`: workers that reported lately."""
    state, worker = own if own is not None else ("", None)
    if state == "todo":
        return Condition.NO_WORKER if waited > NO_WORKER_AFTER and not alive else Condition.WAITING
    return Condition.RUNNING if state == "doing" and worker in alive else Condition.STALLED
