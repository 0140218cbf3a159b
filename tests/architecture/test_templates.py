"""Templates and static files keep to the content security policy and to old browsers."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("apps/*/templates/**/*.html")])
SCRIPTS = sorted(ROOT.glob("static/**/*.js"))
SHEETS = sorted(ROOT.glob("static/**/*.css"))
COMMENTS = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|<!--.*?-->", re.DOTALL)
CODE_COMMENTS = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)

IN_MARKUP = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)(?![^>]*\stype=\"application/json\")", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\s(?:hx-)?on[a-z:-]+\s*=", re.IGNORECASE),
    "an expression htmx would evaluate": re.compile(r"\shx-(?:vars\s*=|(?:vals|headers)\s*=\s*['\"]js:)|javascript:"),
    "an address on another host": re.compile(r"(?:src|href|action|srcset|poster)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE),
}  # fmt: skip
IN_SCRIPTS = {
    "evaluated text": re.compile(r"\beval\(|new Function\("),
    "a style attribute": re.compile(r"setAttribute\(\s*[\"']style[\"']"),
    "an address on another host": re.compile(r"[\"'`](?:https?:)?//(?!www\.w3\.org/)"),
    "something browsers of 2020 lack": re.compile(
        r"structuredClone\(|\.at\(-|\.replaceAll\(|Object\.hasOwn\("
    ),
}
IN_SHEETS = {
    "an address on another host": re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//"),
    "something browsers of 2020 lack": re.compile(r":has\(|@layer\b|@container\b|^\s*&", re.MULTILINE),
}


def identify(path: Path) -> str:
    return str(path.relative_to(ROOT))


def offences(text: str, patterns: dict[str, re.Pattern[str]]) -> list[str]:
    return [
        f"{what}: {match.group()}" for what, pattern in patterns.items() for match in pattern.finditer(text)
    ]


def offending(
    files: list[Path], comments: re.Pattern[str], patterns: dict[str, re.Pattern[str]]
) -> list[str]:
    assert files
    return [
        f"{identify(path)}: {offence}"
        for path in files
        for offence in offences(comments.sub("", path.read_text()), patterns)
    ]


@pytest.mark.parametrize(
    "markup",
    [
        '<p class="a" style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<button onclick="x()">',
        '<button hx-on:click="x()">',
        '<a href="javascript:x()">',
        '<img src="//cdn.example/a.png">',
    ],
)
def test_the_guard_sees_each_offence(markup):
    assert offences(markup, IN_MARKUP)


def test_a_template_keeps_to_the_content_security_policy():
    assert offending(TEMPLATES, COMMENTS, IN_MARKUP) == []


def test_a_script_keeps_to_the_policy_and_to_old_browsers():
    assert offending(SCRIPTS, CODE_COMMENTS, IN_SCRIPTS) == []


def test_a_style_sheet_keeps_to_old_browsers():
    assert offending(SHEETS, CODE_COMMENTS, IN_SHEETS) == []
