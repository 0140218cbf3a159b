"""Takes the guards of the database away, one at a time, and sees a test turn red: `make mutate-guards`.

Once, the tests that speak to the database run with everything in place, and what refused them is recorded. Then for
each guard a copy of the migrated database loses it, and the tests that met it run there until one turns red. The
result is docs/assurance.md. A guard that turns none red is listed in tests/guards/redundant.py, or missed a test.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.guards.redundant import REDUNDANT  # noqa: E402 - the project is no installed package

# What a test says that expects to be refused by the database itself.
SPEAKS_SQL = re.compile(
    r"IntegrityError|DatabaseError|InternalError|constraint_name|InsufficientPrivilege|Attacks\b"
)
# Its processes and databases are its own: nothing taken away elsewhere concerns it.
APART = {"test_embedded_database.py", "test_test_database.py", "test_mutation.py"}


def suite() -> list[str]:
    """Every test module that provokes the database; a new one joins by itself."""
    found = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if SPEAKS_SQL.search(path.read_text(encoding="utf-8"))
    ]
    kept = [path for path in found if path.name not in APART and "browser" not in path.parts]
    cases = [ROOT / "tests/cases/test_every_flow.py"]
    return sorted({str(path.relative_to(ROOT)) for path in [*kept, *cases]})


def pytest_process(tests: list[str], database: str, *options: str, log: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "langfang_union.settings_test",
        "TEST_DATABASE_NAME": database,
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.guards.plugin",
        "-p",
        "no:cacheprovider",
        *options,
        *tests,
    ]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)


def record(folder: Path, tests: list[str], *, cores: int, database: str) -> None:
    for old in folder.glob("met-*.json"):
        old.unlink()
    parts = [part for part in range(cores) if tests[part::cores]]
    options = [[f"--record-guards={folder / f'met-{part}.json'}"] for part in parts]
    failed = together(folder, [tests[part::cores] for part in parts], options, database=database)
    if failed:
        sys.exit(f"The tests are red with every guard in place:\n{failed}")


def together(folder: Path, tests: list[list[str]], options: list[list[str]], *, database: str) -> str:
    """One process each; what the first says that failed."""
    logs = [folder / f"process-{part}.log" for part in range(len(tests))]
    running = [
        pytest_process(own, f"{database}_{part}", *given, log=log)
        for part, (own, given, log) in enumerate(zip(tests, options, logs, strict=True))
    ]
    codes = [process.wait() for process in running]
    return next((log.read_text()[-3000:] for code, log in zip(codes, logs, strict=True) if code), "")


def mutate(
    folder: Path, tests: list[str], which: list[str], *, cores: int, until: float, database: str
) -> None:
    shares = [
        [f"--mutate-guards={folder}", f"--until={until}", f"--share={part}/{cores}", *which]
        for part in range(cores)
    ]
    failed = together(folder, [tests] * cores, shares, database=database)
    if failed:
        sys.exit(failed)


def results(folder: Path) -> dict[str, dict]:
    """By guard; what was found last counts."""
    lines = [
        line for path in sorted(folder.glob("results-*.jsonl")) for line in path.read_text().splitlines()
    ]
    return {result["key"]: result for result in sorted(map(json.loads, lines), key=lambda one: one["at"])}


def reason(key: str) -> str:
    return next((why for like, why in REDUNDANT.items() if fnmatchcase(key, like)), "")


def page(folder: Path, path: Path) -> list[str]:
    """Writes the table; returns the guards that turned nothing red and have no reason."""
    listed = json.loads((folder / "guards.json").read_text())
    found = results(folder)
    rows, counts, open_ones = [], {}, []
    for key, table, kind, name in sorted(listed, key=lambda one: (one[1], one[2], one[3])):
        count = counts.setdefault(kind, Counter())
        count["all"] += 1
        if key not in found:
            state, told = "not run", "*not run*"
        elif found[key]["red"]:
            state, told = "red", f"`{short(found[key]['red'])}`"
        elif reason(key):
            state, told = "redundant", f"redundant: {reason(key)}"
        else:
            state, told = "open", "**nothing**"
            open_ones.append(key)
        count[state] += 1
        rows.append(f"| {table} | `{name}` | {kind} | {told} |")
    states = ("all", "red", "redundant", "open", "not run")
    total = sum(counts.values(), Counter())
    table = [
        f"| {kind} | " + " | ".join(str(count[state]) for state in states) + " |"
        for kind, count in [*sorted(counts.items()), ("**all**", total)]
    ]
    seconds = [result["seconds"] for result in found.values()]
    took = f"{sum(seconds) / 60:.0f} minutes of one core, {sum(seconds) / max(len(seconds), 1):.1f} seconds a guard"
    text = TEXT.format(
        took=took,
        left=", ".join(f"`{name}`" for name in unrecorded(folder)) or "none",
        counts="\n".join(table),
        missing="\n".join(f"- `{key}`" for key in open_ones) or "None.",
        rows="\n".join(rows),
    )
    path.write_text(text, encoding="utf-8")
    return open_ones


def unrecorded(folder: Path) -> list[str]:
    met = {
        name.partition("::")[0] for path in folder.glob("met-*.json") for name in json.loads(path.read_text())
    }
    return [short(name) for name in suite() if name not in met]


def short(nodeid: str) -> str:
    """The file without `tests/`, the test without its parameters."""
    return nodeid.removeprefix("tests/").partition("[")[0]


TEXT = """# What stands between a mistake and the books

Made by `make mutate-guards`; not written by hand. Every guard of the database is taken away, one at a time, in a copy of the
migrated database, and the tests that met it run there until one turns red. A guard without which all stay green would be a
promise that nobody watches: it gets a test, or a reason in `tests/guards/redundant.py`.

## How it works

1. The guards are read from the catalogue of the database, so none can be forgotten: named CHECK, UNIQUE and EXCLUDE
   constraints, unique indexes, triggers (with their function), what the runtime role may not do, each refusal inside a
   function (`RAISE … CONSTRAINT`, made to do nothing), and the conditions of the functions that all guards ask (who is at
   work, which role is held).
2. The tests that speak to the database run once with everything in place. `tests/guards/plugin.py` listens to the driver and
   records by whom each was refused.
3. One process a core then takes guard after guard: copy, take away, run the tests that met it, the quickest first, stop at
   the first red.

`make mutate-guards` does all; `.venv/bin/python scripts/mutate_guards.py --only 'budget_*'` does a part and keeps the rest of
the results, `--missing` tries again what turned nothing red, `--minutes 20` stops in time,
`--kept-record` takes the recorded run as it is. It is not part of `make test`; a
small test there shows that the tool finds what it should (`tests/guards/test_mutation.py`).

Not taken away: primary keys, foreign keys that Django names, NOT NULL, the `>= 0` that Django adds to a type, the right to
execute a trigger's function. A history trigger counts as missed when the number of functions that write history is wrong.

## Counts

The run of this page: {took}. Test modules that speak to the database and were not recorded in it (what turned nothing red may
turn one of theirs red): {left}.

| kind | all | red | redundant | nothing turned red | not run |
| --- | ---: | ---: | ---: | ---: | ---: |
{counts}

## Without a test

{missing}

## Guard by guard

| table | guard | kind | turned red by |
| --- | --- | --- | --- |
{rows}
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--only", default="*", help="guards whose name or table is like this, `*` for anything"
    )
    arguments.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--minutes", type=float, default=600, help="begin no further guard after so long")
    arguments.add_argument("--missing", action="store_true", help="only what turned nothing red so far")
    arguments.add_argument("--kept-record", action="store_true", help="which test met what is known already")
    arguments.add_argument(
        "--folder", type=Path, default=ROOT / "var/guards", help="what is kept between runs"
    )
    arguments.add_argument("--page", type=Path, default=ROOT / "docs/assurance.md")
    arguments.add_argument("--database", default="test_guards", help="the test databases are called after it")
    arguments.add_argument("tests", nargs="*", help="instead of all tests that speak to the database")
    given = arguments.parse_args()
    until = time.time() + given.minutes * 60
    tests = given.tests or suite()
    given.folder.mkdir(parents=True, exist_ok=True)
    if not given.kept_record:
        record(given.folder, tests, cores=given.cores, database=given.database)
    if given.only == "*" and not given.missing:
        for old in given.folder.glob("results-*.jsonl"):
            old.unlink()
    which = [f"--guards={given.only}", *(["--missing-guards"] if given.missing else [])]
    mutate(given.folder, tests, which, cores=given.cores, until=until, database=given.database)
    missing = page(given.folder, given.page)
    if missing:
        sys.exit("Nothing turns red without:\n" + "\n".join(missing))


if __name__ == "__main__":
    main()
