#!/bin/sh
# Django's own deployment check over the production settings, with values thrown away afterwards.
set -eu
cd "$(dirname "$0")/.."
SECRET_KEY=$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(64))')
key() { .venv/bin/python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())'; }
FIELD_KEYS=1:$(key)
FIELD_INDEX_KEY=$(key)
DATABASE_URL=postgres://langfang_app@127.0.0.1:1/langfang_union
ALLOWED_HOSTS=union.example
SITE_URL=https://union.example
DJANGO_SETTINGS_MODULE=langfang_union.settings
export SECRET_KEY FIELD_KEYS FIELD_INDEX_KEY DATABASE_URL ALLOWED_HOSTS SITE_URL DJANGO_SETTINGS_MODULE
echo "manage.py check --deploy --fail-level WARNING (langfang_union.settings)"
exec .venv/bin/python manage.py check --deploy --fail-level WARNING
