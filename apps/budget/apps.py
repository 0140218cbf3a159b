"""Registration of the application with Django."""

from django.apps import AppConfig


class BudgetConfig(AppConfig):
    name = "apps.budget"
    label = "budget"
    verbose_name = "预算"

    def ready(self) -> None:
        from apps.budget.quantities import publish

        publish()
