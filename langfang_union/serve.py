"""`make run`: prepares the site, serves it on this machine with its background worker, starts again what dies, and stops
all it started."""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from langfang_union.embedded_database import DatabaseUnavailableError, answers, restart, start

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
HOST = "127.0.0.1"
EXPLANATION = VAR / "2016年预算编制说明.pdf"
STOP_SECONDS = 20
LOOK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30
SETTLED_SECONDS = 60
"""What ran so long and then dies is started at once; what dies sooner waits, each time twice as long."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RefusedToStartError(Exception):
    """The site cannot be started; the message is a sentence for the person at the terminal."""


class _StopRequest(BaseException):
    """Ctrl-C, or the signal of whoever started this process."""


def main() -> int:
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays in force
            signal.signal(number, _request_stop)
    children = _Children()
    try:
        _serve(children)
    except _StopRequest:
        say("正在停止……")
        return 0
    except (RefusedToStartError, DatabaseUnavailableError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        children.stop()
    return 1


def _serve(children: "_Children") -> None:
    if (ROOT / ".env").exists():
        raise RefusedToStartError(
            "本目录有 .env，是正式部署的配置：演示不在正式数据上启动。见 docs/operations.md。"
        )
    port = _port()
    listener = _listen(port)
    VAR.mkdir(exist_ok=True)
    with open(VAR / ".prepare.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts, on two ports, prepare one after the other
        if not os.environ.get("DATABASE_URL"):
            say("启动数据库……")
            children.database = start(VAR / "pg")
        say("准备数据库、演示数据和静态文件……")
        if code := children.run("-m", "langfang_union.prepare"):
            raise RefusedToStartError(f"准备没有完成（退出码 {code}），原因见上文。")

    children.keep(
        "网站", "-m", "gunicorn", "langfang_union.wsgi_local:application", "--bind", f"fd://{listener.fileno()}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "120",
        "--graceful-timeout", "10", "--no-control-socket", "--log-level", "warning",
        pass_fds=(listener.fileno(),),
    )  # fmt: skip
    children.keep("后台程序", "manage.py", "procrastinate", "worker")
    _wait_until_answered(port, children)
    say(f"""
廊坊市总工会业务管理系统已启动（演示，仅限本机）
  网址    http://{HOST}:{port}/
  登录    打开网址，在登录页选一个角色即可进入，不用密码；改预算请选“财务经办”
  停止    Ctrl-C
""")
    children.is_settled = True
    code = children.run("manage.py", "explain_budget", "--year", "2016", "--output", str(EXPLANATION))
    if code == 0:
        say(f"  2016 年预算编制说明  {EXPLANATION}\n")
    else:
        say(f"  2016 年预算编制说明没有生成（退出码 {code}），原因见上文；网站照常使用。\n")
    while True:
        children.revive()
        time.sleep(LOOK_SECONDS)


def say(text: str) -> None:
    print(text, flush=True)


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
    raise _StopRequest


def _port() -> int:
    value = os.environ.get("PORT") or "8000"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise RefusedToStartError(f"PORT 应是 1 到 65535 之间的整数，现在是“{value}”。")
    os.environ["PORT"] = value
    return int(value)


def _listen(port: int) -> socket.socket:
    """The listening socket, taken before anything is prepared; early visitors wait in its queue."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except PermissionError:
        raise RefusedToStartError(f"当前账号无权使用端口 {port}，请换一个 1024 以上的端口。") from None
    except OSError:
        raise RefusedToStartError(
            f"端口 {port} 已被占用（也许 make run 已在运行）。请先停止占用它的程序，或换一个端口：PORT={port + 1} make run"
        ) from None
    return listener


def _wait_until_answered(port: int, children: "_Children") -> None:
    while True:
        children.revive()
        connection = http.client.HTTPConnection(HOST, port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


class _Service:
    """A process that has to be there all the time; how often it died lately decides how soon it is started again."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self._start = start
        self._pause = 0.0
        self._due: float | None = None
        self._begin()

    def _begin(self) -> None:
        self.process, self._started, self._due = self._start(), time.monotonic(), None

    @property
    def is_dead(self) -> bool:
        return self.process.poll() is not None

    def revive(self) -> None:
        """Start it again if it is dead and its time has come."""
        now = time.monotonic()
        if not self.is_dead:
            return
        if self._due is None:
            _kill_group(self.process)  # what it had started does not serve on beside its successor
            settled = now - self._started > SETTLED_SECONDS
            self._due = now + (0.0 if settled else self._pause)
            self._pause = 1.0 if settled else min(max(1.0, self._pause * 2), LONGEST_PAUSE_SECONDS)
            wait = f"，{self._due - now:.0f} 秒后" if self._due > now else "，"
            say(f"“{self.name}”意外退出（退出码 {self.process.returncode}）{wait}重新启动。")
        if now >= self._due:
            self._begin()


class _Children:
    """The processes of this site: they end with this one, even if it is killed outright."""

    def __init__(self) -> None:
        self.database: Path | None = None  # the socket directory of the embedded server, if it is used
        self.is_settled = False  # a site that never came up is told, not started over and over
        self._services: list[_Service] = []
        self._errand: subprocess.Popen[bytes] | None = None
        self._environment = os.environ | {"DJANGO_SETTINGS_MODULE": "langfang_union.settings_local"}

    def _spawn(self, *arguments: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        """Start Python with these arguments, out of reach of the terminal's Ctrl-C: this process passes it on."""
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, *arguments]
        environment = self._environment | {"PORT": os.environ["PORT"]}
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    def keep(self, name: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
        """Start Python with these arguments and start it again whenever it dies."""
        self._services.append(_Service(name, lambda: self._spawn(*arguments, pass_fds=pass_fds)))

    def run(self, *arguments: str) -> int:
        """Start Python with these arguments and wait for its end while watching over the others."""
        self._errand = self._spawn(*arguments)
        while self._errand.poll() is None:
            self.revive()
            time.sleep(0.05)
        code, self._errand = self._errand.returncode, None
        return code

    def revive(self) -> None:
        """Start again what has died. Raises RefusedToStartError if the site has not been up yet."""
        if self.database and not answers(self.database):
            say("数据库意外停止，正在重新启动……")
            try:
                restart(VAR / "pg")
            except DatabaseUnavailableError as error:
                say(f"{error}\n稍后再试。")
        for service in self._services:
            if service.is_dead and not self.is_settled:
                code = service.process.returncode
                raise RefusedToStartError(f"“{service.name}”意外退出（退出码 {code}），全部停止。")
            service.revive()

    def stop(self) -> None:
        running = [service.process for service in self._services]
        if self._errand is not None:
            running.append(self._errand)
        for child in running:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            _kill_group(child)
            child.wait()


def _kill_group(leader: subprocess.Popen[bytes]) -> None:
    """End what is left of the session that this child led."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
