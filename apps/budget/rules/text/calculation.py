"""Reading a calculation (测算句): counts, rates and totals in the order they stand, and what they amount to."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from apps.budget.rules.text.amounts import NUMBER, UNIT, Amount, decimal, from_match
from apps.budget.rules.text.draft import Draft, Taken

# Nouns that are counted; 人 is none in 人员, 人民, 人均 and the like.
_NOUN = (
    r"人次|人(?!均|员|民|大|工|才|事|文|力|社|数|口)|户|名|位|家|场次|场|次|期|套|台|件|辆|册|份"
    r"|课时|个(?!月|百分)|个月|天|班"
)
_FREE = r"(?![/·])(?!以[上下内外])"
_COUNTED = re.compile(rf"(?<!第)(?P<number>{NUMBER})[ 　]?(?=[\u4e00-\u9fff])")
_OWN_NOUN = tuple(re.compile(rf"[\u4e00-\u9fff]{{{length}}}{_FREE}") for length in (4, 3, 2, 1))
_ANY_NOUN = re.compile(rf"(?:{_NOUN}){_FREE}")
_PER = r"人次|人|户|县|乡镇|村|名|位|家|场次|场|次|期|套|台|件|辆|册|份|课时|个月|个|月|天|班"
_RATE = re.compile(
    rf"(?:每(?P<before>月|次|天|期|场))?每[一]?(?P<per>{_PER})(?:每[一]?(?P<also>月|次|天|期|场|年))?"
    rf"(?P<words>[^\d，。；：、（）()\n每]{{0,14}}?)(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})"
    rf"|每(?P<any>(?!年)[\u4e00-\u9fff]{{1,4}}?)(?P<any_number>{NUMBER})[ 　]?(?P<any_unit>{UNIT})"
    rf"|(?P<slash_number>{NUMBER})[ 　]?(?P<slash_unit>{UNIT})[ 　]?(?:/|每)(?P<slash_per>{_PER})"
    rf"(?:[/·・每](?P<slash_also>月|次|天|期|场|年))?"
    rf"|人均(?P<mean_words>[^\d，。；：、（）()\n]{{0,10}}?)(?P<mean_number>{NUMBER})[ 　]?(?P<mean_unit>{UNIT})"
)
_FIXED = re.compile(rf"(?:定额|据实)[^\d，。；\n]{{0,12}}?(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})")
SHARE = "计提"
"""The `word` of an addend that is a base times a ratio."""
_SHARE = re.compile(
    rf"(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})[，,]?按[ 　]?(?P<ratio>{NUMBER})[ 　]?%计提"
    rf"(?:[，,]?其中[ 　]?(?P<share>{NUMBER})[ 　]?%)?"
)
_TOTAL = re.compile(
    r"(?P<word>共计|合计|总计|小计|共需|共安排|共列支|共支出|共拨付|共发放|需资金|总金额|(?<!公)[共计](?=[ 　]?\d))"
    rf"(?P<words>[^\d，。；\n]{{0,30}}?)(?P<number>{NUMBER})[ 　]?(?P<unit>{UNIT})"
)
_WHICH = re.compile(r"其中")
_INSIDE = re.compile(r"(?:其中)?[内包]?[含括](?![量金税])|包括|其中")
_SAME_NOUN = {"名": "人", "位": "人", "月": "个月", "场次": "场", "县": "个", "乡镇": "个", "村": "个"}
_NEAR = 80
"""How many characters a count may stand behind the one it lies within."""
_GRAND_TOTAL_WORDS = ("共计", "合计", "总计", "共")


class Kind(Enum):
    COUNT = "count"
    RATE = "rate"
    ADDEND = "addend"
    TOTAL = "total"
    WHICH = "which"


@dataclass(slots=True)
class Token:
    kind: Kind
    start: int
    end: int
    value: Decimal = Decimal(0)
    nouns: tuple[str, ...] = ()
    amount: Amount | None = None
    word: str = ""
    inside: "Token | None" = None
    """For a count like 含6人: the count it lies within."""
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One summand of a total: a rate with the counts it is multiplied by, or (no counts) an amount of its own."""

    rate: Token
    counts: tuple[Token, ...]
    value: Decimal

    @property
    def start(self) -> int:
        return min([self.rate.start, *(count.start for count in self.counts)])

    @property
    def end(self) -> int:
        return max([self.rate.end, *(count.end for count in self.counts)])


@dataclass(frozen=True, slots=True)
class Sum:
    """A printed total and the products that must make it up; `subtotals` when it adds up earlier totals."""

    total: Token
    products: tuple[Product, ...] = ()
    subtotals: tuple[Token, ...] = ()


@dataclass(slots=True)
class Calculation:
    """What one explanation says about its amount."""

    tokens: list[Token]
    products: list[Product] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    is_complete: bool = True
    """False when a rate has no count to go with it: then the total behind it cannot be judged."""

    @property
    def totals(self) -> list[Token]:
        return [token for token in self.tokens if token.kind == Kind.TOTAL]


def read_calculation(draft: Draft, start: int, end: int) -> Calculation:
    calculation = Calculation(_tokens(draft.plain, start, end))
    _pair(draft.plain, calculation)
    return calculation


def _tokens(plain: str, start: int, end: int) -> list[Token]:
    tokens = list(_rates(plain, start, end))
    rates = Taken([(token.start, token.end) for token in tokens])
    tokens += [token for token in _addends(plain, start, end) if not rates.touches(token.start, token.end)]
    tokens.sort(key=lambda token: token.start)
    taken = Taken([(token.start, token.end) for token in tokens])
    nouns = {noun for token in tokens for noun in token.nouns if not re.fullmatch(_PER, noun)}
    for matched in _TOTAL.finditer(plain, start, end):
        amount = from_match(matched)
        if not taken.touches(amount.start, amount.end):
            tokens.append(
                Token(Kind.TOTAL, amount.start, amount.end, amount.value, amount=amount, word=matched["word"])
            )
    for matched in _COUNTED.finditer(plain, start, end):
        noun = _noun(plain, matched.end(), end, nouns)
        if noun and not taken.touches(matched.start(), matched.end() + len(noun)):
            tokens.append(
                Token(
                    Kind.COUNT,
                    matched.start(),
                    matched.end() + len(noun),
                    decimal(matched["number"]),
                    (_SAME_NOUN.get(noun, noun),),
                )
            )
    tokens += [Token(Kind.WHICH, *matched.span()) for matched in _WHICH.finditer(plain, start, end)]
    tokens.sort(key=lambda token: token.start)
    _nest(plain, tokens)
    return tokens


def _noun(plain: str, at: int, end: int, own: Collection[str]) -> str:
    """What is counted: one of the text's own nouns (每班400元) or a common one; empty when it is neither."""
    for pattern in _OWN_NOUN if own else ():
        matched = pattern.match(plain, at, end)
        if matched and matched[0] in own:
            return matched[0]
    matched = _ANY_NOUN.match(plain, at, end)
    return matched[0] if matched else ""


def _rates(plain: str, start: int, end: int) -> Iterator[Token]:
    for matched in _RATE.finditer(plain, start, end):
        prefix = next((name for name in ("slash_", "mean_", "any_") if matched[f"{name}number"]), "")
        amount = from_match(matched, prefix)
        words = (
            matched["per"],
            matched["before"],
            matched["also"],
            matched["any"],
            matched["slash_per"],
            matched["slash_also"],
        )
        nouns = tuple(_SAME_NOUN.get(noun, noun) for noun in words if noun and noun != "年") or ("人",)
        yield Token(Kind.RATE, *matched.span(), amount.value, nouns, amount)


def _addends(plain: str, start: int, end: int) -> Iterator[Token]:
    """Amounts that need no count: 定额安排20万元; 工资总额68750万元，按2%计提，其中40%为……"""
    for matched in _FIXED.finditer(plain, start, end):
        amount = from_match(matched)
        yield Token(Kind.ADDEND, amount.start, amount.end, amount.value, amount=amount)
    for matched in _SHARE.finditer(plain, start, end):
        amount = from_match(matched)
        value = amount.value * decimal(matched["ratio"]) / 100
        if matched["share"]:
            value = value * decimal(matched["share"]) / 100
        yield Token(Kind.ADDEND, *matched.span(), value, amount=amount, word=SHARE)


def _nest(plain: str, tokens: Sequence[Token]) -> None:
    """Mark counts that lie within the count before them: 245人（含……6人）, 245人，含……6人."""
    whole: Token | None = None
    for token in tokens:
        if token.kind != Kind.COUNT:
            continue
        if whole is not None and whole.nouns == token.nouns and token.start - whole.end <= _NEAR:
            between = plain[whole.end : token.start]
            opened = max(between.rfind("（"), between.rfind("("))
            closed = max(between.rfind("）"), between.rfind(")"))
            clause = between[opened + 1 :] if opened > closed else re.split(r"[，,；。\n]", between)[-1]
            is_bracket = (
                opened > closed and re.fullmatch(r"[^，。；：\d\n（()）]{0,10}", between[:opened]) is not None
            )
            is_clause = (
                opened <= closed and between.count("，") <= 1 and not re.search(r"[；。\n\d]", between)
            )
            matched = _INSIDE.match(clause.strip())
            if matched and (is_bracket or (is_clause and "其中" not in matched[0])):
                token.inside = whole
                continue
        whole = token


def _pair(plain: str, calculation: Calculation) -> None:
    """Give every rate its counts, then every total the products (or earlier totals) before it."""
    tokens = calculation.tokens
    open_products: list[Product] = []
    open_totals: list[Token] = []
    leading: Token | None = None
    is_broken = False
    for at, token in enumerate(tokens):
        if token.kind == Kind.RATE:
            counts = _counts_for(plain, tokens, at, may_follow=not calculation.products)
            if counts is None:
                calculation.is_complete = False
                is_broken = True
                continue
            value = token.value
            for count in counts:
                count.is_used = True
                value *= count.value
            product = Product(token, counts, value)
            calculation.products.append(product)
            open_products.append(product)
        elif token.kind == Kind.ADDEND:
            open_products.append(Product(token, (), token.value))
        elif token.kind == Kind.TOTAL:
            if is_broken:
                is_broken = False
                open_products = []
            elif open_products:
                calculation.sums.append(Sum(token, tuple(open_products)))
                open_products = []
                open_totals.append(token)
            elif len(open_totals) > 1 and token.word in _GRAND_TOTAL_WORDS:
                calculation.sums.append(Sum(token, subtotals=tuple(open_totals)))
                open_totals = []
            elif leading is None and not calculation.sums:
                leading = token
    if open_products and leading is not None and not calculation.sums and not is_broken:
        calculation.sums.append(Sum(leading, tuple(open_products)))


def _counts_for(
    plain: str, tokens: Sequence[Token], at: int, *, may_follow: bool
) -> tuple[Token, ...] | None:
    """The counts a rate multiplies: for each of its nouns the nearest before it.

    Only the first rate may take a count behind it (每人400元，557人共计……): later on that is the next class.
    """
    found = []
    for position, noun in enumerate(tokens[at].nouns):
        count = _before(tokens, at, noun, may_share=position > 0)
        if count is None and may_follow:
            count = _behind(plain, tokens, at, noun)
        if count is None:
            return None
        found.append(count)
    return tuple(found)


def _before(tokens: Sequence[Token], at: int, noun: str, *, may_share: bool) -> Token | None:
    for token in reversed(tokens[max(0, at - 40) : at]):
        if token.kind == Kind.TOTAL:
            return None
        if token.kind == Kind.COUNT and token.inside is None and noun in token.nouns:
            return token if may_share or not token.is_used else None
    return None


def _behind(plain: str, tokens: Sequence[Token], at: int, noun: str) -> Token | None:
    for token in tokens[at + 1 : at + 8]:
        if token.kind in (Kind.TOTAL, Kind.RATE, Kind.ADDEND) or "。" in plain[tokens[at].end : token.start]:
            return None
        if token.kind == Kind.COUNT and token.inside is None and noun in token.nouns and not token.is_used:
            return token
    return None
