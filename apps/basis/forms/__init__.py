"""Input of the pages of what everything rests on, cleaned."""
