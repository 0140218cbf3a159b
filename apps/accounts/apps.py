"""Registration of the application with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "用户与工会"

    def ready(self) -> None:
        from apps.accounts.quantities import publish

        publish()
