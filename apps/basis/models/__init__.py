"""What everything above rests on: the calendar of working days."""

from apps.basis.models.calendar import CalendarDay, CalendarYear

__all__ = ["CalendarDay", "CalendarYear"]
