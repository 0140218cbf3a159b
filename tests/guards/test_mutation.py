"""The tool that takes guards away finds the one that a test watches, and the one that none does."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.guards.catalogue import guards

ROOT = Path(__file__).resolve().parents[2]
NAMED, UNWATCHED = "accounts_savedview_is_named", "accounts_savedview_once"


def test_a_guard_that_is_watched_turns_a_test_red_and_one_that_is_not_is_told(tmp_path):
    page = tmp_path / "assurance.md"
    # fmt: off
    command = [
        sys.executable, "scripts/mutate_guards.py", "--only", "accounts_savedview_*", "--cores", "1",
        "--database", "test_guards_tried",
        "--folder", tmp_path / "kept", "--page", page, "tests/guards/tried.py",
    ]
    # fmt: on
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = {
        line.split("`")[1]: line for line in page.read_text().splitlines() if "`accounts_savedview_" in line
    }
    assert done.stderr.splitlines() == ["Nothing turns red without:", f"UNIQUE {UNWATCHED}"]
    watching = "guards/tried.py::test_a_filter_without_a_name_is_refused_by_the_one_that_asks_for_it"
    assert told[NAMED] == f"| accounts_savedview | `{NAMED}` | CHECK | `{watching}` |"
    assert told[UNWATCHED] == f"| accounts_savedview | `{UNWATCHED}` | UNIQUE | **nothing** |"
    assert done.returncode == 1


@pytest.mark.django_db
def test_every_kind_of_guard_is_read_from_the_catalogue():
    with connection.cursor() as cursor:
        found = guards(cursor)
    kinds = {
        "CHECK",
        "UNIQUE",
        "EXCLUDE",
        "FOREIGN KEY",
        "unique index",
        "trigger",
        "history trigger",
        "refusal",
    }
    assert {guard.kind for guard in found} == kinds | {"privilege", "condition"}
    assert len({guard.key for guard in found}) == len(found)
