"""Adjustments after 批复: transfers keep the total, nothing falls below zero, what is wrong is refused."""

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.budget.checks import edition_findings
from apps.budget.models import Adjustment, Edition, Item
from apps.budget.rules.stages import Stage, Status
from apps.budget.selectors.adjustments import adjustment_sheet
from apps.budget.selectors.frame import edition_frame
from apps.budget.selectors.plans import edition_amounts
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.services.adjustments import (
    add_new_item,
    add_to_item,
    cut_item,
    remove_movement,
    transfer_between,
)
from apps.budget.services.lines import add_line
from apps.core.errors import Refused
from tests.budget.office import Office
from tests.factories import ItemGroupFactory, UnionFactory, UserFactory

EACH = Decimal("367500.00")


@pytest.fixture
def edition(office) -> Edition:
    return office.adjustment()


@pytest.fixture
def items(edition) -> list[Item]:
    return list(edition.items.order_by("ordinal"))


def amounts(edition: Edition) -> list[Decimal]:
    return [item.adjusted for item in adjustment_sheet(edition).items]


def move(office, edition, gives, takes, amount="1000", reason="调整安排。"):
    return transfer_between(
        edition_id=edition.pk,
        from_item_id=gives.pk,
        to_item_id=takes.pk,
        amount=Decimal(amount),
        reason=reason,
        actor=office.clerk,
        now=office.now,
    )


def add(office, edition, item, amount="1000", reason="市里追加。"):
    return add_to_item(
        edition_id=edition.pk,
        item_id=item.pk,
        amount=Decimal(amount),
        reason=reason,
        actor=office.clerk,
        now=office.now,
    )


def cut(office, edition, item, amount="1000", reason="压减支出。"):
    return cut_item(
        edition_id=edition.pk,
        item_id=item.pk,
        amount=Decimal(amount),
        reason=reason,
        actor=office.clerk,
        now=office.now,
    )


def test_a_transfer_moves_the_amount_and_keeps_the_total(office, edition, items):
    move(office, edition, *items, amount="67500.50")
    assert amounts(edition) == [EACH - Decimal("67500.50"), EACH + Decimal("67500.50")]
    sheet = adjustment_sheet(edition)
    assert sheet.sums["transferred"] == 0
    assert sheet.sums["adjusted"] == sheet.sums["ratified"] == 2 * EACH
    assert sheet.given == sheet.taken == Decimal("67500.50")
    (movement,) = sheet.movements
    assert (movement.from_title, movement.to_title, movement.amount) == (
        "示例项目甲",
        "示例项目乙",
        Decimal("67500.50"),
    )


def test_additions_and_cuts_change_the_total(office, edition, items):
    add(office, edition, items[0], "30000")
    cut(office, edition, items[1], "500")
    sheet = adjustment_sheet(edition)
    assert amounts(edition) == [EACH + 30000, EACH - 500]
    assert sheet.sums["adjusted"] == 2 * EACH + 29500
    assert edition_amounts([edition.plan_id])[edition.pk].total == 2 * EACH + 29500
    assert edition_frame(edition, office.clerk).total == 2 * EACH + 29500


def test_the_printed_sentence_tells_what_was_ratified_and_what_moved(office, edition, items):
    cut(office, edition, items[0], "500")
    told = edition_sheet(edition).items[0].explanation()
    assert told == "示例人员245人，每人1500元，计367500元，批复后调整减少500元，共计367000元。"


def test_adjusted_items_pass_the_checks_of_the_text(office, edition, items):
    cut(office, edition, items[0], "500")
    add(office, edition, items[1], "30000")
    assert [found.message for found in edition_findings(edition) if found.is_hard] == []
    assert office.approve(edition).status == Status.APPROVED


@pytest.mark.parametrize("amount", ["0", "-5", "0.001"])
def test_an_amount_that_is_none_is_refused(office, edition, items, amount):
    for attempt in (
        lambda: move(office, edition, *items, amount=amount),
        lambda: add(office, edition, items[0], amount),
    ):
        with pytest.raises(Refused, match="金额") as refused:
            attempt()
        assert refused.value.field == "amount"
    assert Adjustment.objects.count() == 0


def test_a_movement_without_a_reason_is_refused(office, edition, items):
    with pytest.raises(Refused, match="必须说明理由") as refused:
        cut(office, edition, items[0], reason="  ")
    assert refused.value.field == "reason"


def test_no_item_falls_below_zero(office, edition, items):
    with pytest.raises(Refused, match=r"“示例项目甲”现有 367,500.00 元，不够调出 367,500.01 元"):
        move(office, edition, *items, amount="367500.01")
    with pytest.raises(Refused, match="不够追减"):
        cut(office, edition, items[0], "367500.01")
    move(office, edition, *items, amount="367500")
    assert amounts(edition) == [0, 2 * EACH]
    with pytest.raises(Refused, match=r"现有 0.00 元"):
        cut(office, edition, items[0], "0.01")


def test_an_item_cannot_give_to_itself(office, edition, items):
    with pytest.raises(Refused, match="不能是同一个项目") as refused:
        move(office, edition, items[0], items[0])
    assert refused.value.field == "to_item"


def test_an_item_of_another_edition_is_refused(office, edition, items):
    ratified = Item.objects.get(edition=edition.based_on, lineage=items[0].lineage)
    with pytest.raises(Refused, match="请选择本版本的项目"):
        add(office, edition, ratified)


def test_only_an_adjustment_edition_takes_movements(office):
    first = office.plan(year=2017).editions.get()
    with pytest.raises(Refused, match="只有批复后的调剂版本"):
        add(office, first, first.items.get())


def test_the_calculation_of_an_adjustment_edition_stays(office, items):
    with pytest.raises(Refused, match="调剂版本不改测算"):
        add_line(item_id=items[0].pk, actor=office.clerk, values={"method": "quota"}, now=office.now)


def test_a_new_item_comes_in_with_its_money_and_passes_the_approval(office, edition):
    add_new_item(
        edition_id=edition.pk,
        values={"name": "夏送清凉", "group": ItemGroupFactory(), "purpose": "安排{金额}元。"},
        amount=Decimal("30000"),
        reason="高温慰问。",
        actor=office.clerk,
        now=office.now,
    )
    fresh = adjustment_sheet(edition).items[-1]
    assert (fresh.title, fresh.is_new, fresh.ratified, fresh.adjusted) == ("夏送清凉", True, 0, 30000)
    assert office.approve(edition).status == Status.APPROVED


def test_a_new_item_that_is_refused_leaves_nothing_behind(office, edition):
    before = edition.items.count()
    with pytest.raises(Refused):
        add_new_item(
            edition_id=edition.pk,
            values={"name": "夏送清凉", "group": ItemGroupFactory()},
            amount=Decimal("1"),
            reason="",
            actor=office.clerk,
            now=office.now,
        )
    assert edition.items.count() == before


def test_taking_a_transfer_back_removes_both_rows(office, edition, items):
    move(office, edition, *items)
    row = Adjustment.objects.get(amount__gt=0)
    remove_movement(adjustment_id=row.pk, actor=office.clerk)
    assert Adjustment.objects.count() == 0
    assert amounts(edition) == [EACH, EACH]


def test_taking_back_money_that_has_gone_on_is_refused(office, edition, items):
    move(office, edition, *items, amount="100")
    cut(office, edition, items[1], "367600")
    with pytest.raises(Refused, match="撤销后会成为负数"):
        remove_movement(
            adjustment_id=Adjustment.objects.filter(pair__isnull=False).first().pk, actor=office.clerk
        )
    assert Adjustment.objects.count() == 3


def test_taking_a_new_item_back_removes_the_item(office, edition):
    addition = add_new_item(
        edition_id=edition.pk,
        values={"name": "夏送清凉", "group": ItemGroupFactory()},
        amount=Decimal("30000"),
        reason="高温慰问。",
        actor=office.clerk,
        now=office.now,
    )
    remove_movement(adjustment_id=addition.pk, actor=office.clerk)
    assert not edition.items.filter(name="夏送清凉").exists()


def test_after_submission_nothing_is_registered_or_taken_back(office, edition, items):
    addition = add(office, edition, items[0])
    office.submit(edition)
    with pytest.raises(Refused, match="内容不能修改"):
        add(office, edition, items[0])
    with pytest.raises(Refused, match="内容不能修改"):
        remove_movement(adjustment_id=addition.pk, actor=office.clerk)


def test_a_second_adjustment_starts_from_the_first(office, edition, items):
    move(office, edition, *items, amount="1000")
    add(office, edition, items[0], "500")
    office.approve(edition)
    second = office.next(edition.plan)
    assert (second.stage, second.sequence, second.label) == (Stage.ADJUSTMENT, 2, "第2次调剂")
    first_item = second.items.get(lineage=items[0].lineage)
    cut(office, second, first_item, "100")
    rows = adjustment_sheet(second).items
    assert [(row.earlier, row.cut, row.adjusted) for row in rows] == [
        (Decimal("-500.00"), Decimal("-100.00"), EACH - 600),
        (Decimal("1000.00"), 0, EACH + 1000),
    ]
    totals = edition_amounts([edition.plan_id])
    assert totals[edition.pk].total == 2 * EACH + 500
    assert totals[second.pk].total == 2 * EACH + 400


def test_who_registered_a_movement_counts_as_its_author(office, edition, items):
    colleague = UserFactory(finance_clerk=True)
    add_to_item(
        edition_id=edition.pk,
        item_id=items[0].pk,
        amount=Decimal(1),
        reason="追加。",
        actor=colleague,
        now=office.now,
    )
    edition.refresh_from_db()
    assert colleague.pk in edition.editors


# --- the database ---------------------------------------------------------------------------------------------


def one_sided(office, item, **values) -> Adjustment:
    return Adjustment.objects.create(item=item, reason="x", created_by=office.clerk, **values)


def settle() -> None:
    """What the database does at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_refuses_a_transfer_with_one_side(office, edition, items):
    one_sided(office, items[0], kind="transfer", pair="0b7c1f0e-2d39-4a3f-9d0e-2f1d2b1a0c11", amount=5)
    with pytest.raises(IntegrityError, match="调出与调入必须相等"):
        settle()


def test_the_database_refuses_to_delete_one_side_of_a_transfer(office, edition, items):
    move(office, edition, *items)
    settle()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("DELETE FROM budget_adjustment WHERE amount > 0")
    with pytest.raises(IntegrityError, match="调出与调入必须相等"):
        settle()


@pytest.mark.parametrize(("kind", "amount"), [("addition", -5), ("cut", 5), ("addition", 0)])
def test_the_database_keeps_the_sign_of_additions_and_cuts(office, items, kind, amount):
    with pytest.raises(IntegrityError, match="sign_fits_kind"), transaction.atomic():
        one_sided(office, items[0], kind=kind, amount=amount)


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_spend_the_same_money_at_once():
    office = Office()
    edition = office.adjustment()
    items = list(edition.items.order_by("ordinal"))
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def spend(takes: Item) -> None:
        try:
            ready.wait(timeout=10)
            cut(office, edition, items[0], "300000")
            outcomes.append("cut")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=spend, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["cut", "negative"]
    assert amounts(edition)[0] == Decimal("67500.00")


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_shows_ratified_moved_and_adjusted(client, office, edition, items):
    move(office, edition, *items, amount="67500")
    client.force_login(office.chair)
    page = client.get(reverse("budget:adjustment_list", args=[edition.pk])).content.decode()
    for text in (
        "批复数",
        "调整后预算数",
        "-67,500.00",
        "+67,500.00",
        "300,000.00",
        "435,000.00",
        "735,000.00",
    ):
        assert text in page
    assert "登记" in page
    assert reverse("budget:adjustment_add", args=[edition.pk, "cut"]) not in page


def test_the_form_registers_a_transfer_from_the_dialog(client, office, edition, items):
    client.force_login(office.clerk)
    url = reverse("budget:adjustment_add", args=[edition.pk, "transfer"])
    shown = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "示例项目甲（现 367,500.00 元）" in shown
    data = {"from_item": items[0].pk, "to_item": items[1].pk, "amount": "1万", "reason": "检查增加。"}
    answer = client.post(url, data, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == reverse("budget:adjustment_list", args=[edition.pk])
    assert amounts(edition) == [EACH - 10000, EACH + 10000]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"amount": "400000"}, "不够调出 400,000.00 元"),
        ({"amount": "一千"}, "请用数字填写"),
        ({"amount": "-3"}, "不能是负数"),
        ({"amount": "0"}, "必须大于 0"),
        ({"amount": "99999999999999999999"}, "数字太长"),
        ({"reason": ""}, "请填写"),
        ({"reason": "长" * 301}, "300"),
    ],
)
def test_wrong_input_gets_a_sentence_and_keeps_what_was_typed(
    client, office, edition, items, change, sentence
):
    client.force_login(office.clerk)
    data = {
        "from_item": items[0].pk,
        "to_item": items[1].pk,
        "amount": "100",
        "reason": "检查增加。",
    } | change
    answer = client.post(reverse("budget:adjustment_add", args=[edition.pk, "transfer"]), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page or (sentence == "请填写" and "这个字段是必填项" in page)
    assert data["amount"] in page
    assert Adjustment.objects.count() == 0


def test_each_form_registers_its_kind(client, office, edition, items):
    client.force_login(office.clerk)
    common = {"amount": "100", "reason": "按通知。"}
    client.post(
        reverse("budget:adjustment_add", args=[edition.pk, "addition"]), common | {"item": items[0].pk}
    )
    client.post(reverse("budget:adjustment_add", args=[edition.pk, "cut"]), common | {"item": items[1].pk})
    group = ItemGroupFactory()
    new = common | {"name": "{年度}年夏送清凉", "group": group.pk, "purpose": "安排{金额}元。"}
    client.post(reverse("budget:adjustment_add", args=[edition.pk, "new"]), new)
    assert amounts(edition) == [EACH + 100, EACH - 100, 100]
    refused = client.post(
        reverse("budget:adjustment_add", args=[edition.pk, "new"]), new | {"purpose": "安排{钱}。"}
    )
    assert refused.status_code == 422
    assert "占位符 {钱} 不存在" in refused.content.decode()


def test_a_movement_is_taken_back_from_the_page(client, office, edition, items):
    addition = add(office, edition, items[0])
    client.force_login(office.clerk)
    answer = client.post(reverse("budget:adjustment_remove", args=[addition.pk]))
    assert answer.url == reverse("budget:adjustment_list", args=[edition.pk])
    assert Adjustment.objects.count() == 0


def test_an_edition_that_is_no_adjustment_has_no_such_page(client, office):
    first = office.plan(year=2017).editions.get()
    client.force_login(office.clerk)
    assert client.get(reverse("budget:adjustment_list", args=[first.pk])).status_code == 404
    assert client.get(reverse("budget:adjustment_add", args=[first.pk, "cut"])).status_code == 404


def test_an_unknown_kind_is_no_page(client, office, edition):
    client.force_login(office.clerk)
    assert client.get(reverse("budget:adjustment_add", args=[edition.pk, "gift"])).status_code == 404


def test_a_stranger_finds_nothing(client, office, edition, items):
    addition = add(office, edition, items[0])
    client.force_login(UserFactory(union=UnionFactory(), finance_clerk=True))
    assert client.get(reverse("budget:adjustment_list", args=[edition.pk])).status_code == 404
    assert client.post(reverse("budget:adjustment_remove", args=[addition.pk])).status_code == 404
    assert Adjustment.objects.count() == 1


def test_the_page_asks_as_much_for_twelve_items_as_for_two(client, office):
    few = office.adjustment(items=2)
    many = Office(UnionFactory()).adjustment(items=12)
    client.force_login(office.clerk)
    client.get(reverse("budget:adjustment_list", args=[few.pk]))
    counts = [
        queries_of(client, reverse("budget:adjustment_list", args=[edition.pk])) for edition in (few, many)
    ]
    assert counts[0] == counts[1]


def queries_of(client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)
