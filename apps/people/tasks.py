"""What the background worker runs."""

from procrastinate.contrib.django import app

from apps.people.selectors.rosters import READ_TASK, TAKE_TASK
from apps.people.services import roster_reading, roster_taking


@app.task(name=READ_TASK)
def read_roster(roster_id: int) -> None:
    """Read, judge and stage one roster; how it ended stands in the roster's row."""
    roster_reading.read_roster(roster_id=roster_id)


@app.task(name=TAKE_TASK)
def take_roster(roster_id: int) -> None:
    """Take one staged roster over; how it ended stands in the roster's row."""
    roster_taking.take_roster(roster_id=roster_id)
