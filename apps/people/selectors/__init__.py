"""Reads over the register of people."""
