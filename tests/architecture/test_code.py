"""House rules that can be read off the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "apps"
MODULES = sorted(path for path in APPS.rglob("*.py") if "migrations" not in path.parts)
# What another app may import. The kernel `core` is open to all; `accounts` also offers its decorators and roles,
# `people` the registry through which programmes add to a person's page.
PUBLIC = {"models", "rules", "services", "selectors"}
ALSO_PUBLIC = {
    "accounts": {"access", "roles", "admin_site", "fields"},
    "cases": {"forms", "views"},
    "people": {"account_holds", "chapters"},
    # The demo of an app is loaded by the command that knows them all.
    "budget": {"demo"},
    "model_workers": {"demo"},
}
WRITES = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
SOURCE_SUFFIXES = {
    ".py",
    ".html",
    ".css",
    ".js",
    ".md",
    ".toml",
    ".sh",
    ".json",
    ".csv",
    ".txt",
    ".lock",
    ".example",
    "",
}
SOURCE_FOLDERS = (
    ".ci",
    "apps",
    "docs",
    "fixtures",
    "langfang_union",
    "scripts",
    "static",
    "templates",
    "tests",
)
MACHINE_PATH = re.compile(r"(?<![\w.}*])/(?:root|work|home/\w+|Users/\w+)/")


def identify(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node, node.func.id


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer(path: Path) -> str:
    """`views` for views.py and for every module of a package views/."""
    return path.relative_to(APPS).with_suffix("").parts[1]


def test_there_is_code_to_judge():
    assert {"core", "accounts", "budget", "home"} <= {path.relative_to(APPS).parts[0] for path in MODULES}


def test_amounts_never_pass_through_floating_point():
    found = []
    for path in sorted(APPS.rglob("*.py")):
        tree = ast.parse(path.read_text())
        found += [f"{identify(path)}:{node.lineno}: {node.value}" for node in ast.walk(tree)
                  if isinstance(node, ast.Constant) and isinstance(node.value, float)]  # fmt: skip
        found += [
            f"{identify(path)}:{node.lineno}: {name}"
            for node, name in calls(tree)
            if name in {"float", "FloatField"}
        ]
    assert found == []


def test_pages_forms_and_admin_leave_writing_to_services():
    found = []
    for path in MODULES:
        if len(path.relative_to(APPS).parts) < 2 or layer(path) not in {"views", "forms", "admin"}:
            continue
        found += [f"{identify(path)}:{node.lineno}: .{name}(" for node, name in calls(ast.parse(path.read_text()))
                  if name in WRITES and isinstance(node.func, ast.Attribute)]  # fmt: skip
    assert found == []


def test_a_module_names_its_subject():
    assert [path for path in MODULES if path.stem in {"utils", "helpers", "managers", "signals"}] == []


def test_a_module_stays_readable():
    lengths = {identify(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}, "split it by noun"


def test_an_app_uses_only_what_another_app_makes_public():
    found = []
    for path in MODULES:
        own = path.relative_to(APPS).parts[0]
        for name in imported(ast.parse(path.read_text())):
            top, *rest = name.split(".")
            if top == "apps" and len(rest) > 1 and rest[0] not in {own, "core"}:
                public = rest[1] in PUBLIC | ALSO_PUBLIC.get(rest[0], set())
                found += [] if public else [f"{identify(path)}: {name}"]
    assert found == []


def test_no_file_names_a_directory_of_one_machine():
    folders = [ROOT / name for name in SOURCE_FOLDERS]
    files = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    found = []
    for path in files:
        if path.suffix in SOURCE_SUFFIXES and path.is_file() and "__pycache__" not in path.parts:
            text = path.read_text(errors="replace")
            found += [f"{identify(path)}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert found == []
