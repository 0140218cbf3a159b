"""Chinese ordinals of headings, and document numbers (文号) in their one written form."""

import re
from dataclasses import dataclass

from apps.core.errors import Refused

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")

OPENING = "〔【[［(（〈<＜《「『〖{｛⟨⟦"
CLOSING = "〕】]］)）〉>＞》」』〗}｝⟩⟧"
DOCUMENT_NUMBER = re.compile(
    rf"(?P<issuer>[㐀-鿿A-Za-z、·]{{1,30}}?)"
    rf"[{re.escape(OPENING)}](?P<year>[0-9]{{4}})年?[{re.escape(CLOSING)}]"
    r"(?P<nth>第?)(?P<number>[0-9]{1,6})(?P<hao>号?)"
)
"""A document number in any of the brackets people use, in text whose digits are half-width and spaces removed."""

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}


def chinese_number(number: int) -> str:
    """1 to 99,999,999 in lower-case Chinese numerals: 十, 二十, 一百零一, 一万零一十."""
    if not 0 <= number < 100_000_000:
        raise ValueError(f"no Chinese numeral for {number}")
    if number == 0:
        return _DIGITS[0]
    high, low = divmod(number, 10_000)
    text = _section(low) if low else ""
    if high:
        gap = "零" if low and low < 1_000 else ""
        text = _section(high) + "万" + gap + text
    return text[1:] if text.startswith("一十") else text


def _section(number: int) -> str:
    text = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _UNITS[place]
            gap = False
        else:
            gap = True
    return text


def heading(level: int, number: int) -> str:
    """Mark of a heading: level 1 一、 level 2 （一） level 3 1. level 4 （1） (GB/T 9704-2012)."""
    if level == 1:
        return f"{chinese_number(number)}、"
    if level == 2:
        return f"（{chinese_number(number)}）"
    if level == 3:
        return f"{number}."
    if level == 4:
        return f"（{number}）"
    raise ValueError(f"no heading level {level}")


@dataclass(frozen=True)
class DocumentNumber:
    """A document number in parts; `str()` gives the standard form."""

    issuer_code: str
    year: int
    number: int

    @property
    def is_order(self) -> bool:
        """Government orders (令) are the exception that keeps 第."""
        return self.issuer_code.endswith("令")

    def __str__(self) -> str:
        return f"{self.issuer_code}〔{self.year}〕{'第' if self.is_order else ''}{self.number}号"


def parse_document_number(text: str, *, field: str = "文号", name: str | None = None) -> DocumentNumber:
    """Read a document number in any brackets. Raises Refused naming the rule it breaks (GB/T 9704-2012)."""
    cleaned = re.sub(r"\s", "", text).translate(_HALF_WIDTH)
    example = "例如“廊工发〔2007〕31号”"
    if not cleaned:
        raise Refused(f"“{field}”没有填写。", field=name, code="required")
    matched = DOCUMENT_NUMBER.fullmatch(cleaned)
    if matched is None:
        shown = cleaned[:40]
        if not re.search(r"(?:19|20)[0-9]{2}", cleaned):
            raise Refused(
                f"“{field}”里没有四位数的年份：“{shown}”；应有年份，{example}。", field=name, code="year"
            )
        raise Refused(
            f"“{field}”应由发文机关代字、六角括号里的年份和序号组成，{example}；“{shown}”不是这种形式。",
            field=name,
            code="form",
        )
    year = int(matched["year"])
    if not 1949 <= year <= 2100:
        raise Refused(f"“{field}”的年份 {year} 不在 1949 至 2100 之间。", field=name, code="year")
    if matched["number"].startswith("0"):
        raise Refused(
            f"“{field}”的序号“{matched['number']}”前面不能补 0（不编虚位）。", field=name, code="zero"
        )
    return DocumentNumber(matched["issuer"], year, int(matched["number"]))


def normalise_document_number(text: str, *, field: str = "文号", name: str | None = None) -> str:
    """廊工发【2007】31号 becomes 廊工发〔2007〕31号. Raises Refused."""
    return str(parse_document_number(text, field=field, name=name))
