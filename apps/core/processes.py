"""Work that might take all the memory or never end, in a process of its own: bytes in, lines out, within limits.

What goes wrong there brings down that process and nothing else.
"""

import fcntl
import logging
import os
import resource
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PIECE = 64 * 1024
_AHEAD_BYTES = 1024 * 1024
"""How far the process may be ahead of whoever takes the lines."""
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG")
"""All of the environment it gets: no key, no password, no address of a database."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    memory_bytes: int
    cpu_seconds: int
    silent_seconds: int
    """So long it may say nothing: less processor time passes while the machine has other work."""


class Overrun(Exception):
    """The process passed a limit, fell silent or ended badly: what it said so far is not the whole answer."""


@contextmanager
def lines_from(
    arguments: Sequence[str], data: bytes, *, limits: Limits, folder: Path | str = "/"
) -> Iterator[Iterator[bytes]]:
    """The lines this Python prints with these arguments, taken once, in order; it reads all of `data` first.

    Taking them raises Overrun. Leaving ends the process.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={key: os.environ[key] for key in _KEPT if key in os.environ},
        cwd=folder,
    )
    try:
        _limit(process.pid, limits)
        _let_run_ahead(process)
        _hand_over(process, data)
        del data
        yield _lines(process, limits)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _limit(pid: int, limits: Limits) -> None:
    """Set from here, before it gets anything to work on: nothing it imports can come first."""
    with suppress(ProcessLookupError):  # it ended already; its silence is judged by the reader
        resource.prlimit(pid, resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        resource.prlimit(pid, resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _let_run_ahead(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):  # the machine allows less: slower, not wrong
        if process.stdout is not None:
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _AHEAD_BYTES)


def _hand_over(process: "subprocess.Popen[bytes]", data: bytes) -> None:
    """The process reads all of it before it answers, so neither side waits for the other."""
    if process.stdin is None:
        return
    with suppress(BrokenPipeError):  # it ended early; what it says, or its silence, is judged by the reader
        process.stdin.write(data)
    _close(process.stdin)


def _close(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        pipe.close()


def _lines(process: "subprocess.Popen[bytes]", limits: Limits) -> Iterator[bytes]:
    """Waited for no longer than so many seconds at a time: the reader may be slow, the process may not hang."""
    if process.stdout is None:
        return
    number = process.stdout.fileno()
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    rest: list[bytes] = []
    while True:
        if not waiting.poll(limits.silent_seconds * 1000):
            raise Overrun
        piece = os.read(number, _PIECE)
        if not piece:
            break
        first, *more = piece.split(b"\n")
        rest.append(first)
        for following in more:
            yield b"".join(rest)
            rest = [following]
    try:
        code = process.wait(limits.silent_seconds)
    except subprocess.TimeoutExpired:
        raise Overrun from None
    if code != 0:
        _log.warning("A process with limits ended with %s: %s", code, process.args)
        raise Overrun
