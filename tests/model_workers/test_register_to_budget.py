"""From the demo register into the budget of 2016: what happens to a person reaches the line, the totals and the text."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from apps.accounts.models import User
from apps.budget.models import CalcLine, IssuedDocument
from apps.budget.rules.stages import Stage
from apps.budget.selectors.sheet import ItemRow, edition_sheet
from apps.budget.selectors.sources import SourceState
from apps.budget.services.sources import keep_reading
from apps.model_workers.selectors.run_pages import budget_items
from apps.model_workers.selectors.runs import run_sheet
from tests.budget.paper import words
from tests.factories import UserFactory
from tests.model_workers.demo_house import DAY, ITEM, DemoHouse, plain_text

pytestmark = pytest.mark.django_db


def panel(line: CalcLine, reader: User) -> str:
    """What the line's panel says to somebody, without blanks."""
    client = Client()
    client.force_login(reader, backend="apps.accounts.backends.RoleBackend")
    answer = client.get(reverse("budget:line_source", args=[line.pk]))
    assert answer.status_code == 200
    return words(strip_tags(answer.content.decode()))


@pytest.fixture
def house(db) -> DemoHouse:
    return DemoHouse()


# --- somebody died before the snapshot date --------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Death:
    """一上 issued; then one of the first class is entered as dead, and the open 二上 takes the new figure."""

    name: str
    issued: bytes
    issued_sha256: str
    issued_text: str
    issued_line: CalcLine
    closed_panel: str
    offered: SourceState
    offer: str
    offer_without_names: str
    changed_sources: int
    unmoved: ItemRow
    item: ItemRow
    group_amount: Decimal
    amount: Decimal
    settled: SourceState
    draft: str
    stored: bytes
    stored_sha256: str
    served: bytes


@pytest.fixture(scope="module")
def death(django_db_setup, django_db_blocker) -> Death:
    with django_db_blocker.unblock(), transaction.atomic():
        house = DemoHouse()
        first = house.approve(house.edition)
        issued = house.issue()
        house.next(house.budget)
        house.reach(house.budget, Stage.SECOND_UP)

        person = house.people(1, is_bankrupt=False)[0]
        house.record(person, "died", date(2015, 12, 30))
        offered = house.state(1)
        reader = UserFactory(union=house.union, reader=True)
        before = {
            "name": person.name,
            "issued": bytes(issued.pdf),
            "issued_sha256": issued.sha256,
            "closed_panel": panel(house.line(1, first), house.clerk),
            "offered": offered,
            "offer": panel(house.line(1), house.clerk),
            "offer_without_names": panel(house.line(1), reader),
            "changed_sources": sum(house.state(award).is_changed for award in (1, 2, 3)),
            "unmoved": house.item(),
        }
        house.accept(1)
        sheet = edition_sheet(house.edition)
        kept = IssuedDocument.objects.get(pk=issued.pk)
        client = Client()
        client.force_login(house.clerk, backend="apps.accounts.backends.RoleBackend")
        told = Death(
            **before,
            issued_text=plain_text(bytes(issued.pdf)),
            issued_line=house.line(1, first),
            item=house.item(),
            group_amount=next(
                group.amount for group in sheet.groups if ITEM in {row.title for row in group.items}
            ),
            amount=sheet.amount,
            settled=house.state(1),
            draft=house.print_draft(),
            stored=bytes(kept.pdf),
            stored_sha256=kept.sha256,
            served=client.post(reverse("budget:issued_file", args=[issued.pk])).content,
        )
        transaction.set_rollback(True)
    return told


def test_a_death_before_the_snapshot_is_offered_to_the_line_with_the_name(death):
    assert (death.offered.stored_words, death.offered.now_words) == ("245人", "244人")
    assert death.offered.change_words == "-1 自上次读取"
    assert death.offered.difference.went == (death.name,)
    assert death.offered.difference.came == ()
    for said in ("现在244人-1自上次读取", f"减少：{death.name}", "采用244人", "本项目人数277276"):
        assert said in death.offer
    assert f"{ITEM}（万元）43.6543.50" in death.offer
    assert "合计（万元）785.93785.78" in death.offer
    assert death.changed_sources == 1


def test_who_may_not_see_the_people_is_offered_the_figure_without_the_name(death):
    assert "现在244人-1自上次读取" in death.offer_without_names
    assert death.name not in death.offer_without_names
    assert "看名单" in death.offer
    assert "看名单" not in death.offer_without_names


def test_nothing_moves_until_somebody_accepts(death):
    assert (death.unmoved.people, death.unmoved.amount) == (277, Decimal("436500.00"))


def test_accepting_the_death_moves_the_line_the_item_and_the_totals(death):
    first = death.item.lines[0]
    assert (first.record.people, first.record.of_which_people) == (244, 6)
    assert first.amount == Decimal("366000.00")
    assert (death.item.people, death.item.amount) == (276, Decimal("435000.00"))
    assert death.group_amount == Decimal("1935000.00")
    assert death.amount == Decimal("7857800.00")
    assert not death.settled.is_changed
    assert not death.settled.differs_from_line


def test_the_explanation_and_its_appendix_follow_the_accepted_figure(death):
    for said in (
        "涉及离退休市级劳模276人，其中市级劳模荣誉获得一次的244人（含破产或撤销企业劳模6人）（每人1500元）",
        "共计435000元",
        "项目4：市级离退休劳模津贴43.5万元",
        "单位专项项目小计193.5万元",
        "一般公共预算拨款43.50单位专项项目小计193.50合计785.78",
        "2016年项目支出合计785.78万元",
        "244×1,500＝366,000元",
    ):
        assert said in death.draft
    for gone in ("277人", "245人", "43.65", "193.65", "785.93", "245×"):
        assert gone not in death.draft


def test_the_issued_explanation_stays_byte_for_byte(death):
    assert death.stored == death.issued == death.served
    assert death.stored_sha256 == death.issued_sha256 == sha256(death.issued).hexdigest()
    assert "涉及离退休市级劳模277人" in death.issued_text
    assert "市级离退休劳模津贴43.65万元" in death.issued_text


def test_the_edition_that_was_approved_keeps_its_figure_and_offers_no_button(death):
    assert (death.issued_line.people, death.issued_line.source_value) == (245, 245)
    assert "现在244人" in death.closed_panel
    assert "采用244人" not in death.closed_panel


def test_a_death_after_the_snapshot_changes_nothing_of_that_day(house):
    house.record(house.people(1)[0], "died", date(2016, 1, 1))
    assert not any(house.state(award).is_changed for award in (1, 2, 3))


def test_a_death_in_a_bankrupt_enterprise_moves_the_part_with_the_class(house):
    house.record(house.people(1, is_bankrupt=True)[0], "died", DAY)
    state = house.state(1)
    assert state.part_words == "破产或撤销企业劳模 6人 → 5人"
    assert "其中破产或撤销企业劳模6人→5人" in panel(house.line(1), house.clerk)
    house.accept(1)
    assert (house.line(1).people, house.line(1).of_which_people) == (244, 5)
    assert "获得一次的244人（含破产或撤销企业劳模5人）（每人1500元）" in house.item().explanation()


def test_the_old_figure_may_stay_with_a_reason(house):
    house.record(house.people(1)[0], "died", DAY)
    keep_reading(
        line_id=house.line(1).pk,
        seen_value=Decimal(244),
        reason="示例：待核实。",
        actor=house.clerk,
        now=house.now,
    )
    assert (house.line(1).people, house.line(1).source_value) == (245, 244)
    assert house.item().amount == Decimal("436500.00")
    assert "保留原数示例：待核实。" in panel(house.line(1), house.clerk)


# --- a third honour ----------------------------------------------------------------------------------------------


def test_a_third_honour_moves_one_person_from_the_second_class_to_the_third(house):
    person = house.people(2)[0]
    house.award(person, date(2015, 4, 28))
    assert house.counts() == {1: (245, 6), 2: (21, 0), 3: (11, 0)}
    assert house.state(2).difference.went == house.state(3).difference.came == (person.name,)
    assert not house.state(1).is_changed
    house.accept(2)
    house.accept(3)
    item = house.item()
    assert [row.record.people for row in item.lines] == [245, 21, 11]
    assert (item.people, item.amount) == (277, Decimal("437000.00"))
    run = house.run()
    assert run.lines.filter(person=person).values_list("award_count", "award_class", "amount").get() == (
        3,
        3,
        Decimal("2500.00"),
    )
    assert run_sheet(run).amount == item.amount


def test_an_honour_after_the_snapshot_leaves_the_classes_alone(house):
    house.award(house.people(2)[0], date(2016, 4, 28))
    assert not any(house.state(award).is_changed for award in (1, 2, 3))


def test_the_part_of_bankrupt_enterprises_goes_along_into_the_other_class(house):
    assert house.line(2).of_which_label == ""
    house.award(house.people(1, is_bankrupt=True)[0], date(2015, 4, 28))
    assert house.counts() == {1: (244, 5), 2: (23, 1), 3: (10, 0)}
    house.accept(1)
    house.accept(2)
    assert [(row.record.people, row.record.of_which_people) for row in house.item().lines] == [
        (244, 5),
        (23, 1),
        (10, None),
    ]
    assert (
        "涉及离退休市级劳模277人，其中市级劳模荣誉获得一次的244人（含破产或撤销企业劳模5人）（每人1500元），"
        "获得二次的23人（含破产或撤销企业劳模1人）（每人2000元），获得三次及其以上的10人（每人2500元），共计437000元"
    ) in house.item().explanation()


# --- the run beside the explanation ------------------------------------------------------------------------------


def test_the_run_the_budget_and_the_explanation_say_the_same_to_the_fen(house):
    run = house.approve_run(house.run())
    item, sheet = house.item(), run_sheet(run)
    assert sum(line.amount for line in run.lines.all()) == sheet.amount == item.amount == Decimal("436500.00")
    assert sheet.people == item.people == run.lines.count() == 277
    assert sheet.whole_sentence == item.sentence + f"，共计{sheet.amount.to_integral_value()}元"
    assert sheet.whole_sentence in item.explanation()
    (found,) = budget_items(run, sheet, house.clerk)
    assert found.agrees
    assert [line.difference for line in found.lines] == [0, 0, 0]


def test_a_run_and_a_line_that_both_follow_the_register_agree_again(house):
    house.record(house.people(1)[0], "died", DAY)
    run = house.run()
    (found,) = budget_items(run, run_sheet(run), house.clerk)
    assert found.words == "名册比预算少 1 人、少 1,500.00 元"
    house.accept(1)
    (found,) = budget_items(run, run_sheet(run), house.clerk)
    assert found.agrees
    assert found.amount == run_sheet(run).amount == Decimal("435000.00")


@contextmanager
def refused_as_twice() -> Iterator[None]:
    """The database refuses by the name of the constraint; what stood inside is undone."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert error.value.__cause__.diag.constraint_name == "model_workers_line_once"


def test_a_person_stands_once_in_the_run_also_for_plain_sql(house):
    run = house.run()
    first, second = run.lines.order_by("pk")[:2]
    with refused_as_twice(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE model_workers_allowanceline SET person_id = %s WHERE id = %s",
            [first.person_id, second.pk],
        )
    first.pk, first.period_from, first.period_until = None, date(2030, 1, 1), date(2030, 12, 31)
    first.public_id = uuid4()
    with refused_as_twice():
        first.save(force_insert=True)
    assert run.lines.values("person").distinct().count() == run.lines.count() == 277
