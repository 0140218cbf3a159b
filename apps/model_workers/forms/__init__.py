"""Input of the pages of model workers, cleaned."""
