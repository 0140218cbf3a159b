"""The lock files are whole, hashed, free of addresses and in step with pyproject.toml. Works without a network."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": RUNTIME + PROJECT["dependency-groups"]["dev"],
    "scripts/installer.lock": ["uv"],
}
ENTRY = re.compile(r"^([\w.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
# The locks are compiled for the oldest Python the project supports, whatever runs this test.
ENVIRONMENT = default_environment() | {"python_version": "3.11", "python_full_version": "3.11.0"}


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version, _ in ENTRY.findall((ROOT / lock).read_text())}


def closure(requirements: list[str], locked: dict[str, str]) -> tuple[set[str], list[str]]:
    """Every package the requirements lead to, and what is wrong with its pin."""
    pending, seen, faults = [(Requirement(text), "pyproject.toml") for text in requirements], set(), []
    while pending:
        requirement, source = pending.pop()
        name = canonicalize_name(requirement.name)
        if name not in locked:
            faults.append(f"{name}, needed by {source}, is not locked")
            continue
        if not requirement.specifier.contains(locked[name], prereleases=True):
            faults.append(f"{name}=={locked[name]} does not satisfy {source}: {requirement}")
        for extra in ["", *requirement.extras]:
            if (name, extra) not in seen:
                seen.add((name, extra))
                for text in distribution(name).requires or []:
                    needed = Requirement(text)
                    if needed.marker is None or needed.marker.evaluate(ENVIRONMENT | {"extra": extra}):
                        pending.append((needed, name))
    return {name for name, _ in seen}, faults


@pytest.mark.parametrize("lock", WANTED)
def test_a_lock_holds_what_the_project_needs_and_nothing_else(lock):
    locked = pins(lock)
    needed, faults = closure(WANTED[lock], locked)
    assert faults == []
    assert set(locked) - needed == set(), "no longer needed"


@pytest.mark.parametrize("lock", WANTED)
def test_what_is_installed_is_what_is_locked(lock):
    assert {name: distribution(name).version for name in pins(lock)} == pins(lock)


@pytest.mark.parametrize("lock", WANTED)
def test_every_line_of_a_lock_is_a_hashed_pin_and_none_is_an_address(lock):
    text = (ROOT / lock).read_text()
    assert "http" not in text
    assert "--index" not in text
    rest = [
        line for line in ENTRY.sub("", text).splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert rest == []


def test_both_locks_pin_the_same_versions():
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_no_lock_with_addresses_is_kept():
    assert not (ROOT / "uv.lock").exists()
