"""The grid's cells: what is typed becomes a value or a sentence, a row is saved with its item and sums."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.budget.forms.cells import parse_item, parse_line
from apps.budget.models import CalcLine, Item
from apps.budget.rules.calculation import Method, ShareBasis
from apps.budget.rules.stages import Stage
from apps.budget.selectors.grid import fresh_item
from apps.budget.services.items import create_item
from apps.budget.services.lines import change_line
from apps.budget.views.grid_answers import item_json
from tests.clients import signed_in
from tests.factories import CalcLineFactory, ItemFactory, ItemGroupFactory, UserFactory


def post(client: Client, name: str, payload: Any, **kwargs: Any) -> Any:
    body = payload if isinstance(payload, str) else json.dumps(payload)
    return client.post(reverse(f"budget:{name}", kwargs=kwargs), body, content_type="application/json")


@pytest.fixture
def clerk(office) -> Client:
    return signed_in(office.clerk)


@pytest.fixture
def line(edition) -> CalcLine:
    return CalcLine.objects.get(item__edition=edition)


# ---- reading cells -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "typed", "field", "value"),
    [
        ("people", "1,245", "people", 1245),
        ("people", "２５１", "people", 251),
        ("people", "", "people", None),
        ("price", "￥1500元", "rate", Decimal("1500.00")),
        ("price", "0.15万", "rate", Decimal("1500.00")),
        ("label", "  获得\t一次\n的 ", "label", "获得 一次 的"),
        ("unit", "", "unit", "人"),
    ],
)
def test_a_cell_is_read_as_the_clerk_means_it(column, typed, field, value):
    parsed = parse_line({column: typed}, method=Method.HEADCOUNT)
    assert (parsed.values, parsed.problems) == ({field: value}, {})


@pytest.mark.parametrize(
    ("column", "typed", "sentence"),
    [
        ("people", "-3", "“数量”不能是负数。"),
        ("people", "二十", "“数量”应填写数字，例如 557；“二十”不是数字。"),
        ("people", "1000000000", "“数量”不能超过 100,000,000。"),
        ("people", "2.5", "“数量”应填写整数，填写的是“2.5”。"),
        ("price", "12a", "“标准”应填写数字，例如 222,800.50 或 22.28万；“12a”不是数字。"),
        ("price", "1.234", "“标准”最多精确到分（两位小数），填写的是“1.234”。"),
        (
            "method",
            "乱写",
            "“测算方式”只能是：人数×标准、分档人数×标准、基数×比例×分成、定额、据实；“乱写”不在其中。",
        ),
        ("label", "长" * 121, "“测算内容”不能超过 120 个字，现有 121 个字。"),
        ("label", "\x00", "“测算内容”含有看不见的控制字符，请删去后再试。"),
        ("label", "\ud800", "“测算内容”含有不完整的字符，请重新输入。"),
        ("ratio", "2%", "测算方式为“人数×标准”时不填“比例”。"),
        ("nonsense", "1", "没有“nonsense”这一列。"),
    ],
)
def test_a_wrong_cell_is_told_with_its_column_and_rule(column, typed, sentence):
    assert parse_line({column: typed}, method=Method.HEADCOUNT).problems == {column: sentence}


def test_the_base_of_a_share_stands_in_the_same_column_as_a_rate():
    cells = {
        "method": "基数*比例*分成",
        "price": "6875000000",
        "ratio": "2%",
        "share": "40％",
        "share_basis": "市总工会分成数",
    }
    parsed = parse_line(cells, method=Method.HEADCOUNT)
    assert parsed.values == {
        "method": Method.BASE_RATIO,
        "base_amount": Decimal("6875000000.00"),
        "ratio": Decimal("0.02"),
        "share": Decimal("0.4"),
        "share_basis": ShareBasis.RETAINED,
    }


@pytest.mark.parametrize("typed", ["0", "0%", "101%", "1.5", "-2%"])
def test_a_ratio_lies_between_nothing_and_the_whole(typed):
    assert parse_line({"ratio": typed}, method=Method.BASE_RATIO).problems


def test_the_control_figure_is_entered_in_its_own_stage_only():
    assert parse_item({"control_amount": "100"}, stage=Stage.FIRST_DOWN).values == {
        "control_amount": Decimal("100.00")
    }
    later = parse_item({"control_amount": "100"}, stage=Stage.SECOND_UP)
    assert "control_amount" not in later.values
    assert later.forbidden(Stage.SECOND_UP) == {"control_amount": "“控制数”在本阶段不能修改。"}
    assert parse_item({"control_amount": "100"}, stage=Stage.FIRST_UP).problems


# ---- saving a row --------------------------------------------------------------------------------------------


def test_a_saved_line_answers_with_its_item_its_sentence_and_every_sum(clerk, line):
    answer = post(clerk, "grid_line_save", {"version": 1, "cells": {"people": "251"}}, pk=line.pk)
    said = answer.json()
    assert answer.status_code == 200
    assert said["line"]["cells"]["amount"] == "376,500.00"
    assert said["line"]["version"] == 2
    assert said["item"]["cells"]["amount"] == "376,500.00"
    assert said["item"]["cells"]["wan"] == "37.65"
    assert "251人" in said["item"]["sentence"]
    assert [(row["label"], row["amount"], row["wan"]) for row in said["sums"]] == [
        ("单位专项项目小计", "376,500.00", "37.65"),
        ("合计", "376,500.00", "37.65"),
    ]


def test_of_which_beyond_its_class_is_refused_in_its_cell(clerk, line):
    cells = {"of_which_label": "破产企业劳模", "of_which_people": "300"}
    answer = post(clerk, "grid_line_save", {"version": 1, "cells": cells}, pk=line.pk)
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"of_which_people": "“其中”的数量 300 超过本行的数量 245。"}
    line.refresh_from_db()
    assert (line.of_which_people, line.version) == (None, 1)


def test_all_wrong_cells_of_a_row_are_told_at_once(clerk, line):
    answer = post(
        clerk, "grid_line_save", {"version": 1, "cells": {"people": "-1", "price": "x"}}, pk=line.pk
    )
    assert set(answer.json()["errors"]) == {"people", "price"}


def test_a_computed_cell_cannot_be_written(clerk, line):
    answer = post(clerk, "grid_line_save", {"version": 1, "cells": {"amount": "999"}}, pk=line.pk)
    line.refresh_from_db()
    assert line.amount == Decimal("367500.00")
    assert answer.status_code == 200


def test_changing_the_method_drops_the_figures_of_the_old_one(clerk, line):
    cells = {"method": "定额", "amount": "200000", "note": "每年市财政拨付"}
    said = post(clerk, "grid_line_save", {"version": 1, "cells": cells}, pk=line.pk).json()
    assert said["line"]["cells"]["people"] == ""
    assert said["line"]["cells"]["amount"] == "200,000.00"
    line.refresh_from_db()
    assert (line.people, line.rate, line.fixed_amount) == (None, None, Decimal("200000.00"))


def test_a_colleague_who_was_faster_is_named_and_nothing_is_overwritten(office, clerk, line):
    colleague = UserFactory(full_name="示例·王会计", finance_clerk=True)
    change_line(line_id=line.pk, actor=colleague, values={"people": 246}, seen_version=1, now=office.now)
    answer = post(clerk, "grid_line_save", {"version": 1, "cells": {"people": "251"}}, pk=line.pk)
    said = answer.json()
    assert answer.status_code == 409
    assert (said["who"], said["version"], said["cells"]["people"]) == ("示例·王会计", 2, "246")
    line.refresh_from_db()
    assert line.people == 246


def test_an_item_keeps_its_placeholder_and_shows_the_year(office, clerk, edition):
    item = office.add_item(edition, name="{年度}年劳模体检费")
    said = post(
        clerk, "grid_item_save", {"version": item.version, "cells": {"prior_amount": "300000"}}, pk=item.pk
    ).json()["item"]
    assert said["cells"]["name"] == "2016年劳模体检费"
    assert said["sources"] == {"name": "{年度}年劳模体检费"}
    assert said["cells"]["change"] == "+67,500.00"
    assert said["cells"]["change_rate"] == "+22.5%"


def test_an_item_that_last_year_did_not_have_is_called_new_instead_of_given_a_rate(clerk, edition):
    item = edition.items.get()
    said = post(clerk, "grid_item_save", {"version": 1, "cells": {"prior_amount": "0"}}, pk=item.pk).json()
    assert said["item"]["cells"]["change_rate"] == "新增"


def test_an_item_without_basis_and_with_missing_figures_is_marked(clerk, edition):
    item = edition.items.get()
    added = post(clerk, "grid_line_add", {"cells": {"label": "其他", "method": "定额"}}, pk=item.pk).json()
    assert [mark["text"] for mark in added["item"]["marks"]] == ["缺金额", "无测算依据", "无依据文件"]


def test_what_the_finance_head_let_stand_is_one_quiet_mark_until_its_amount_changes(
    clerk, office, edition, line
):
    cells = {"method": "定额", "amount": "200000"}
    saved = post(clerk, "grid_line_save", {"version": 1, "cells": cells}, pk=line.pk).json()
    assert [(mark["text"], mark["tone"]) for mark in saved["item"]["marks"]] == [
        ("无测算依据", "amber"),
        ("无依据文件", "outline"),
    ]
    office.answer_findings(edition)
    said = f"无测算依据：示例：经核对可以保留。（{office.head}）；无依据文件：示例：经核对可以保留。（{office.head}）"
    assert item_json(fresh_item(line.item_id))["marks"] == [
        {"text": "已说明", "tone": "quiet", "title": said}
    ]
    again = post(clerk, "grid_line_save", {"version": 2, "cells": {"amount": "300000"}}, pk=line.pk).json()
    assert [mark["text"] for mark in again["item"]["marks"]] == ["无测算依据", "已说明"]


def test_an_item_that_came_in_after_ratification_is_not_asked_for_lines(office):
    edition = office.adjustment()
    item = create_item(
        edition_id=edition.pk,
        actor=office.clerk,
        now=office.now,
        values={"group": ItemGroupFactory(), "name": "示例新增项目", "purpose": "示例说明。"},
    )
    assert fresh_item(item.pk).marks == ()


def test_a_new_line_stands_behind_the_last_one(clerk, edition, line):
    said = post(clerk, "grid_line_add", {"cells": {"label": "获得二次"}}, pk=line.item_id).json()
    assert (said["line"]["number"], said["line"]["cells"]["method"]) == (2, "人数×标准")


def test_a_new_item_comes_with_its_row(clerk, edition):
    group = ItemGroupFactory(code="public", name="单位专项公用经费项目")
    answer = post(
        clerk, "grid_item_add", {"cells": {"name": "厂务公开经费"}}, pk=edition.pk, group_id=group.pk
    )
    item = Item.objects.get(name="厂务公开经费")
    assert item.group == group
    assert "厂务公开经费" in answer.json()["html"][str(item.pk)]


def test_rows_change_places_within_their_item(clerk, edition, line):
    second = CalcLineFactory(item=line.item, ordinal=2, label="第二行")
    assert post(clerk, "grid_line_move", {"steps": -1}, pk=second.pk).status_code == 200
    assert [row.label for row in line.item.lines.order_by("ordinal")] == ["第二行", "示例人员"]
    assert post(clerk, "grid_line_move", {"steps": 5}, pk=second.pk).status_code == 422


def test_a_line_changed_meanwhile_is_not_removed(office, clerk, line):
    change_line(line_id=line.pk, actor=office.clerk, values={"people": 1}, seen_version=1, now=office.now)
    assert post(clerk, "grid_line_remove", {"version": 1}, pk=line.pk).status_code == 409
    assert post(clerk, "grid_line_remove", {"version": 2}, pk=line.pk).status_code == 200
    assert not CalcLine.objects.filter(pk=line.pk).exists()


# ---- the page ------------------------------------------------------------------------------------------------


def test_a_submitted_edition_is_shown_without_any_input_and_refuses_a_save(office, clerk, edition, line):
    office.submit(edition)
    page = clerk.get(reverse("budget:edition_grid", args=[edition.pk])).content.decode()
    assert "该版本待财务审核，内容不能修改" in page
    assert "is-open" not in page
    assert "＋ 测算行" not in page.replace('data-hint="＋ 测算行"', "")
    answer = post(clerk, "grid_line_save", {"version": 1, "cells": {"people": "1"}}, pk=line.pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "locked")


def test_a_reader_sees_the_same_grid_and_why_it_is_closed(edition):
    page = signed_in(UserFactory(auditor=True)).get(reverse("budget:edition_grid", args=[edition.pk]))
    assert "您没有录入预算的权限" in page.content.decode()


def test_the_grid_asks_as_often_for_twelve_items_as_for_two(office, django_assert_max_num_queries):
    def count(items: int, year: int) -> int:
        edition = office.plan(items=items, year=year).editions.get()
        client = signed_in(office.clerk)
        address = reverse("budget:edition_grid", args=[edition.pk])
        client.get(address)
        with django_assert_max_num_queries(60) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    assert count(2, 2016) == count(12, 2017)


def test_a_save_asks_as_often_in_a_large_edition_as_in_a_small_one(office, django_assert_max_num_queries):
    def count(items: int, year: int) -> int:
        edition = office.plan(items=items, year=year).editions.get()
        line = CalcLine.objects.filter(item__edition=edition).first()
        client = signed_in(office.clerk)
        with django_assert_max_num_queries(60) as queries:
            post(client, "grid_line_save", {"version": 1, "cells": {"people": "7"}}, pk=line.pk)
        return len(queries)

    assert count(2, 2016) == count(12, 2017)


def test_control_figures_are_shown_from_their_stage_on_and_overrun_is_marked(office):
    edition = office.reach(office.plan(), Stage.FIRST_DOWN)
    item = edition.items.get()
    client = signed_in(office.clerk)
    page = client.get(reverse("budget:edition_grid", args=[edition.pk])).content.decode()
    assert "控制数" in page
    assert "增减率" not in page
    said = post(
        client, "grid_item_save", {"version": item.version, "cells": {"control_amount": "300000"}}, pk=item.pk
    ).json()
    assert "超控制数" in [mark["text"] for mark in said["item"]["marks"]]


def test_an_adjustment_shows_what_was_ratified_and_is_not_calculated_again(office):
    edition = office.adjustment()
    page = signed_in(office.clerk).get(reverse("budget:edition_grid", args=[edition.pk])).content.decode()
    assert "批复数" in page
    assert "调剂版本不改测算" in page


def test_rows_of_a_foreign_union_are_not_found(edition, line):
    stranger = signed_in(UserFactory(county_clerk=True))
    assert stranger.get(reverse("budget:edition_grid", args=[edition.pk])).status_code == 404
    assert stranger.get(reverse("budget:grid_history", args=["lines", line.pk])).status_code == 404


def test_fresh_rows_are_given_for_the_items_asked_for(clerk, edition):
    item = edition.items.get()
    said = clerk.get(reverse("budget:grid_items", args=[edition.pk]), {"item": [item.pk, 999999]}).json()
    assert f'id="item-{item.pk}"' in said["html"][str(item.pk)]
    assert said["html"]["999999"] == ""


def test_text_of_a_row_never_becomes_markup(office, clerk, edition):
    item = ItemFactory(edition=edition, name="<script>alert(1)</script>", ordinal=99)
    CalcLineFactory(item=item, label='"><img src=x>')
    page = clerk.get(reverse("budget:edition_grid", args=[edition.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
