"""For pytest: records which guards each test meets, or runs for each guard the tests that met it, with it taken away.

All in one process: what costs seconds (Django, collecting, the migrated database) is paid once, and a guard costs one
copy of the database and one or two tests.
"""

import json
import re
import signal
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from django.db import connection
from pytest_django.plugin import blocking_manager_key

from tests.guards.catalogue import HISTORY, Guard, guards

PATIENCE_SECONDS = 120
"""A test that waits for a lock that is gone is red too."""
HISTORY_TESTS = ("test_the_functions_that_write_history_and_no_others_have_the_rights_of_the_owner",)
NEIGHBOURS = 6
"""So many tests of its table are tried on a guard that says no name when it works."""
FUNCTION = re.compile(r"PL/pgSQL function (?:public\.)?(\w+\(\))")
DENIED = re.compile(r"permission denied (?:for table (\w+)|to create (temporary) tables)")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-guards", type=Path, help="write here which guards each test meets")
    parser.addoption("--mutate-guards", type=Path, help="folder with what was recorded; results go there")
    parser.addoption("--guards", default="*", help="only guards whose name or table is like this")
    parser.addoption("--share", default="0/1", help="which part of the guards: 0/2 and 1/2 are halves")
    parser.addoption(
        "--until", type=float, default=float("inf"), help="begin no further guard after this time"
    )
    parser.addoption("--missing-guards", action="store_true", help="only what turned nothing red so far")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record-guards"):
        config.pluginmanager.register(Recorder(config.getoption("--record-guards")))
    if config.getoption("--mutate-guards"):
        config.pluginmanager.register(Mutation(config))


def names_of(error: psycopg.Error) -> set[str]:
    """By which names a refusal is known: its constraint, the functions it came through, what was denied."""
    names = {error.diag.constraint_name} if error.diag.constraint_name else set()
    names |= set(FUNCTION.findall(error.diag.context or ""))
    denied = DENIED.search(error.diag.message_primary or "")
    return names | ({f"denied {denied[1] or denied[2]}"} if denied else set())


class Recorder:
    """Listens to everything the driver reports, whoever asked and whoever catches it."""

    def __init__(self, path: Path) -> None:
        self.path, self.met = path, set()
        self.tests: dict[str, dict[str, Any]] = {}
        plain = psycopg.errors.error_from_result

        def listening(*arguments: Any, **options: Any) -> psycopg.Error:
            error = plain(*arguments, **options)
            self.met |= names_of(error)
            return error

        psycopg.errors.error_from_result = listening

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self.met.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.tests[report.nodeid] = {"met": sorted(self.met), "seconds": report.duration}
            self.path.write_text(json.dumps(self.tests, ensure_ascii=False, indent=1))


class Mutation:
    def __init__(self, config: pytest.Config) -> None:
        self.folder: Path = config.getoption("--mutate-guards")
        self.pattern: str = config.getoption("--guards")
        self.part, self.parts = map(int, config.getoption("--share").split("/"))
        self.until: float = config.getoption("--until")
        self.recorded: dict[str, dict[str, Any]] = {}
        for path in self.folder.glob("met-*.json"):
            self.recorded |= json.loads(path.read_text())
        self.copied = False
        self.blocker = config.stash[blocking_manager_key]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items if item.nodeid in self.recorded}
        warm = next(item for item in items.values() if item.get_closest_marker("django_db"))
        assert not _red(session, warm), f"{warm.nodeid} is red although nothing was taken away"
        self.base = connection.settings_dict["NAME"]
        with self.blocker.unblock(), connection.cursor() as cursor:
            found = guards(cursor)
        connection.close()
        (self.folder / "guards.json").write_text(
            json.dumps([[g.key, g.table, g.kind, g.name] for g in found])
        )
        mine = [g for g in found if fnmatchcase(g.name, self.pattern) or fnmatchcase(g.table, self.pattern)]
        mine = mine[self.part :: self.parts]
        if session.config.getoption("--missing-guards"):
            mine = [guard for guard in mine if guard.key not in self.watched()]
        # The cheap ones first, so that a run that is stopped has seen the most.
        tests = {guard: self.tests_of(guard, items) for guard in mine}
        mine.sort(key=lambda guard: self.recorded[tests[guard][0]]["seconds"] if tests[guard] else 0)
        with (self.folder / f"results-{self.part}.jsonl").open("a") as results:
            for guard in mine:
                if time.time() > self.until:
                    break
                begun = time.monotonic()
                red, tried = self.judge(session, guard, [items[name] for name in tests[guard]])
                result = {
                    "key": guard.key,
                    "red": red,
                    "tried": tried,
                    "seconds": time.monotonic() - begun,
                    "at": time.time(),
                }
                print(json.dumps(result, ensure_ascii=False), file=results, flush=True)
        whole = self.copied and self.as_found()
        self.remove()
        strange = {guard.key for guard in set(found) ^ set(whole or found)}
        assert not strange, f"what was brought back is not what was taken away: {strange}"
        session._setupstate.teardown_exact(None)
        return True

    def watched(self) -> set[str]:
        """What turned a test red before."""
        lines = [
            line for path in self.folder.glob("results-*.jsonl") for line in path.read_text().splitlines()
        ]
        return {result["key"] for result in map(json.loads, lines) if result["red"]}

    def tests_of(self, guard: Guard, items: dict[str, pytest.Item]) -> list[str]:
        """Those that met it, the quickest first; those that empty the database afterwards at the end."""
        known = guard.known_by
        named = [
            name
            for name in items
            if any(fnmatchcase(one, like) for like in known for one in self.recorded[name]["met"])
        ]
        if guard.kind == HISTORY:
            named = [name for name in items if name.endswith(HISTORY_TESTS)]
        named.sort(key=lambda name: (_empties(items[name]), self.recorded[name]["seconds"]))
        if named:
            return named
        near = [
            name
            for name in items
            if any(one.startswith(f"{guard.table}_") for one in self.recorded[name]["met"])
        ]
        return sorted(near, key=lambda name: self.recorded[name]["seconds"])[:NEIGHBOURS]

    def judge(self, session: pytest.Session, guard: Guard, tests: list[pytest.Item]) -> tuple[str, int]:
        """The first test that turns red without the guard, or nothing; and how many were tried."""
        if not self.copied:
            self.copy()
        red, tried, spoilt = "", 0, not guard.restore or guard.table == "house_key"
        self.tell(guard.statement)
        for item in tests:
            tried, spoilt = tried + 1, spoilt or _empties(item)
            if _red(session, item):
                red = item.nodeid
                break
        try:
            if spoilt or connection.in_atomic_block:
                self.remove()
            else:
                self.tell(guard.restore)
        except psycopg.Error:  # a test that broke off still holds the table
            self.remove()
        return red, tried

    def as_found(self) -> tuple[Guard, ...]:
        with self.blocker.unblock(), connection.cursor() as cursor:
            return tuple(guards(cursor))

    def tell(self, statement: str) -> None:
        """As the owner, on a connection of its own."""
        with psycopg.connect(**self.facts(connection.settings_dict["NAME"])) as owner:
            owner.execute(f"SET lock_timeout = '20s'; {statement}")

    def facts(self, name: str) -> dict[str, Any]:
        facts = connection.get_connection_params()
        who = {key: facts[key] for key in ("host", "port", "user", "password") if key in facts}
        return who | {"dbname": name, "autocommit": True}

    def copy(self) -> None:
        """A fresh copy to take guards from: one serves until a test has left something in it."""
        from apps.core.privileges import withhold  # needs the models

        self.remove()
        with psycopg.connect(**self.facts("postgres")) as server:
            server.execute(f'CREATE DATABASE "{self.base}_mutant" TEMPLATE "{self.base}"')
        connection.settings_dict["NAME"] = f"{self.base}_mutant"
        with self.blocker.unblock():
            withhold(using="default")  # privileges of a database are not copied with it
        self.copied = True

    def remove(self) -> None:
        connection.in_atomic_block = False  # where a test broke off
        connection.close()
        connection.settings_dict["NAME"] = self.base
        with psycopg.connect(**self.facts("postgres")) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{self.base}_mutant" WITH (FORCE)')
        self.copied = False


def _empties(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


def _red(session: pytest.Session, item: pytest.Item) -> bool:
    def give_up(*_: Any) -> None:
        raise TimeoutError(f"no answer after {PATIENCE_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_SECONDS)
    try:
        # Whatever comes next needs the session and nothing below it.
        reports = runtestprotocol(item, log=False, nextitem=session)  # type: ignore[arg-type]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return any(report.failed for report in reports)
