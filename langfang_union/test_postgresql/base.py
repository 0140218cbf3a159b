"""PostgreSQL under the tests: every test database is a copy of one template, migrated when a migration has changed.

A copy goes through `migrate` like any database: it applies nothing, and what follows a migration (`post_migrate`) is
done in the copy itself. There belong the privileges of the database, which no copy takes over from its template.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.backends.postgresql import base, creation

PREFIX = "test_template_"
_UNFINISHED = f"{PREFIX}unfinished"


def fingerprint(configs: Iterable[AppConfig]) -> str:
    """Of all that decides what a freshly migrated database holds: the migrations, and the libraries they call."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.lock").read_bytes())
    for config in sorted(configs, key=lambda one: one.label):
        for path in sorted(Path(config.path).glob("migrations/**/*.py")):
            digest.update(f"{config.label}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class DatabaseCreation(creation.DatabaseCreation):
    _held: ExitStack | None = None

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name = self._get_test_db_name()
        self._hold(name)
        with self._locked(PREFIX) as cursor:  # one at a time, also of the workers of one run
            self.connection.settings_dict["TEST"]["TEMPLATE"] = self._template(cursor)
            return super()._create_test_db(verbosity, autoclobber, keepdb)

    def _execute_create_test_db(self, cursor: Any, parameters: dict[str, str], keepdb: bool = False) -> None:
        """Always a fresh copy, also where a database was to be kept: it takes a second and is never stale."""
        cursor.execute(f"DROP DATABASE IF EXISTS {parameters['dbname']} WITH (FORCE)")
        super()._execute_create_test_db(cursor, parameters)

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        self.connection.close_pool()
        with self._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self._quote_name(test_database_name)} WITH (FORCE)")
        if self._held:
            self._held.close()

    def _hold(self, name: str) -> None:
        """One run at a time has a database, because the next would take it away; a killed run holds nothing."""
        self._held = ExitStack()
        cursor = self._held.enter_context(self._nodb_cursor())
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        if not cursor.fetchone()[0]:
            self._held.close()
            raise ImproperlyConfigured(
                f"Another test run is using the database {name}: wait for its end, or set TEST_DATABASE_NAME."
            )

    @contextmanager
    def _locked(self, name: str) -> Iterator[Any]:
        with self._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            yield cursor

    def _template(self, cursor: Any) -> str:
        """The name of the template, which appears whole or not at all; those of other migrations go."""
        name = PREFIX + fingerprint(apps.get_app_configs())
        if self._database_exists(cursor, name):
            return name
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (outdated,) in cursor.fetchall():
            cursor.execute(f"DROP DATABASE {self._quote_name(outdated)} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {self._quote_name(_UNFINISHED)}")
        self._migrate(_UNFINISHED)
        cursor.execute(f"ALTER DATABASE {self._quote_name(_UNFINISHED)} RENAME TO {self._quote_name(name)}")
        return name

    def _migrate(self, name: str) -> None:
        own = self.connection.settings_dict["NAME"]
        self.connection.close()
        self.connection.settings_dict["NAME"] = name
        try:
            call_command(
                "migrate", verbosity=0, interactive=False, database=self.connection.alias, run_syncdb=True
            )
        finally:
            self.connection.close()
            self.connection.settings_dict["NAME"] = own


class DatabaseWrapper(base.DatabaseWrapper):
    creation_class = DatabaseCreation
