"""Template tags of the budget."""
