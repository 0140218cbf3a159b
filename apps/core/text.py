"""One cleaning of typed text, alike in forms, rosters, searches, the grid and the text checker.

Say which kind of value it is: a name, a line, prose of several lines, a code (numbers of people, accounts, phones),
a figure, a day, or words to search by. The answer is the cleaned value or a Refused sentence that names the field.
Cleaning twice is cleaning once. What letters there are is asked of fontTools, whose Unicode is newer than Python's own.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from fontTools.unicodedata import script

from apps.core.errors import Refused

DOT = "·"
"""U+00B7, the dot of names (GB/T 15834, 间隔号)."""

# Whole characters that radicals of U+2E80–2EFF stand for (EquivalentUnifiedIdeograph of Unicode 18); those of
# U+2F00–2FDF have a compatibility mapping.
_RADICALS = {
    ord(radical): plain
    for radical, plain in zip(
        "⺁⺇⺌⺍⺗⺘⺝⺟⺠⺡⺣⺩⺮⺶⺼⻁⻄⻅⻆⻉⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻳",
        "厂几小小心手月母民水火王竹羊肉虎西见角贝车長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙龟",
        strict=True,
    )
} | {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
# Marks nobody sees: zero widths, directions, soft hyphens, fillers, byte order marks, what is no character.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff]"
)
# A selector behind an ideograph chooses its shape (葛󠄀); anywhere else it is an invisible mark.
_SELECTORS = re.compile("[\U000e0100-\U000e01ef]")
_STRAY_SELECTORS = re.compile(
    "(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]+"
)
_BROKEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_WIDE: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDE_WORDS = {code: plain for code, plain in _WIDE.items() if chr(code).isalnum()}
_DOTS: dict[int, int | str] = dict.fromkeys(map(ord, "・･•‧∙●⋅.．。｡"), DOT)
_APOSTROPHES: dict[int, int | str] = dict.fromkeys(map(ord, "’‘ʼ＇`´"), "'")
_HYPHENS: dict[int, int | str] = dict.fromkeys(map(ord, "‐‑‒–—―−－﹣"), "-")
_NAME_SIGNS = _WIDE_WORDS | _DOTS | _APOSTROPHES | _HYPHENS
# Not NFKC: that makes 102 of 10² and 1 of ①.
_FIGURE_SIGNS: dict[int, int | str] = _WIDE | _HYPHENS | {0xFFE5: "¥", 0x3002: "."}
_AROUND_DOT = re.compile(rf"\s*{DOT}[\s{DOT}]*")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[・･•‧∙●⋅.．。｡·](?=[^\W\d_])")
_SEPARATORS = re.compile(r"[\s\-_.·]")


def is_han(character: str) -> bool:
    return bool(script(character) == "Hani")


@lru_cache(maxsize=50_000)
def is_letter(character: str) -> bool:
    """A letter of any script, an ideograph newer than Python's tables and 〇 among them."""
    return character.isalpha() or is_han(character)


def visible(text: str) -> str:
    """The text without marks nobody sees, characters that only look like another put in its place."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text).translate(_RADICALS))
    return _STRAY_SELECTORS.sub("", text)


def prose(text: str, *, label: str, field: str | None = None) -> str:
    """Text of several lines, its ends trimmed. Raises Refused for control characters."""
    text = _LINE_ENDS.sub("\n", visible(text))
    _refuse_broken(text, label=label, field=field)
    return "\n".join(words.rstrip() for words in text.split("\n")).strip()


def line(text: str, *, label: str, field: str | None = None) -> str:
    """Text of one line: runs of blanks and line ends are one blank. Raises Refused for control characters."""
    text = visible(text)
    _refuse_broken(text, label=label, field=field)
    return " ".join(text.split())


def title(text: str, *, label: str, field: str | None = None) -> str:
    """What a unit, a hospital or an authority is called: one line, letters and digits half width, signs as they are."""
    return line(text, label=label, field=field).translate(_WIDE_WORDS)


def asked(text: str) -> str:
    """The words of a search box: one line; control characters, which nothing that is kept holds, are left out."""
    return " ".join(_BROKEN.sub("", visible(text)).split())


def name(text: str, *, label: str = "姓名", field: str | None = None) -> str:
    """The name of a person: no blank between Chinese characters, one between words, one form of the dot.

    Raises Refused for anything but letters, dots, hyphens and apostrophes.
    """
    text = line(text, label=label, field=field).translate(_NAME_SIGNS)
    text = unicodedata.normalize("NFC", _AROUND_DOT.sub(DOT, text)).strip(f"{DOT} ")
    joined = ""
    for word in text.split():
        last = _SELECTORS.sub("", joined)[-1:]
        joined += word if not joined or (is_han(last) and is_han(word[0])) else f" {word}"
    if not joined:
        raise Refused(f"“{label}”没有填写。", field=field, code="required")
    if any(not (is_letter(one) or one in f"{DOT}- '") for one in _SELECTORS.sub("", joined)):
        raise Refused(f"“{label}”只能由汉字、字母和间隔号组成。", field=field, code="characters")
    return joined


def code(text: str) -> str:
    """A number as it is kept: half width, upper case, without blanks and the signs that group it."""
    text = _SEPARATORS.sub("", visible(text).translate(_FIGURE_SIGNS)).upper()
    return unicodedata.normalize("NFC", text)


def figure(text: str) -> str:
    """The characters of a number, half width, without blanks."""
    return "".join(visible(text).translate(_FIGURE_SIGNS).split())


def search(text: str) -> str:
    """Words as they are looked for and as they are stored for it: widths, shapes, dots and case do not matter."""
    text = _SELECTORS.sub("", visible(text)).translate(_WIDE_WORDS | _APOSTROPHES | _HYPHENS).lower()
    return " ".join(_BETWEEN_LETTERS.sub("", unicodedata.normalize("NFC", text)).split())


def is_broken(text: str) -> bool:
    """Whether a control character or half a character stands in the text."""
    return _BROKEN.search(text) is not None


def _refuse_broken(text: str, *, label: str, field: str | None) -> None:
    if is_broken(text):
        raise Refused(f"“{label}”含有看不见的控制字符，请删去后再试。", field=field, code="control")


# --- days --------------------------------------------------------------------------------------------------

_DAY = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"|(?:[-/.]|年)(?P<m>[0-9]{1,2})(?:(?:[-/.]|月)(?P<d>[0-9]{1,2})[日号]?|月?))(?:T?00:00(?::00(?:\.0+)?)?)?"
)


@dataclass(frozen=True)
class WrittenDay:
    """A day as somebody wrote it; of a month alone the first day, and `is_exact` says so."""

    day: date
    is_exact: bool = True


def read_day(text: str) -> WrittenDay | None:
    """1958-03-04, 1958/3/4, 1958.3.4, 19580304, 1958年3月4日, with the midnight that a spreadsheet adds; 1958.3.

    None for what is no date; raises ValueError for a day that the calendar does not have.
    """
    matched = _DAY.fullmatch(figure(text).rstrip("."))
    if matched is None:
        return None
    month, day = matched["month"] or matched["m"], matched["day"] or matched["d"]
    return WrittenDay(date(int(matched["year"]), int(month), int(day or 1)), is_exact=day is not None)


def day(text: str, *, label: str, field: str | None = None) -> date:
    """The day. Raises Refused for what is none, for a month alone too: nobody invents the day."""
    shown = line(text, label=label, field=field)[:20]
    try:
        found = read_day(text)
    except ValueError:
        raise Refused(f"“{label}”没有“{shown}”这一天。", field=field, code="date") from None
    if found is None:
        raise Refused(f"“{label}”应填写日期，例如 2016-01-31；“{shown}”不是日期。", field=field, code="date")
    if not found.is_exact:
        raise Refused(
            f"“{label}”要写到日，例如 {found.day:%Y-%m}-15；“{shown}”只到月。", field=field, code="month"
        )
    return found.day
