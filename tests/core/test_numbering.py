from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.core.numbering import (
    chinese_number,
    heading,
    normalise_document_number,
    parse_document_number,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (10000, "一万"),
        (10010, "一万零一十"),
        (100100, "十万零一百"),
        (12345678, "一千二百三十四万五千六百七十八"),
    ],
)
def test_numbers_are_written_in_chinese_numerals(number, words):
    assert chinese_number(number) == words


@given(st.integers(0, 99_999_999), st.integers(0, 99_999_999))
def test_two_numbers_never_share_a_numeral(one, other):
    assert (chinese_number(one) == chinese_number(other)) == (one == other)


def test_heading_marks_follow_the_four_levels_of_official_documents():
    assert [heading(level, 3) for level in (1, 2, 3, 4)] == ["三、", "（三）", "3.", "（3）"]
    assert heading(2, 12) == "（十二）"
    with pytest.raises(ValueError, match="no heading level"):
        heading(5, 1)


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("廊工发【2007】31号", "廊工发〔2007〕31号"),
        ("廊工发[2007]31号", "廊工发〔2007〕31号"),
        ("廊工发［2007］31号", "廊工发〔2007〕31号"),
        ("廊工发(2007)31号", "廊工发〔2007〕31号"),
        ("廊工发（2007）31号", "廊工发〔2007〕31号"),
        ("廊工发〈2007〉31号", "廊工发〔2007〕31号"),
        ("廊工发〔2007〕31号", "廊工发〔2007〕31号"),
        ("廊工发｛2007｝31号", "廊工发〔2007〕31号"),
        (" 廊工发 〔２００７〕 ３１ 号 ", "廊工发〔2007〕31号"),
        ("廊工发〔2007〕第31号", "廊工发〔2007〕31号"),
        ("廊工发〔2007〕31", "廊工发〔2007〕31号"),
        ("冀厂集字【2004】3号", "冀厂集字〔2004〕3号"),
        ("廊坊市人民政府令【2011】第3号", "廊坊市人民政府令〔2011〕第3号"),
        ("廊坊市人民政府令〔2011〕3号", "廊坊市人民政府令〔2011〕第3号"),
    ],
)
def test_document_numbers_get_six_cornered_brackets_and_orders_keep_their_ordinal(written, standard):
    assert normalise_document_number(written) == standard
    assert normalise_document_number(standard) == standard


def test_a_document_number_is_taken_apart():
    parsed = parse_document_number("廊工发【2009】17号")
    assert (parsed.issuer_code, parsed.year, parsed.number, parsed.is_order) == ("廊工发", 2009, 17, False)
    assert parse_document_number("廊坊市人民政府令【2011】第3号").is_order


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "required"),
        ("廊工发31号", "year"),
        ("廊工发〔07〕31号", "year"),
        ("廊工发〔1900〕31号", "year"),
        ("廊工发〔2007〕031号", "zero"),
        ("廊工发〔2007〕0号", "zero"),
        ("廊工发2007年31号", "form"),
        ("〔2007〕31号", "form"),
        ("廊工发〔2007〕", "form"),
        ("关于2007年的通知", "form"),
    ],
)
def test_a_number_that_breaks_the_standard_is_refused_with_the_rule(written, code):
    with pytest.raises(Refused) as refusal:
        parse_document_number(written, name="number")
    assert refusal.value.code == code
    assert refusal.value.field == "number"
    assert "“文号”" in refusal.value.message


@given(st.text(max_size=60))
def test_no_text_whatever_breaks_the_reader(text):
    with suppress(Refused):
        standard = normalise_document_number(text)
        assert parse_document_number(standard) == parse_document_number(text)
