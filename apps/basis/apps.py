"""Registration of the application with Django."""

from django.apps import AppConfig


class BasisConfig(AppConfig):
    name = "apps.basis"
    label = "basis"
    verbose_name = "依据"
