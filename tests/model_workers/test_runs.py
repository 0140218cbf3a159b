"""Allowance runs: whom they count, what they pay, how last year leads to this one, and who decides."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import audit
from apps.core.errors import Refused
from apps.model_workers.models import AllowanceLine, AllowanceRun, AllowanceStandard, CountingRule, Honour
from apps.model_workers.rules import bridge as bridges
from apps.model_workers.rules.allowances import DeathRule, RunStatus
from apps.model_workers.selectors.bridges import bridge_of, built_bridge
from apps.model_workers.selectors.overpayments import overpaid_lines
from apps.model_workers.selectors.run_pages import budget_items, left_out
from apps.model_workers.selectors.runs import class_counts, run_change, run_sheet
from apps.model_workers.services.runs import recount_run
from apps.people.models import Person, StandingEvent
from tests.factories import (
    CalcLineFactory,
    EditionFactory,
    ItemFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
)
from tests.model_workers.changes import changed
from tests.model_workers.register import AS_PRINTED, DAY, AllowanceOffice

pytestmark = pytest.mark.django_db


def names(run: AllowanceRun) -> dict[str, int]:
    return dict(run.lines.values_list("name", "award_class"))


def reasons(side: tuple[bridges.Mover, ...]) -> dict[str, str]:
    return {mover.name: mover.reason for mover in side}


# --- counting ----------------------------------------------------------------------------------------------


def test_the_register_of_the_published_explanation_makes_its_classes_and_its_total(office):
    office.people(AS_PRINTED, bankrupt=6)
    sheet = run_sheet(office.run())
    assert [(one.award_class, one.people, one.bankrupt) for one in sheet.classes] == [
        (1, 245, 6),
        (2, 22, 0),
        (3, 10, 0),
    ]
    assert (sheet.people, sheet.amount) == (277, Decimal("436500.00"))
    assert sheet.whole_sentence == (
        "涉及离退休市级劳模277人，其中市级劳模荣誉获得一次的245人（含破产或撤销企业劳模6人）（每人1500元），"
        "获得二次的22人（每人2000元），获得三次及其以上的10人（每人2500元），共计436500元"
    )


def test_counting_costs_the_same_number_of_queries_for_two_people_as_for_twelve(office):
    office.people({1: 2})
    run = office.run()
    with CaptureQueriesContext(connection) as few:
        run_change(run), built_bridge(run), left_out(run), run_sheet(run)
    office.people({1: 10})
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    with CaptureQueriesContext(connection) as many:
        run_change(run), built_bridge(run), left_out(run), run_sheet(run)
    assert len(run.lines.all()) == 12
    assert len(few) == len(many)


def test_a_line_keeps_the_facts_of_the_snapshot_date(office):
    (person,) = office.people({2: 1})
    line = office.run().lines.get()
    assert (line.name, line.union_name, line.unit_name) == (person.name, "示例甲县总工会", "示例棉纺织厂")
    assert (line.award_count, line.award_class, line.months, line.amount) == (2, 2, 12, Decimal(2000))
    assert (line.period_from, line.period_until) == (date(2016, 1, 1), date(2016, 12, 31))
    assert line.account_last_four == person.account_last_four
    assert line.id_last_four == person.id_last_four


def test_a_unit_that_went_bankrupt_after_the_snapshot_does_not_count_as_bankrupt(office):
    unit = UnitFactory(union=office.county, bankrupt=True, nature_since=date(2016, 1, 1))
    office.people({1: 1}, unit=unit)
    assert class_counts(office.run())[0].bankrupt == 0


def test_a_third_honour_within_the_year_moves_somebody_to_the_third_class_counted_once(office):
    (person,) = office.people({2: 1})
    run = office.run()
    office.honour(person, on=date(2015, 5, 1))
    change = recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    assert [one.facts for one in change.altered] == [
        (("次数", "2", "3"), ("档次", "二次", "三次及以上"), ("金额", "2000.00", "2500.00"))
    ]
    assert [(one.award_class, one.people, one.amount) for one in class_counts(run)] == [
        (3, 1, Decimal("2500.00"))
    ]


def test_an_honour_after_the_snapshot_waits_for_next_year(office):
    (person,) = office.people({2: 1})
    office.honour(person, on=date(2016, 5, 1))
    assert names(office.run()) == {person.name: 2}


@pytest.mark.parametrize(
    ("snapshot", "listed"), [(date(2015, 12, 31), True), (date(2016, 1, 1), False), (date(2016, 1, 2), False)]
)
def test_who_dies_on_the_first_of_january_is_paid_by_the_snapshot_before_and_not_by_that_of_the_day(
    office, snapshot, listed
):
    office.people({1: 1})
    (person,) = office.people({1: 1})
    office.event(person, "died", date(2016, 1, 1))
    assert (person.name in names(office.run(on=snapshot))) is listed


def test_the_standards_of_the_year_pay_it_when_the_people_are_counted_before_the_year(office):
    office.people({1: 1})
    AllowanceStandard.objects.filter(award_class=1).update(valid_until=DAY)
    AllowanceStandard.objects.create(award_class=1, amount=1800, valid_from=date(2016, 1, 1), is_sample=True)
    assert office.run().lines.get().amount == 1800


def test_a_class_without_a_standard_is_refused_by_name(office):
    office.people({3: 1})
    AllowanceStandard.objects.filter(award_class=3).update(valid_until=date(2014, 1, 1))
    with pytest.raises(Refused, match="2016-01-01 没有生效的荣誉津贴标准：三次及以上"):
        office.run()


def test_without_a_rule_or_without_people_there_is_no_run(office):
    with pytest.raises(Refused, match="没有应发荣誉津贴的劳模"):
        office.run()
    CountingRule.objects.update(valid_until=date(2014, 1, 1))
    with pytest.raises(Refused, match="没有生效的荣誉津贴计次规则"):
        office.run()
    assert not AllowanceRun.objects.exists()


@pytest.mark.parametrize(
    ("year", "day", "words"),
    [
        (2016, date(2014, 12, 31), "2015-01-01 到 2016-12-31"),
        (2016, date(2017, 1, 1), "2015-01-01 到 2016-12-31"),
        (1999, date(1999, 1, 1), "2000 到 2100"),
        (2100, date(2099, 6, 1), "不能晚于今天"),
    ],
)
def test_a_snapshot_outside_the_year_or_ahead_of_today_is_refused(office, year, day, words):
    office.people()
    with pytest.raises(Refused, match=words):
        office.run(year=year, on=day)


def test_the_year_has_one_run_of_a_union(office):
    office.people()
    office.run()
    with pytest.raises(Refused, match="2016年度已有荣誉津贴发放名册（编制中）") as refused:
        office.run()
    assert refused.value.field == "year"


# --- by month ----------------------------------------------------------------------------------------------


@pytest.fixture
def by_month(office) -> AllowanceOffice:
    CountingRule.objects.update(death_rule=DeathRule.MONTHLY)
    return office


@pytest.mark.parametrize(
    ("kind", "day", "months", "amount"),
    [
        ("died", date(2016, 1, 1), 1, "125.00"),
        ("died", date(2016, 5, 31), 5, "625.00"),
        ("emigrated", date(2016, 7, 10), 7, "875.00"),
        ("missing", date(2016, 12, 31), 12, "1500.00"),
    ],
)
def test_by_month_who_stopped_within_the_year_is_paid_to_the_month_of_the_event(
    by_month, kind, day, months, amount
):
    (person,) = by_month.people({1: 1})
    by_month.event(person, kind, day)
    line = by_month.run(on=date(2016, 12, 31)).lines.get()
    assert (line.months, line.amount) == (months, Decimal(amount))
    assert line.period_until.month == months


def test_by_month_a_suspended_file_pays_to_its_month_and_a_resumed_one_the_year(by_month):
    stopped, resumed = by_month.people({1: 2})
    by_month.file(stopped, "suspend", date(2016, 3, 1))
    by_month.file(resumed, "suspend", date(2016, 3, 1))
    by_month.file(resumed, "resume", date(2016, 6, 1))
    run = by_month.run(on=date(2016, 12, 31))
    assert dict(run.lines.values_list("name", "months")) == {stopped.name: 3, resumed.name: 12}


def test_by_month_who_was_suspended_before_the_death_is_paid_to_the_suspension_only(by_month):
    (person,) = by_month.people({1: 1})
    by_month.file(person, "suspend", date(2016, 2, 10))
    by_month.event(person, "died", date(2016, 8, 1))
    assert by_month.run(on=date(2016, 12, 31)).lines.get().months == 2


def test_by_month_nothing_is_paid_for_who_stopped_before_the_year_or_never_was_entitled(by_month):
    by_month.people({1: 1})
    (before,) = by_month.people({1: 1})
    by_month.event(before, "died", date(2015, 12, 31))
    (working,) = by_month.people({1: 1}, kind="in_service")
    by_month.event(working, "died", date(2016, 4, 1))
    listed = names(by_month.run(on=date(2016, 12, 31)))
    assert before.name not in listed
    assert working.name not in listed


def test_by_month_the_sentence_tells_the_partial_apart_and_still_adds_up(by_month):
    people = by_month.people({1: 2, 2: 1})
    by_month.event(people[0], "died", date(2016, 3, 5))
    sheet = run_sheet(by_month.run(on=date(2016, 12, 31)))
    assert sheet.amount == Decimal("3875.00")
    assert sheet.whole_sentence == (
        "涉及离退休市级劳模2人，其中市级劳模荣誉获得一次的1人（每人1500元），获得二次的1人（每人2000元）；"
        "当年情况变动按月折算1人据实列支375元，共计3875元"
    )


# --- counting anew -----------------------------------------------------------------------------------------


def test_counting_anew_says_what_changes_and_the_second_time_changes_nothing(office):
    stays, goes = office.people({1: 2})
    run = office.run()
    office.event(goes, "died", date(2015, 6, 1))
    (comes,) = office.people({1: 1})
    told = run_change(run)
    assert told.sentence == f"新增 1 人（{comes.name}），减少 1 人（{goes.name}）"
    assert set(names(run)) == {stays.name, goes.name}, "looking changes nothing"
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    assert set(names(run)) == {stays.name, comes.name}
    keys = list(run.lines.values_list("pk", flat=True))
    again = recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    assert again.is_none
    assert list(run.lines.values_list("pk", flat=True)) == keys


def test_a_corrected_standard_reaches_an_open_run_by_counting_anew(office):
    office.people({1: 2})
    run = office.run()
    AllowanceStandard.objects.filter(award_class=1).update(amount=1600)
    with pytest.raises(Refused, match=r"计数以后登记有变：2 人有变动（.+、.+）。请重新计数后再提交"):
        office.decide(run, office.clerk, "submit")
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    assert run_sheet(run).amount == 3200


def test_a_submitted_run_is_not_counted_anew(office):
    office.people()
    run = office.run()
    office.decide(run, office.clerk, "submit")
    with pytest.raises(Refused, match="名册待审核，不能重新计数"):
        recount_run(run_id=run.pk, actor=office.clerk, now=office.now)


def test_lines_stand_by_union_unit_and_class_also_after_counting_anew(office):
    far = UnionFactory(code="Z0001", name="示例末县总工会")
    office.people({1: 1}, unit=UnitFactory(union=far, name="示例甲厂"))
    office.people({1: 1, 2: 1})
    run = office.run()
    office.people({3: 1})
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    assert list(run.lines.values_list("union_name", "award_class")) == [
        ("示例甲县总工会", 3),
        ("示例甲县总工会", 2),
        ("示例甲县总工会", 1),
        ("示例末县总工会", 1),
    ]


# --- last year and this year -------------------------------------------------------------------------------


def test_the_first_run_comes_from_nothing(office):
    (person,) = office.people()
    bridge = built_bridge(office.run())
    assert bridge.balances
    assert (bridge.before, bridge.now) == (0, 1)
    assert reasons(bridge.came) == {person.name: "首次编制"}


def test_the_bridge_names_who_came_and_who_went_with_the_reason(office):
    stays, died, emigrated, missing, revoked, suspended, lost, back = office.people({1: 8})
    new, honoured, resumed, found = office.people({1: 4}, since=date(2005, 1, 1))
    office.event(new, "in_service", date(2006, 1, 1))
    office.event(new, "retired", date(2016, 3, 1))
    Honour.objects.filter(person=honoured).update(awarded_on=date(2016, 5, 1))
    office.file(resumed, "suspend", date(2015, 1, 1))
    office.file(resumed, "resume", date(2016, 2, 1))
    office.event(found, "missing", date(2015, 1, 1))
    office.event(found, "present", date(2016, 4, 1))
    office.approve(office.run())
    for person, kind in (
        (died, "died"),
        (emigrated, "emigrated"),
        (missing, "missing"),
        (back, "in_service"),
    ):
        office.event(person, kind, date(2016, 6, 1))
    office.file(revoked, "revoke", date(2016, 7, 1))
    office.file(suspended, "suspend", date(2016, 7, 1))
    changed(lost, "revoke_honour", date(2016, 7, 1), honours=lost.honours.all())
    run = office.run(year=2017, on=date(2016, 12, 31))
    bridge = built_bridge(run)
    assert reasons(bridge.came) == {
        new.name: "新增离退休",
        honoured.name: "新授荣誉",
        resumed.name: "恢复",
        found.name: "恢复",
    }
    assert reasons(bridge.went) == {
        died.name: "去世",
        emigrated.name: "移居国（境）外",
        missing.name: "失联",
        back.name: "不再离退休",
        revoked.name: "撤销",
        suspended.name: "暂停",
        lost.name: "荣誉变动",
    }
    assert (bridge.before, bridge.now, bridge.listed, bridge.balances) == (8, 5, 5, True)
    assert bridge.sentence == (
        "上年8人，增加4人（恢复2人、新增离退休1人、新授荣誉1人），"
        "减少7人（去世1人、移居国（境）外1人、失联1人、撤销1人、暂停1人、荣誉变动1人、不再离退休1人），今年5人"
    )
    assert stays.name in names(run)


def test_the_bridge_of_a_county_tells_who_was_handed_over(office):
    other = UnionFactory()
    comes = office.people({1: 1}, unit=UnitFactory(union=other))[0]
    _, goes = office.people({1: 2})
    office.approve(office.run(union=office.county))
    office.move(comes, office.county, date(2016, 3, 1))
    office.move(goes, other, date(2016, 4, 1))
    bridge = built_bridge(office.run(union=office.county, year=2017, on=date(2016, 12, 31)))
    assert reasons(bridge.came) == {comes.name: "转入"}
    assert reasons(bridge.went) == {goes.name: "转出"}
    assert bridge.sentence == "上年2人，增加1人（转入），减少1人（转出），今年2人"
    assert bridge.balances


def test_what_was_entered_late_and_a_changed_rule_are_told_apart_from_what_happened(office):
    office.people({1: 1})
    office.approve(office.run())
    (late,) = office.people({1: 1})
    run = office.run(year=2017, on=date(2016, 12, 31))
    assert reasons(built_bridge(run).came) == {late.name: "补登记"}
    CountingRule.objects.update(valid_until=date(2016, 6, 30))
    CountingRule.objects.create(
        valid_from=date(2016, 7, 1), categories=["worker", "advanced"], is_sample=True
    )
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    run = AllowanceRun.objects.get(pk=run.pk)
    assert reasons(built_bridge(run).came) == {late.name: "计次规则变动"}


def test_two_rows_that_became_one_person_leave_one_line_and_a_name(office):
    first, second = office.people({1: 2})
    office.approve(office.run())
    Person.objects.filter(pk=second.pk).update(merged_into=first)
    run = office.run(year=2017, on=date(2016, 12, 31))
    bridge = built_bridge(run)
    assert reasons(bridge.went) == {second.name: "合并重复记录"}
    assert bridge.balances


def test_a_change_of_class_is_told_beside_the_bridge(office):
    (person,) = office.people({2: 1})
    office.approve(office.run())
    office.honour(person, on=date(2016, 5, 1))
    bridge = built_bridge(office.run(year=2017, on=date(2016, 12, 31)))
    assert [(one.name, one.before, one.now) for one in bridge.reclassed] == [(person.name, 2, 3)]
    assert bridge.balances
    assert not bridge.came
    assert not bridge.went


def test_an_approved_bridge_stays_as_it_was_signed(office):
    _, died = office.people({1: 2})
    office.approve(office.run())
    event = office.event(died, "died", date(2016, 6, 1))
    run = office.approve(office.run(year=2017, on=date(2016, 12, 31)))
    StandingEvent.objects.filter(pk=event.pk).update(
        voided_at=office.now, voided_by=office.clerk, void_reason="登记错误"
    )
    assert reasons(built_bridge(run).went) == {died.name: "原因不明"}
    assert reasons(bridge_of(run).went) == {died.name: "去世"}


# --- who is left out ---------------------------------------------------------------------------------------


def test_everybody_left_out_is_told_with_the_reason(office):
    office.people({1: 1})
    (working,) = office.people({1: 1}, kind="in_service")
    (died,) = office.people({1: 1})
    office.event(died, "died", date(2014, 1, 1))
    run = office.run()
    (late,) = office.people({1: 1})
    assert {one.name: one.reason for one in left_out(run)} == {
        working.name: "未离退休（在职）",
        died.name: "去世",
        late.name: "计数以后才符合条件",
    }


def test_whom_another_run_pays_is_left_out_by_name_and_not_paid_twice(office):
    own, far = office.people({1: 1})[0], office.people({1: 1}, unit=UnitFactory())[0]
    office.run(union=office.county)
    run = office.run()
    assert set(names(run)) == {far.name}
    assert {one.name: one.reason for one in left_out(run)} == {own.name: "已列入示例甲县总工会2016年荣誉津贴"}
    assert AllowanceLine.objects.filter(person=own).count() == 1


# --- approval ----------------------------------------------------------------------------------------------


def test_a_run_goes_through_three_hands_and_is_frozen(office):
    office.people({1: 2})
    run = office.approve(office.run())
    assert run.status == RunStatus.APPROVED
    assert run.approved_at is not None
    told = run.decisions.values_list("verb", "source", "target", "count", "amount")
    assert list(told) == [
        ("submit", "draft", "submitted", 2, Decimal(3000)),
        ("check", "submitted", "checked", 2, Decimal(3000)),
        ("approve", "checked", "approved", 2, Decimal(3000)),
    ]


def test_whoever_made_the_roster_neither_checks_nor_approves_it_whatever_roles_he_holds(office):
    office.people()
    both = UserFactory(model_worker_clerk=True, model_worker_head=True, vice_chair=True)
    run = office.run()
    office.decide(run, both, "submit")
    with pytest.raises(Refused, match="必须由不同的人办理"):
        office.decide(run, both, "check")
    office.decide(run, office.head, "check")
    with pytest.raises(Refused, match="必须由不同的人办理"):
        office.decide(run, both, "approve")


def test_whoever_counted_the_roster_anew_neither_checks_nor_approves_it(office):
    office.people()
    run = office.run()
    editor = UserFactory(model_worker_clerk=True, model_worker_head=True, vice_chair=True)
    office.people()
    recount_run(run_id=run.pk, actor=editor, now=office.now)
    office.decide(run, office.clerk, "submit")
    with pytest.raises(Refused, match="您录入或修改过"):
        office.decide(run, editor, "check")
    office.decide(run, office.head, "check")
    with pytest.raises(Refused, match="您录入或修改过"):
        office.decide(run, editor, "approve")


def test_whoever_set_a_standard_or_the_rule_does_not_check_by_it(office):
    office.people()
    run = office.run()
    office.decide(run, office.clerk, "submit")
    for table in (AllowanceStandard, CountingRule):
        setter = UserFactory(model_worker_head=True)
        with audit.because(actor_id=setter.pk, action="更正"):
            table.objects.update(valid_from=date(2011, 6, 2))
        with pytest.raises(Refused, match="是您登记或改动的"):
            office.decide(run, setter, "check")
    ender = UserFactory(model_worker_head=True)
    with audit.because(actor_id=ender.pk, action="截止"):
        AllowanceStandard.objects.update(valid_until=date(2030, 1, 1))
    office.decide(run, ender, "check")


def test_the_years_follow_each_other(office):
    office.people()
    first = office.approve(office.run(year=2015, on=date(2014, 12, 31)))
    later = office.run(year=2017, on=date(2016, 12, 31))
    with pytest.raises(Refused, match="中间缺的年度先补上"):
        office.decide(later, office.clerk, "submit")
    between = office.run()
    with pytest.raises(Refused, match="必须依次审批"):
        office.decide(later, office.clerk, "submit")
    office.approve(between)
    recount_run(run_id=later.pk, actor=office.clerk, now=office.now)
    later.refresh_from_db()
    office.approve(later)
    assert (between.previous, later.previous) == (first, between)


@pytest.mark.parametrize(
    ("who", "action", "words"),
    [
        ("head", "submit", "您没有“提交审核”的权限"),
        ("clerk", "check", "当前状态为“编制中”，不能审核通过"),
        ("clerk", "void", "作废必须填写意见"),
    ],
)
def test_a_step_that_the_table_does_not_offer_is_refused(office, who, action, words):
    office.people()
    run = office.run()
    with pytest.raises(Refused, match=words):
        office.decide(run, getattr(office, who), action)


def test_a_returned_run_opens_a_new_round(office):
    office.people()
    run = office.run()
    office.decide(run, office.clerk, "submit")
    with pytest.raises(Refused, match="必须填写意见"):
        office.decide(run, office.head, "return")
    office.decide(run, office.head, "return", note="人数不符。")
    assert run.status == RunStatus.RETURNED
    office.decide(run, office.clerk, "submit")
    office.decide(run, office.head, "check")
    office.decide(run, office.vice, "return", note="再核一次。")
    office.approve(run)
    assert run.round == 3


def test_only_who_submitted_takes_it_back(office):
    office.people()
    run = office.run()
    office.decide(run, office.clerk, "submit")
    with pytest.raises(Refused, match="只有办理“提交审核”的人能撤回"):
        office.decide(run, UserFactory(model_worker_clerk=True), "withdraw")
    office.decide(run, office.clerk, "withdraw")
    assert run.status == RunStatus.DRAFT


def test_what_the_register_says_since_the_count_stops_every_further_step(office):
    first, second = office.people({1: 2})
    run = office.run()
    office.decide(run, office.clerk, "submit")
    office.event(second, "died", date(2015, 10, 1))
    with pytest.raises(Refused, match=f"计数以后登记有变：减少 1 人（{second.name}）。请退回"):
        office.decide(run, office.head, "check")
    office.decide(run, office.head, "return", note="登记有变。")
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    office.approve(run)
    assert names(run) == {first.name: 1}


def test_last_year_approved_after_the_count_asks_for_a_new_count(office):
    office.people()
    last = office.run()
    run = office.run(year=2017, on=date(2016, 12, 31))
    office.approve(last)
    with pytest.raises(Refused, match="上年名册必须是本工会上一年度已审批的名册"):
        office.decide(run, office.clerk, "submit")
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    office.decide(run, office.clerk, "submit")
    assert run.previous == last


def test_a_void_run_lets_its_people_go(office):
    (person,) = office.people()
    run = office.run()
    office.decide(run, office.clerk, "void", note="快照日填错了。")
    assert run.status == RunStatus.VOIDED
    assert not run.lines.exists()
    assert run.decisions.get().facts["people"] == 1
    assert names(office.run()) == {person.name: 1}


# --- overpaid ----------------------------------------------------------------------------------------------


def overpaid(run: AllowanceRun, today: date = date(2016, 12, 31)) -> list[tuple[str, Decimal, date, str]]:
    found = overpaid_lines(run, today=today)
    return [(one.line.name, one.amount, one.stopped_on, one.reason) for one in found]


def test_a_death_before_the_snapshot_that_is_entered_late_is_listed_with_the_whole_amount(office):
    person, _ = office.people({2: 2})
    run = office.run()
    office.event(person, "died", date(2015, 11, 2))
    assert overpaid(run) == [], "not paid yet"
    StandingEvent.objects.filter(person=person, kind="died").update(
        voided_at=office.now, voided_by=office.clerk, void_reason="示例"
    )
    office.approve(run)
    office.event(person, "died", date(2015, 11, 1))
    assert overpaid(run) == [(person.name, Decimal("2000.00"), date(2015, 11, 1), "去世")]


def test_by_the_snapshot_rule_who_dies_after_the_snapshot_keeps_the_year(office):
    (person,) = office.people({2: 1})
    run = office.approve(office.run())
    office.event(person, "died", date(2016, 3, 1))
    assert overpaid(run) == []


def test_by_month_the_months_after_the_event_are_overpaid(by_month):
    (person,) = by_month.people({2: 1})
    run = by_month.approve(by_month.run())
    by_month.event(person, "died", date(2016, 3, 1))
    assert overpaid(run) == [(person.name, Decimal("1500.00"), date(2016, 3, 1), "去世")]
    assert overpaid(run, today=date(2016, 2, 1)) == []


def test_an_honour_that_was_a_mistake_makes_the_difference_of_the_classes_overpaid(office):
    (person,) = office.people({2: 1})
    run = office.approve(office.run())
    wrong = Honour.objects.filter(person=person).first()
    Honour.objects.filter(pk=wrong.pk).update(
        voided_at=office.now, voided_by=office.clerk, void_reason="登记错误"
    )
    assert overpaid(run) == [(person.name, Decimal("500.00"), date(2016, 1, 1), "现在是一次")]


def test_a_revoked_file_and_a_person_listed_twice_are_overpaid(office):
    first, second, third = office.people({1: 3})
    run = office.approve(office.run())
    office.file(first, "revoke", date(2015, 12, 1))
    Person.objects.filter(pk=third.pk).update(merged_into=second)
    assert overpaid(run) == [
        (first.name, Decimal("1500.00"), date(2015, 12, 1), "待遇已撤销"),
        (third.name, Decimal("1500.00"), date(2016, 1, 1), "与另一行是同一人（已合并）"),
    ]


def test_a_person_handed_over_to_another_county_is_not_overpaid(office):
    (person,) = office.people({1: 1})
    run = office.approve(office.run(union=office.county))
    office.move(person, UnionFactory(), date(2016, 2, 1))
    assert overpaid(run) == []


# --- beside the budget -------------------------------------------------------------------------------------


def test_a_run_is_compared_with_the_lines_of_the_budget_that_count_the_same(office):
    office.people({1: 3, 2: 1}, bankrupt=1)
    run = office.run()
    finance = UserFactory(finance_clerk=True)
    item = ItemFactory(edition=EditionFactory(plan__fiscal_year__year=2016))
    for award, people, of_which, rate in ((1, 3, 1, 1500), (2, 1, None, 2000)):
        CalcLineFactory(
            item=item,
            tiered=True,
            people=people,
            of_which_people=of_which,
            of_which_label="破产或撤销企业劳模" if of_which else "",
            rate=rate,
            source_key="model_workers.retired_by_award_class",
            source_parameters={"class": str(award), "snapshot_on": "2015-12-31"},
            source_value=people,
            source_read_at=office.now,
        )
    (found,) = budget_items(run, run_sheet(run), finance)
    assert found.agrees
    assert (found.people, found.amount) == (4, Decimal("6500.00"))
    office.people({2: 1})
    recount_run(run_id=run.pk, actor=office.clerk, now=office.now)
    (found,) = budget_items(run, run_sheet(run), finance)
    assert not found.agrees
    assert found.words == "名册比预算多 1 人、多 2,000.00 元"
    assert [line.difference for line in found.lines] == [0, 1]
    assert budget_items(run, run_sheet(run), UserFactory(grassroots=True)) == []
