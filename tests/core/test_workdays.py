"""Working days: weekends off, single days otherwise as announced."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.workdays import count_working_days, is_working_day, last_of_working_days

NATIONAL_DAY = {date(2016, 10, day): False for day in (3, 4, 5, 6, 7)} | {
    date(2016, 10, 8): True,
    date(2016, 10, 9): True,
}
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
    exceptions = dict.fromkeys(off, False)
    last = last_of_working_days(first, wanted, exceptions)
    assert count_working_days(first, last, exceptions) == wanted
    assert count_working_days(first, last - timedelta(1), exceptions) == wanted - 1


def test_no_working_days_end_nowhere():
    with pytest.raises(ValueError, match="0 working days"):
        last_of_working_days(date(2016, 4, 4), 0, {})
