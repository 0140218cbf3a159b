"""Last year: which edition counts as its end, and that what was printed of it does not move afterwards."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.budget import documents
from apps.budget.checks import edition_findings, unanswered
from apps.budget.models import Adjustment, Edition, ItemBasis
from apps.budget.rules.stages import Book, Stage
from apps.budget.selectors.last_year import compared_edition, last_final_edition
from apps.budget.selectors.plans import plan_page
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.selectors.snapshot import snapshot
from apps.budget.selectors.waiting import waiting_for
from apps.budget.services.adjustments import add_new_item, add_to_item, remove_movement, transfer_between
from apps.budget.services.items import remove_item
from apps.budget.services.plans import copy_last_year, create_plan
from apps.budget.services.policies import change_document
from apps.core import quantities
from apps.core.errors import Refused
from tests.budget.office import Office
from tests.factories import ItemGroupFactory, PolicyDocumentFactory


def whole(edition: Edition) -> Edition:
    return Edition.objects.for_detail().get(pk=edition.pk)


def text_of(edition: Edition) -> str:
    return documents.plain_text(edition_sheet(whole(edition)))


def add(office: Office, edition: Edition, item, amount: int) -> Adjustment:
    return add_to_item(
        edition_id=edition.pk,
        item_id=item.pk,
        amount=Decimal(amount),
        reason="追加。",
        actor=office.clerk,
        now=office.now,
    )


# --- which edition is the end of a year -----------------------------------------------------------------------


def test_what_was_asked_for_and_never_granted_is_no_figure_of_last_year(client, office):
    before = office.plan(year=2015)
    office.settle(before.editions.get())
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    sentence = "2015年的预算只到“一上”，没有已审定的批复，不能作为上年预算"
    assert last_final_edition(plan) is None
    with pytest.raises(Refused, match=sentence):
        copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    with pytest.raises(Refused, match=sentence):
        quantities.find("budget.prior_year_quantity").read(
            union_path=office.union.path,
            year=2016,
            as_of=office.now.date(),
            parameters={"book": "fiscal", "lineage": "x", "label": "x"},
        )
    client.force_login(office.clerk)
    for name, pk in (("plan_detail", plan.pk), ("edition_copy", edition.pk)):
        assert sentence in client.get(reverse(f"budget:{name}", args=[pk])).content.decode()
    office.add_item(edition)
    office.settle(edition, until="submitted")
    (card,) = waiting_for(office.head)
    assert card.before is None
    office.ratify(before)
    assert last_final_edition(plan).stage == Stage.RATIFIED
    assert plan_page(plan).last_year_note == ""


def test_a_first_year_needs_no_word(client, office):
    plan = office.plan()
    client.force_login(office.clerk)
    assert (
        "不能作为上年预算" not in client.get(reverse("budget:plan_detail", args=[plan.pk])).content.decode()
    )


def test_an_adjustment_counts_as_the_end_once_it_is_approved(office):
    before, plan = office.plan(year=2015), office.plan(year=2016)
    ratified = office.ratify(before)
    adjustment = office.next(before)
    assert last_final_edition(plan) == ratified
    office.settle(adjustment)
    assert last_final_edition(plan) == adjustment


# --- the text of an approved edition --------------------------------------------------------------------------


@pytest.fixture
def approved(office) -> Edition:
    """一上 of 2016 with an item of 2015 left out, approved with every finding answered."""
    before = office.plan(year=2015, items=2)
    office.ratify(before)
    plan = create_plan(
        union_id=office.union.pk, year=2016, book=Book.FISCAL, actor=office.clerk, now=office.now
    )
    edition = plan.editions.get()
    copy_last_year(edition_id=edition.pk, actor=office.clerk, now=office.now)
    gone = edition.items.order_by("ordinal").last()
    remove_item(item_id=gone.pk, actor=office.clerk, seen_version=gone.version)
    return office.approve(edition)


def test_the_text_of_an_approved_edition_stays_when_last_year_is_adjusted_again(office, approved):
    text, data = text_of(approved), snapshot(edition_sheet(approved))
    compared = Edition.objects.get(pk=approved.compared_with_id)
    assert compared.label == "批复"
    before = compared.plan
    adjustment = office.next(before)
    for item in adjustment.items.all():
        add(office, adjustment, item, 132_500)
    office.settle(adjustment)
    assert text_of(approved) == text
    assert snapshot(edition_sheet(whole(approved))) == data
    assert unanswered(edition_findings(whole(approved))) == []
    assert compared_edition(whole(office.next(approved.plan))) == adjustment


def test_what_was_submitted_without_a_last_year_stays_without_one(office):
    before, plan = office.plan(year=2015), office.plan(year=2016)
    edition = office.settle(plan.editions.get())
    text = text_of(edition)
    office.ratify(before)
    assert text_of(edition) == text


def test_a_returned_edition_is_compared_with_the_newest_again(office):
    before, plan = office.plan(year=2015), office.plan(year=2016)
    office.ratify(before)
    edition = plan.editions.get()
    office.submit(edition)
    adjustment = office.settle(office.next(before))
    assert compared_edition(whole(edition)).stage == Stage.RATIFIED
    office.decide(edition, office.head, "return", opinion="请核对。")
    assert compared_edition(whole(edition)) == adjustment
    office.submit(edition)
    assert whole(edition).compared_with_id == adjustment.pk


def test_the_data_of_a_print_hold_what_it_tells_of_last_year(office, approved):
    compared = snapshot(edition_sheet(approved))["compared"]
    assert (compared["edition"], compared["year"], compared["label"]) == (
        approved.compared_with_id,
        2015,
        "批复",
    )
    kept, gone = compared["items"]
    assert (gone["title"], gone["amount"]) == ("示例项目乙", "367500.00")
    assert kept["lines"][0] | {"people": 245, "rate": "1500.00", "amount": "367500.00"} == kept["lines"][0]


# --- adjustments ----------------------------------------------------------------------------------------------


def test_the_data_of_a_second_adjustment_list_every_movement_with_its_edition(office):
    first = office.adjustment()
    add(office, first, first.items.order_by("ordinal").first(), 1000)
    office.settle(first)
    second = office.next(first.plan)
    add(office, second, second.items.order_by("ordinal").first(), 500)
    items = [item for group in snapshot(edition_sheet(whole(second)))["groups"] for item in group["items"]]
    assert [(move["label"], move["edition"]) for move in items[0]["adjustments"]] == [
        ("第1次调剂", first.pk),
        ("第2次调剂", second.pk),
    ]
    for item in items:
        assert sum(Decimal(move["amount"]) for move in item["adjustments"]) == Decimal(item["adjustment"])


def test_taking_back_a_transfer_takes_the_new_item_with_it_on_either_side(office):
    edition = office.adjustment()
    item = edition.items.order_by("ordinal").first()
    fresh = add_new_item(
        edition_id=edition.pk,
        values={"group": ItemGroupFactory(), "name": "新项目", "purpose": "{金额}元。"},
        amount=Decimal(100),
        reason="新增。",
        actor=office.clerk,
        now=office.now,
    )
    transfer_between(
        edition_id=edition.pk,
        from_item_id=item.pk,
        to_item_id=fresh.item_id,
        amount=Decimal(50),
        reason="调剂。",
        actor=office.clerk,
        now=office.now,
    )
    remove_movement(adjustment_id=fresh.pk, actor=office.clerk)
    assert edition.items.filter(pk=fresh.item_id).exists()
    gives = Adjustment.objects.get(amount=-50)
    remove_movement(adjustment_id=gives.pk, actor=office.clerk)
    assert not edition.items.filter(pk=fresh.item_id).exists()
    assert edition.items.count() == 2


# --- names that an approved edition prints --------------------------------------------------------------------


def test_who_renames_what_is_printed_reads_why_it_is_refused(client, office):
    edition = office.plan().editions.get()
    document = PolicyDocumentFactory()
    ItemBasis.objects.create(item=edition.items.get(), document=document, ordinal=1)
    office.settle(edition)
    with pytest.raises(Refused, match="更正请另建一条"):
        change_document(
            document_id=document.pk,
            actor=office.clerk,
            values={"title": "另一标题"},
            seen_version=document.version,
        )
    group = edition.items.get().group
    client.force_login(office.head)
    answer = client.post(
        reverse("admin:budget_itemgroup_change", args=[group.pk]),
        {"code": group.code, "name": "另一名称", "ordinal": group.ordinal, "is_active": "on"},
        follow=True,
    )
    assert "更正请另建一条" in answer.content.decode()
    group.refresh_from_db()
    assert group.name == "单位专项项目"
