"""Input of the pages of people, cleaned."""
