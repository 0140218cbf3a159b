"""One cleaning of typed text: what people type, by the kind of value, and what is kept of it."""

import unicodedata
from datetime import date
from decimal import Decimal

from django import forms
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import text
from apps.core.errors import Refused
from apps.core.forms import HouseForm, day
from apps.core.money import parse_amount
from apps.core.sheets.columns import Column, value_of

RARE = "\U0003158e"  # of CJK extension H, which came with Unicode 15
NAMES = {
    "张 三": "张三",
    "张\n三": "张三",
    "张　三　": "张三",
    "\ufeff张\u200b三\u200e": "张三",
    "示\u00ad例": "示例",
    f"示例{RARE}": f"示例{RARE}",
    f"{RARE} {RARE}": RARE * 2,
    "赵〇": "赵〇",
    "⻢⽂": "马文",
    "⼀⼆": "一二",
    "\uf9e0示例": "易示例",
    "\U0002f800示": "丽示",
    "葛\U000e0100示例": "葛\U000e0100示例",
    "示例\ufe00": "示例",
    "José  Pérez Example": "José Pérez Example",
    "Jose\u0301 Pérez": "José Pérez",
    "ＳＬＹ": "SLY",
    "Anne‑Marie O’Neil": "Anne-Marie O'Neil",
    **{f"阿卜杜例{dot}买买提": "阿卜杜例·买买提" for dot in "・･·•‧∙.．。｡"},
    "阿卜杜例 · 买买提": "阿卜杜例·买买提",
    "张三。": "张三",
}
NO_NAMES = ("张三1", "张(三)", "张\x00三", "张\x07三", "😀", "·", " ", "张\ufffd三")
CODES = {
    "１３９ ００００-０００１": "13900000001",
    "131099 1950 0101 001x": "13109919500101001X",
    "６２２２\u200b０１": "622201",
    "0316－1234567": "03161234567",
}
DAYS = {
    **dict.fromkeys(
        (
            "1958-03-04",
            "1958/3/4",
            "1958.3.4",
            "1958．3．4",
            "１９５８－３－４",
            "19580304",
            "１９５８０３０４",
            "1958年3月4日",
            " 1958 年 3 月 4 日 ",
            "1958-03-04 00:00:00",
            "1958-03-04T00:00:00",
            "1958。3。4",
            "\ufeff1958-3-4",
        ),
        date(1958, 3, 4),
    ),
}
NO_DAYS = {
    "1958.3": "只到月",
    "1958年3月": "只到月",
    "1958-02-30": "这一天",
    "19581304": "这一天",
    "58.3.4": "不是日期",
    "3月4日": "不是日期",
    "1958-3-4 08:30": "不是日期",
    "二月": "不是日期",
}
AMOUNTS = {
    "1,234.50": "1234.50",
    "１２３４": "1234",
    "１，２３４．５": "1234.5",
    "1.2万": "12000",
    "1.2 万元": "12000",
    "￥436,500": "436500",
    "5000分": "50",
    "(1,234.50)": "-1234.50",
    "（1,234.50）": "-1234.50",
    "(1.2万)": "-12000",
    " - ": "0",
    "—": "0",
    "－５": "-5",
    "\u200b7": "7",
}
NO_AMOUNTS = ("10²", "①", "(-5)", "()", "--", "1-2", "12,34", "五百")
SEARCHES = {
    "阿卜杜例.买买提": "阿卜杜例买买提",
    "阿卜杜例·买买提": "阿卜杜例买买提",
    "ＳＬＹ": "sly",
    "０１１４": "0114",
    "1943.1.11": "1943.1.11",
    "葛\U000e0100示": "葛示",
    "⻢示": "马示",
    " 示\u200b例  甲 ": "示例 甲",
    "示例（集团）": "示例（集团）",
}


def refusal(kind, *args, **kwargs) -> str:
    try:
        return f"accepted: {kind(*args, **kwargs)!r}"
    except Refused as refused:
        return refused.message


def test_names_are_kept_in_one_form():
    found = {typed: text.name(typed) for typed in NAMES}
    assert found == NAMES


def test_what_is_no_name_is_told():
    wrong = [typed for typed in NO_NAMES if not refusal(text.name, typed).startswith("“姓名”")]
    assert not wrong


def test_numbers_are_kept_in_one_form():
    assert {typed: text.code(typed) for typed in CODES} == CODES


def test_days_are_read_as_people_write_them():
    assert {typed: text.day(typed, label="日期") for typed in DAYS} == DAYS
    column = Column("日期", "day", "date")
    assert {typed: value_of(typed, column) for typed in DAYS} == DAYS


def test_what_is_no_day_is_told_with_what_was_typed():
    said = {typed: refusal(text.day, typed, label="日期") for typed in NO_DAYS}
    assert not {typed: words for typed, words in said.items() if NO_DAYS[typed] not in words}
    assert not {typed: words for typed, words in said.items() if "“日期”" not in words}


def test_amounts_are_read_as_people_and_spreadsheets_write_them():
    found = {typed: parse_amount(typed, field="金额", negative=True) for typed in AMOUNTS}
    assert found == {typed: Decimal(amount) for typed, amount in AMOUNTS.items()}


def test_what_is_no_amount_is_told():
    said = {typed: refusal(parse_amount, typed, field="金额", negative=True) for typed in NO_AMOUNTS}
    assert not {typed: words for typed, words in said.items() if not words.startswith("“金额”")}
    assert "不能是负数" in refusal(parse_amount, "(5)", field="金额")


def test_lines_lose_what_nobody_sees_and_keep_the_punctuation_of_chinese():
    assert text.line("示例（集团）\u200b公司，\n第２厂", label="名称") == "示例（集团）公司， 第２厂"
    assert text.prose("一\r\n二\u2028三  \n\n", label="说明") == "一\n二\n三"
    for typed in ("一\x00二", "一\x1b二", "一\x9f二", "一\ud800二"):
        for kind in (text.line, text.prose):
            assert "看不见的控制字符" in refusal(kind, typed, label="说明")


def test_what_is_looked_for_is_cleaned_like_what_is_stored():
    assert {typed: text.search(typed) for typed in SEARCHES} == SEARCHES


def test_the_letters_are_of_a_newer_unicode_than_python_knows():
    assert unicodedata.category(RARE) == "Cn"
    assert text.is_letter(RARE)
    assert not text.is_letter("\U000e0fff")


class SomeForm(HouseForm):
    words = forms.CharField(label="说明", required=False)
    on = day(label="日期", required=False)
    password = forms.CharField(label="密码", required=False, widget=forms.PasswordInput)


def test_a_form_frees_what_was_typed_from_marks_nobody_sees_but_no_password():
    form = SomeForm(QueryDict("words=%E2%80%8B一%EF%BB%BF二&on=１９５８年3月4日&password=a%E2%80%8Bb"))
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"words": "一二", "on": date(1958, 3, 4), "password": "a\u200bb"}
    assert "\u200b" not in str(form["words"])


def test_a_form_says_what_is_wrong_with_a_day_and_with_control_characters():
    form = SomeForm(QueryDict("words=一%07二&on=1958.3"))
    assert form.errors["words"] == ["“说明”含有看不见的控制字符，请删去后再试。"]
    assert form.errors["on"] == ["“日期”要写到日，例如 1958-03-15；“1958.3”只到月。"]
    assert SomeForm({"on": "昨天"}).errors["on"] == ["“日期”应填写日期，例如 2016-01-31。"]


ANY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "张三〇·.。･ \t\n-’'ＡＺ０９（）¥￥⻢⼀\u200b\ufeff\u00ad\ufe00\U000e0100\U0003158e\u0301"
        ),
    ),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(ANY)
def test_cleaning_twice_is_cleaning_once(typed):
    for kind in (text.visible, text.code, text.figure, text.search):
        assert kind(kind(typed)) == kind(typed), kind
    for kind in (text.name, text.line, text.prose):
        try:
            once = kind(typed, label="姓名")
        except Refused:
            continue
        assert kind(once, label="姓名") == once, kind
