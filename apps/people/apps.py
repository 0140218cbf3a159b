"""The register of people: one row for one human being, shared by every programme."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "apps.people"
    label = "people"
    verbose_name = "人员"
