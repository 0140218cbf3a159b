"""What the background worker does for the queue itself."""

from procrastinate import JobContext
from procrastinate.contrib.django import app

from apps.core.jobs import WORKER_SILENT_AFTER


@app.periodic(cron="* * * * * */5")  # the sixth place counts seconds
@app.task(
    name="apps.core.tasks.begin_again",
    queueing_lock="begin_again",
    priority=100,
    pass_context=True,
    retry=False,
)
async def begin_again(context: JobContext, timestamp: int) -> None:
    """Put back into the queue what a worker had begun that is gone. A task of the queue, so that one worker does it."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=WORKER_SILENT_AFTER.total_seconds()):
        await manager.retry_job(job)
