"""Settings of `make run`: this machine only (loopback, plain http), the embedded database and the demo.

`wsgi.py` pins the production settings, so nothing in a production environment can select this module.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from langfang_union.embedded_database import connections, local_secret, random_key

_ROOT = Path(__file__).resolve().parent.parent
_VAR = _ROOT / "var"
if (_ROOT / ".env").exists():
    raise ImproperlyConfigured(
        ".env configures a production site: neither the demo nor the tests run beside it."
    )
os.environ.setdefault("SECRET_KEY", local_secret(_VAR / "secret_key"))
os.environ.setdefault("FIELD_KEYS", f"1:{local_secret(_VAR / 'field_key', make=random_key)}")
os.environ.setdefault("FIELD_INDEX_KEY", local_secret(_VAR / "field_index_key", make=random_key))

from langfang_union import settings as production  # noqa: E402
from langfang_union.settings import *  # noqa: E402, F403

DEMO_MODE = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
SITE_URL = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"

DATABASES = production.DATABASES or connections(_VAR / "pg", options=production.DATABASE_OPTIONS)

# Plain http on the loopback interface: a browser would not send back a Secure cookie.
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 0
SESSION_COOKIE_SECURE = False
SESSION_COOKIE_NAME = "langfang_session"
CSRF_COOKIE_SECURE = False
CSRF_COOKIE_NAME = "langfang_csrf"

STATIC_ROOT = _VAR / "static"
# Hashed names as in production, but not compressed: that takes most of a minute and the loopback does not need it.
STORAGES = production.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
}

# The production entry pins the production settings, so `runserver` needs the local one.
WSGI_APPLICATION = "langfang_union.wsgi_local.application"
