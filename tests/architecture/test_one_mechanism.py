"""Approvals have one mechanism, apps/cases, and nothing is approved beside it."""

import re

import pgtrigger
from django.apps import apps
from django.db import models

from apps.cases.models import Case, Decision

OURS = [
    model
    for model in apps.get_models()
    if model.__module__.startswith("apps.") and not model._meta.proxy and not model.__name__.endswith("Event")
]


def test_decisions_are_made_by_the_mechanism_of_approvals():
    """A row that says who took which step of something, from where to where, is a decision."""
    by_hand = {
        model._meta.label
        for model in OURS
        if not issubclass(model, Decision)
        and (_columns(model, r"action|verb") or re.search(r"(Decision|Step)$", model.__name__))
        and _columns(model, r"actor|decided_by|by")
        and _columns(model, r"from_status|source")
    }
    assert by_hand == set()


def test_a_status_that_moves_by_a_table_belongs_to_a_case():
    by_hand = {
        model._meta.label
        for model in OURS
        if not issubclass(model, Case)
        and any(
            isinstance(trigger, pgtrigger.FSM) or trigger.name.startswith("moves_by_")
            for trigger in getattr(model._meta, "triggers", ())
        )
    }
    assert by_hand == set()


def _columns(model: type[models.Model], names: str) -> bool:
    return any(re.fullmatch(names, field.name) for field in model._meta.concrete_fields)
