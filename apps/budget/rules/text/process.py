"""Reads and checks one foreign text in a process of its own: a line of JSON and the file's bytes in, a line of JSON out."""

import json
import sys
from typing import Any

from apps.budget.rules.text.foreign import check_foreign, checked_to_json, known_from_json, refusal_to_json
from apps.core.errors import Refused
from apps.core.texts import SourceText, from_pasted, words_of


def answer(task: dict[str, Any], data: bytes) -> str:
    try:
        source = _source(task, data)
    except Refused as refused:
        return refusal_to_json(refused)
    return checked_to_json(check_foreign(source, year=task["year"], known=known_from_json(task["known"])))


def _source(task: dict[str, Any], data: bytes) -> SourceText:
    return from_pasted(data.decode()) if task["name"] is None else words_of(task["name"], data)


def main() -> None:
    task = json.loads(sys.stdin.buffer.readline())
    sys.stdout.buffer.write(answer(task, sys.stdin.buffer.read()).encode() + b"\n")


if __name__ == "__main__":
    main()
