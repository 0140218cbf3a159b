"""What must hold for every model, read from the running application."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import CheckConstraint, UniqueConstraint

FLOORS = ["core", "accounts", "cases", "people", "budget", "model_workers", "home"]  # from the ground up
MODELS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]
TESTS = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_floor_is_known():
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    assert ours == set(FLOORS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_foreign_keys_point_downwards(model):
    own = FLOORS.index(model._meta.app_label)
    for field in model._meta.get_fields():
        if field.is_relation and not field.auto_created and field.related_model:
            target = field.related_model._meta.app_label
            assert target not in FLOORS or FLOORS.index(target) <= own, f"{field} → {target}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_broken_constraint_is_explained_in_chinese(model):
    for constraint in model._meta.constraints:
        assert constraint.name.startswith(f"{model._meta.app_label}_"), constraint.name
        if isinstance(constraint, CheckConstraint | UniqueConstraint):
            assert CHINESE.search(str(constraint.violation_error_message)), constraint.name


def test_every_constraint_is_tried_by_its_name():
    tests = "".join(path.read_text() for path in TESTS.rglob("*.py"))
    names = {constraint.name for model in MODELS for constraint in model._meta.constraints}
    assert names
    assert not [name for name in sorted(names) if f'"{name}"' not in tests]
