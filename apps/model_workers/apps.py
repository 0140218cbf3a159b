"""Registration of the application with Django."""

from django.apps import AppConfig


class ModelWorkersConfig(AppConfig):
    name = "apps.model_workers"
    label = "model_workers"
    verbose_name = "劳模"

    def ready(self) -> None:
        from apps.model_workers import chapters, quantities

        chapters.publish()
        quantities.publish()
