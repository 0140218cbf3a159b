"""The production entry. The settings module is assigned, not defaulted: the environment cannot choose the demo."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "langfang_union.settings"

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

if settings.DEMO_MODE or not settings.DATABASES.get("default"):
    raise ImproperlyConfigured("DATABASE_URL is missing; see .env.example.")

application = get_wsgi_application()
if faults := [str(fault) for fault in run_checks(tags=["secrets"]) if fault.is_serious()]:
    raise ImproperlyConfigured("\n".join(faults))
