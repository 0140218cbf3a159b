"""Working days: weekends off, single days otherwise as announced."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.core.workdays import Calendar, count_working_days, is_working_day, last_of_working_days

NATIONAL_DAY = Calendar(
    frozenset({2016}),
    {date(2016, 10, day): False for day in (3, 4, 5, 6, 7)}
    | {date(2016, 10, 8): True, date(2016, 10, 9): True},
)
DAYS = st.dates(date(2010, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2016, 9, 30), True),
        (date(2016, 10, 1), False),
        (date(2016, 10, 3), False),
        (date(2016, 10, 8), True),
    ],
)
def test_an_announced_day_goes_before_its_weekday(day, worked):
    assert is_working_day(day, NATIONAL_DAY) is worked


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2016, 4, 4), date(2016, 4, 8), 5),
        (date(2016, 4, 4), date(2016, 4, 4), 1),
        (date(2016, 4, 9), date(2016, 4, 10), 0),
        (date(2016, 4, 8), date(2016, 4, 4), 0),
        (date(2016, 9, 30), date(2016, 10, 9), 3),
    ],
)
def test_both_ends_are_counted(first, last, days):
    assert count_working_days(first, last, NATIONAL_DAY) == days


@given(first=DAYS, wanted=st.integers(1, 40), off=st.sets(DAYS, max_size=20))
def test_the_last_day_is_the_first_on_which_enough_are_full(first, wanted, off):
    calendar = Calendar(frozenset(range(2010, 2033)), dict.fromkeys(off, False))
    last = last_of_working_days(first, wanted, calendar)
    assert count_working_days(first, last, calendar) == wanted
    assert count_working_days(first, last - timedelta(1), calendar) == wanted - 1


def test_no_working_days_end_nowhere():
    with pytest.raises(ValueError, match="0 working days"):
        last_of_working_days(date(2016, 4, 4), 0, NATIONAL_DAY)


def test_the_days_of_a_year_nobody_announced_are_not_counted():
    for count in (
        lambda: is_working_day(date(2017, 10, 2), NATIONAL_DAY),
        lambda: count_working_days(date(2016, 12, 30), date(2017, 1, 6), NATIONAL_DAY),
        lambda: last_of_working_days(date(2016, 12, 29), 5, NATIONAL_DAY),
    ):
        with pytest.raises(Refused, match="2017 年的放假安排还没有登记，不能计算工作日"):
            count()
