"""Lines of code by app and layer: `scripts/count_lines.py [--at REVISION]`, as tables for docs/architecture.md.

Counted are lines that hold code: no blanks, comments or docstrings. The Python is formatted by ruff, so a line is a
line everywhere. Templates and migrations stand apart.
"""

import argparse
import ast
import io
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("rules", "models", "selectors", "services", "documents", "forms", "views", "other")
# Where a file belongs that is no layer of its own.
BESIDE = {
    "resources": "forms", "fields": "forms", "tables": "documents", "printing": "documents",
    "checks": "documents", "chapters": "selectors", "account_holds": "selectors", "admin": "views", "urls": "views",
}  # fmt: skip
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_python(source: str) -> int:
    docstrings = {
        line
        for node in _documented(ast.parse(source))
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


def _documented(tree: ast.AST) -> Iterator[ast.expr]:
    """Strings that stand by themselves: docstrings, also those below a name."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value


def lines_of_template(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip())


def count(root: Path) -> dict[str, Counter[str]]:
    """By app: lines of each layer, of its templates and of its migrations."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted((root / "apps").rglob("*.py")):
        app, *inner = path.relative_to(root / "apps").with_suffix("").parts
        if inner:
            found[app][_layer(inner[0])] += lines_of_python(path.read_text(encoding="utf-8"))
    for path in sorted((root / "langfang_union").rglob("*.py")):
        found["langfang_union"]["other"] += lines_of_python(path.read_text(encoding="utf-8"))
    for path in sorted((root / "templates").rglob("*.html")):
        own = path.relative_to(root / "templates").parts[0]
        found[own if (root / "apps" / own).is_dir() else "shared"]["templates"] += lines_of_template(
            path.read_text(encoding="utf-8")
        )
    for path in sorted((root / "tests").rglob("*.py")):
        found["tests"]["other"] += lines_of_python(path.read_text(encoding="utf-8"))
    return dict(found)


def _layer(name: str) -> str:
    if name == "migrations":
        return name
    name = BESIDE.get(name, name)
    return name if name in LAYERS else "other"


def table(found: dict[str, Counter[str]]) -> str:
    columns = (*LAYERS, "Python", "templates", "migrations")
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    whole: Counter[str] = Counter()
    for app, counted in sorted(found.items()):
        counted["Python"] = sum(counted[layer] for layer in LAYERS)
        if app != "tests":
            whole.update(counted)
            lines.append(_row(app, counted, columns))
    lines.append(_row("**all**", whole, columns))
    lines.append(_row("tests", found.get("tests", Counter()), columns))
    return "\n".join(lines)


def _row(name: str, counted: Counter[str], columns: tuple[str, ...]) -> str:
    return f"| {name} | " + " | ".join(f"{counted[one]:,}" if counted[one] else "" for one in columns) + " |"


def at(revision: str) -> dict[str, Counter[str]]:
    """As that revision was, without touching what lies here."""
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        return count(Path(folder))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--at", metavar="REVISION", help="as that revision was")
    given = arguments.parse_args()
    sys.stdout.write(table(at(given.at) if given.at else count(ROOT)) + "\n")


if __name__ == "__main__":
    main()
