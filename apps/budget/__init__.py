"""The annual budget: plans, editions, items, calculation lines, checks and the explanation."""
