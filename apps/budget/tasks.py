"""What the background worker runs."""

from apps.budget.selectors.printing import TASK
from apps.budget.services import printing
from apps.core.jobs import background


@background(name=TASK, give_up=printing.give_up_print)
def run_print(job_id: int) -> None:
    """Print one explanation; how it ended stands in the job's row."""
    printing.run_print(job_id=job_id)
