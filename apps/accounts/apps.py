"""Registration of the application with Django."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "用户与工会"

    def ready(self) -> None:
        """Let every app register its tables with the one administration site; publish this app's figures."""
        from apps.accounts import functions  # noqa: F401 - declares them
        from apps.accounts.quantities import publish

        autodiscover_modules("admin")
        publish()
