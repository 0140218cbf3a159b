"""Names: how they are cleaned, and the words a person is found by."""

import os
import re
from functools import lru_cache
from itertools import islice, product

# Every reading of a character is searchable; the readings of 47,000 phrases would take 43 MB in every process.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, pinyin

from apps.core import text as typed
from apps.core.errors import Refused

MAX_LENGTH = 40
# 单 is chán, dān and shàn: every reading of a name is searchable, up to this many.
_MAX_READINGS = 12
# What is read as one: a Chinese character, or a word in Latin letters.
_SPOKEN = re.compile(r"[A-Za-z]+|.", re.DOTALL)


def clean_name(text: str, *, field: str = "姓名") -> str:
    """The name as it is kept. Raises Refused, also for one that is too long."""
    name = typed.name(text, label=field)
    if len(name) > MAX_LENGTH:
        raise Refused(f"“{field}”最多 {MAX_LENGTH} 个字，现在是 {len(name)} 个字。", code="too_long")
    return name


def require_letters(text: str, *, label: str, field: str) -> str:
    """The name of a unit, hospital or authority. Raises Refused for one of digits and signs alone."""
    if not any(typed.is_letter(character) for character in text):
        raise Refused(f"“{label}”里要有文字，不能只有数字或符号。", field=field, code="characters")
    return text


def spoken(words: str) -> tuple[str, str]:
    """What orders people as their names are spoken, out of their search words: the pinyin stands behind the name."""
    name, _, rest = words.strip().partition(" ")
    return rest.partition(" ")[0], name


@lru_cache(maxsize=20_000)
def _sounds(word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How a character or Latin word may be read, and the initials of that. Remembered: names are made of few characters."""
    (sounds,) = pinyin([word], style=Style.NORMAL, heteronym=True)
    readings = tuple(sound.lower().replace(" ", "") for sound in sounds)
    return readings, tuple(dict.fromkeys(reading[:1] for reading in readings))


def search_words(*names: str) -> str:
    """Everything a person is found by, each word between spaces: the names, their pinyin and its initials."""
    words: dict[str, None] = {}
    for name in map(typed.search, filter(None, names)):
        words[name] = None
        letters = "".join(filter(typed.is_letter, name))
        # The surname's readings come first: they differ most often.
        parts = [_sounds(part) for part in reversed(_SPOKEN.findall(letters))]
        for which in (0,) if letters.isascii() else (0, 1):
            for reading in islice(product(*(one[which] for one in parts)), _MAX_READINGS):
                words["".join(reversed(reading))] = None
    return f" {' '.join(words)} "
