"""The exam of a year: roster by rule, hospitals, who came, bills, closing; what is refused, and what the database refuses."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from apps.cases.services import Seen
from apps.core import actors
from apps.core.errors import Refused
from apps.model_workers.models import Exam, ExamBill, ExamInvitation, Honour, HonourTitle, Hospital
from apps.model_workers.rules.honours import Level
from apps.model_workers.selectors import exams as selectors
from apps.model_workers.selectors import settled_exams as told
from apps.model_workers.services import attendance, bills, exams, hospitals
from apps.model_workers.services.attendance import Entry
from apps.people.models import Person, Unit
from langfang_union.embedded_database import RUNTIME
from tests.budget.closings import close_year
from tests.cases.attacks import Attacks
from tests.factories import (
    CalcLineFactory,
    EditionFactory,
    ExamFactory,
    ExamInvitationFactory,
    ExamRuleFactory,
    HonourFactory,
    HonourTitleFactory,
    HospitalFactory,
    PersonFactory,
    RoleGrantFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.checkups import close, step

pytestmark = pytest.mark.django_db
NOW = datetime(2015, 8, 10, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = date(2015, 6, 3)


@pytest.fixture
def clerk():
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def head():
    return UserFactory(model_worker_head=True)


@pytest.fixture
def open_exam(clerk):
    """Opens the exam of 2015 for whoever is registered by then."""
    ExamRuleFactory()

    def make(**changes) -> Exam:
        facts = {
            "union": UnionFactory(city=True),
            "year": 2015,
            "snapshot_on": date(2015, 4, 30),
            "starts_on": date(2015, 5, 4),
            "ends_on": date(2015, 7, 31),
            "budget_amount": None,
            "actor": clerk,
            "now": NOW,
        }
        return exams.open_exam(**facts | changes)

    return make


def names(exam: Exam) -> list[str]:
    return list(exam.invitations.order_by("slip_number").values_list("person__name", flat=True))


def enter(exam: Exam, clerk, what: str, *slips: int, **facts) -> None:
    attendance.record_entry(exam_id=exam.pk, slips=slips, entry=Entry(what, **facts), actor=clerk, now=NOW)


def came(exam: Exam, clerk, hospital, *slips: int, day: date = DAY) -> None:
    facts = {"attended_on": day, "hospital_id": hospital.pk if hospital else None}
    enter(exam, clerk, "attended", *slips, **facts)


def sent(exam: Exam, clerk, hospital, *slips: int) -> None:
    enter(exam, clerk, "hospital", *slips, hospital_id=hospital.pk if hospital else None)


def away(exam: Exam, clerk, *slips: int, reason: str = "away") -> None:
    enter(exam, clerk, "absent", *slips, absence=reason)


def pay(exam: Exam, clerk, hospital, people: int, rate: str = "400", invoice: str = "01234567", **changes):
    facts = {"billed_on": date(2015, 8, 3), "invoice_number": invoice, "rate": Decimal(rate)}
    return bills.record_bill(
        exam_id=exam.pk, hospital_id=hospital.pk, people=people, actor=clerk, now=NOW, **facts | changes
    )


def finish(exam: Exam, clerk) -> Hospital:
    """Three of the four came and are billed; returns the hospital."""
    hospital = HospitalFactory(name="示例一院")
    came(exam, clerk, hospital, 1, 2, 3)
    away(exam, clerk, 4)
    pay(exam, clerk, hospital, 3)
    return hospital


# --- the roster ----------------------------------------------------------------------------------------------


def test_the_roster_is_who_the_rule_invites_numbered_in_the_order_of_the_tree(open_exam):
    north, south = UnionFactory(code="C8001"), UnionFactory(code="C8002")
    retired_worker(name="示例张", union=south)
    retired_worker(name="示例李", unit=UnitFactory(union=north, name="示例乙厂"))
    retired_worker(name="示例王", unit=UnitFactory(union=north, name="示例甲厂"))
    retired_worker(name="示例安", union=north)
    PersonFactory(name="示例无荣誉", union=north)
    dead = retired_worker(name="示例亡", union=north)
    StandingEventFactory(person=dead, kind="died", effective_on=date(2015, 4, 30))
    exam = open_exam()
    # Within a union by the unit's name, then by pinyin; without a unit behind those with one.
    assert names(exam) == ["示例李", "示例王", "示例安", "示例张"]
    assert list(exam.invitations.values_list("slip_number", flat=True)) == [1, 2, 3, 4]


def test_people_of_one_unit_stand_in_the_order_of_their_pinyin(open_exam):
    unit = UnitFactory()
    for name in ("示例赵", "示例安", "示例孙", "示例李"):
        retired_worker(name=name, unit=unit)
    assert names(open_exam()) == ["示例安", "示例李", "示例孙", "示例赵"]


def test_the_rule_in_force_on_the_day_of_the_roster_decides(open_exam, clerk):
    ExamRuleFactory._meta.model.objects.update(valid_until=date(2014, 12, 31))
    strict = ExamRuleFactory(valid_from=date(2015, 1, 1), levels=[Level.PROVINCIAL], rate=Decimal("600"))
    retired_worker(name="示例市级")
    person = PersonFactory(name="示例省级")
    HonourFactory(person=person, title=HonourTitleFactory(level=Level.PROVINCIAL))
    exam = open_exam()
    assert exam.rule == strict
    assert names(exam) == ["示例省级"]


def test_opening_is_refused_without_right_rule_people_or_reach(open_exam, clerk):
    with pytest.raises(Refused, match="没有符合体检规则的劳模"):
        open_exam()
    assert not Exam.objects.exists()
    retired_worker()
    with pytest.raises(Refused, match="您没有组织体检的权限"):
        open_exam(actor=UserFactory(model_worker_head=True))
    with pytest.raises(Refused, match="没有生效的体检规则"):
        open_exam(
            year=2010, snapshot_on=date(2010, 4, 1), starts_on=date(2010, 5, 1), ends_on=date(2010, 6, 1)
        )
    with pytest.raises(Refused, match="不能早于“体检开始”"):
        open_exam(ends_on=date(2015, 5, 3))
    clerk.union = UnionFactory()
    clerk.save()
    with pytest.raises(Refused, match="不在您的管理范围内"):
        open_exam()


def test_a_year_has_one_exam(open_exam):
    retired_worker()
    open_exam()
    with pytest.raises(Refused, match="该工会本年度已有体检安排"):
        open_exam()


def test_nobody_stands_on_two_rosters_of_one_year(open_exam, clerk):
    person, other = retired_worker(), retired_worker()
    open_exam(union=person.union)
    with pytest.raises(Refused, match="已有2015年体检，名册包括同一部分劳模"):
        open_exam()
    assert open_exam(union=other.union).invitations.get().person == other
    county = UserFactory(model_worker_clerk=True, union=person.union)
    days = {"snapshot_on": date(2014, 4, 30), "starts_on": date(2014, 5, 4), "ends_on": date(2014, 7, 31)}
    open_exam(year=2014, **days)
    with pytest.raises(Refused, match="上级工会已有2014年体检"):
        open_exam(union=person.union, actor=county, year=2014, **days)


def test_557_invitations_come_from_a_register_of_more_in_a_fixed_number_of_queries(
    open_exam, clerk, django_assert_max_num_queries
):
    union, title = UnionFactory(), HonourTitleFactory()
    people = [
        Person(union=union, name=f"示例{order:04}", id_kind="none", search_text=f" 示例{order:04} ", created_by=clerk,
               updated_by=clerk)
        for order in range(600)
    ]  # fmt: skip
    Person.objects.bulk_create(people)
    Honour.objects.bulk_create(
        Honour(
            person=person, title=title, awarded_on=date(1990, 4, 28), awarding_body="示例", created_by=clerk
        )
        for person in people[:557]
    )
    with django_assert_max_num_queries(30):
        exam = open_exam(budget_amount=Decimal("222800"))
    assert exam.invitations.count() == 557
    assert list(exam.invitations.values_list("slip_number", flat=True)) == list(range(1, 558))
    hospital = HospitalFactory()
    with django_assert_max_num_queries(30):
        came(exam, clerk, hospital, *range(1, 558))
    assert selectors.exam_attended(union_path=exam.union.path, year=2015).count() == 557
    pay(exam, clerk, hospital, 557)
    money = selectors.money_of(exam)
    assert (money.billed, money.left_over) == (Decimal("222800.00"), Decimal("0.00"))


def test_refreshing_adds_who_came_and_takes_out_who_went_but_nobody_who_was_there(open_exam, clerk):
    stays, went, was_there = (retired_worker(name=name) for name in ("示例留", "示例去", "示例到"))
    exam = open_exam()
    hospital = HospitalFactory()
    slips = {row.person_id: row.slip_number for row in exam.invitations.all()}
    came(exam, clerk, hospital, slips[was_there.pk])
    for person in (went, was_there):
        StandingEventFactory(person=person, kind="died", effective_on=date(2015, 4, 1))
    retired_worker(name="示例新")
    difference = selectors.roster_difference(exam)
    assert difference.came_names == ("示例新",)
    assert [row.person.name for row in difference.went] == ["示例去"]
    change = exams.refresh_roster(exam_id=exam.pk, actor=clerk, now=NOW)
    assert (change.added, change.removed, change.kept) == (("示例新",), ("示例去",), ("示例到",))
    assert sorted(names(exam)) == sorted(["示例留", "示例到", "示例新"])
    assert {row.person_id: row.slip_number for row in exam.invitations.filter(person=stays)} == {
        stays.pk: slips[stays.pk]
    }
    assert selectors.roster_difference(exam).is_empty


def test_a_slip_number_is_never_given_twice(open_exam, clerk):
    retired_worker()
    last = retired_worker()
    exam = open_exam()
    highest = max(exam.invitations.values_list("slip_number", flat=True))
    gone = exam.invitations.get(slip_number=highest).person
    StandingEventFactory(person=gone, kind="missing", effective_on=date(2015, 1, 1))
    exams.refresh_roster(exam_id=exam.pk, actor=clerk, now=NOW)
    retired_worker(name="示例新")
    exams.refresh_roster(exam_id=exam.pk, actor=clerk, now=NOW)
    assert exam.invitations.get(person__name="示例新").slip_number == highest + 1
    assert last is not None


# --- hospitals and attendance --------------------------------------------------------------------------------


@pytest.fixture
def exam(open_exam) -> Exam:
    """Four people, 示例甲 to 示例丁, on slips 1 to 4."""
    unit = UnitFactory()
    for name in ("示例安", "示例白", "示例陈", "示例丁"):
        retired_worker(name=name, unit=unit)
    return open_exam(budget_amount=Decimal("2000.00"))


def test_people_are_sent_to_a_hospital_one_or_many(exam, clerk):
    first, second = HospitalFactory(), HospitalFactory()
    sent(exam, clerk, first, 1, 2, 3)
    sent(exam, clerk, second, 3)
    sent(exam, clerk, None, 2)
    assert list(exam.invitations.values_list("hospital", flat=True)) == [first.pk, None, second.pk, None]


def test_attendance_is_recorded_for_all_or_for_none(exam, clerk):
    hospital = HospitalFactory()
    with pytest.raises(Refused, match="名册里没有 7-8 号通知单，一个都没有登记"):
        came(exam, clerk, hospital, 1, 7, 8)
    assert not exam.invitations.attended().exists()
    came(exam, clerk, hospital, 1, 2)
    with pytest.raises(Refused, match="3号示例陈还没有安排医院"):
        came(exam, clerk, None, 2, 3)
    with pytest.raises(Refused, match="2号示例白已登记在别的日期或医院到检"):
        came(exam, clerk, hospital, 2, 3, day=date(2015, 6, 4))
    came(exam, clerk, hospital, 2, 3)  # who is already recorded the same way is no obstacle
    assert list(exam.invitations.attended().values_list("slip_number", flat=True)) == [1, 2, 3]
    with pytest.raises(Refused, match="应在 2015-05-04 至 2015-07-31 之间"):
        came(exam, clerk, hospital, 4, day=date(2015, 8, 1))


def test_why_somebody_did_not_come_gives_way_when_the_person_comes(exam, clerk):
    hospital = HospitalFactory()
    away(exam, clerk, 1, 2)
    came(exam, clerk, hospital, 1)
    assert list(exam.invitations.filter(slip_number__lte=2).values_list("absence", flat=True)) == ["", "away"]
    with pytest.raises(Refused, match="1号示例安已登记到检"):
        away(exam, clerk, 1, 3, reason="ill")
    with pytest.raises(Refused, match="1号示例安已到检，不能改医院"):
        sent(exam, clerk, None, 1, 3)
    with pytest.raises(Refused, match="“未检原因”请从列表中选择"):
        away(exam, clerk, 3, reason="tired")
    enter(exam, clerk, "clear", 1, 2)
    assert exam.invitations.pending().count() == 4


def test_a_hospital_out_of_use_takes_nobody(exam, clerk):
    closed = HospitalFactory(is_active=False)
    with pytest.raises(Refused, match="已停用"):
        sent(exam, clerk, closed, 1)
    with pytest.raises(Refused, match="已停用"):
        came(exam, clerk, closed, 1)


def test_who_entered_what_and_why_stands_in_the_history(exam, clerk):
    came(exam, clerk, HospitalFactory(), 1, 2)
    events = apps.get_model("model_workers", "ExamInvitationEvent").objects.filter(pgh_label="update")
    assert {(event.pgh_context["user"], event.pgh_context["action"]) for event in events} == {
        (clerk.pk, "体检登记：到检")
    }
    assert events.count() == 2


# --- bills ---------------------------------------------------------------------------------------------------


def test_a_bill_must_count_exactly_who_came(exam, clerk):
    hospital = HospitalFactory(name="示例一院")
    came(exam, clerk, hospital, 1, 2, 3)
    with pytest.raises(Refused, match="结算人数 4 人与示例一院已登记的到检人数 3 人不一致"):
        pay(exam, clerk, hospital, 4)
    bill = pay(exam, clerk, hospital, 3, rate="386.67")
    assert bill.amount == Decimal("1160.01")
    assert selectors.money_of(exam).left_over == Decimal("839.99")
    with pytest.raises(Refused, match="这家医院本年度已结算"):
        pay(exam, clerk, hospital, 3, invoice="7654321")


def test_after_the_bill_attendance_there_is_fixed_until_it_is_taken_back(exam, clerk):
    hospital = HospitalFactory(name="示例一院")
    came(exam, clerk, hospital, 1, 2)
    bill = pay(exam, clerk, hospital, 2)
    for change in (
        lambda: came(exam, clerk, hospital, 3),
        lambda: enter(exam, clerk, "clear", 1),
    ):
        with pytest.raises(Refused, match="示例一院已结算"):
            change()
    came(exam, clerk, hospital, 1)  # nothing new
    with pytest.raises(Refused, match="“撤销理由”没有填写"):
        bills.remove_bill(exam_id=exam.pk, bill_id=bill.pk, reason=" ", actor=clerk)
    bills.remove_bill(exam_id=exam.pk, bill_id=bill.pk, reason="发票开错", actor=clerk)
    came(exam, clerk, hospital, 3)
    deleted = apps.get_model("model_workers", "ExamBillEvent").objects.get(pgh_label="delete")
    assert deleted.pgh_context["reason"] == "发票开错"


def test_an_invoice_is_entered_once_and_with_a_number(exam, clerk):
    first, second = HospitalFactory(), HospitalFactory()
    came(exam, clerk, first, 1)
    came(exam, clerk, second, 2)
    pay(exam, clerk, first, 1, invoice="0123 4567")
    with pytest.raises(Refused, match="这个发票号码已登记"):
        pay(exam, clerk, second, 1, invoice="01234567")
    with pytest.raises(Refused, match="“发票号码”没有填写"):
        pay(exam, clerk, second, 1, invoice=" ")
    with pytest.raises(Refused, match="“结算日期”"):
        pay(exam, clerk, second, 1, invoice="1", billed_on=date(2015, 8, 11))


# --- money ---------------------------------------------------------------------------------------------------


def test_the_budget_is_the_bound_line_of_that_year_and_only_else_what_was_typed(exam, clerk):
    assert selectors.budget_of(exam) == (Decimal("2000.00"), "登记的预算金额")
    bound = {
        "source_key": selectors.BUDGET_SOURCE,
        "source_parameters": {"snapshot_on": "2015-04-30"},
        "source_value": 557,
        "source_read_at": NOW,
        "people": 557,
        "rate": Decimal("400"),
    }
    edition = EditionFactory(plan__fiscal_year__year=2015)
    CalcLineFactory(item__edition=edition, **bound)
    CalcLineFactory(item__edition=edition)
    CalcLineFactory(item__edition=EditionFactory(plan__fiscal_year__year=2016), **bound)
    amount, source = selectors.budget_of(exam)
    assert amount == Decimal("222800.00")
    assert source == "2015年财政部门预算一上"


# --- changing, closing and reopening ------------------------------------------------------------------------------------


def test_the_days_of_an_exam_include_everybody_who_came(exam, clerk):
    came(exam, clerk, HospitalFactory(), 1)
    with pytest.raises(Refused, match="已登记 2015-06-03 至 2015-06-03 到检"):
        exams.change_exam(
            exam_id=exam.pk,
            starts_on=date(2015, 6, 4),
            ends_on=date(2015, 7, 31),
            budget_amount=None,
            actor=clerk,
            now=NOW,
        )
    changed = exams.change_exam(
        exam_id=exam.pk,
        starts_on=date(2015, 5, 4),
        ends_on=date(2015, 8, 31),
        budget_amount=Decimal("1.00"),
        actor=clerk,
        now=NOW,
    )
    assert (changed.ends_on, changed.budget_amount) == (date(2015, 8, 31), Decimal("1.00"))


def test_an_exam_is_submitted_when_everybody_has_an_outcome_and_every_hospital_is_billed(exam, clerk):
    hospital = HospitalFactory(name="示例一院")
    with pytest.raises(Refused, match="名册里还有人没有登记到检或未检原因"):
        step(exam, clerk, "submit")
    came(exam, clerk, hospital, 1, 2)
    away(exam, clerk, 3)
    assert selectors.obstacles(exam) == (
        "还有 1 人没有登记到检或未检原因（通知单 4）",
        "示例一院有 2 人到检，还没有结算",
    )
    away(exam, clerk, 4, reason="died")
    with pytest.raises(Refused, match="有人到检的医院还没有全部结算"):
        step(exam, clerk, "submit")
    pay(exam, clerk, hospital, 2)
    decision = step(exam, clerk, "submit")
    assert (decision.amount, decision.count) == (Decimal("800"), 2)


def test_one_person_submits_an_exam_and_another_closes_it(exam, clerk, head):
    hospital = finish(exam, clerk)
    with pytest.raises(Refused, match="当前状态为“进行中”，不能确认办结"):
        step(exam, head, "close")
    step(exam, clerk, "submit")
    RoleGrantFactory(user=clerk, role="model_worker_head")
    with pytest.raises(Refused, match="您录入或修改过这项体检"):
        step(exam, clerk, "close")
    with pytest.raises(Refused, match="必须填写意见"):
        step(exam, head, "return")
    step(exam, head, "return", "示例：发票号码有误")
    came(exam, clerk, hospital, 1)  # nothing new, but it may be written again
    step(exam, clerk, "submit")
    step(exam, head, "close")
    assert exam.status == "closed"
    for change in (
        lambda: came(exam, clerk, hospital, 3),
        lambda: exams.refresh_roster(exam_id=exam.pk, actor=clerk, now=NOW),
        lambda: pay(exam, clerk, hospital, 2),
        lambda: bills.remove_bill(exam_id=exam.pk, bill_id=exam.bills.get().pk, reason="示例", actor=clerk),
    ):
        with pytest.raises(Refused, match="2015年体检已办结，不能修改"):
            change()


def test_a_closed_exam_is_reopened_by_two_with_a_reason_and_closed_again_by_two(exam, clerk, head):
    finish(exam, clerk)
    close(exam, clerk, head)
    with pytest.raises(Refused, match="申请重新办理必须填写意见"):
        step(exam, clerk, "ask_reopen")
    step(exam, clerk, "ask_reopen", "示例：发票有误")
    with pytest.raises(Refused, match="2015年体检申请重新办理，不能修改"):
        away(exam, clerk, 4)
    with pytest.raises(Refused, match="您没有“同意重新办理”的权限"):
        step(exam, clerk, "reopen", "示例")
    step(exam, head, "keep", "示例：发票无误")
    assert exam.status == "closed"
    step(exam, clerk, "ask_reopen", "示例：发票有误")
    step(exam, head, "reopen", "示例：同意")
    bill = exam.bills.get()
    bills.remove_bill(exam_id=exam.pk, bill_id=bill.pk, reason="发票开错", actor=clerk)
    pay(exam, clerk, bill.hospital, 3, rate="390", invoice="7654321")
    close(exam, clerk, head)
    assert [one.amount for one in exam.decisions.filter(verb="close")] == [Decimal("1200"), Decimal("1170")]


def test_nobody_closes_a_sum_that_the_page_did_not_show(exam, clerk, head):
    finish(exam, clerk)
    step(exam, clerk, "submit")
    with pytest.raises(Refused, match="金额或数目与明细不符"):
        step(exam, head, "close", seen=Seen(exam.decided + 1, Decimal("1199"), 3))


def test_no_number_of_a_person_stands_in_an_opinion(exam, clerk, head):
    finish(exam, clerk)
    step(exam, clerk, "submit")
    number = exam.invitations.first().person.id_number.reveal()
    with pytest.raises(Refused, match="“意见”"):
        step(exam, head, "return", f"示例 {number}")


def test_what_was_submitted_is_told_as_it_was_then(exam, clerk, head):
    hospital = finish(exam, clerk)
    before = told.settled_exam(exam)
    close(exam, clerk, head)
    row = row_of(exam, 1)
    Hospital.objects.filter(pk=hospital.pk).update(name="示例改名医院")
    Person.objects.filter(pk=row.person_id).update(name="示例改名")
    Unit.objects.filter(pk=row.person.unit_id).update(name="示例改名厂")
    edition = EditionFactory(plan__fiscal_year__year=2015)
    CalcLineFactory(
        item__edition=edition,
        source_key=selectors.BUDGET_SOURCE,
        source_parameters={"snapshot_on": "2015-04-30"},
        source_value=557,
        source_read_at=NOW,
        people=557,
        rate=Decimal("400"),
    )
    after = told.settled_exam(exam)
    assert (after.rows, after.counts, after.money) == (before.rows, before.counts, before.money)
    assert (after.state, after.submitted_by, after.closed_by) == ("已办结", str(clerk), str(head))
    ((_, one),) = told.told_of(exam, [row_of(exam, 1)])
    assert (one.name, one.hospital) == ("示例安", hospital.name)
    assert one.unit != "示例改名厂"
    step(exam, clerk, "ask_reopen", "示例")
    step(exam, head, "reopen", "示例")
    ((_, one),) = told.told_of(exam, [row_of(exam, 1)])
    assert (one.name, one.unit, one.hospital) == ("示例改名", "示例改名厂", "示例改名医院")
    assert selectors.money_of(exam).budget == Decimal("222800.00")


def test_reading_exams_of_other_counties_is_no_exam_at_all(exam):
    county = UserFactory(county_clerk=True)
    assert not Exam.objects.visible_to(county).exists()
    assert not ExamInvitation.objects.visible_to(county).exists()
    with pytest.raises(Exam.DoesNotExist):
        exams.locked_exam(exam.pk, UserFactory(model_worker_clerk=True, union=county.union))


def test_somebody_handed_over_to_another_county_leaves_the_sight_of_the_first():
    mine, other = UserFactory(model_worker_clerk=True, union=UnionFactory()), UnionFactory()
    row = ExamInvitationFactory(case__union=mine.union, person__union=mine.union)
    assert list(selectors.roster(row.case, viewer=mine)) == [row]
    Person.objects.filter(pk=row.person_id).update(union=other, unit=None)
    assert list(selectors.roster(row.case, viewer=mine)) == []


def test_who_attended_is_counted_once_also_after_a_merge():
    row = ExamInvitationFactory(attended_on=DAY, hospital=HospitalFactory())
    path = row.case.union.path
    assert list(selectors.exam_attended(union_path=path, year=2015)) == [row.person]
    assert not selectors.exam_attended(union_path=path, year=2016)
    assert not selectors.exam_attended(union_path=row.person.union.path, year=2015)
    kept = PersonFactory()
    Person.objects.filter(pk=row.person_id).update(merged_into=kept)
    assert list(selectors.exam_attended(union_path=path, year=2015)) == [kept]


# --- hospitals -----------------------------------------------------------------------------------------------


def test_a_hospital_stands_once_on_the_list_and_is_kept_by_those_who_organise(clerk):
    first = hospitals.add_hospital(name=" 示例 一院 ", address="", phone="", actor=clerk)
    assert first.name == "示例 一院"
    with pytest.raises(Refused, match="已在医院名单里"):
        hospitals.add_hospital(name="示例 一院", address="", phone="", actor=clerk)
    with pytest.raises(Refused, match="“医院”没有填写"):
        hospitals.add_hospital(name=" ", address="", phone="", actor=clerk)
    with pytest.raises(Refused, match="“预约电话”最多 20 个字"):
        hospitals.add_hospital(name="示例二院", address="", phone="2000000、" * 3, actor=clerk)
    with pytest.raises(Refused, match="权限"):
        hospitals.add_hospital(name="示例二院", address="", phone="", actor=UserFactory(vice_chair=True))
    changed = hospitals.change_hospital(
        hospital_id=first.pk, name="示例一院", address="示例路", phone="", is_active=False, actor=clerk
    )
    assert (changed.name, changed.is_active) == ("示例一院", False)


# --- what the database refuses -------------------------------------------------------------------------------


def refused_by(action) -> str:
    """The name of the constraint that refused."""
    with pytest.raises((IntegrityError, Refused)) as refusal, transaction.atomic():
        action()
    error = refusal.value.__cause__ if isinstance(refusal.value, Refused) else refusal.value
    return error.__cause__.diag.constraint_name


def row_of(exam: Exam, slip: int) -> ExamInvitation:
    return exam.invitations.get(slip_number=slip)


def test_the_database_keeps_the_roster_sound(exam, clerk):
    hospital = HospitalFactory()
    someone = PersonFactory()
    assert (
        refused_by(
            lambda: ExamInvitation.objects.create(case=exam, person=row_of(exam, 1).person, slip_number=9)
        )
        == "model_workers_invitation_once"
    )
    assert (
        refused_by(lambda: ExamInvitation.objects.create(case=exam, person=someone, slip_number=1))
        == "model_workers_invitation_slip_once"
    )
    rows = ExamInvitation.objects.filter(case=exam, slip_number=1)
    assert refused_by(lambda: rows.update(attended_on=DAY)) == "model_workers_invitation_came_or_not"
    assert (
        refused_by(lambda: rows.update(attended_on=DAY, hospital=hospital, absence="ill"))
        == "model_workers_invitation_came_or_not"
    )
    came(exam, clerk, hospital, 1, 2)
    facts = {
        "case": exam,
        "hospital": hospital,
        "billed_on": DAY,
        "created_by": clerk,
        "rate": Decimal("400"),
    }
    assert (
        refused_by(
            lambda: ExamBill.objects.create(**facts, people=3, amount=Decimal("1200"), invoice_number="1")
        )
        == "model_workers_bill_counts_who_came"
    )
    assert (
        refused_by(
            lambda: ExamBill.objects.create(**facts, people=2, amount=Decimal("800.01"), invoice_number="1")
        )
        == "model_workers_bill_is_people_times_rate"
    )
    pay(exam, clerk, hospital, 2, invoice="1")
    facts |= {"people": 2, "amount": Decimal("800"), "invoice_number": "2"}
    assert refused_by(lambda: ExamBill.objects.create(**facts)) == "model_workers_bill_once"
    other = HospitalFactory()
    came(exam, clerk, other, 3)
    facts |= {"hospital": other, "people": 1, "amount": Decimal("400"), "invoice_number": "1"}
    assert refused_by(lambda: ExamBill.objects.create(**facts)) == "model_workers_bill_invoice_once"
    for change in (
        lambda: rows.update(attended_on=None),
        lambda: rows.update(hospital=other),
        lambda: rows.delete(),
        lambda: ExamInvitation.objects.filter(case=exam, slip_number=4).update(
            attended_on=DAY, hospital=hospital
        ),
        lambda: ExamInvitation.objects.filter(case=exam, slip_number=3).update(hospital=hospital),
        lambda: ExamInvitation.objects.create(
            case=exam, person=someone, slip_number=9, attended_on=DAY, hospital=hospital
        ),
    ):
        assert refused_by(change) == "model_workers_invitation_billed"
    rows.update(attended_on=date(2015, 6, 5))  # the day may be corrected: the bill counts the same people


def test_the_database_keeps_a_closed_exam_as_it_is(exam, clerk, head):
    """By the role of the site, in the name of whoever managed it, before and after it is asked to be reopened."""
    finish(exam, clerk)
    attacks = Attacks()
    row, bill, case = (f"model_workers_exam{name}" for name in ("invitation", "bill", ""))
    newcomer = PersonFactory()

    def attack() -> None:
        for guard, statement in (
            (row, f"UPDATE {row} SET absence = 'ill' WHERE slip_number = 4"),
            (row, f"UPDATE {row} SET attended_on = '2015-06-05' WHERE slip_number = 1"),
            (row, f"UPDATE {row} SET attended_on = NULL WHERE slip_number = 1"),
            (row, f"DELETE FROM {row} WHERE slip_number = 4"),
            (
                row,
                f"INSERT INTO {row} (case_id, person_id, slip_number, absence) VALUES ({exam.pk}, {newcomer.pk}, 9, '')",
            ),
            (bill, f"UPDATE {bill} SET invoice_number = '9'"),
            (bill, f"UPDATE {bill} SET rate = 1, amount = people"),
            (bill, f"DELETE FROM {bill}"),
            (case, f"UPDATE {case} SET budget_amount = 1"),
            (case, f"UPDATE {case} SET ends_on = ends_on + 1"),
        ):
            attacks.expect(f"{guard}_content_fixed", statement, statement, who=clerk)
        attacks.expect(
            f"{case}_moves_by_decision", "opened", f"UPDATE {case} SET status = 'draft'", who=clerk
        )

    step(exam, clerk, "submit")
    attack()
    step(exam, head, "close")
    attack()
    step(exam, clerk, "ask_reopen", "示例")
    attack()
    assert attacks.unexpected == []


def test_no_exam_of_a_closed_year_is_closed_or_reopened(exam, clerk, head):
    finish(exam, clerk)
    close(exam, clerk, head)
    close_year(2015)
    with pytest.raises(Refused, match="该年度已关闭，这一年的体检不能再办理"):
        step(exam, clerk, "ask_reopen", "示例")


def test_people_whom_a_bill_counts_are_not_exchanged_for_others(exam, clerk):
    """In one statement, so that their number stays the same."""
    hospital = finish(exam, clerk)
    rows = ExamInvitation.objects.filter(case=exam, slip_number__in=(1, 4))
    exchange = (
        "UPDATE model_workers_examinvitation SET absence = '', hospital_id = %s,"
        " attended_on = CASE slip_number WHEN 4 THEN date '2015-06-03' END WHERE slip_number IN (1, 4)"
    )
    with connection.cursor() as cursor:
        assert (
            refused_by(lambda: cursor.execute(exchange, [hospital.pk])) == "model_workers_invitation_billed"
        )
    assert rows.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_at_once_the_second_sees_what_the_first_wrote(exam, clerk):
    hospital = HospitalFactory()
    came(exam, clerk, hospital, 1, 2, 3)
    facts = connection.settings_dict
    with psycopg.connect(
        host=facts["HOST"], port=facts["PORT"], dbname=facts["NAME"], user=RUNTIME
    ) as second:

        def one_more() -> None:
            said = actors.claim(clerk.pk, backend=second.info.backend_pid)
            second.execute(
                "SELECT set_config('house.actor', %s, true), set_config('lock_timeout', '100ms', true)",
                [said],
            )
            second.execute(
                "UPDATE model_workers_examinvitation SET attended_on = '2015-06-03', hospital_id = %s WHERE slip_number = 4",
                [hospital.pk],
            )

        with transaction.atomic():
            pay(exam, clerk, hospital, 3)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                one_more()
            second.rollback()
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            one_more()
    assert refusal.value.diag.constraint_name == "model_workers_invitation_billed"


def test_the_database_refuses_exams_that_make_no_sense():
    exam = ExamFactory()
    assert refused_by(lambda: ExamFactory(union=exam.union)) == "model_workers_exam_once"
    assert (
        refused_by(lambda: ExamFactory(year=2014, ends_on=date(2015, 5, 3)))
        == "model_workers_exam_days_in_order"
    )
    assert (
        refused_by(lambda: ExamFactory(year=2013, budget_amount=-1))
        == "model_workers_exam_budget_not_negative"
    )
    assert refused_by(lambda: exam.delete()) == "model_workers_exam_never_deleted"


def test_the_database_keeps_exam_rules_apart_and_sound():
    ExamRuleFactory()
    assert (
        refused_by(lambda: ExamRuleFactory(valid_from=date(2015, 1, 1)))
        == "model_workers_examrule_no_overlap"
    )
    past = {"valid_from": date(2001, 1, 1), "valid_until": date(2001, 12, 31)}
    assert refused_by(lambda: ExamRuleFactory(**past, rate=0)) == "model_workers_examrule_sound"
    assert refused_by(lambda: ExamRuleFactory(**past, levels=[])) == "model_workers_examrule_sound"
    assert refused_by(lambda: ExamRuleFactory(**past, is_sample=False)) == "model_workers_examrule_has_basis"
    assert (
        refused_by(lambda: ExamRuleFactory(valid_from=date(2001, 1, 2), valid_until=date(2001, 1, 1)))
        == "model_workers_examrule_days_in_order"
    )
    assert HonourTitle.objects.count() == 0
