"""What everything above rests on: the calendar of working days."""
