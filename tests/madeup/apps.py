from django.apps import AppConfig


class MadeupConfig(AppConfig):
    name = "tests.madeup"
    label = "madeup"
    verbose_name = "示例"
