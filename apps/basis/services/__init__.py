"""Every write of what everything rests on."""
