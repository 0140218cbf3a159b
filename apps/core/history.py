"""What happened to something, as the pages tell it: entries of a timeline, and changes of a row field by field."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TimelineEntry:
    """One decision or change, as the timeline takes it."""

    at: datetime
    who: str
    action: str
    role: str = ""
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class FieldChange:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class RowChange:
    """One event in the life of a row, as the database wrote it down. `row` names it where a page tells of several."""

    at: datetime
    who: str
    action: str
    reason: str
    fields: tuple[FieldChange, ...]
    tone: str = ""
    row: str = ""
