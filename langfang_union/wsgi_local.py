"""The entry of `make run`: local settings, demo on, served on the loopback interface only."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "langfang_union.settings_local"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
