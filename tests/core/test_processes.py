"""Work in a process of its own: its lines come in order, and what passes a limit is given up."""

import pytest

from apps.core.processes import Limits, Overrun, lines_from

LIMITS = Limits(memory_bytes=256 * 1024 * 1024, cpu_seconds=20, silent_seconds=60)


def said(program: str, data: bytes = b"", limits: Limits = LIMITS) -> list[bytes]:
    with lines_from(["-I", "-c", program], data, limits=limits) as lines:
        return list(lines)


def test_bytes_go_in_and_lines_come_out():
    data = b"x" * 3_000_000
    program = "import sys; d = sys.stdin.buffer.read(); print(len(d)); print(d.decode()); print('end')"
    assert said(program, data) == [b"3000000", data, b"end"]


def test_a_process_that_never_ends_is_given_up():
    with pytest.raises(Overrun):
        said("print(1, flush=True)\nwhile True: pass", limits=Limits(LIMITS.memory_bytes, 1, 60))


def test_a_process_that_wants_more_memory_is_given_up():
    with pytest.raises(Overrun):
        said("x = bytearray(1024 * 1024 * 1024); print(len(x))")


def test_a_process_that_fails_has_no_answer():
    with pytest.raises(Overrun):
        said("print(1); raise SystemExit(3)")


def test_a_process_gets_no_key_and_no_password(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "example")
    monkeypatch.setenv("DATABASE_URL", "example")
    told = said("import os; print(*sorted(os.environ))")[0].split()
    assert set(told) <= {b"PATH", b"LANG", b"LD_LIBRARY_PATH", b"LC_CTYPE"}
