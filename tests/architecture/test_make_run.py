"""`make run` from an untouched copy: it serves, writes the explanation, stops everything, and loses nothing."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from langfang_union.embedded_database import DATABASE, OWNER

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("apps", "fixtures", "langfang_union", "static", "templates", "manage.py", "requirements.lock")
EXPLANATION = "2016 年预算编制说明"


@pytest.fixture
def working_copy(tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy


class Site:
    """One run of the site in a working copy."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "langfang_union.serve"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "LC_ALL": "C.UTF-8",
                "PORT": str(self.port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read_until(self, words: str) -> str:
        """The first line with these words; fails with all that was printed if the site ends before."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return line
        pytest.fail("".join(self.lines))

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as response:
            return response.status, response.read().decode()

    def query(self, sql: str) -> list[tuple]:
        base = self.folder / "var" / "pg"
        with psycopg.connect(host=str(base), port=5432, user=OWNER, dbname=DATABASE) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        assert self.process.stdout
        self.lines += self.process.stdout.readlines()
        return self.process.wait(timeout=60)

    def processes(self) -> list[str]:
        """Everything that still runs in or for the working copy."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                folder = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if Path(folder).is_relative_to(self.folder):
                found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        return found


@pytest.fixture
def run(working_copy):
    """Starts the site; what still runs when the test ends is stopped."""
    sites: list[Site] = []

    def start() -> Site:
        sites.append(Site(working_copy))
        return sites[-1]

    yield start
    for site in sites:
        if site.process.poll() is None:
            site.process.terminate()
            site.process.wait(timeout=60)
        site.process.stdout.close()


def test_two_runs_serve_write_the_explanation_stop_everything_and_lose_nothing(run, working_copy):
    first = run()
    assert f"http://127.0.0.1:{first.port}/" in first.read_until("网址")
    status, page = first.get("/")
    assert status == 200
    assert "示例·财务经办" in page
    style_sheet = "/static/css/" + page.split("/static/css/")[1].split('"')[0]
    assert first.get(style_sheet)[0] == 200
    line = first.read_until(EXPLANATION)
    assert str(working_copy / "var") in line, "".join(first.lines)
    assert (working_copy / "var" / line.split("/var/")[1].strip()).read_bytes().startswith(b"%PDF")
    first.query("CREATE TABLE entered AS SELECT 785.93 AS amount")
    assert first.stop(signal.SIGTERM) == 0
    assert first.processes() == []

    second = run()
    second.read_until("网址")
    assert second.query("SELECT amount::text FROM entered") == [("785.93",)]
    assert second.get("/")[0] == 200
    assert second.stop(signal.SIGINT) == 0
    assert second.processes() == []
