"""The embedded server survives what happens on a real machine: races, kill -9, reused pids, odd paths."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from langfang_union.embedded_database import DATABASE, OWNER, RUNTIME

ROOT = Path(__file__).resolve().parents[2]
# A user of the server: starts it, says where it is, and leaves when its input ends.
CLIENT = """
import sys; from pathlib import Path; from langfang_union.embedded_database import start
print(start(Path(sys.argv[1])), flush=True); sys.stdin.read()
"""
FORKING_CLIENT = """
import os, sys; from pathlib import Path; from langfang_union.embedded_database import start
socket = start(Path(sys.argv[1]))
if os.fork() == 0:
    sys.exit()
os.wait()
print(socket, flush=True); sys.stdin.read()
"""


class Client:
    """One process that uses the server of `base`."""

    def __init__(self, base: Path, script: str = CLIENT):
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, base],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def socket(self) -> str:
        assert self.process.stdout
        socket = self.process.stdout.readline().strip()
        assert socket, f"the client ended with {self.process.wait()}"
        return socket

    def leave(self) -> int:
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)


@pytest.fixture
def join(request):
    """Start a client that is killed, if it still lives, when the test ends."""

    def start(base: Path, script: str = CLIENT) -> Client:
        client = Client(base, script)
        request.addfinalizer(client.process.stdout.close)
        request.addfinalizer(lambda: client.process.poll() is None and client.kill())
        return client

    return start


@pytest.fixture
def base(tmp_path):
    base = tmp_path / "pg"
    yield base
    if postgres_processes(base):  # a failed test left it running: join it and be the last to leave
        Client(base).leave()


def query(socket: str, sql: str, user: str = RUNTIME) -> list[tuple]:
    with psycopg.connect(host=socket, port=5432, user=user, dbname=DATABASE, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def keep_a_backend_busy(socket: str) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        query(socket, "SELECT sum(n) FROM generate_series(1, 10000000) n")


def postgres_processes(base: Path) -> list[int]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(base.resolve() / "data"):
                found.append(int(pid))
        except OSError:
            continue
    return found


def postmaster(base: Path) -> int:
    return int((base / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_many_first_starts_at_once_make_one_server_and_the_last_to_leave_stops_it(base, join):
    clients = [join(base) for _ in range(5)]
    sockets = {client.socket() for client in clients}
    assert len(sockets) == 1
    assert query(sockets.pop(), "SELECT 1") == [(1,)]
    assert (base / "server.log").read_text().count("starting PostgreSQL") == 1
    for client in clients[:-1]:
        assert client.leave() == 0
    assert postgres_processes(base)
    assert clients[-1].leave() == 0
    assert postgres_processes(base) == []


def test_committed_rows_survive_a_killed_server(base, join):
    witness = join(base)
    socket = witness.socket()
    query(socket, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n", OWNER)
    # A backend at work does not notice at once that its postmaster is gone; nothing may start beside it.
    busy = threading.Thread(target=keep_a_backend_busy, args=[socket])
    busy.start()
    while not query(
        socket, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT sum(n)%' AND state = 'active'"
    ):
        pass
    os.kill(postmaster(base), signal.SIGKILL)
    successor = join(base)
    assert query(successor.socket(), "SELECT count(*) FROM kept") == [(1000,)]
    busy.join()
    assert witness.leave() == 0
    assert query(socket, "SELECT count(*) FROM kept") == [(1000,)]
    assert successor.leave() == 0


def test_a_killed_user_does_not_keep_the_server_alive(base, join):
    killed, remaining = join(base), join(base)
    killed.socket(), remaining.socket()
    killed.kill()
    assert remaining.leave() == 0
    assert postgres_processes(base) == []


def test_a_start_killed_while_the_cluster_is_made_leaves_nothing_behind(base, join):
    killed = join(base)
    deadline = time.monotonic() + 30
    while not list(base.glob("new-*/base")):
        assert time.monotonic() < deadline
    killed.kill()
    assert not (base / "data").exists()
    successor = join(base)
    assert query(successor.socket(), "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'langfang%'") == [(2,)]
    assert list(base.glob("new-*")) == []
    assert successor.leave() == 0


def test_a_stale_pid_now_held_by_a_stranger_harms_neither(base, join):
    join(base).leave()
    account = base.stat().st_uid  # the server's own: a pid of another account could not be its predecessor
    stranger = subprocess.Popen(["sleep", "60"], user=account)
    try:
        (base / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{base / 'data'}\n1\n5432\n{base}\n\n")
        (base / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n{base / 'data'}\n1\n5432\n{base}\n\n")
        client = join(base)
        assert query(client.socket(), "SELECT 1") == [(1,)]
        assert stranger.poll() is None
        assert client.leave() == 0
    finally:
        stranger.kill()
        stranger.wait()


def test_the_exit_of_a_forked_child_does_not_stop_the_server(base, join):
    client = join(base, FORKING_CLIENT)
    assert query(client.socket(), "SELECT 1") == [(1,)]
    assert client.leave() == 0


@pytest.mark.parametrize("name", ["总工会 预算's, 2016", "很长的目录名" * 12])
def test_the_working_copy_may_lie_at_an_unusual_path(tmp_path, join, name):
    client = join(tmp_path / name)
    assert query(client.socket(), "SELECT current_user") == [(RUNTIME,)]
    assert client.leave() == 0
    assert postgres_processes(tmp_path / name) == []


def test_the_runtime_role_has_rows_but_no_structure(base, join):
    client = join(base)
    socket = client.socket()
    query(
        socket,
        "CREATE TABLE line (id bigserial PRIMARY KEY, amount numeric CONSTRAINT positive CHECK (amount > 0))",
        OWNER,
    )
    query(socket, "INSERT INTO line (amount) VALUES (1); UPDATE line SET amount = 2")
    refused = [
        "CREATE TABLE other (id int)",
        "CREATE TEMPORARY TABLE line (id int)",
        "ALTER TABLE line DROP CONSTRAINT positive",
        "ALTER TABLE line DISABLE TRIGGER ALL",
        "TRUNCATE line",
        "DROP TABLE line",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
    ]
    for sql in refused:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            query(socket, sql)
    assert query(socket, "SELECT amount FROM line") == [(2,)]
    assert client.leave() == 0
