"""What the background worker runs."""

from procrastinate.contrib.django import app

from apps.budget.selectors.printing import TASK
from apps.budget.services import printing


@app.task(name=TASK)
def run_print(job_id: int) -> None:
    """Print one explanation; how it ended stands in the job's row."""
    printing.run_print(job_id=job_id)
