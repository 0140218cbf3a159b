"""Numbers of people and units: identity numbers (GB 11643), credit codes (GB 32100), bank accounts, phones."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent, ValidationError

from apps.core import text as typed
from apps.core.errors import Refused

Sex = Literal["male", "female"]

# GB 11643-1999: eighteen characters, the last a check character of ISO 7064 MOD 11-2. Residence permits for people of
# Hong Kong, Macao and Taiwan follow it with area codes 81, 82 and 83.
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_OLD_RESIDENT = re.compile(r"[0-9]{15}")
_PERMIT_AREAS = ("81", "82", "83")
# 外国人永久居留身份证: three letters and twelve digits until 2023, eighteen digits beginning with 9 since.
_FOREIGN = re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]")
# What is typed to find somebody by a number: all of it digits from the seven of a landline on, or eleven and more of
# them in a row beside other words. Last digits are four; years and document numbers are shorter.
_ONLY_A_NUMBER = re.compile(r"[A-Z]{0,3}[0-9]{7,}X?")
_NUMBER_AMONG_WORDS = re.compile(r"[0-9]{11,}X?", re.IGNORECASE)
# An identity number or a card, in one piece or in the groups in which they are read out; two dates are neither. Of the
# number of a foreigner the day of birth tells it from the number of a certificate.
_IN_A_SENTENCE = re.compile(
    r"[0-9]{15}|[0-9]{6}[ \-][0-9]{8}[ \-][0-9]{3}|(?:[0-9]{4}[ \-]){3}[0-9]{3}"
    r"|(?<![A-Z])[A-Z]{3}[0-9]{6}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{2}(?![0-9])",
    re.IGNORECASE,
)
# Digits in whatever groups: one of eighteen is known by its birth date and check character.
_IN_GROUPS = re.compile(r"[0-9](?:[\s\-_.·]{0,3}[0-9]){16,}[\s\-_.·]{0,3}X?", re.IGNORECASE)
_BORN = re.compile(r"[0-9]{6}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
OLDEST_AGE = 130
# 居民身份证试行条例 of 1984-04-06: whoever was born before got a number of the area codes in force since.
_FIRST_ISSUED = 1984


@dataclass(frozen=True)
class ResidentNumber:
    """An identity number as it is kept: eighteen characters; what it says of its holder; what to look at again."""

    number: str
    birth_on: date
    sex: Sex
    old_number: str = ""
    """The number of fifteen digits it was converted from."""
    warnings: tuple[str, ...] = ()


def parse_resident_number(text: str, *, today: date, field: str = "证件号码") -> ResidentNumber:
    """The number under GB 11643, one of fifteen digits converted. Raises Refused naming the field and the rule.

    An area code that is no longer in force is only a warning: it stays valid in the numbers that carry it.
    """
    number = typed.code(text)
    old = ""
    if _OLD_RESIDENT.fullmatch(number):
        old = number
        seventeen = f"{number[:6]}19{number[6:]}"
        number = seventeen + ric.calc_check_digit(f"{seventeen}0")
    if not _RESIDENT.fullmatch(number):
        raise Refused(
            f"“{field}”应为 18 位（前 17 位数字，末位数字或 X）或 15 位数字，现在是 {len(number)} 位。",
            code="length",
        )
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Refused(f"“{field}”第 7 至 14 位不是有效的出生日期。", code="birth") from None
    if birth > today or today.year - birth.year > OLDEST_AGE:
        raise Refused(f"“{field}”里的出生日期 {birth:%Y-%m-%d} 不可能，请核对。", code="birth")
    if ric.calc_check_digit(number) != number[-1]:
        raise Refused(f"“{field}”的校验码不对（GB 11643），请核对每一位。", code="check_digit")
    warnings = []
    if number[:2] not in _PERMIT_AREAS and not _is_area_since(
        number[:6], max(birth.year, _FIRST_ISSUED), today.year
    ):
        warnings.append(f"前 6 位 {number[:6]} 不在区划代码表中，可能是已撤并的旧代码，请核对。")
    if old:
        warnings.append("15 位旧号已换算为 18 位，旧号一并保留。")
    sex: Sex = "male" if int(number[16]) % 2 else "female"
    return ResidentNumber(number, birth, sex, old, tuple(warnings))


@lru_cache(maxsize=10_000)
def _is_area_since(code: str, first: int, last: int) -> bool:
    """Whether an area had this code in one of these years. Remembered: a roster asks for the same by the thousand."""
    for year in range(first, last + 1):
        try:
            ric.get_birth_place(f"{code}{year:04}0101")
        except (InvalidComponent, KeyError):  # KeyError: the province is known, the area is not
            continue
        except ValidationError:
            return False
        return True
    return False


def parse_foreign_number(text: str, *, field: str = "证件号码") -> str:
    """The number of a 外国人永久居留身份证. Raises Refused."""
    number = typed.code(text)
    if not _FOREIGN.fullmatch(number):
        raise Refused(
            f"“{field}”不是外国人永久居留身份证号码（3 个字母加 12 位数字，或以 9 开头的 18 位）。",
            code="foreign",
        )
    return number


def parse_credit_code(text: str, *, field: str = "统一社会信用代码", is_trusted: bool = False) -> str:
    """The code under GB 32100-2015. `is_trusted` lets a wrong check character pass: codes were issued that fail it.

    Raises Refused.
    """
    code = typed.code(text)
    if not re.fullmatch(r"[0-9A-Z]{18}", code):
        raise Refused(f"“{field}”应为 18 位数字和大写字母，现在是 {len(code)} 位。", code="length")
    if _is_resident(code) and not uscc.is_valid(code):
        raise Refused(f"“{field}”里是一个人的证件号码，请改填单位的代码。", code="number")
    wrong = sorted(set(code) & set("IOSVZ"))
    if wrong:
        raise Refused(
            f"“{field}”不会用到字母 {'、'.join(wrong)}（GB 32100），请核对是否为数字。", code="letter"
        )
    if not is_trusted and not uscc.is_valid(code):
        raise Refused(
            f"“{field}”的校验码不对（GB 32100）；如与证书一致，请填写“代码核实说明”。", code="check_digit"
        )
    return code


def is_credit_code(text: str) -> bool:
    """Whether it is the code of a unit by its check character."""
    return uscc.is_valid(typed.code(text))


@dataclass(frozen=True)
class Account:
    number: str
    warnings: tuple[str, ...] = ()


def parse_account(text: str, *, field: str = "银行账号") -> Account:
    """A card or passbook number. A failing Luhn digit is only a warning: passbooks do not have one. Raises Refused."""
    number = typed.code(text)
    if not number.isascii() or not number.isdigit():
        raise Refused(f"“{field}”只能是数字。", code="digits")
    if not 8 <= len(number) <= 30:
        raise Refused(f"“{field}”应为 8 至 30 位数字，现在是 {len(number)} 位。", code="length")
    warnings = []
    if not (16 <= len(number) <= 19 and luhn.is_valid(number)):
        warnings.append("账号不像银行卡号（16 至 19 位且校验位相符），如是存折请核对每一位。")
    return Account(number, tuple(warnings))


def parse_phone(text: str, *, field: str = "联系电话") -> str:
    """A mobile number of eleven digits, or a landline with its area code. Raises Refused."""
    digits = re.sub(r"[()]", "", typed.code(text)).removeprefix("+86")
    if not digits.isascii() or not digits.isdigit():
        raise Refused(f"“{field}”只能填写一个电话号码，由数字组成。", code="digits")
    if not re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{9,11}|[2-8][0-9]{6,7}", digits):
        raise Refused(f"“{field}”应为 11 位手机号，或带区号的固定电话。", code="length")
    return digits


def number_in(text: str) -> str:
    """The number of a person that is searched for, also one among words; empty when there is none."""
    plain = typed.code(text)
    if birth_day(text) is not None:
        return ""
    if _ONLY_A_NUMBER.fullmatch(plain):
        return plain
    found = _NUMBER_AMONG_WORDS.search(unicodedata.normalize("NFKC", typed.visible(text)))
    return found[0].upper() if found else ""


def birth_day(text: str) -> typed.WrittenDay | None:
    """The day or month of birth that is searched for; no telephone number begins with 19, a year of birth may."""
    try:
        found = typed.read_day(text)
    except ValueError:
        return None
    is_run = typed.figure(text).isdecimal() and not typed.figure(text).startswith("19")
    return None if found is None or is_run or not 1850 <= found.day.year <= 2100 else found


def holds_number(text: str) -> bool:
    """Whether a search is or holds a number of a person, which must not stand in an address."""
    return bool(number_in(text))


def require_no_number(text: str, *, label: str, field: str | None = None) -> str:
    """A reason or remark without surrounding blanks. Raises Refused when an identity or account number stands in it."""
    if tells_number(text):
        raise Refused(f"“{label}”里不要写证件号码或银行账号，写末四位即可。", field=field, code="number")
    return text.strip()


def tells_number(text: str) -> bool:
    """Whether an identity or account number stands in a text, however it is grouped."""
    normal = unicodedata.normalize("NFKC", typed.visible(text))
    return bool(_IN_A_SENTENCE.search(normal)) or any(
        _is_resident(run[start : start + 18])
        for found in _IN_GROUPS.finditer(normal)
        for run in (typed.code(found[0]),)
        for start in range(len(run) - 17)
    )


def _is_resident(number: str) -> bool:
    """Eighteen characters with a birth date and the right check character."""
    return bool(_BORN.fullmatch(number)) and ric.calc_check_digit(number) == number[-1]


def last_four(number: str) -> str:
    return number[-4:]


def mask_number(number: str) -> str:
    """131002********1234: the area and the last four."""
    return (
        f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}" if len(number) > 10 else mask_account(number)
    )


def mask_account(number: str) -> str:
    return f"****{number[-4:]}"


def mask_phone(number: str) -> str:
    """138****1234; of a landline the last four."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else mask_account(number)
