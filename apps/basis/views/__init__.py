"""Pages of what everything rests on."""
