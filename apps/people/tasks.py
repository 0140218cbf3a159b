"""What the background worker runs."""

from apps.core.jobs import background
from apps.people.selectors.rosters import READ_TASK, TAKE_TASK
from apps.people.services import roster_reading, roster_taking


@background(name=READ_TASK, give_up=roster_reading.give_up_reading)
def read_roster(roster_id: int) -> None:
    """Read, judge and stage one roster; how it ended stands in the roster's row."""
    roster_reading.read_roster(roster_id=roster_id)


@background(name=TAKE_TASK, give_up=roster_taking.give_up_taking)
def take_roster(roster_id: int) -> None:
    """Take one staged roster over; how it ended stands in the roster's row."""
    roster_taking.take_roster(roster_id=roster_id)
