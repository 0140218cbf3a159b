"""Reads over several tables of the budget, returned as small frozen dataclasses."""
