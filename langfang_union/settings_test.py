"""Settings of the tests: the local ones, the demo off, the owner role (tests create and flush a database)."""

import os

from langfang_union.settings_local import *  # noqa: F403

DEMO_MODE = False
# The owner creates and flushes the test database; tests of the runtime role's limits open their own connection.
DATABASES = {"default": DATABASES["owner"] | {"TEST": {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_langfang")}}}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
