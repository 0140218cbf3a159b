"""Reads of what everything rests on."""
