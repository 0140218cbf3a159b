"""The Django project: settings, URLs, the WSGI entry and the start-up of the embedded database."""
