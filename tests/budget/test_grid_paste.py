"""A block pasted into the grid: tried first, taken over whole or not at all, undone as one."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.budget.models import CalcLine, Edition, GridChange, Item
from apps.budget.rules.stages import Stage
from apps.budget.rules.trials import RowInput
from apps.budget.selectors.history import line_history
from apps.budget.services.blocks import apply_block, try_block
from apps.budget.services.lines import change_line
from apps.core.errors import Refused
from tests.budget.test_grid_cells import post
from tests.clients import signed_in
from tests.factories import CalcLineFactory, ItemFactory, UserFactory


@pytest.fixture
def clerk(office) -> Client:
    return signed_in(office.clerk)


@pytest.fixture
def edition(office) -> Edition:
    return office.plan(items=2).editions.get()


@pytest.fixture
def item(edition) -> Item:
    return edition.items.order_by("ordinal").first()


def block(
    item: Item, text: str, *, start: int | None = None, column: str = "label", **more: Any
) -> dict[str, Any]:
    return {"table": "line", "parent": item.pk, "start": start, "column": column, "text": text, **more}


def rows(count: int, *, bad: int = 0) -> str:
    """A block as Excel copies it: names, method, numbers, unit, two empty cells, rates."""
    return "\r\n".join(
        f"第{n}类\t人数×标准\t{'二十' if n == bad else n}\t人\t\t\t{n},000.00" for n in range(1, count + 1)
    )


def state(edition: Edition) -> list[tuple[Any, ...]]:
    lines = CalcLine.objects.filter(item__edition=edition).order_by("pk")
    return list(lines.values_list("pk", "label", "people", "rate", "note", "version"))


def test_the_dry_run_tells_old_and_new_of_each_cell_and_changes_nothing(clerk, edition, item):
    line = item.lines.get()
    before = state(edition)
    text = "251\t人\t\t\t1600\n10\t人\t\t\t2500"
    said = post(
        clerk, "grid_paste_try", block(item, text, start=line.pk, column="people"), pk=edition.pk
    ).json()
    assert said["problems"] == []
    assert said["rows"][0]["cells"] == [
        {"label": "数量", "old": "245", "new": "251"},
        {"label": "标准/基数", "old": "1,500", "new": "1,600"},
        {"label": "金额（元）", "old": "367,500.00", "new": "401,600.00"},
    ]
    assert (said["rows"][1]["is_new"], said["new_count"], said["changed_count"]) == (True, 1, 2)
    assert (said["amount_before"], said["amount_after"]) == ("367,500.00", "426,600.00")
    assert state(edition) == before
    assert not GridChange.objects.exists()


def test_two_hundred_rows_with_one_bad_cell_change_nothing_and_name_the_cell(clerk, edition, item):
    before = state(edition)
    payload = block(item, rows(200, bad=87))
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    assert said["problems"] == ["第87行“数量”：应填写数字，例如 557；“二十”不是数字。"]
    answer = post(clerk, "grid_paste", payload | {"seen": said["seen"]}, pk=edition.pk)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("有 1 处错误，一行也没有改。第87行“数量”")
    assert state(edition) == before


def test_two_hundred_rows_are_taken_over_as_one_and_taken_back_as_one(clerk, edition, item):
    before = state(edition)
    payload = block(item, rows(200), start=item.lines.get().pk)
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    done = post(clerk, "grid_paste", payload | {"seen": said["seen"]}, pk=edition.pk).json()
    assert item.lines.count() == 200
    assert [line.ordinal for line in item.lines.order_by("ordinal")] == list(range(1, 201))
    assert done["sums"][-1]["amount"] == "2,687,067,500.00"
    assert GridChange.objects.get().summary == "粘贴 200 行 7 列"
    post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert [row[:-1] for row in state(edition)] == [row[:-1] for row in before]
    again = post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert again.json()["message"] == "这次粘贴已经撤销过了。"


def test_a_paste_asks_the_database_as_often_for_two_hundred_rows_as_for_twenty(
    office, edition, django_assert_max_num_queries
):
    def count(item: Item, number: int) -> int:
        values = [
            RowInput("line", n, {"label": f"第{n}类", "people": n, "rate": Decimal(n)}, parent_id=item.pk)
            for n in range(1, number + 1)
        ]
        with django_assert_max_num_queries(30) as queries:
            apply_block(
                edition_id=edition.pk,
                actor=office.clerk,
                rows=values,
                seen={},
                kind="paste",
                summary="",
                now=office.now,
            )
        return len(queries)

    one, two = edition.items.order_by("ordinal")
    assert count(one, 20) == count(two, 200)


def test_each_pasted_row_leaves_a_history_row_with_who_and_why(office, clerk, edition, item):
    line = item.lines.get()
    payload = block(item, "300", start=line.pk, column="people")
    post(clerk, "grid_paste", payload | {"seen": {f"line:{line.pk}": 1}}, pk=edition.pk)
    change = line_history(line)[0]
    assert (change.who, change.action) == (str(office.clerk), "粘贴")
    assert [(cell.label, cell.old, cell.new) for cell in change.fields] == [("数量", "245", "300")]


def test_rows_changed_after_the_dry_run_stop_the_take_over(office, clerk, edition, item):
    line = item.lines.get()
    payload = block(item, "300", start=line.pk, column="people")
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    change_line(line_id=line.pk, actor=office.clerk, values={"note": "甲"}, seen_version=1, now=office.now)
    answer = post(clerk, "grid_paste", payload | {"seen": said["seen"]}, pk=edition.pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "stale")
    line.refresh_from_db()
    assert line.people == 245


def test_a_row_changed_after_the_paste_stops_the_undo(office, clerk, edition, item):
    line = item.lines.get()
    payload = block(item, "300", start=line.pk, column="people")
    done = post(clerk, "grid_paste", payload | {"seen": {f"line:{line.pk}": 1}}, pk=edition.pk).json()
    change_line(line_id=line.pk, actor=office.clerk, values={"people": 301}, seen_version=2, now=office.now)
    answer = post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert answer.json()["message"] == "“示例人员”之后又改过或删过，不能整块撤销，请逐行修改。"
    line.refresh_from_db()
    assert line.people == 301


def test_only_the_person_who_pasted_takes_it_back(clerk, edition, item):
    payload = block(item, "新的一行")
    done = post(clerk, "grid_paste", payload | {"seen": {}}, pk=edition.pk).json()
    other = signed_in(UserFactory(finance_clerk=True))
    answer = post(other, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert answer.status_code == 422
    assert "只能由本人撤销" in answer.json()["message"]


def test_a_pasted_amount_that_the_row_does_not_compute_is_a_wrong_cell(clerk, edition, item):
    text = "245\t人\t\t\t1500\t\t\t\t\t367,000.00"
    said = post(
        clerk, "grid_paste_try", block(item, text, start=item.lines.get().pk, column="people"), pk=edition.pk
    ).json()
    assert said["problems"] == ["第1行“金额（元）”：按本行测算为 367,500.00，给出的是 367,000.00。"]


def test_a_class_that_outgrows_its_whole_is_a_wrong_cell(clerk, edition, item):
    line = item.lines.get()
    said = post(
        clerk,
        "grid_paste_try",
        block(item, "破产企业\t300", start=line.pk, column="of_which_label"),
        pk=edition.pk,
    ).json()
    assert said["problems"] == ["第1行“其中数”：“其中”的数量 300 超过本行的数量 245。"]


def test_empty_cells_clear_and_empty_rows_behind_the_last_are_left_out(clerk, edition, item):
    line = item.lines.get()
    said = post(clerk, "grid_paste_try", block(item, "\t\n", start=line.pk, column="people"), pk=edition.pk)
    assert said.json()["message"] == "剪贴板里没有可以粘贴的内容。"
    payload = block(item, "\t人\n\t\n\t\n", start=line.pk, column="people")
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    assert {"label": "数量", "old": "245", "new": ""} in said["rows"][0]["cells"]
    assert (said["changed_count"], said["new_count"]) == (1, 0)


def test_a_cell_with_a_line_break_comes_quoted_out_of_excel(clerk, edition, item):
    said = post(clerk, "grid_paste_try", block(item, '"甲\r\n乙 ""丙"""\t1\t3'), pk=edition.pk).json()
    assert said["rows"][0]["title"] == '甲 乙 "丙"'


def test_a_block_wider_than_the_grid_is_refused_with_where_to_start(clerk, edition, item):
    answer = post(
        clerk,
        "grid_paste_try",
        block(item, "1\t2\t3", start=item.lines.get().pk, column="amount"),
        pk=edition.pk,
    )
    assert (
        answer.json()["message"] == "粘贴的内容有 3 列，从“金额（元）”起只有 2 列。请从更靠左的格开始粘贴。"
    )


def test_more_rows_than_one_block_may_have_are_refused(clerk, edition, item):
    answer = post(clerk, "grid_paste_try", block(item, "甲\n" * 2001), pk=edition.pk)
    assert "一次最多粘贴 2,000 行，这里有 2,001 行" in answer.json()["message"]


def test_figures_of_last_year_are_pasted_down_the_items(clerk, edition):
    first, second = edition.items.order_by("ordinal")
    payload = {
        "table": "item", "parent": first.group_id, "start": first.pk, "column": "prior_amount", "text": "300000\n35万",
    }  # fmt: skip
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    post(clerk, "grid_paste", payload | {"seen": said["seen"]}, pk=edition.pk)
    second.refresh_from_db()
    assert second.prior_amount == Decimal("350000.00")


def test_names_pasted_behind_the_last_item_become_items(clerk, edition):
    group = edition.items.first().group
    payload = {
        "table": "item",
        "parent": group.pk,
        "start": None,
        "column": "name",
        "text": "厂务公开经费\n工会经费",
    }
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    done = post(clerk, "grid_paste", payload | {"seen": said["seen"]}, pk=edition.pk).json()
    names = list(edition.items.order_by("ordinal").values_list("name", flat=True))
    assert names[2:] == ["厂务公开经费", "工会经费"]
    post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert edition.items.count() == 2


def item_block(
    edition: Edition, text: str, *, column: str = "name", start: int | None = None
) -> dict[str, Any]:
    group = edition.items.first().group
    return {"table": "item", "parent": group.pk, "start": start, "column": column, "text": text, "seen": {}}


def test_a_column_that_falls_on_a_computed_one_is_named_and_stops_the_block(clerk, edition):
    text = "\n".join(f"示例项目{n}\t{n}00\t{n}50" for n in range(1, 31))
    payload = item_block(edition, text)
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    assert said["unplaced"] == [{"column": "change", "label": "增减", "count": 30}]
    assert said["problems"] == [
        "“增减”这一列不能录入，第1行“150”、第2行“250”、第3行“350”等 30 格没有地方放。"
    ]
    assert said["problem_count"] == 1  # a page of an earlier version stops at it
    answer = post(clerk, "grid_paste", payload, pk=edition.pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "unplaced")
    assert answer.json()["message"].startswith("一行也没有改。“增减”这一列不能录入，第1行“150”")
    assert edition.items.count() == 2


def test_a_column_is_left_out_only_when_the_person_says_so_and_the_record_names_it(clerk, edition):
    payload = item_block(edition, "厂务公开经费\t300\t350") | {"left_out": ["change"]}
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    assert (said["unplaced"], said["problem_count"]) == ([], 0)
    done = post(clerk, "grid_paste", payload, pk=edition.pk).json()
    assert done["summary"] == "粘贴 1 行 3 列，没有粘贴“增减”"
    assert edition.items.get(name="厂务公开经费").prior_amount == Decimal("300.00")


@pytest.mark.parametrize("left_out", ["change", [1], {"change": 1}])
def test_columns_to_leave_out_come_as_a_list_of_names(clerk, edition, left_out):
    payload = item_block(edition, "甲\t1\t2") | {"left_out": left_out}
    assert post(clerk, "grid_paste_try", payload, pk=edition.pk).json()["code"] == "unreadable"


@pytest.mark.parametrize(
    ("column", "text", "named"),
    [
        (
            "name",
            "厂务公开经费\t300\t350\t5%\t无\t物价\t350\t0.04",
            ["增减", "增减率", "提示", "金额（元）", "万元"],
        ),
        ("name", "厂务公开经费\t557\t400", ["增减"]),  # a count and a rate where an item has none
        ("change", "5", ["增减"]),
        ("change_rate", "5%", ["增减率"]),
        ("amount", "5\t6", ["金额（元）", "万元"]),
    ],
)
def test_every_column_of_an_item_that_nobody_fills_is_named(clerk, edition, column, text, named):
    start = None if column == "name" else edition.items.order_by("ordinal").first().pk
    said = post(clerk, "grid_paste_try", item_block(edition, text, column=column, start=start), pk=edition.pk)
    assert [found["label"] for found in said.json()["unplaced"]] == named


def test_a_copied_item_row_pasted_back_unchanged_has_nothing_without_a_place(clerk, edition):
    item = edition.items.order_by("ordinal").first()
    item.prior_amount = Decimal(300_000)
    item.save(update_fields=["prior_amount"])
    text = "300000\t+67,500.00\t+22.5%\t\t\t367,500.00\t36.75"
    payload = item_block(edition, text, column="prior_amount", start=item.pk)
    said = post(clerk, "grid_paste_try", payload, pk=edition.pk).json()
    assert (said["problems"], said["changed_count"]) == ([], 0)


def test_a_control_figure_that_the_stage_fixes_is_named_when_another_is_pasted(office):
    edition = office.reach(office.plan(), Stage.FIRST_DOWN)
    item = edition.items.get()
    office_clerk = signed_in(office.clerk)
    post(
        office_clerk,
        "grid_item_save",
        {"version": item.version, "cells": {"control_amount": "400000"}},
        pk=item.pk,
    )
    later = office.reach(edition.plan, Stage.SECOND_UP)
    item = later.items.get()
    for text, named in (("400000", []), ("350000", ["控制数"])):
        payload = item_block(later, text, column="control_amount", start=item.pk)
        said = post(office_clerk, "grid_paste_try", payload, pk=later.pk).json()
        assert [found["label"] for found in said["unplaced"]] == named


def test_an_item_without_a_name_is_a_wrong_cell(clerk, edition):
    said = post(clerk, "grid_paste_try", item_block(edition, "\t300"), pk=edition.pk).json()
    assert said["problems"] == ["第1行“项目名称”：不能为空。"]


def test_a_unit_of_a_line_that_counts_nothing_is_a_wrong_cell(clerk, edition, item):
    said = post(clerk, "grid_paste_try", block(item, "工作经费\t定额\t\t项"), pk=edition.pk).json()
    assert said["problems"] == ["第1行“单位”：测算方式为“定额”时不填“单位”。"]
    said = post(clerk, "grid_paste_try", block(item, "工作经费\t定额\t\t人"), pk=edition.pk).json()
    assert said["problems"] == []


def test_empty_columns_beyond_the_grid_are_no_reason_to_refuse(clerk, edition, item):
    line = item.lines.get()
    said = post(
        clerk, "grid_paste_try", block(item, "367500\t\t\t", start=line.pk, column="amount"), pk=edition.pk
    )
    assert said.json()["problems"] == []


def test_an_item_that_got_lines_meanwhile_is_not_taken_back(office, clerk, edition):
    group = edition.items.first().group
    payload = {
        "table": "item",
        "parent": group.pk,
        "start": None,
        "column": "name",
        "text": "工会经费",
        "seen": {},
    }
    done = post(clerk, "grid_paste", payload, pk=edition.pk).json()
    CalcLineFactory(item=edition.items.get(name="工会经费"))
    answer = post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert answer.json()["message"] == "新增的项目里后来又录入了测算行，不能整块撤销。"


def test_a_locked_edition_takes_no_block(office, clerk, edition, item):
    office.submit(edition)
    for name in ("grid_paste_try", "grid_paste"):
        answer = post(clerk, name, block(item, "甲", seen={}), pk=edition.pk)
        assert (answer.status_code, answer.json()["code"]) == (422, "locked")


def test_an_undo_after_the_submission_is_refused(office, clerk, edition, item):
    line = item.lines.get()
    payload = block(item, "300", start=line.pk, column="people") | {"seen": {f"line:{line.pk}": 1}}
    done = post(clerk, "grid_paste", payload, pk=edition.pk).json()
    office.submit(edition)
    answer = post(clerk, "grid_undo", {}, pk=edition.pk, change_id=done["change"])
    assert answer.json()["code"] == "locked"


def test_a_block_cannot_reach_rows_of_another_edition(office, edition):
    foreign = CalcLineFactory(item=ItemFactory(edition=office.plan(year=2017).editions.get(), ordinal=50))
    with pytest.raises(Refused, match="已被删除"):
        try_block(
            edition_id=edition.pk,
            actor=office.clerk,
            rows=[RowInput("line", 1, {"people": 1}, record_id=foreign.pk)],
        )
    with pytest.raises(Refused, match="已被删除"):
        try_block(
            edition_id=edition.pk,
            actor=office.clerk,
            rows=[RowInput("line", 1, {"people": 1}, parent_id=foreign.item_id)],
        )


def test_the_page_offers_to_take_back_the_last_block(clerk, edition, item):
    address = reverse("budget:edition_grid", args=[edition.pk])
    assert "撤销粘贴</button>" not in clerk.get(address).content.decode()
    post(clerk, "grid_paste", block(item, "新的一行", seen={}), pk=edition.pk)
    assert "撤销粘贴</button>" in clerk.get(address).content.decode()
