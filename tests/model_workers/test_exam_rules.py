"""Slip numbers as typed, days, bills and what stands against closing an exam: rules alone."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.model_workers.rules.exams import (
    ExamMoney,
    named,
    parse_slips,
    require_attended_on,
    require_bill,
    require_days,
    why_not_closable,
    write_slips,
)

DAYS = {"starts_on": date(2015, 5, 4), "ends_on": date(2015, 7, 31)}


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("12", (12,)),
        ("12 15-18", (12, 15, 16, 17, 18)),
        ("3、1，2", (1, 2, 3)),
        ("１２－１４", (12, 13, 14)),
        ("5 - 7", (5, 6, 7)),
        ("5至7；9", (5, 6, 7, 9)),
        ("12号、13号", (12, 13)),
        ("4\n4\n3-5", (3, 4, 5)),
        ("0012", (12,)),
    ],
)
def test_slip_numbers_are_read_as_people_write_them(typed, numbers):
    assert parse_slips(typed) == numbers


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "“通知单号”没有填写，例如 12 15-30。"),
        ("， ；", "“通知单号”没有填写，例如 12 15-30。"),
        ("12 张三", "“通知单号”里的“张三”不是单号，请写成 12 或 15-30，用空格或逗号分开。"),
        ("30-15", "“通知单号”里的“30-15”前大后小，请写成 15-30。"),
        ("0", "“通知单号”从 1 开始，没有 0 号。"),
        ("1-999999", "一次最多登记 5,000 张通知单，请分几次。"),
        ("1-3-5", "“通知单号”里的“1-3-5”不是单号，请写成 12 或 15-30，用空格或逗号分开。"),
        ("12345678", "“通知单号”里的“12345678”不是单号，请写成 12 或 15-30，用空格或逗号分开。"),
    ],
)
def test_what_is_no_slip_number_is_named(typed, sentence):
    with pytest.raises(Refused) as refused:
        parse_slips(typed)
    assert refused.value.message == sentence
    assert refused.value.field == "slips"


@given(st.sets(st.integers(min_value=1, max_value=3000), min_size=1, max_size=200))
def test_numbers_written_shortly_are_read_back(numbers):
    assert set(parse_slips(write_slips(numbers))) == numbers


def test_numbers_are_written_in_runs():
    assert write_slips([3, 1, 2, 7, 9, 8]) == "1-3 7-9"
    assert write_slips([]) == ""


def test_of_many_people_the_first_are_named_and_all_are_counted():
    assert named(["甲", "乙"]) == "甲、乙"
    assert named([str(number) for number in range(7)]) == "0、1、2、3、4等 7 人"


def test_an_exam_lies_in_its_year_and_its_roster_is_not_later():
    require_days(year=2015, snapshot_on=date(2015, 4, 30), **DAYS)
    require_days(
        year=2015, snapshot_on=date(2014, 12, 31), starts_on=date(2015, 11, 1), ends_on=date(2016, 1, 20)
    )
    for wrong, field in (
        ({"starts_on": date(2014, 5, 4)}, "starts_on"),
        ({"ends_on": date(2015, 5, 3)}, "ends_on"),
        ({"ends_on": date(2017, 1, 1)}, "ends_on"),
        ({"snapshot_on": date(2015, 8, 1)}, "snapshot_on"),
        ({"snapshot_on": date(2013, 12, 31)}, "snapshot_on"),
    ):
        with pytest.raises(Refused) as refused:
            require_days(**({"year": 2015, "snapshot_on": date(2015, 4, 30)} | DAYS | wrong))
        assert refused.value.field == field


def test_nobody_came_outside_the_days_of_the_exam_or_tomorrow():
    require_attended_on(date(2015, 5, 4), today=date(2015, 5, 4), **DAYS)
    require_attended_on(date(2015, 7, 31), today=date(2015, 8, 1), **DAYS)
    with pytest.raises(Refused, match="应在 2015-05-04 至 2015-07-31 之间"):
        require_attended_on(date(2015, 8, 1), today=date(2015, 8, 1), **DAYS)
    with pytest.raises(Refused, match="不能晚于今天"):
        require_attended_on(date(2015, 5, 5), today=date(2015, 5, 4), **DAYS)


def bill(people: int, attended: int, rate: str, most: str = "400") -> Decimal:
    return require_bill(
        people=people, attended=attended, hospital="示例医院", rate=Decimal(rate), most=Decimal(most)
    )


def test_a_bill_is_people_times_rate_to_the_fen():
    assert bill(557, 557, "400") == Decimal("222800.00")
    assert bill(3, 3, "333.33") == Decimal("999.99")
    assert bill(7, 7, "0.01") == Decimal("0.07")


def test_a_bill_for_other_people_than_came_is_refused_with_both_numbers():
    with pytest.raises(Refused) as refused:
        bill(12, 11, "400")
    assert (
        refused.value.message
        == "结算人数 12 人与示例医院已登记的到检人数 11 人不一致，请核对发票或到检登记。"
    )
    assert refused.value.field == "people"


def test_a_bill_needs_people_and_a_rate_within_the_rule():
    with pytest.raises(Refused, match="还没有人到检"):
        bill(0, 0, "400")
    with pytest.raises(Refused, match="必须大于 0"):
        bill(1, 1, "0")
    with pytest.raises(Refused, match=r"400\.01 元高于体检规则的 400 元"):
        bill(1, 1, "400.01")


def test_what_is_left_over_is_exact_and_may_be_below_zero():
    assert ExamMoney(Decimal("222800.00"), Decimal("221933.37")).left_over == Decimal("866.63")
    assert ExamMoney(Decimal("100.00"), Decimal("100.01")).left_over == Decimal("-0.01")
    assert ExamMoney(None, Decimal("100")).left_over is None


def test_what_is_missing_before_closing_is_told():
    assert why_not_closable(people=2, pending=[], unbilled=[]) == ()
    assert why_not_closable(people=0, pending=[], unbilled=[]) == ("名册里没有人",)
    assert why_not_closable(people=20, pending=[3, 4, 5, 9], unbilled=[("示例医院", 8)]) == (
        "还有 4 人没有登记到检或未检原因（通知单 3-5、9）",
        "示例医院有 8 人到检，还没有结算",
    )
