"""Settings of the tests: the local ones, the demo off, the owner role (tests create and flush a database)."""

import os

from langfang_union import settings_local
from langfang_union.settings_local import *  # noqa: F403

DEMO_MODE = False
# The owner creates and flushes the test database; tests of the runtime role's limits open their own connection.
_TEST = {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_langfang")}
_ENGINE = "langfang_union.test_postgresql"
DATABASES = {"default": settings_local.DATABASES["owner"] | {"ENGINE": _ENGINE, "TEST": _TEST}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Not what the office of this machine has a licence for.
FONT_FOLDERS = settings_local.FONT_FOLDERS[:1]
WHITENOISE_AUTOREFRESH = True
# A made-up approval, so that the mechanism of approvals is tested apart from the programmes that use it.
INSTALLED_APPS = ["tests.madeup", *settings_local.INSTALLED_APPS]
ROOT_URLCONF = "tests.madeup.urls"
