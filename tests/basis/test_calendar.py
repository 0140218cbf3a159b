"""The calendar of working days: what is shipped, what staff put right, what is refused."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.basis.models import CalendarDay, CalendarYear
from apps.basis.rules.calendar import read_days
from apps.basis.selectors.calendar import calendar_between, year_page
from apps.basis.services.calendar import add_day, correct_day, load_calendars, register_year, remove_day
from apps.core.errors import Refused
from apps.core.workdays import count_working_days
from tests.clients import signed_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
NOTICE = """2036-01-01 放假 元旦
2036-05-01至2036-05-05 放假 劳动节
2036-05-10 上班 劳动节调休

2036年10月1日至2036年10月7日　放假　国庆节
2036-10-11 上班 国庆节调休
"""


@pytest.fixture
def keeper():
    return UserFactory(model_worker_head=True)


def working_days(year: int) -> int:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return count_working_days(first, last, calendar_between(first=first, last=last))


# --- what is shipped -----------------------------------------------------------------------------------------


def test_the_official_calendars_are_shipped_and_loaded_once():
    assert load_calendars(FIXTURES) == 12
    assert load_calendars(FIXTURES) == 0
    assert list(CalendarYear.objects.order_by("year").values_list("year", flat=True)) == list(
        range(2015, 2027)
    )
    assert not CalendarYear.objects.filter(basis="").exists()


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2015, 249),
        (2016, 250),
        (2017, 249),
        (2018, 250),
        (2019, 250),
        (2020, 249),
        (2021, 250),
        (2022, 249),
        (2023, 249),
        (2024, 251),
        (2025, 248),
        (2026, 248),
    ],
)
def test_a_shipped_year_has_its_working_days(year, days):
    load_calendars(FIXTURES)
    assert working_days(year) == days


def test_every_shipped_line_is_in_its_own_year_and_shipped_once():
    for row in json.loads((FIXTURES / "calendars.json").read_text(encoding="utf-8")):
        lines = [line for notice in row["notices"] for line in notice["days"]]
        days = read_days("\n".join(lines))
        assert {one.day.year for one in days} == {row["year"]}


def test_what_staff_put_right_is_not_loaded_over(keeper):
    load_calendars(FIXTURES)
    day = CalendarDay.objects.get(day=date(2016, 10, 8))
    remove_day(pk=day.pk, reason="示例", actor=keeper)
    assert load_calendars(FIXTURES) == 0
    assert not CalendarDay.objects.filter(day=date(2016, 10, 8)).exists()


# --- a year as its notice announces it -----------------------------------------------------------------------


def test_a_year_is_not_known_until_its_notice_is_entered(keeper):
    with pytest.raises(Refused, match="2036 年的放假安排还没有登记"):
        working_days(2036)
    register_year(year=2036, basis="示例发〔2035〕1号", text=NOTICE, actor=keeper)
    days = CalendarDay.objects.filter(year=2036)
    assert [f"{one.day:%m-%d} {one.is_working:d}" for one in days] == [
        "01-01 0",
        "05-01 0",
        "05-02 0",
        "05-05 0",
        "05-10 1",
        "10-01 0",
        "10-02 0",
        "10-03 0",
        "10-06 0",
        "10-07 0",
        "10-11 1",
    ]
    assert working_days(2036) == 262 - 9 + 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2036-01-01 放假 元旦", "", "2036-01-01 是元旦，没有写放假"),
        ("2036年10月1日至2036年10月7日　放假　国庆节", "", "是国庆节，没有写放假"),
        ("2036-01-01 放假", "2036-01-01 休息", "第 1 行“2036-01-01 休息 元旦”看不懂"),
        ("2036-01-01 放假 元旦", "2036-01-01 放假", "第 1 行没有写是哪个节日"),
        ("2036-05-10 上班", "2036-05-12 上班", "第 3 行：2036-05-12 是周一至周五"),
        ("2036-05-10 上班", "2036-02-30 上班", "没有“2036-02-30”这一天"),
        ("2036-05-05 放假", "2036-05-31 放假", "第 2 行：从 2036-05-01 到 2036-05-31 的天数不对"),
        ("2036-05-10 上班", "2037-05-10 上班", "2037-05-10 不是 2036 年的日子"),
        ("2036-05-10 上班 劳动节调休", "2036-05-02 放假 劳动节", "2036-05-02 前面已写过"),
        ("2036-01-01 放假 元旦", "2035-12-31至2036-01-01 放假 元旦", "2035 年，这一年的放假安排还没有登记"),
    ],
)
def test_a_notice_that_cannot_be_right_is_refused_and_the_year_stays_unknown(keeper, old, new, said):
    assert old in NOTICE
    with pytest.raises(Refused, match=said) as refused:
        register_year(year=2036, basis="示例", text=NOTICE.replace(old, new), actor=keeper)
    assert refused.value.field == "text"
    assert not CalendarYear.objects.exists()


def test_the_days_of_december_belong_to_the_year_before(keeper):
    CalendarYear.objects.create(year=2035, basis="示例发〔2034〕1号")
    text = NOTICE.replace("2036-01-01 放假 元旦", "2035-12-31至2036-01-01 放假 元旦")
    register_year(year=2036, basis="示例发〔2035〕1号", text=text, actor=keeper)
    day = CalendarDay.objects.get(day=date(2035, 12, 31))
    assert (day.year_id, day.basis) == (2035, "示例发〔2035〕1号")


@pytest.mark.parametrize(("year", "field"), [(2007, "year"), (2100, "year"), (2016, "year")])
def test_a_year_is_entered_once_and_within_the_rule(keeper, year, field):
    CalendarYear.objects.create(year=2016)
    with pytest.raises(Refused) as refused:
        register_year(year=year, basis="示例", text=NOTICE, actor=keeper)
    assert refused.value.field == field


# --- single days ---------------------------------------------------------------------------------------------


def test_a_later_notice_adds_corrects_and_removes_days(keeper):
    load_calendars(FIXTURES)
    before = working_days(2016)
    day = add_day(
        day=date(2016, 9, 30), is_working=False, note="示例", basis="示例发〔2016〕2号", actor=keeper
    )
    assert working_days(2016) == before - 1
    correct_day(
        pk=day.pk,
        day=date(2016, 9, 24),
        is_working=True,
        note="示例",
        basis="国办发明电〔2015〕18号",
        actor=keeper,
    )
    assert working_days(2016) == before + 1
    day.refresh_from_db()
    assert day.basis == ""
    remove_day(pk=day.pk, reason="示例：通知已更改", actor=keeper)
    assert working_days(2016) == before
    told = year_page(CalendarYear.objects.get(pk=2016)).history
    assert [(one.who, one.action) for one in told] == [
        (keeper.full_name, "删去放假与调休日"),
        (keeper.full_name, "更正放假与调休日"),
        (keeper.full_name, "增加放假与调休日"),
        ("系统", "载入放假安排"),
    ]
    assert "示例：通知已更改" in told[0].note
    assert "2016-09-30 放假 示例 示例发〔2016〕2号 → 2016-09-24 上班 示例" in told[1].note


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": date(2016, 10, 1)}, "is_working"),
        ({"is_working": True}, "is_working"),
        ({"day": date(2037, 9, 30)}, "day"),
        ({"day": date(2016, 10, 3)}, "day"),
        ({"note": " "}, "note"),
        ({"basis": " "}, "basis"),
    ],
)
def test_a_day_that_cannot_be_right_is_refused(keeper, changes, field):
    load_calendars(FIXTURES)
    given = {"day": date(2016, 9, 30), "is_working": False, "note": "示例", "basis": "示例"} | changes
    with pytest.raises(Refused) as refused:
        add_day(**given, actor=keeper)
    assert refused.value.field == field


def test_only_holders_of_the_right_change_the_calendar():
    clerk = UserFactory(model_worker_clerk=True)
    load_calendars(FIXTURES)
    day = CalendarDay.objects.first()
    for change in (
        lambda: register_year(year=2036, basis="示例", text=NOTICE, actor=clerk),
        lambda: add_day(day=date(2016, 9, 30), is_working=False, note="示例", basis="示例", actor=clerk),
        lambda: correct_day(pk=day.pk, day=day.day, is_working=True, note="示例", basis="示例", actor=clerk),
        lambda: remove_day(pk=day.pk, reason="示例", actor=clerk),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.code == "permission"


# --- the database has the last word --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day", "is_working", "year"),
    [
        ("basis_calendarday_differs", date(2016, 10, 8), False, 2016),
        ("basis_calendarday_differs", date(2016, 10, 7), True, 2016),
        ("basis_calendarday_in_its_year", date(2016, 10, 7), False, 2017),
    ],
)
def test_a_day_that_says_nothing_or_stands_in_another_year_is_not_kept(name, day, is_working, year):
    CalendarYear.objects.create(year=year)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CalendarDay.objects.create(day=day, is_working=is_working, note="示例", year_id=year)


def test_a_year_before_the_rule_is_not_kept():
    with pytest.raises(IntegrityError, match="basis_calendaryear_in_range"), transaction.atomic():
        CalendarYear.objects.create(year=2007)


# --- the pages -----------------------------------------------------------------------------------------------


def test_the_pages_show_what_is_known_and_say_what_is_not(keeper):
    load_calendars(FIXTURES)
    client = signed_in(keeper)
    page = client.get(reverse("basis:calendar_list")).text
    assert "国办发明电〔2015〕18号" in page
    CalendarYear.objects.exclude(days__isnull=False).delete()
    CalendarDay.objects.all().delete()
    CalendarYear.objects.all().delete()
    page = client.get(reverse("basis:calendar_list")).text
    assert page.count("年的放假安排还没有登记，涉及这一年的工作日不能计算") == 2


def test_a_day_of_another_notice_names_it(keeper):
    load_calendars(FIXTURES)
    page = signed_in(keeper).get(reverse("basis:calendar_detail", args=[2019])).text
    assert "国办发明电〔2019〕3号" in page
    assert "2019-05-05" in page


def test_a_refused_notice_keeps_what_was_typed(keeper):
    asked = {"year": "2036", "basis": "示例发〔2035〕1号", "text": "2036-01-01 放假 元旦"}
    response = signed_in(keeper).post(reverse("basis:calendar_create"), asked)
    assert response.status_code == 422
    assert "2036-05-01 是劳动节，没有写放假" in response.text
    assert "2036-01-01 放假 元旦" in response.text
    done = signed_in(keeper).post(reverse("basis:calendar_create"), asked | {"text": NOTICE})
    assert done.headers["Location"] == reverse("basis:calendar_detail", args=[2036])


def test_a_day_is_added_corrected_and_removed_on_the_page(keeper):
    CalendarYear.objects.create(year=2016, basis="示例发〔2015〕1号")
    client = signed_in(keeper)
    asked = {"day": "2016-09-30", "is_working": "False", "note": "示例", "basis": "示例发〔2016〕2号"}
    client.post(reverse("basis:day_create", args=[2016]), asked)
    day = CalendarDay.objects.get()
    wrong = client.post(reverse("basis:day_edit", args=[day.pk]), asked | {"is_working": "True"})
    assert wrong.status_code == 422
    assert "平常就上班，不用登记" in wrong.text
    client.post(reverse("basis:day_edit", args=[day.pk]), asked | {"note": "示例节"})
    day.refresh_from_db()
    assert (day.note, day.basis) == ("示例节", "示例发〔2016〕2号")
    client.post(reverse("basis:day_remove", args=[day.pk]), {"reason": "示例"})
    assert not CalendarDay.objects.exists()
