"""Rules of what everything rests on. Pure."""
