"""Every write of the budget, one verb a function."""
