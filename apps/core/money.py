"""Amounts: rounding, the one way of printing each form, and reading what people type. Decimal yuan everywhere.

Sentences print bare digits without empty decimals (format_wan, format_plain); tables, forms and formulas separate
thousands (format_wan_column, format_yuan, format_grouped, format_count). A minus sign is “-”, and no zero carries one.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

from cn2an import an2cn

from apps.core import text as typed
from apps.core.errors import Refused

FEN = Decimal("0.01")
WAN = Decimal(10_000)
MAX_AMOUNT = Decimal(10_000_000_000)
"""Amounts in yuan stay below this (the same bound stands in the database constraints)."""

_NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<part>[0-9]*))?")
_LONGEST = 40
# Within these the arithmetic below is exact (a Decimal computes with 28 digits).
_MOST_DIGITS = 12


def round_fen(amount: Decimal) -> Decimal:
    """Round half up to the fen: the one rounding every amount gets."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP) + Decimal(0)


def wan(amount: Decimal) -> Decimal:
    """Yuan to 万元 with two decimals, half up."""
    return round_fen(amount / WAN)


def format_wan(amount: Decimal) -> str:
    """Yuan in 万元 as sentences print it, without the unit: 22.28, 20, 43.65, 12000."""
    return f"{wan(amount):f}".rstrip("0").rstrip(".")


def format_wan_column(amount: Decimal) -> str:
    """Yuan in 万元 as tables print it: 22.28, 20.00, 12,000.00."""
    return f"{wan(amount):,.2f}"


def format_yuan(amount: Decimal) -> str:
    """222,800.00."""
    return f"{round_fen(amount):,.2f}"


def format_plain(amount: Decimal) -> str:
    """222800, or 222800.50 where there are jiao or fen: the form used inside sentences."""
    return f"{round_fen(amount):.2f}".removesuffix(".00")


def format_grouped(amount: Decimal) -> str:
    """With thousands separators and without empty decimals: 1,500, 367,500, 1,500.50."""
    return format_yuan(amount).removesuffix(".00")


def format_count(count: int | Decimal) -> str:
    """A whole number with thousands separators."""
    return f"{int(count):,}"


def format_ratio(ratio: Decimal) -> str:
    """Decimal("0.02") is printed 2%."""
    text = f"{ratio * 100 + 0:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def capital(amount: Decimal) -> str:
    """Amount in capitals as vouchers need it: 人民币肆拾叁万陆仟伍佰元整 (支付结算办法, appendix 1).

    Raises ValueError when the amount is not rounded to the fen or reaches 10^12 yuan.
    """
    if amount != round_fen(amount) or abs(amount) >= WAN * WAN * WAN:
        raise ValueError(f"no capital form for {amount}")
    words: str = an2cn(f"{abs(amount):.2f}", "rmb")
    return "人民币" + ("负" if amount < 0 else "") + words


_UNITS = {None: Decimal(1), "元": Decimal(1), "万": WAN, "万元": WAN, "分": FEN}
_CHINESE_FIGURES = frozenset("〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟元圆角分整点")


def parse_amount(
    text: str,
    *,
    field: str,
    name: str | None = None,
    negative: bool = False,
    maximum: Decimal = MAX_AMOUNT,
) -> Decimal:
    """Read an amount as typed or pasted: 436,500  436500.00  ￥436500  43.65万  ４３６５００元  5000分.

    As spreadsheets show them: (1,234.50) is below zero, a dash alone is zero.

    `field` is the label used in the sentence, `name` the form field. Raises Refused.
    """
    cleaned = _clean(text, field=field, name=name)
    if cleaned == "-":
        return Decimal("0.00")
    if bracketed := re.fullmatch(r"\(([^-+()]+)\)(万元|万|元|分)?", cleaned):
        cleaned = f"-{bracketed[1]}{bracketed[2] or ''}"
    matched = re.fullmatch(r"¥?(.*?)(万元|万|元|分)?", cleaned)
    body, unit = (matched[1], matched[2]) if matched else (cleaned, None)
    if body.startswith("-¥"):
        body = "-" + body[2:]
    if body and _CHINESE_FIGURES.issuperset(body):
        raise Refused(f"“{field}”请用数字填写，例如 200000 或 20万。", field=name, code="number")
    number = _number(body, field=field, name=name, example="222,800.50 或 22.28万")
    amount = number * _UNITS[unit]
    if amount < 0 and not negative:
        raise Refused(f"“{field}”不能是负数。", field=name, code="negative")
    if amount != round_fen(amount):
        raise Refused(
            f"“{field}”最多精确到分（两位小数），填写的是“{_shown(text)}”。", field=name, code="decimals"
        )
    if abs(amount) >= maximum:
        raise Refused(f"“{field}”必须小于 {format_plain(maximum)} 元。", field=name, code="too_large")
    return round_fen(amount)


def parse_count(text: str, *, field: str, name: str | None = None, maximum: int = 100_000_000) -> int:
    """Read a whole number from 0 to `maximum`. Raises Refused."""
    cleaned = _clean(text, field=field, name=name)
    number = _number(cleaned, field=field, name=name, example="557")
    if number < 0:
        raise Refused(f"“{field}”不能是负数。", field=name, code="negative")
    if number != number.to_integral_value():
        raise Refused(f"“{field}”应填写整数，填写的是“{_shown(text)}”。", field=name, code="decimals")
    if number > maximum:
        raise Refused(f"“{field}”不能超过 {maximum:,}。", field=name, code="too_large")
    return int(number)


def parse_ratio(text: str, *, field: str, name: str | None = None) -> Decimal:
    """Read a share between 0 and 1: 2%  40％  0.4. A bare number above 1 is refused as ambiguous. Raises Refused."""
    cleaned = _clean(text, field=field, name=name)
    is_percent = cleaned.endswith("%")
    number = _number(cleaned.removesuffix("%"), field=field, name=name, example="40% 或 0.4")
    ratio = number / 100 if is_percent else number
    if ratio < 0:
        raise Refused(f"“{field}”不能是负数。", field=name, code="negative")
    if ratio > 1:
        rule = "不能超过 100%" if is_percent else "应填写百分数（如 40%）或不大于 1 的小数（如 0.4）"
        raise Refused(f"“{field}”{rule}，填写的是“{_shown(text)}”。", field=name, code="too_large")
    if ratio != ratio.quantize(Decimal("0.000001")):
        raise Refused(
            f"“{field}”最多四位小数的百分数，填写的是“{_shown(text)}”。", field=name, code="decimals"
        )
    return ratio + Decimal(0)


def _clean(text: str, *, field: str, name: str | None) -> str:
    cleaned = typed.figure(text)
    if not cleaned:
        raise Refused(f"“{field}”没有填写。", field=name, code="required")
    return cleaned


def _number(cleaned: str, *, field: str, name: str | None, example: str) -> Decimal:
    matched = _NUMBER.fullmatch(cleaned) if len(cleaned) <= _LONGEST else None
    if matched is None or not (matched["whole"] or matched["part"]):
        raise Refused(
            f"“{field}”应填写数字，例如 {example}；“{_shown(cleaned)}”不是数字。", field=name, code="number"
        )
    whole = (matched["whole"] or "0").replace(",", "").lstrip("0") or "0"
    if len(whole) > _MOST_DIGITS or len((matched["part"] or "").rstrip("0")) > _MOST_DIGITS:
        raise Refused(f"“{field}”的数字太长：“{_shown(cleaned)}”。", field=name, code="too_long")
    return Decimal(f"{matched['sign']}{whole}.{matched['part'] or '0'}")


def _shown(text: str) -> str:
    """What was typed, short enough for a sentence."""
    visible = "".join(character if character.isprintable() else "?" for character in text.strip())
    return visible if len(visible) <= 20 else visible[:20] + "…"
