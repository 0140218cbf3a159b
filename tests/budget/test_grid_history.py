"""The history of a row: who changed what from what to what, when and why, read off the database's own record."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.urls import reverse

from apps.budget.models import CalcLine
from apps.budget.selectors.history import item_history, line_history
from apps.budget.services.items import change_item
from apps.budget.services.lines import change_line, remove_line
from tests.budget.office import as_clerk
from tests.clients import signed_in
from tests.factories import ClassificationCodeFactory, UserFactory


@pytest.fixture
def line(edition) -> CalcLine:
    return CalcLine.objects.get(item__edition=edition)


def test_a_change_tells_person_cell_old_and_new(office, line):
    colleague = UserFactory(full_name="示例·王会计", finance_clerk=True)
    change_line(
        line_id=line.pk,
        actor=colleague,
        values={"people": 251, "rate": Decimal("1600")},
        seen_version=1,
        now=office.now,
    )
    change, birth = line_history(line)
    assert (change.who, change.action) == ("示例·王会计", "修改测算行")
    assert [(cell.label, cell.old, cell.new) for cell in change.fields] == [
        ("数量", "245", "251"),
        ("标准（元）", "1,500.00", "1,600.00"),
    ]
    assert (birth.action, birth.tone) == ("新增测算行", "green")


def test_choices_and_rows_of_other_tables_are_told_by_name(office, edition, line):
    change_line(
        line_id=line.pk,
        actor=office.clerk,
        values={"method": "quota", "fixed_amount": Decimal("5"), "note": "甲"},
        seen_version=1,
        now=office.now,
    )
    assert ("测算方式", "人数×标准", "定额") in [
        (cell.label, cell.old, cell.new) for cell in line_history(line)[0].fields
    ]
    code = ClassificationCodeFactory(code="2012906", name="工会事务")
    item = edition.items.get()
    change_item(
        item_id=item.pk, actor=office.clerk, values={"function_code": code}, seen_version=1, now=office.now
    )
    assert ("功能分类", "", "2012906 工会事务") in [
        (cell.label, cell.old, cell.new) for change in item_history(item) for cell in change.fields
    ]


def test_the_history_of_an_item_tells_of_lines_that_are_gone(office, edition, line):
    remove_line(line_id=line.pk, actor=office.clerk, seen_version=1)
    story = item_history(edition.items.get())
    assert ("删除测算行", "示例人员", "red") in [(change.action, change.row, change.tone) for change in story]


@pytest.mark.django_db(transaction=True)
def test_a_change_by_plain_sql_is_refused_without_a_name_and_in_the_history_with_one(edition, line):
    with pytest.raises(IntegrityError, match="没有说明是谁在办理"):
        CalcLine.objects.filter(pk=line.pk).update(people=1)
    with as_clerk(edition):
        CalcLine.objects.filter(pk=line.pk).update(people=1)
    change = line_history(line)[0]
    assert change.who == str(edition.created_by)
    assert [(cell.label, cell.new) for cell in change.fields] == [("数量", "1")]


def test_a_long_history_is_read_in_as_few_queries_as_a_short_one(office, line, django_assert_max_num_queries):
    def count() -> int:
        with django_assert_max_num_queries(10) as queries:
            line_history(line)
        return len(queries)

    short = count()
    for people in range(30):
        CalcLine.objects.filter(pk=line.pk).update(people=people)
    assert count() == short


def test_the_panel_shows_it(office, edition, line):
    change_line(line_id=line.pk, actor=office.clerk, values={"people": 251}, seen_version=1, now=office.now)
    client = signed_in(office.clerk)
    for table, row in (("lines", line), ("items", edition.items.get())):
        text = client.get(reverse("budget:grid_history", args=[table, row.pk])).content.decode()
        assert str(office.clerk) in text
        assert "251" in text
    assert client.get(reverse("budget:grid_history", args=["plans", edition.pk])).status_code == 404


def test_the_explanation_of_an_item_follows_its_figures(office, edition, line):
    change_line(line_id=line.pk, actor=office.clerk, values={"people": 251}, seen_version=1, now=office.now)
    text = signed_in(office.clerk).get(reverse("budget:grid_explanation", args=[edition.items.get().pk]))
    assert "共计376500元" in text.content.decode()
