"""Registration of the application with Django."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import connections
from django.db.models.signals import post_migrate

# Every trigger first asks this function of django-pgtrigger whether the connection asked it to look away, and any
# connection may ask. Nobody here does: locks and history hold for plain SQL too.
_HEED_EVERY_TRIGGER = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
    AS $$ BEGIN RETURN FALSE; END; $$ LANGUAGE plpgsql IMMUTABLE;
"""


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "内核"

    def ready(self) -> None:
        # Each installed trigger brings its own definition of the function, so ours follows every migration.
        post_migrate.connect(_heed_every_trigger)
        post_migrate.connect(_install_actors)
        from apps.core.checks import TAG, check_keyring, check_sealed_columns  # needs the models

        checks.register(check_keyring, TAG)
        checks.register(check_sealed_columns, TAG)


def _heed_every_trigger(*, using: str, **kwargs: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(_HEED_EVERY_TRIGGER)


def _install_actors(*, using: str, **kwargs: Any) -> None:
    from apps.core import actors

    actors.install_key(connections[using])
