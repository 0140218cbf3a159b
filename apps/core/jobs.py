"""Long work in the background: how a task is declared, begins again after an interruption, and how it stands."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, models
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import JobAborted

NO_WORKER_AFTER = timedelta(seconds=5)
"""So long a task may lie in the queue before its page says that nobody works on it."""
WORKER_SILENT_AFTER = timedelta(seconds=settings.WORKER_SILENT_SECONDS)
"""A worker that has not reported for so long is taken for dead, and what it had begun is begun again."""
ATTEMPTS = 5
"""So often a task is begun; one that takes its worker down each time must not do so for ever."""
INTERRUPTIONS = (OperationalError, InterfaceError, JobAborted)
"""What ends a task without being its fault: no task handles these itself, it begins again."""

_running: ContextVar[JobContext | None] = ContextVar("running", default=None)


def background(*, name: str, give_up: Callable[..., None]) -> Callable[[Callable[..., None]], Any]:
    """Declare a task of the queue. It may be begun several times, so its effect must be written in one transaction
    that finds out whether it was written before; `give_up` says to the people who wait that it was begun in vain."""

    def declare(run: Callable[..., None]) -> Any:
        @app.task(name=name, pass_context=True, retry=RetryStrategy(wait=5, retry_exceptions=INTERRUPTIONS))
        def task(context: JobContext, /, **arguments: int) -> None:
            if context.job.attempts >= ATTEMPTS:
                give_up(**arguments)
                return
            token = _running.set(context)
            try:
                run(**arguments)
            finally:
                _running.reset(token)

        return task

    return declare


def between_steps() -> None:
    """Long work calls this between two steps: it ends here when its worker is being stopped, and begins again later."""
    context = _running.get()
    if context is not None and context.should_abort():
        raise JobAborted


class Condition(models.TextChoices):
    """What a page says of a task that has not ended."""

    WAITING = "waiting", "排队中"
    NO_WORKER = "no_worker", "没有后台程序在运行"
    RUNNING = "running", "正在进行"
    INTERRUPTED = "interrupted", "已中断，将自动重新开始"
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
    """`own`: the task's state in the queue and the worker that took it; `alive`: workers that reported lately.

    What the queue does not hold any more will never come by itself.
    """
    state, worker = own if own is not None else ("", None)
    if state not in ("todo", "doing"):
        return Condition.STALLED
    if state == "doing" and worker in alive:
        return Condition.RUNNING
    if not alive and waited > NO_WORKER_AFTER:
        return Condition.NO_WORKER
    return Condition.INTERRUPTED if state == "doing" else Condition.WAITING
