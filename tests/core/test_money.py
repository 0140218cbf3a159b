from contextlib import suppress
from decimal import Decimal

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.core.money import (
    capital,
    format_count,
    format_grouped,
    format_plain,
    format_ratio,
    format_wan,
    format_wan_column,
    format_yuan,
    parse_amount,
    parse_count,
    parse_ratio,
    round_fen,
    wan,
)

amounts = st.decimals(min_value=-9_999_999_999, max_value=9_999_999_999, places=2)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.005", "0.01"), ("0.015", "0.02"), ("0.004999", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")],
)
def test_half_a_fen_is_rounded_up_and_away_from_zero(exact, rounded):
    assert round_fen(Decimal(exact)) == Decimal(rounded)


def test_rounding_never_gives_a_negative_zero():
    assert str(round_fen(Decimal("-0.001"))) == "0.00"
    assert format_wan(Decimal("-10")) == "0"


@pytest.mark.parametrize(
    ("amount", "sentence", "table"),
    [
        ("222800", "22.28", "22.28"),
        ("200000", "20", "20.00"),
        ("5500000", "550", "550.00"),
        ("436500", "43.65", "43.65"),
        ("5922800", "592.28", "592.28"),
        ("7859300", "785.93", "785.93"),
        ("50", "0.01", "0.01"),
        ("49.99", "0", "0.00"),
        ("-1050000", "-105", "-105.00"),
        ("0", "0", "0.00"),
        ("100", "0.01", "0.01"),
        ("1000000000", "100000", "100,000.00"),
        ("-12345678900", "-1234567.89", "-1,234,567.89"),
        ("-49.99", "0", "0.00"),
    ],
)
def test_wan_is_printed_without_needless_zeros_in_sentences_and_with_two_decimals_in_tables(
    amount, sentence, table
):
    assert format_wan(Decimal(amount)) == sentence
    assert format_wan_column(Decimal(amount)) == table


def test_wan_is_rounded_once_from_the_yuan():
    assert wan(Decimal("49.995")) == Decimal("0.00")
    assert wan(Decimal(445)) == Decimal("0.04")
    assert wan(Decimal(450)) == Decimal("0.05")


def test_yuan_is_printed_with_thousands_and_fen():
    assert format_yuan(Decimal("222800")) == "222,800.00"
    assert format_yuan(Decimal("-1234567.005")) == "-1,234,567.01"


def test_plain_amounts_show_fen_only_where_there_are_some():
    assert format_plain(Decimal("222800.00")) == "222800"
    assert format_plain(Decimal("222800.5")) == "222800.50"
    assert format_plain(Decimal("-1234567.8")) == "-1234567.80"


def test_amounts_in_formulas_are_separated_and_show_fen_only_where_there_are_some():
    assert format_grouped(Decimal("367500.00")) == "367,500"
    assert format_grouped(Decimal("-1500.5")) == "-1,500.50"


@pytest.mark.parametrize(
    "form",
    [format_wan, format_wan_column, format_yuan, format_plain, format_grouped, format_count, format_ratio],
)
def test_a_zero_never_carries_a_minus_sign(form):
    for nothing in ("-0", "-0.00", "-0.000"):
        assert not form(Decimal(nothing)).startswith("-")


def test_counts_and_ratios_have_one_printed_form():
    assert [format_count(count) for count in (1234567, Decimal("1E+3"), -1234567)] == [
        *("1,234,567", "1,000", "-1,234,567")
    ]
    assert [format_ratio(Decimal(ratio)) for ratio in ("0.02", "0.4", "1", "0.125", "0", "0.10")] == [
        *("2%", "40%", "100%", "12.5%", "0%", "10%")
    ]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1409.50", "人民币壹仟肆佰零玖元伍角"),
        ("6007.14", "人民币陆仟零柒元壹角肆分"),
        ("1680.32", "人民币壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "人民币壹拾万柒仟元伍角叁分"),
        ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "人民币叁佰贰拾伍元零肆分"),
        ("436500", "人民币肆拾叁万陆仟伍佰元整"),
        ("222800", "人民币贰拾贰万贰仟捌佰元整"),
        ("0", "人民币零元整"),
        ("0.05", "人民币伍分"),
        ("0.50", "人民币伍角"),
        ("10", "人民币壹拾元整"),
        ("100000001", "人民币壹亿零壹元整"),
        ("7859300", "人民币柒佰捌拾伍万玖仟叁佰元整"),
        ("-436500", "人民币负肆拾叁万陆仟伍佰元整"),
    ],
)
def test_amounts_in_capitals_follow_the_payment_rules(amount, words):
    assert capital(Decimal(amount)) == words


def read_capitals(words: str) -> Decimal:
    """A reader of our own, so that the printed words are checked by something that did not write them."""
    words = words.removeprefix("人民币").removesuffix("整")
    sign = -1 if words.startswith("负") else 1
    words = words.removeprefix("负")
    whole, _, part = words.rpartition("元") if "元" in words else ("", "", words)
    fen = 0
    digit = 0
    for character in part:
        if character in "角分":
            fen += digit * (10 if character == "角" else 1)
        else:
            digit = "零壹贰叁肆伍陆柒捌玖".index(character)
    total = section = digit = 0
    for character in whole:
        if character in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(character)
        elif character in "拾佰仟":
            assert digit, f"a unit without a digit in {words}"
            section += digit * 10 ** ("拾佰仟".index(character) + 1)
            digit = 0
        else:
            total = (total + section + digit) * {"万": 10_000, "亿": 100_000_000}[character]
            if character == "万" and total >= 10**8 * 10_000:
                raise AssertionError(words)
            section = digit = 0
            if character == "亿":
                billions, total = total, 0
                whole_rest = (
                    read_capitals(whole.split("亿", 1)[1] + "元整") if whole.split("亿", 1)[1] else Decimal(0)
                )
                return sign * (billions + whole_rest + Decimal(fen) / 100)
    return sign * (total + section + digit + Decimal(fen) / 100)


@given(amounts)
def test_capitals_can_be_read_back_to_the_fen(amount):
    assert read_capitals(capital(amount)) == amount


@given(amounts)
def test_capitals_never_write_two_zeros_in_a_row_nor_a_unit_without_one(amount):
    words = capital(amount)
    assert "零零" not in words
    assert "零拾" not in words
    assert "零万" not in words
    assert not words.startswith("人民币拾")


@pytest.mark.parametrize("amount", ["0.001", "1000000000000"])
def test_an_amount_without_a_capital_form_is_a_mistake_of_the_caller(amount):
    with pytest.raises(ValueError, match="no capital form"):
        capital(Decimal(amount))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("436,500", "436500"),
        ("436500.00", "436500"),
        ("４３６，５００．５０", "436500.50"),
        ("43.65万", "436500"),
        ("43.65 万元", "436500"),
        ("0.0001万", "1"),
        ("￥436500", "436500"),
        ("¥ 436,500.5 元", "436500.50"),
        (" 1500 ", "1500"),
        ("0", "0"),
        (".5", "0.50"),
        ("12.", "12"),
        ("1.5000", "1.50"),
        ("9999999999.99", "9999999999.99"),
    ],
)
def test_amounts_are_read_in_the_forms_people_type(text, amount):
    parsed = parse_amount(text, field="标准")
    assert parsed == Decimal(amount)
    assert parsed.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("　", "required"),
        ("abc", "number"),
        ("12a", "number"),
        ("1e5", "number"),
        ("NaN", "number"),
        ("Infinity", "number"),
        ("-inf", "number"),
        ("1,23", "number"),
        ("1,2345", "number"),
        ("1.2.3", "number"),
        ("٣", "number"),
        ("①", "number"),
        (".", "number"),
        ("万", "number"),
        ("一百", "number"),
        ("1" * 41, "number"),
        ("0.005", "decimals"),
        ("0.0000001万", "decimals"),
        ("0.00000000000000000000000001", "too_long"),
        ("5.0000000000000000000000000001万", "too_long"),
        ("-1", "negative"),
        ("－1", "negative"),
        ("10000000000", "too_large"),
        ("1000000万", "too_large"),
        ("1" * 30, "too_long"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_field_and_the_rule(text, code):
    with pytest.raises(Refused) as refusal:
        parse_amount(text, field="标准", name="rate")
    assert refusal.value.code == code
    assert refusal.value.field == "rate"
    assert refusal.value.message.startswith("“标准”")
    assert refusal.value.message.endswith("。")


def test_a_negative_amount_is_read_where_the_caller_allows_it():
    assert parse_amount("-1,500.50", field="调整数", negative=True) == Decimal("-1500.50")
    assert parse_amount("−2万", field="调整数", negative=True) == Decimal("-20000")


@given(amounts)
def test_every_printed_amount_is_read_back(amount):
    assert parse_amount(format_yuan(amount), field="金额", negative=True) == amount
    assert parse_amount(format_plain(amount), field="金额", negative=True) == amount


@given(st.text(max_size=60))
def test_no_text_whatever_breaks_the_readers(text):
    for read in (parse_amount, parse_count, parse_ratio):
        with suppress(Refused):
            assert read(text, field="金额") >= 0


@pytest.mark.parametrize(
    ("text", "count"), [("557", 557), ("1,234", 1234), ("２４５", 245), ("245.0", 245), ("0", 0)]
)
def test_counts_are_read(text, count):
    assert parse_count(text, field="人数") == count


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "negative"),
        ("1.5", "decimals"),
        ("1000000000", "too_large"),
        ("1e9", "number"),
        ("", "required"),
    ],
)
def test_what_is_no_count_is_refused(text, code):
    with pytest.raises(Refused) as refusal:
        parse_count(text, field="人数", name="people")
    assert (refusal.value.code, refusal.value.field) == (code, "people")


@pytest.mark.parametrize(
    ("text", "ratio"),
    [("2%", "0.02"), ("40％", "0.4"), ("0.4", "0.4"), ("100%", "1"), ("1", "1"), ("12.5%", "0.125")],
)
def test_ratios_are_read_as_percent_or_as_a_share(text, ratio):
    assert parse_ratio(text, field="比例") == Decimal(ratio)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("40", "too_large"),
        ("101%", "too_large"),
        ("-2%", "negative"),
        ("%", "number"),
        ("0.12345678", "decimals"),
    ],
)
def test_a_ratio_that_could_mean_two_things_is_refused(text, code):
    with pytest.raises(Refused) as refusal:
        parse_ratio(text, field="比例")
    assert refusal.value.code == code


def render(source: str, **values: object) -> str:
    return Template(source).render(Context(values))


def test_the_number_filters_stand_in_every_template():
    amount = Decimal("222800")
    assert (
        render("{{ a|yuan }} {{ a|wan }} {{ a|wan2 }} {{ a|plain }}", a=amount)
        == "222,800.00 22.28 22.28 222800"
    )
    assert render("{{ a|wan }} {{ a|wan2 }}", a=Decimal("-12345678900")) == "-1234567.89 -1,234,567.89"
    assert render("{{ a|capital }}", a=amount) == "人民币贰拾贰万贰仟捌佰元整"
    assert render("{{ n|count }} {{ r|ratio }}", n=12345, r=Decimal("0.02")) == "12,345 2%"


def test_empty_values_print_nothing_or_a_dash_and_zero_is_not_empty():
    assert (
        render("[{{ a|yuan }}][{{ a|yuan|dash }}][{{ zero|yuan|dash }}]", a=None, zero=Decimal(0))
        == "[][—][0.00]"
    )


def test_a_binary_number_in_a_page_is_a_mistake_and_not_a_silent_gap():
    with pytest.raises(TypeError):
        render("{{ a|yuan }}", a=0.1)
