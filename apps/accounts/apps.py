"""Registration of the application with Django."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "用户与工会"

    def ready(self) -> None:
        """Let every app register its tables with the one administration site; publish this app's figures."""
        from apps.accounts.quantities import publish

        post_migrate.connect(_install_functions, sender=self)
        autodiscover_modules("admin")
        publish()


def _install_functions(*, using: str, **kwargs: Any) -> None:
    from apps.accounts.functions import install_functions

    install_functions(connections[using])
