"""Registration of the application with Django."""

from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "内核"

    def ready(self) -> None:
        # No business rule: privileges are part of the schema, and migrate knows no other place that is reached after
        # the last migration, whichever app it belongs to. It is sent for each app with models: one is enough.
        post_migrate.connect(_settle, sender=apps.get_app_config("pghistory"))
        from apps.core.checks import TAG, check_keyring, check_sealed_columns  # needs the models

        checks.register(check_keyring, TAG)
        checks.register(check_sealed_columns, TAG)


def _settle(*, using: str, **kwargs: Any) -> None:
    from apps.core import actors, functions, privileges  # needs the models

    functions.install(using=using)
    actors.install_key(using=using)
    privileges.withhold(using=using)
