"""The databases of the tests: copied from one template, fresh after a killed run, one run at a time."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from langfang_union.test_postgresql.base import PREFIX, fingerprint

ROOT = Path(__file__).resolve().parents[2]
# A run of its own: makes its database, leaves a table in it, says so, and waits for its end.
RUN = """
import os, sys
os.environ.update(DJANGO_SETTINGS_MODULE="langfang_union.settings_test", TEST_DATABASE_NAME=sys.argv[1])
import django
django.setup()
from django.db import connection
try:
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('left_behind') IS NULL, count(*) FROM django_migrations")
        fresh, migrations = cursor.fetchone()
        cursor.execute("CREATE TABLE left_behind ()")
    print(f"fresh={fresh} migrations={migrations}", flush=True)
    sys.stdin.read()
    connection.creation.destroy_test_db("postgres", verbosity=0)
except Exception as error:
    print(error, flush=True)
"""


@pytest.fixture
def name() -> str:
    """Of a database beside the one of this test, which xdist has already given a name of its own."""
    return f"{connection.settings_dict['NAME']}_beside"


@pytest.fixture
def begin(db):
    running = []

    def start(name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.communicate(timeout=60)


@pytest.fixture
def as_migrated(db) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
        return f"fresh=True migrations={cursor.fetchone()[0]}\n"


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {row[0] for row in cursor.fetchall()}


def test_runs_that_start_together_each_get_a_copy_of_the_one_template(begin, name, as_migrated):
    runs = [begin(f"{name}_{which}") for which in ("one", "two")]
    assert [run.stdout.readline() for run in runs] == [as_migrated] * 2
    assert {one for one in databases() if one.startswith(PREFIX)} == {
        PREFIX + fingerprint(apps.get_app_configs())
    }


def test_a_second_run_leaves_the_database_to_the_first_and_gets_it_fresh_once_that_is_killed(
    begin, name, as_migrated
):
    first = begin(name)
    assert first.stdout.readline() == as_migrated
    assert begin(name).stdout.readline().startswith(f"Another test run is using the database {name}")
    first.kill()
    first.wait()
    assert name in databases()
    again = begin(name)
    assert again.stdout.readline() == as_migrated
    # It goes at the end although somebody still looks at it.
    with psycopg.connect(**connection.get_connection_params() | {"dbname": name}):
        again.communicate(timeout=60)
    assert name not in databases()


def test_other_migrations_have_another_template():
    configs = list(apps.get_app_configs())
    assert fingerprint(configs) == fingerprint(configs[::-1])
    assert fingerprint(configs[1:]) != fingerprint(configs)
