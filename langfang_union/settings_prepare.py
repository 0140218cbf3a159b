"""Settings of `langfang_union.prepare`: the local ones as the owner of the tables, who alone writes the demo into the past."""

from langfang_union import settings_local
from langfang_union.settings_local import *  # noqa: F403

DATABASES = settings_local.DATABASES | {"default": settings_local.DATABASES["owner"]}
