"""The five ways to calculate and the sentence each prints."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.budget.rules import calculation
from apps.budget.rules.calculation import Line, Method, ShareBasis
from apps.core.errors import Refused

CLASSES = (
    Line(
        Method.TIERED,
        "市级劳模荣誉获得一次",
        245,
        of_which_label="破产或撤销企业劳模",
        of_which_people=6,
        rate=Decimal(1500),
    ),
    Line(Method.TIERED, "获得二次", 22, rate=Decimal(2000)),
    Line(Method.TIERED, "获得三次及其以上", 10, rate=Decimal(2500)),
)
DUES = Line(
    Method.BASE_RATIO,
    base_amount=Decimal("687500000"),
    ratio=Decimal("0.02"),
    share=Decimal("0.4"),
    share_basis=ShareBasis.RETAINED,
)


def test_headcount_times_standard():
    line = Line(Method.HEADCOUNT, "参加体检劳模", 557, rate=Decimal(400))
    assert line.amount == Decimal("222800.00")
    assert calculation.sentence([line]) == "参加体检劳模557人，每人400元"


def test_classes_are_told_as_one_whole_with_its_parts():
    assert sum(line.amount for line in CLASSES) == Decimal("436500.00")
    assert calculation.sentence(CLASSES, counted_as="离退休市级劳模") == (
        "涉及离退休市级劳模277人，其中市级劳模荣誉获得一次的245人（含破产或撤销企业劳模6人）（每人1500元），"
        "获得二次的22人（每人2000元），获得三次及其以上的10人（每人2500元）"
    )


def test_a_share_of_a_base_names_whose_money_it_is():
    assert DUES.amount == Decimal("5500000.00")
    assert calculation.sentence([DUES]) == "工资总额68750万元，按2%计提，其中40%为市总工会分成数"


@pytest.mark.parametrize(
    ("method", "amount", "words"),
    [
        (Method.QUOTA, "200000", "每年市财政定额安排20万元"),
        (Method.ACTUAL, "1500.50", "每年市财政据实列支1500.50元"),
        (Method.QUOTA, "123456", "每年市财政定额安排123456元"),
    ],
)
def test_fixed_amounts_are_told_in_the_unit_that_is_exact(method, amount, words):
    assert calculation.sentence([Line(method, "每年市财政", fixed_amount=Decimal(amount))]) == words


def test_a_missing_figure_leaves_a_gap_that_no_check_overlooks():
    line = Line(Method.HEADCOUNT, "参加体检劳模", None, rate=Decimal(400))
    assert line.amount is None
    assert calculation.missing_figures(line) == ["数量"]
    assert "——" in calculation.sentence([line])


def test_a_quota_has_a_basis_only_when_a_note_explains_it():
    bare = Line(Method.QUOTA, fixed_amount=Decimal(200000))
    assert not calculation.has_basis([bare])
    assert calculation.has_basis([Line(Method.QUOTA, fixed_amount=Decimal(200000), note="按检查 20 次计")])
    assert calculation.has_basis(CLASSES)
    assert not calculation.has_basis([])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (
            Line(Method.TIERED, "一次", 245, of_which_label="破产企业", of_which_people=300, rate=Decimal(1)),
            "of_which_people",
        ),
        (Line(Method.TIERED, "一次", None, of_which_label="破产企业", of_which_people=3), "of_which_people"),
        (Line(Method.TIERED, "一次", 245, of_which_people=6, rate=Decimal(1)), "of_which_label"),
        (Line(Method.HEADCOUNT, "人", 100_000_000, rate=Decimal(1000)), "rate"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused_by_field(line, field):
    with pytest.raises(Refused) as refused:
        calculation.require_sound(line)
    assert refused.value.field == field


def test_of_which_may_be_the_whole_class():
    calculation.require_sound(
        Line(Method.TIERED, "一次", 6, of_which_label="破产企业", of_which_people=6, rate=Decimal(1))
    )


@given(st.integers(0, 10_000_000), st.decimals(0, 99_999, places=2))
def test_people_times_rate_is_exact(people, rate):
    assert Line(Method.HEADCOUNT, "人", people, rate=rate).amount == (people * rate).quantize(Decimal("0.01"))


@given(
    st.decimals(0, 9_999_999_999, places=2),
    st.decimals("0.000001", 1, places=6),
    st.decimals("0.000001", 1, places=6),
)
def test_a_share_is_rounded_once_half_up(base, ratio, share):
    line = Line(Method.BASE_RATIO, base_amount=base, ratio=ratio, share=share)
    assert line.amount == (base * ratio * share).quantize(Decimal("0.01"), ROUND_HALF_UP)
