"""Plans: opening, stages, last year's copy, the close of a year, and the pages that show them."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.budget.models import Edition, Plan
from apps.budget.rules.stages import Book, Stage, Status
from apps.budget.selectors.frame import stage_steps
from apps.budget.selectors.plans import book_totals, edition_amounts, plan_page, plan_rows
from apps.budget.selectors.waiting import waiting_for
from apps.budget.services.items import change_item
from apps.budget.services.outline import add_entry
from apps.budget.services.plans import copy_last_year, create_plan, open_next_edition
from apps.core.errors import Refused
from tests.budget.closings import close_year
from tests.budget.office import Office
from tests.factories import EditionFactory, ItemFactory, RoleGrantFactory, UnionFactory, UserFactory

EACH = Decimal("367500.00")


def queries_of(client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


# --- opening and stages ---------------------------------------------------------------------------------------


def test_a_new_plan_begins_with_an_empty_first_edition(office):
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.UNION, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    assert (edition.stage, edition.status, edition.items.count()) == (Stage.FIRST_UP, Status.DRAFT, 0)


def test_the_same_budget_is_not_opened_twice(office):
    office.plan()
    with pytest.raises(Refused, match="已有预算") as refused:
        office.plan()
    assert refused.value.field == "year"


def test_the_three_books_of_a_year_stand_beside_each_other(office):
    for book in Book:
        office.plan(book=book)
    rows = plan_rows(office.clerk, year=2016)
    assert {total.label: total.total for total in book_totals(rows)} == {
        "财政部门预算": EACH, "工会经费预算": EACH, "代管资金": EACH,
    }  # fmt: skip


def test_all_five_stages_follow_each_other_as_copies(office):
    plan = office.plan()
    adjustment = office.reach(plan, Stage.ADJUSTMENT)
    assert [edition.label for edition in plan.editions.order_by("id")] == [
        "一上",
        "一下",
        "二上",
        "批复",
        "第1次调剂",
    ]
    lineages = {edition.items.get().lineage for edition in plan.editions.all()}
    assert len(lineages) == 1
    assert {amounts.total for amounts in edition_amounts([plan.pk]).values()} == {EACH}
    assert adjustment.based_on.stage == Stage.RATIFIED


def test_the_next_stage_waits_for_the_open_edition(office):
    plan = office.plan()
    with pytest.raises(Refused, match="“一上”还未审定"):
        office.next(plan)


def test_the_database_keeps_one_open_edition_a_plan(office):
    plan = office.plan()
    with pytest.raises(IntegrityError, match="one_open"), transaction.atomic():
        EditionFactory(plan=plan, stage=Stage.FIRST_DOWN, created_by=office.clerk)


def test_a_reader_opens_nothing(office):
    plan = office.plan()
    reader = UserFactory(reader=True)
    with pytest.raises(Refused, match="权限"):
        open_next_edition(plan_id=plan.pk, actor=reader, now=office.now)
    with pytest.raises(Refused, match="权限"):
        create_plan(union_id=office.union.pk, year=2017, book=Book.UNION, actor=reader, now=office.now)


def test_a_plan_of_a_foreign_union_is_refused(office):
    clerk = UserFactory(union=UnionFactory(), finance_clerk=True)
    with pytest.raises(Refused, match="不是您所属工会"):
        create_plan(union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=clerk, now=office.now)
    plan = office.plan()
    with pytest.raises(Refused, match="不是您所属工会"):
        open_next_edition(plan_id=plan.pk, actor=clerk, now=office.now)
    with pytest.raises(Refused, match="不是您所属工会"):
        copy_last_year(edition_id=plan.editions.get().pk, actor=clerk, now=office.now)


def test_last_year_is_copied_with_its_final_amounts(office):
    last = office.plan(year=2015, items=2)
    office.ratify(last)
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    assert plan_page(plan).can_copy
    assert copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now) == 2
    copied = edition.items.order_by("ordinal").first()
    assert copied.prior_amount == EACH
    assert copied.lines.get().people == 245
    assert copied.lineage == last.editions.first().items.order_by("ordinal").first().lineage
    assert not plan_page(plan).can_copy


def test_copying_last_year_keeps_the_text_that_is_already_written(office):
    office.ratify(office.plan(year=2015))
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    add_entry(edition_id=edition.pk, section="duties", text="今年新写的职责。", actor=office.clerk)
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    assert [entry.text for entry in edition.outline.all()] == ["今年新写的职责。"]
    assert edition.items.count() == 1


def test_last_year_is_copied_only_into_an_empty_first_edition(office):
    office.ratify(office.plan(year=2015))
    plan = office.plan(year=2016)
    with pytest.raises(Refused, match="已有项目"):
        copy_last_year(edition_id=plan.editions.get().pk, actor=office.clerk, now=office.now)
    alone = create_plan(
        union_id=office.union.pk, year=2019, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    with pytest.raises(Refused, match="2018年没有已审定的预算"):
        copy_last_year(edition_id=alone.editions.get().pk, actor=office.clerk, now=office.now)


# --- the stages of each item ----------------------------------------------------------------------------------


def test_the_page_of_a_plan_tells_each_item_by_stage(office):
    plan = office.plan()
    down = office.reach(plan, Stage.FIRST_DOWN)
    item = down.items.get()
    change_item(
        item_id=item.pk,
        actor=office.clerk,
        values={"control_amount": Decimal("400000")},
        seen_version=1,
        now=office.now,
    )
    office.reach(plan, Stage.SECOND_UP)
    page = plan_page(plan)
    assert [(column.label, column.total) for column in page.columns] == [
        ("申报数", EACH), ("控制数", Decimal("400000.00")), ("草案数", EACH),
    ]  # fmt: skip
    assert page.items[0].amounts == (EACH, Decimal("400000.00"), EACH)
    assert page.rows[-1].control == Decimal("400000.00")


def test_the_stepper_shows_what_is_done_and_what_is_under_way(office):
    plan = office.plan()
    office.settle(plan.editions.get())
    office.next(plan)
    editions = list(plan.editions.order_by("id"))
    steps = stage_steps(editions, edition_amounts([plan.pk]))
    assert [(step.label, step.state) for step in steps] == [
        ("一上", "done"), ("一下", "current"), ("二上", "todo"), ("批复", "todo"), ("调剂", "todo"),
    ]  # fmt: skip
    assert steps[0].note == "36.75万元"


# --- pages ----------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_by_the_address(client, office):
    office.plan(year=2015)
    office.plan(year=2016, book=Book.UNION)
    client.force_login(office.clerk)
    whole = client.get(reverse("budget:plan_list"))
    assert whole.context["row_count"] == 2
    by_year = client.get(reverse("budget:plan_list"), {"year": "2016"})
    assert [row.year for row in by_year.context["table"].data.data] == [2016]
    assert "工会经费预算" in by_year.content.decode()
    assert client.get(reverse("budget:plan_list"), {"book": "fiscal"}).context["row_count"] == 1
    for column in ("year", "union_name", "book", "edition_label", "status", "total", "ratified", "adjusted"):
        for order in (column, f"-{column}"):
            assert client.get(reverse("budget:plan_list"), {"sort": order}).status_code == 200
    for nonsense in (
        {"year": "x"},
        {"union": "-1"},
        {"book": "?"},
        {"year": "9" * 30},
        {"page": "z"},
        {"sort": "x"},
    ):
        assert client.get(reverse("budget:plan_list"), nonsense).status_code == 200


def test_the_list_leads_to_the_newest_edition_and_quietly_back_to_the_stages_before(client, office):
    office.reach(office.plan(), Stage.SECOND_UP)
    first, handed_down, newest = Edition.objects.order_by("id")
    client.force_login(office.clerk)
    page = client.get(reverse("budget:plan_list")).content.decode()

    def link(edition: Edition) -> str:
        return f'<a href="{reverse("budget:edition_grid", args=[edition.pk])}">{edition.label}</a>'

    assert (
        f'{link(newest)}<span class="row-note muted">此前 {link(first)}、{link(handed_down)}</span>' in page
    )


def test_the_list_names_one_adjustment_however_many_there_were(office):
    office.adjustment()
    adjustment = Edition.objects.get(stage=Stage.ADJUSTMENT)
    office.settle(adjustment)
    second = office.next(adjustment.plan)
    (row,) = plan_rows(office.clerk)
    assert row.edition == second
    assert [edition.label for edition in row.earlier] == ["一上"]


def test_the_top_bar_names_a_year_only_where_the_page_is_about_one(client, office):
    plan = office.plan()
    client.force_login(office.clerk)

    def year(name: str, *args: object, **query: str) -> int | None:
        return client.get(reverse(name, args=args), query).context["frame"].year

    assert year("budget:plan_detail", plan.pk) == 2016
    assert year("budget:edition_grid", plan.editions.get().pk) == 2016
    assert year("budget:plan_list", year="2016") == 2016
    assert year("budget:plan_list") is None
    assert year("home:workbench") is None
    client.force_login(office.head)
    page = client.get(reverse("budget:policy_list")).content.decode()
    assert "topbar__year" not in page


def test_an_empty_list_says_what_to_do(client, office):
    client.force_login(office.clerk)
    page = client.get(reverse("budget:plan_list")).content.decode()
    assert "还没有编制预算" in page
    assert reverse("budget:plan_create") in page
    client.force_login(UserFactory(reader=True))
    assert reverse("budget:plan_create") not in client.get(reverse("budget:plan_list")).content.decode()


def test_a_county_sees_its_own_plans_and_the_city_sees_them_too(client, office):
    county = Office(UnionFactory())
    ours, theirs = office.plan(), county.plan()
    assert {row.plan for row in plan_rows(office.clerk)} == {ours, theirs}
    assert {row.plan for row in plan_rows(county.clerk)} == {theirs}
    client.force_login(county.clerk)
    for name in ("plan_detail", "plan_next", "plan_compare"):
        assert client.get(reverse(f"budget:{name}", args=[ours.pk])).status_code == 404
    assert client.get(reverse("budget:edition_copy", args=[ours.editions.get().pk])).status_code == 404


def test_a_plan_is_opened_by_the_form(client, office):
    client.force_login(office.clerk)
    data = {"year": "2016", "book": "fiscal", "union": office.union.pk}
    answer = client.post(reverse("budget:plan_create"), data)
    plan = Plan.objects.get()
    assert answer.url == reverse("budget:plan_detail", args=[plan.pk])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"year": "20160"}, "必须在 2000 到 2100 之间"),
        ({"year": "二〇一六"}, "整数"),
        ({"year": ""}, ""),
        ({"book": "other"}, "other"),
    ],
)
def test_a_wrong_plan_gets_a_sentence_and_keeps_what_was_typed(client, office, change, sentence):
    client.force_login(office.clerk)
    data = {"year": "2016", "book": "fiscal", "union": office.union.pk} | change
    answer = client.post(reverse("budget:plan_create"), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert f'value="{data["year"]}"' in page or not data["year"]
    assert Plan.objects.count() == 0


def test_the_form_refuses_an_existing_a_closed_and_a_foreign_plan(client, office):
    office.settle(office.plan().editions.get())
    close_year(2016)
    client.force_login(office.clerk)
    url = reverse("budget:plan_create")
    data = {"year": "2016", "book": "union", "union": office.union.pk}
    assert "2016年度已关闭，不能新建预算" in client.post(url, data).content.decode()
    office.plan(year=2017)
    twice = client.post(url, data | {"year": "2017", "book": "fiscal"})
    assert "已有预算，请直接打开" in twice.content.decode()
    county = Office(UnionFactory())
    client.force_login(county.clerk)
    assert client.post(url, data | {"year": "2018"}).status_code == 422
    assert Plan.objects.count() == 2


def test_the_next_stage_is_opened_after_a_question(client, office):
    plan = office.plan()
    office.settle(plan.editions.get())
    client.force_login(office.clerk)
    page = client.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    assert "开启下一阶段：一下" in page
    question = client.get(reverse("budget:plan_next", args=[plan.pk])).content.decode()
    assert "367,500.00 元" in question
    assert plan.editions.count() == 1
    client.post(reverse("budget:plan_next", args=[plan.pk]))
    assert plan.editions.count() == 2
    again = client.post(reverse("budget:plan_next", args=[plan.pk]))
    assert (again.status_code, "“一下”还未审定" in again.content.decode()) == (422, True)


def test_last_year_is_copied_after_a_question(client, office):
    office.ratify(office.plan(year=2015))
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    client.force_login(office.clerk)
    assert "从上年复制" in client.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    url = reverse("budget:edition_copy", args=[edition.pk])
    assert "2015年“批复”复制 1 个项目" in client.get(url).content.decode()
    assert client.post(url).url == reverse("budget:edition_grid", args=[edition.pk])
    assert edition.items.count() == 1
    assert client.post(url).status_code == 422


def test_the_page_of_a_plan_shows_its_decisions(client, office):
    plan = office.plan()
    edition = plan.editions.get()
    office.submit(edition)
    office.decide(edition, office.head, "return", opinion="人数与名册不符。")
    client.force_login(office.chair)
    page = client.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    for text in (
        "退回修改“一上”",
        "人数与名册不符。",
        str(office.head),
        "当时合计 367,500.00 元",
        "还没有签发",
    ):
        assert text in page


def test_lists_and_pages_ask_as_much_for_twelve_rows_as_for_two(client, office):
    small = office.plan(year=2001, items=2)
    office.plan(year=2002)
    client.force_login(office.clerk)
    addresses = [
        reverse("budget:plan_list"),
        reverse("budget:plan_detail", args=[small.pk]),
        reverse("budget:plan_next", args=[small.pk]),
    ]
    few = [queries_of(client, url) for url in addresses]
    for item in range(10):
        office.plan(year=2003 + item)
        ItemFactory(edition=small.editions.get(), ordinal=50 + item)
    assert [queries_of(client, url) for url in addresses] == few


# --- 待我办理 -------------------------------------------------------------------------------------------------


def test_the_next_person_finds_the_edition_on_the_desk(office):
    edition = office.plan().editions.get()
    assert waiting_for(office.head) == []
    office.submit(edition)
    (card,) = waiting_for(office.head)
    assert (card.label, card.total, card.before, card.status_label) == ("审核通过", EACH, None, "待财务审核")
    assert waiting_for(office.vice) == waiting_for(office.clerk) == []
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    assert waiting_for(office.head) == []
    assert [card.label for card in waiting_for(office.vice)] == ["同意"]


def test_a_returned_edition_is_back_on_the_clerks_desk_with_the_opinion(office):
    edition = office.plan().editions.get()
    office.submit(edition)
    office.decide(edition, office.head, "return", opinion="请核对人数。")
    (card,) = waiting_for(office.clerk)
    assert (card.label, card.note) == ("修改后重新提交", "请核对人数。")
    assert card.from_whom == f"{office.head}退回修改"


def test_the_desk_compares_with_last_year_and_with_the_stage_before(office):
    office.ratify(office.plan(year=2015))
    plan = office.plan(year=2016, items=2)
    edition = plan.editions.get()
    office.submit(edition)
    (card,) = waiting_for(office.head)
    assert (card.before, card.change, card.before_label) == (EACH, EACH, "2015年批复")
    office.settle(Edition.objects.get(pk=edition.pk))
    office.submit(office.next(plan))
    (card,) = waiting_for(office.head)
    assert (card.change, card.before_label) == (0, "一上")


def test_nobody_finds_his_own_work_on_the_desk(office):
    RoleGrantFactory(user=office.clerk, role="finance_head")
    both = type(office.clerk).objects.get(pk=office.clerk.pk)
    office.submit(office.plan().editions.get())
    assert waiting_for(both) == []
    assert len(waiting_for(office.head)) == 1


def test_the_desk_asks_as_much_for_twelve_editions_as_for_two(office):
    for year in (2001, 2002):
        office.submit(office.plan(year=year).editions.get())
    head = office.head

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            waiting_for(type(head).objects.with_roles().get(pk=head.pk))
        return len(captured)

    few = count()
    for year in range(2003, 2013):
        office.submit(office.plan(year=year).editions.get())
    assert count() == few
    assert len(waiting_for(head)) == 12
