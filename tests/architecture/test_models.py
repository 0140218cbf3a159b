"""What must hold for every model, read from the running application."""

import re
from pathlib import Path

from django.apps import apps
from django.db.models import CheckConstraint, UniqueConstraint

from apps.cases.models import Decision

FLOORS = [
    "core",
    "accounts",
    "basis",
    "cases",
    "people",
    "budget",
    "model_workers",
    "home",
]  # from the ground up
MODELS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]
CONSTRAINTS = [(model, constraint) for model in MODELS for constraint in model._meta.constraints]
TESTS = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_floor_is_known():
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    assert ours == set(FLOORS)


def test_foreign_keys_point_downwards():
    assert MODELS
    upwards = []
    for model in MODELS:
        own = FLOORS.index(model._meta.app_label)
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and field.related_model:
                target = field.related_model._meta.app_label
                if target in FLOORS and FLOORS.index(target) > own:
                    upwards.append(f"{field} → {target}")
    assert upwards == []


def test_a_constraint_is_named_after_its_app():
    assert [
        one.name for model, one in CONSTRAINTS if not one.name.startswith(f"{model._meta.app_label}_")
    ] == []


def test_a_broken_constraint_is_explained_in_chinese():
    spoken = [one for _, one in CONSTRAINTS if isinstance(one, CheckConstraint | UniqueConstraint)]
    assert [one.name for one in spoken if not CHINESE.search(str(one.violation_error_message))] == []


def test_every_constraint_is_tried_by_its_name():
    tests = "".join(path.read_text() for path in TESTS.rglob("*.py"))
    assert CONSTRAINTS
    # That of a decision is made with it; tests/cases tries each.
    written = {one.name for model, one in CONSTRAINTS if not issubclass(model, Decision)}
    assert sorted(name for name in written if f'"{name}"' not in tests) == []
