"""`make run`: prepares the site, serves it on this machine with its background worker, and stops what it started."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from langfang_union.embedded_database import DatabaseUnavailableError, answers, start

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
HOST = "127.0.0.1"
EXPLANATION = VAR / "2016年预算编制说明.pdf"
STOP_SECONDS = 20
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

    children.spawn(
        "-m", "gunicorn", "langfang_union.wsgi_local:application", "--bind", f"fd://{listener.fileno()}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "120",
        "--graceful-timeout", "10", "--no-control-socket", "--log-level", "warning",
        pass_fds=(listener.fileno(),),
    )  # fmt: skip
    children.spawn("manage.py", "procrastinate", "worker", "--shutdown-graceful-timeout", "10")
    _wait_until_answered(port, children)
    say(f"""
廊坊市总工会业务管理系统已启动（演示，仅限本机）
  网址    http://{HOST}:{port}/
  登录    打开网址，在登录页选一个角色即可进入，不用密码；改预算请选“财务经办”
  停止    Ctrl-C
""")
    code = children.run("manage.py", "explain_budget", "--year", "2016", "--output", str(EXPLANATION))
    if code == 0:
        say(f"  2016 年预算编制说明  {EXPLANATION}\n")
    else:
        say(f"  2016 年预算编制说明没有生成（退出码 {code}），原因见上文；网站照常使用。\n")
    children.wait_for_an_end()


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
        children.check()
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


class _Children:
    """The processes of this site: they end with this one, even if it is killed outright."""

    def __init__(self) -> None:
        self.database: Path | None = None  # the socket directory of the embedded server, if it is used
        self._running: list[subprocess.Popen[bytes]] = []
        self._environment = os.environ | {"DJANGO_SETTINGS_MODULE": "langfang_union.settings_local"}

    def spawn(self, *arguments: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        """Start Python with these arguments, out of reach of the terminal's Ctrl-C: this process passes it on."""
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, *arguments]
        environment = self._environment | {"PORT": os.environ["PORT"]}
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=pass_fds,
            start_new_session=True,
        )
        self._running.append(child)
        return child

    def run(self, *arguments: str) -> int:
        """Start Python with these arguments and wait for its end while watching over the others."""
        child = self.spawn(*arguments)
        while child.poll() is None:
            self.check(ignoring=child)
            time.sleep(0.05)
        self._running.remove(child)
        return child.returncode

    def check(self, ignoring: subprocess.Popen[bytes] | None = None) -> None:
        """Raises RefusedToStartError if one of the processes has ended by itself."""
        for child in self._running:
            if child is not ignoring and child.poll() is not None:
                name = " ".join(map(str, child.args[4:6]))  # type: ignore[index]
                raise RefusedToStartError(f"“{name}”意外退出（退出码 {child.returncode}），全部停止。")

    def wait_for_an_end(self) -> None:
        while True:
            self.check()
            if self.database and not answers(self.database):
                say("数据库意外停止，正在重新启动……")
                start(VAR / "pg")
            time.sleep(1)

    def stop(self) -> None:
        for child in self._running:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


if __name__ == "__main__":
    sys.exit(main())
