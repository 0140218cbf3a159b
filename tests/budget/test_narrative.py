"""The sentences of the explanation, without a database."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.budget.rules.calculation import Line, Method, formula
from apps.budget.rules.narrative import (
    Cause,
    change_percent,
    change_sentence,
    entry_marks,
    explain_change,
    issue_number,
    split_figures,
    title_lines,
)
from apps.budget.rules.terms import Term, terms_in

ONCE = Line(Method.TIERED, label="获得一次", people=245, rate=Decimal(1500))
TWICE = Line(Method.TIERED, label="获得二次", people=22, rate=Decimal(2000))


def yuan(value: str) -> Decimal:
    return Decimal(value)


def test_more_people_at_the_same_standard_is_people_alone():
    split = explain_change([ONCE, TWICE], [replace(ONCE, people=251), TWICE])
    assert [(factor.cause, factor.amount) for factor in split.factors] == [(Cause.PEOPLE, yuan("9000"))]
    assert split.factors_sentence() == "人数因素增加0.9万元"
    assert split.details() == ["获得一次由245人增至251人，增加0.9万元"]


def test_people_are_counted_at_the_old_standard_and_the_standard_for_the_new_people():
    split = explain_change([ONCE], [replace(ONCE, people=251, rate=Decimal(1600))])
    assert split.amount_of(Cause.PEOPLE) == yuan("9000")
    assert split.amount_of(Cause.RATE) == yuan("25100")
    assert split.difference == yuan("34100")


def test_factors_of_opposite_direction_are_both_told():
    split = explain_change([ONCE], [replace(ONCE, people=200, rate=Decimal(2000))])
    assert split.factors_sentence() == "人数因素减少6.75万元，标准因素增加10万元"


def test_a_class_that_is_new_or_gone_counts_as_people():
    assert explain_change([ONCE], [ONCE, TWICE]).amount_of(Cause.PEOPLE) == yuan("44000")
    assert explain_change([ONCE, TWICE], [ONCE]).amount_of(Cause.PEOPLE) == yuan("-44000")


def test_things_that_are_no_people_are_quantities():
    before = Line(Method.HEADCOUNT, label="培训", people=3, unit="期", rate=Decimal(10000))
    split = explain_change([before], [replace(before, people=4)])
    assert split.factors_sentence() == "数量因素增加1万元"


def test_dues_split_into_base_and_share():
    before = Line(
        Method.BASE_RATIO, base_amount=Decimal(600_000_000), ratio=Decimal("0.02"), share=Decimal("0.4")
    )
    split = explain_change(
        [before], [replace(before, base_amount=Decimal(687_500_000), share=Decimal("0.5"))]
    )
    assert split.amount_of(Cause.BASE) == yuan("700000")
    assert split.amount_of(Cause.SHARE) == yuan("1375000")


def test_another_way_of_calculating_is_a_cause_of_its_own():
    quota = Line(Method.QUOTA, label="获得一次", fixed_amount=Decimal(300_000))
    split = explain_change([quota], [ONCE])
    assert split.factors_sentence() == "测算方式因素增加6.75万元"


def test_a_line_whose_label_alone_was_reworded_is_the_same_line():
    split = explain_change([ONCE], [replace(ONCE, label="荣誉获得一次", people=246)])
    assert split.factors_sentence() == "人数因素增加0.15万元"


@st.composite
def lines(draw: st.DrawFn) -> Line:
    method = draw(st.sampled_from(Method.values))
    label = draw(st.sampled_from(["甲", "乙", "丙"]))
    cents = st.decimals(min_value=0, max_value=100_000, places=2)
    share = st.decimals(min_value="0.000001", max_value=1, places=6)
    if method in (Method.HEADCOUNT, Method.TIERED):
        return Line(method, label=label, people=draw(st.integers(0, 5000)), rate=draw(cents))
    if method == Method.BASE_RATIO:
        return Line(method, label=label, base_amount=draw(cents), ratio=draw(share), share=draw(share))
    return Line(method, label=label, fixed_amount=draw(cents))


@given(st.lists(lines(), max_size=4), st.lists(lines(), max_size=4))
def test_the_factors_always_add_up_to_the_change(before, after):
    split = explain_change(before, after)
    assert sum((factor.amount for factor in split.factors), Decimal(0)) == split.difference
    assert sum((change.difference for change in split.lines), Decimal(0)) == split.difference


def test_the_sentence_names_amount_direction_percent_causes_and_reason():
    split = explain_change([ONCE, TWICE], [replace(ONCE, people=251), TWICE])
    sentence = change_sentence(
        subject="市级离退休劳模津贴",
        before=split.before,
        after=split.after,
        split=split,
        reason="6人新获荣誉。",
    )
    assert sentence == (
        "市级离退休劳模津贴42.05万元，比上年增加0.9万元，增长2.2%，其中人数因素增加0.9万元，主要原因是6人新获荣誉。"
    )


def test_a_decrease_is_told_as_one():
    sentence = change_sentence(
        subject="厂务公开经费", before=yuan("250000"), after=yuan("200000"), reason="压减会议"
    )
    assert sentence == "厂务公开经费20万元，比上年减少5万元，下降20%，主要原因是压减会议。"


def test_no_percentage_stands_on_a_zero_base():
    sentence = change_sentence(subject="体检费", before=yuan("0"), after=yuan("222800"), reason="新增项目")
    assert "%" not in sentence
    assert (
        sentence
        == "体检费22.28万元，上年没有安排，增加22.28万元（基数为零，不计算增幅），主要原因是新增项目。"
    )


def test_a_missing_earlier_figure_is_said_plainly():
    assert change_sentence(subject="体检费", before=None, after=yuan("222800")) == (
        "体检费22.28万元，没有登记上年预算数，不作增减比较。"
    )


def test_what_did_not_change_needs_no_reason():
    assert (
        change_sentence(subject="体检费", before=yuan("222800"), after=yuan("222800"))
        == "体检费22.28万元，与上年持平。"
    )


def test_a_missing_reason_is_not_invented():
    assert change_sentence(subject="体检费", before=yuan("200000"), after=yuan("222800")).endswith(
        "增减原因未填写。"
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("1000000", "1000004", "比上年增加4元，增长不足0.1%"),
        ("1000000", "1000600", "比上年增加0.06万元，增长0.1%"),
        ("1000000", "0", "比上年减少100万元，下降100%"),
    ],
)
def test_small_and_whole_changes_are_never_told_as_nothing(before, after, words):
    assert words in change_sentence(subject="某项", before=yuan(before), after=yuan(after), reason="核减")


def test_a_percentage_is_rounded_half_up_to_one_decimal():
    assert change_percent(yuan("1000"), yuan("1000.50")) == Decimal("0.1")
    assert change_percent(yuan("2000"), yuan("1999")) == Decimal("0.1")
    assert change_percent(yuan("0"), yuan("5")) is None


def test_marks_follow_the_level_and_never_skip():
    assert entry_marks(["甲。"] * 11, 1)[::10] == ["（一）", "（十一）"]
    assert entry_marks(["甲。"] * 6, 2)[::5] == ["一是", "六是"]


def test_the_words_that_lead_in_a_list_have_no_mark():
    assert entry_marks(["其主要职责是：", "甲。", "乙："], 1) == ["", "（一）", "（二）"]


def test_figures_in_a_sentence_are_found_but_not_in_titles_and_document_numbers():
    text = (
        "根据《关于2007年5万元补助的通知》（廊工发〔2007〕31号），557人，每人400元，共计222800元"
        "（人民币贰拾贰万贰仟捌佰元整）。"
    )
    assert [piece for piece, is_figure in split_figures(text) if is_figure] == [
        "557人", "400元", "222800元", "人民币贰拾贰万贰仟捌佰元整",
    ]  # fmt: skip
    assert "".join(piece for piece, _ in split_figures(text)) == text


def test_formulas_are_written_in_figures():
    assert formula(ONCE) == "245×1,500"
    base = Line(
        Method.BASE_RATIO, base_amount=Decimal(687_500_000), ratio=Decimal("0.02"), share=Decimal("0.4")
    )
    assert formula(base) == "687,500,000×2%×40%"
    assert formula(Line(Method.QUOTA, fixed_amount=Decimal(1))) == ""
    assert formula(replace(ONCE, people=None)) == "——×1,500"


def test_only_terms_that_occur_are_explained():
    terms = [Term("劳动模范", "…", aliases=("劳模",)), Term("安康杯", "…"), Term("工会经费", "…")]
    assert [term.word for term in terms_in("每年对劳模进行体检，安排工会经费。", terms)] == [
        "劳动模范",
        "工会经费",
    ]


def test_a_long_union_name_breaks_the_title_at_its_joint():
    assert title_lines(union="廊坊市总工会", year=2016, book="fiscal") == (
        "廊坊市总工会2016年部门预算编制说明",
    )
    long = "示例市某某高新技术产业开发区先进制造业和现代服务业联合工会委员会"
    lines = title_lines(union=long, year=2016, book="union")
    assert lines[-1] == "2016年工会经费预算编制说明"
    assert "".join(lines[:-1]) == long
    assert all(len(line) <= 19 for line in lines)


def test_an_issue_number_names_union_book_stage_style_and_count():
    number = issue_number(
        year=2016,
        union_code="131000",
        book="fiscal",
        stage="second_up",
        stage_sequence=1,
        style="gongwen",
        sequence=2,
    )
    assert number == "2016-131000-CS2-W02"
    adjusted = issue_number(
        year=2016,
        union_code="131000",
        book="union",
        stage="adjustment",
        stage_sequence=3,
        style="book",
        sequence=1,
    )
    assert adjusted == "2016-131000-GTJ3-B01"
