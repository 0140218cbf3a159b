"""Pages of the budget, one module per noun."""
