"""`make run` from an untouched copy: it serves, writes the explanation, starts again what is killed, loses nothing."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from langfang_union.embedded_database import DATABASE, OWNER

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("apps", "fixtures", "langfang_union", "static", "templates", "manage.py", "requirements.lock")
EXPLANATION = "2016 年预算编制说明"
PAGE_BACK_SECONDS, JOB_DONE_SECONDS = 10, 60
ASK_FOR_A_PRINT = """
from django.utils import timezone
from apps.accounts.models import User
from apps.budget.models import Edition
from apps.budget.services.printing import request_print
clerk = User.objects.enabled().filter(is_demo=True, role_grants__role="finance_clerk").first()
edition = Edition.objects.filter(plan__fiscal_year__year=2016).first()
print(request_print(edition_id=edition.pk, actor=clerk, style="book", is_issue=False, now=timezone.now()).pk)
"""


@pytest.fixture(scope="module")
def working_copy(tmp_path_factory):
    copy = tmp_path_factory.mktemp("made") / "copy"
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

    def status(self, path: str) -> int:
        try:
            return self.get(path)[0]
        except urllib.error.HTTPError as error:
            return error.code

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "langfang_union.settings_local"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def child(self, words: str) -> int:
        """The process of the site with these words in its command that the site itself started."""
        for pid, command in self.running().items():
            parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
            if words in command and int(parent) == self.process.pid:
                return pid
        raise LookupError(words)

    def postmaster(self) -> int:
        return int((self.folder / "var" / "pg" / "data" / "postmaster.pid").read_text().split("\n")[0])

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
        return list(self.running().values())

    def running(self) -> dict[int, str]:
        """Everything that still runs in or for the working copy."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                folder = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if Path(folder).is_relative_to(self.folder):
                found[int(pid)] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
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


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Ask again and again; an answer that cannot be had yet is none."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except (OSError, LookupError, psycopg.OperationalError):
            pass
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.1)


def test_what_is_killed_comes_back_in_time_and_an_interrupted_print_is_done_once(run):
    site = run()
    site.read_until(EXPLANATION)
    job = int(site.manage("shell", "--no-imports", "-c", ASK_FOR_A_PRINT))
    until(lambda: site.query(f"SELECT status FROM budget_printjob WHERE id = {job}") == [("running",)], 30)
    worker, web = site.child("procrastinate"), site.child("gunicorn")
    os.kill(worker, signal.SIGKILL)
    interrupted = time.monotonic()
    until(lambda: site.child("procrastinate") != worker, PAGE_BACK_SECONDS)
    assert site.status("/accounts/sign-in/") == 200

    os.kill(site.postmaster(), signal.SIGKILL)
    answers = []

    def page_is_back() -> bool:
        answers.append(site.status("/accounts/sign-in/"))
        return answers[-1] == 200 and bool(site.query("SELECT 1"))

    until(page_is_back, PAGE_BACK_SECONDS)
    assert set(answers) <= {200, 503}

    os.kill(web, signal.SIGKILL)
    until(lambda: site.child("gunicorn") != web, PAGE_BACK_SECONDS)
    until(lambda: site.status("/accounts/sign-in/") == 200, PAGE_BACK_SECONDS)

    done = f"SELECT count(*) FROM budget_printjob WHERE status = 'done' AND pdf IS NOT NULL AND id = {job}"
    # The worker puts the job away after the print itself has been committed, so both are waited for.
    doing = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    left = JOB_DONE_SECONDS - (time.monotonic() - interrupted)
    until(lambda: site.query(done) == [(1,)] and site.query(doing) == [(0,)], left)

    site.process.kill()
    site.process.wait()
    until(lambda: site.processes() == [], JOB_DONE_SECONDS)
