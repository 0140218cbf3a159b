"""Approvals: one Case, one Decision, one table of steps, and the triggers made from it. Programmes declare, nothing more."""
