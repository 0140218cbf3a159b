"""A production start is strict, and nothing in its environment can turn the demo on."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from apps.core.encryption import new_key

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "only-for-this-test-" * 4,
    "FIELD_KEYS": f"2:{new_key()},1:{new_key()}",
    "FIELD_INDEX_KEY": new_key(),
    "DATABASE_URL": "postgres://langfang_app@127.0.0.1:1/langfang_union",
    "ALLOWED_HOSTS": "union.example",
}
PRINT_MODE = "from django.conf import settings as s; print(s.SETTINGS_MODULE, s.DEMO_MODE, s.DEBUG)"


def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with this environment alone."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in PRODUCTION.items() if key != name}


def test_the_production_entry_ignores_a_demand_for_the_demo_settings():
    demand = PRODUCTION | {"DJANGO_SETTINGS_MODULE": "langfang_union.settings_local"}
    result = run("-c", f"import langfang_union.wsgi; {PRINT_MODE}", **demand)
    assert result.stdout.split() == ["langfang_union.settings", "False", "False"], result.stderr


def test_no_variable_the_settings_read_turns_on_the_demo_or_debugging():
    read = set(re.findall(r'env\.\w+\("(\w+)"', (ROOT / "langfang_union" / "settings.py").read_text()))
    assert {"SECRET_KEY", "DATABASE_URL", "BEHIND_PROXY"} <= read
    everything = (
        dict.fromkeys(read | {"DEMO", "DEMO_MODE", "DEBUG", "DJANGO_DEBUG"}, "1")
        | PRODUCTION
        | {"LOG_LEVEL": "INFO"}
    )
    result = run("-c", f"import langfang_union.wsgi; {PRINT_MODE}", **everything)
    assert result.stdout.split() == ["langfang_union.settings", "False", "False"], result.stderr


@pytest.mark.parametrize(
    "environment",
    [
        without("SECRET_KEY"),
        PRODUCTION | {"SECRET_KEY": "short"},
        PRODUCTION | {"SECRET_KEY": "a" * 50},
        PRODUCTION | {"SECRET_KEY": "django-insecure-" + PRODUCTION["SECRET_KEY"]},
        without("DATABASE_URL"),
        without("FIELD_KEYS"),
        without("FIELD_INDEX_KEY"),
        PRODUCTION | {"FIELD_KEYS": "1:"},
        PRODUCTION | {"FIELD_KEYS": PRODUCTION["FIELD_KEYS"].replace("2:", "1:")},
        PRODUCTION | {"FIELD_KEYS": f"1:{PRODUCTION['FIELD_INDEX_KEY']}"},
    ],
    ids=[
        "no secret key",
        "a short secret key",
        "a secret key of one letter",
        "a secret key as a new project gets it",
        "no database",
        "no keys for secret columns",
        "no key for their hashes",
        "the empty key of the example file",
        "two keys of one number",
        "one key for sealing and for hashes",
    ],
)
def test_production_does_not_start_half_configured(environment):
    result = run("-c", "import langfang_union.wsgi", **environment)
    assert result.returncode == 1
    assert "ImproperlyConfigured" in result.stderr
    assert PRODUCTION["FIELD_INDEX_KEY"] not in result.stderr


def test_the_check_before_a_deployment_finds_a_keyring_that_cannot_be_read():
    result = run("manage.py", "check", **PRODUCTION | {"FIELD_KEYS": "1:short"})
    assert result.returncode == 1
    assert "core.E001" in result.stderr


def test_the_command_line_works_on_production_as_soon_as_it_is_configured():
    result = run("manage.py", "shell", "--no-imports", "-c", PRINT_MODE, **PRODUCTION)
    assert result.stdout.split() == ["langfang_union.settings", "False", "False"], result.stderr


def test_neither_demo_nor_tests_run_beside_a_production_configuration(tmp_path):
    shutil.copytree(ROOT / "langfang_union", tmp_path / "langfang_union")
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in PRODUCTION.items()))
    result = run("-c", "import langfang_union.settings_local", folder=tmp_path)
    assert "ImproperlyConfigured" in result.stderr
    result = run("-m", "langfang_union.serve", folder=tmp_path)
    assert result.returncode == 1
    assert ".env" in result.stderr


def test_a_busy_port_is_refused_in_a_sentence():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = run("-m", "langfang_union.serve", PORT=str(port))
    assert result.returncode == 1
    assert f"端口 {port} 已被占用" in result.stderr


@pytest.mark.parametrize("port", ["0", "70000", "八千", "80 80"])
def test_a_port_that_is_none_is_refused_in_a_sentence(port):
    result = run("-m", "langfang_union.serve", PORT=port)
    assert result.returncode == 1
    assert "PORT" in result.stderr
    assert "Traceback" not in result.stderr
