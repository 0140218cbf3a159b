"""Relief from the draft to the decision: who may be granted it, who may decide, and what the database refuses."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from apps.cases.selectors import Choice, case_page
from apps.cases.services import Seen
from apps.core.errors import Refused
from apps.model_workers.documents.relief import group_in_words, told_facts
from apps.model_workers.models import ReliefCase, ReliefDecision, ReliefStandard
from apps.model_workers.selectors import relief as selectors
from apps.model_workers.services import relief
from apps.model_workers.services.relief import ReliefDraft
from apps.people.models import Person
from tests.budget.closings import close_year
from tests.factories import (
    HonourFactory,
    PersonFactory,
    ReliefCaseFactory,
    ReliefStandardFactory,
    StandingEventFactory,
    UnionFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.changes import changed

pytestmark = pytest.mark.django_db
NOW = datetime(2015, 8, 10, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def clerk():
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def head():
    return UserFactory(model_worker_head=True)


@pytest.fixture
def vice():
    return UserFactory(vice_chair=True)


@pytest.fixture
def standards():
    ReliefStandardFactory()
    ReliefStandardFactory(in_service=True)
    ReliefStandardFactory(special=True)
    ReliefStandardFactory(visit=True)


@pytest.fixture
def person(standards) -> Person:
    return retired_worker(name="示例甲")


def draft(**changes) -> ReliefDraft:
    facts = {
        "year": 2015,
        "kind": "living",
        "group": "retired",
        "circumstances": "示例：长期患病。",
        "monthly_income": Decimal("3000"),
        "months": 12,
    }
    return ReliefDraft(**facts | changes)


def once(kind: str = "special", **changes) -> ReliefDraft:
    return draft(kind=kind, monthly_income=None, months=None, **changes)


def enter(person: Person, actor, **changes) -> ReliefCase:
    return relief.create_case(person_id=person.pk, draft=draft(**changes), actor=actor, now=NOW)


def decide(case: ReliefCase, actor, verb: str, opinion: str = "", now: datetime = NOW) -> ReliefDecision:
    case = ReliefCase.objects.visible_to(actor).for_detail().get(pk=case.pk)
    seen = Seen.of(case)
    return relief.decide_relief(case=case, actor=actor, verb=verb, seen=seen, opinion=opinion, now=now)


def choices(case: ReliefCase, user) -> tuple[Choice, ...]:
    case = ReliefCase.objects.for_detail().get(pk=case.pk)
    return case_page(case, viewer=user, objection=selectors.objection_to(case, today=NOW.date())).choices


# --- entering ------------------------------------------------------------------------------------------------


def test_a_draft_is_worked_out_by_the_standard_in_force(person, clerk):
    case = enter(person, clerk)
    assert (case.amount, case.standard.line, case.status) == (Decimal("6624.00"), Decimal("3552"), "draft")
    case.refresh_from_db()
    assert selectors.granted_of(case).steps[0] == ("差额", "3,552.00 − 3,000.00 = 552.00 元/月")


def test_the_line_of_those_in_service_is_another(standards, clerk):
    person = PersonFactory()
    StandingEventFactory(person=person, kind="in_service")
    HonourFactory(person=person)
    assert selectors.applicant(person, as_of=date(2015, 8, 10)).group == "in_service"
    case = enter(person, clerk, group="in_service", monthly_income=Decimal("5565.99"))
    assert case.amount == Decimal("12000.00")


def test_the_standard_in_force_on_the_day_counts_and_without_one_nothing(person, clerk):
    ReliefStandard.objects.filter(kind="living", group="retired").update(valid_until=date(2015, 6, 30))
    with pytest.raises(Refused, match="2015-08-10 没有生效的生活困难救助标准（离退休）"):
        enter(person, clerk)
    ReliefStandardFactory(valid_from=date(2015, 7, 1), line=Decimal("3600"))
    assert enter(person, clerk).amount == Decimal("7200.00")
    # A case of the year before goes by the last day of that year.
    assert enter(person, clerk, year=2014).amount == Decimal("6624.00")


def test_less_than_the_standard_gives_is_kept_with_its_reason(person, clerk):
    case = enter(person, clerk, amount=Decimal("6000"), lower_reason="已获临时救助")
    case.refresh_from_db()
    assert (case.amount, case.circumstances) == (Decimal("6000.00"), "示例：长期患病。")
    assert relief.draft_of(case).lower_reason == case.lower_reason == "已获临时救助"
    other = retired_worker()
    with pytest.raises(Refused, match="不能多发"):
        enter(other, clerk, amount=Decimal("6624.01"))
    with pytest.raises(Refused, match="“少发理由”"):
        enter(other, clerk, amount=Decimal("1"))


def test_the_three_kinds_exclude_each_other_within_a_year(person, clerk):
    first = enter(person, clerk)
    for kind in ("special", "visit"):
        with pytest.raises(Refused) as refused:
            relief.create_case(person_id=person.pk, draft=once(kind), actor=clerk, now=NOW)
        assert (
            refused.value.message == "示例甲2015年已有一项生活困难救助（草稿），三类救助一年内不能重复享受。"
        )
    with pytest.raises(Refused, match="已有一项生活困难救助"):
        enter(person, clerk)
    relief.create_case(person_id=person.pk, draft=once("visit", year=2014), actor=clerk, now=NOW)
    decide(first, clerk, "withdraw", "示例撤回")
    relief.create_case(person_id=person.pk, draft=once("visit"), actor=clerk, now=NOW)


def test_the_relief_of_a_row_that_was_merged_counts_for_who_remains(person, clerk):
    twin = retired_worker(name="示例甲")
    enter(twin, clerk)
    Person.objects.filter(pk=twin.pk).update(merged_into=person)
    with pytest.raises(Refused, match="已有一项生活困难救助"):
        enter(person, clerk)
    with pytest.raises(Refused, match="已并入另一人"):
        enter(twin, clerk, year=2014)


def test_only_present_model_workers_with_a_valid_file_are_granted_relief(standards, clerk):
    nobody = PersonFactory(name="示例无")
    gone = retired_worker(name="示例亡")
    StandingEventFactory(person=gone, kind="died", effective_on=date(2015, 8, 10))
    suspended = retired_worker(name="示例停")
    changed(suspended, "suspend", date(2015, 8, 1))
    for person, why in ((nobody, "没有有效的劳模荣誉"), (gone, "去世"), (suspended, "劳模待遇已暂停")):
        with pytest.raises(Refused, match=f"{person.name}{why}（2015-08-10），不能申请劳模困难救助"):
            enter(person, clerk)
    assert enter(gone, clerk, year=2014).year == 2014


def test_who_enters_needs_the_right_the_reach_and_another_name(person, clerk):
    with pytest.raises(Refused, match="没有录入困难救助的权限"):
        enter(person, UserFactory(model_worker_head=True))
    with pytest.raises(Person.DoesNotExist):
        enter(person, UserFactory(county_clerk=True))
    namesake = UserFactory(model_worker_clerk=True, full_name="示例甲")
    with pytest.raises(Refused, match="您与申请人同名"):
        enter(person, namesake)
    county = UserFactory(county_clerk=True, union=person.union)
    assert enter(person, county).created_by == county


def test_circumstances_are_told_without_numbers(person, clerk):
    with pytest.raises(Refused, match="“困难情况”没有填写"):
        enter(person, clerk, circumstances="  ")
    with pytest.raises(Refused, match="不要写证件号码"):
        enter(person, clerk, circumstances="身份证131099195001010014，长期患病")
    with pytest.raises(Refused, match="最多 500 个字"):
        enter(person, clerk, circumstances="病" * 501)


def test_a_year_to_come_is_refused(person, clerk):
    with pytest.raises(Refused, match="“年度”应在 2000 至 2015 之间"):
        enter(person, clerk, year=2016)


# --- changing ------------------------------------------------------------------------------------------------


def test_a_draft_and_a_returned_case_may_be_changed_a_submitted_one_not(person, clerk, head):
    case = enter(person, clerk)
    relief.edit_case(case_id=case.pk, draft=draft(months=6), actor=clerk, now=NOW)
    case.refresh_from_db()
    assert case.amount == Decimal("3312.00")
    decide(case, clerk, "submit")
    with pytest.raises(Refused, match="当前状态为“待审核”，内容不能修改"):
        relief.edit_case(case_id=case.pk, draft=draft(), actor=clerk, now=NOW)
    decide(case, head, "return", "月数请核对")
    relief.edit_case(case_id=case.pk, draft=once("special"), actor=clerk, now=NOW)
    case.refresh_from_db()
    assert (case.kind, case.amount, case.monthly_income) == ("special", Decimal("5000.00"), None)


# --- deciding ------------------------------------------------------------------------------------------------


def test_a_case_goes_through_three_hands(person, clerk, head, vice):
    case = enter(person, clerk)
    decide(case, clerk, "submit")
    decide(case, head, "check", "情况属实")
    decide(case, vice, "approve")
    case.refresh_from_db()
    assert (case.status, case.round) == ("approved", 1)
    rows = list(case.decisions.values_list("verb", "source", "target", "actor", "role", "amount"))
    assert rows == [
        ("submit", "draft", "submitted", clerk.pk, "model_worker_clerk", Decimal("6624.00")),
        ("check", "submitted", "checked", head.pk, "model_worker_head", Decimal("6624.00")),
        ("approve", "checked", "approved", vice.pk, "vice_chair", Decimal("6624.00")),
    ]


def test_returning_and_rejecting_need_an_opinion_and_a_rejected_case_frees_the_year(
    person, clerk, head, vice
):
    case = enter(person, clerk)
    decide(case, clerk, "submit")
    with pytest.raises(Refused, match="必须填写意见"):
        decide(case, head, "return")
    decide(case, head, "return", "示例退回")
    decide(case, clerk, "submit")
    decide(case, head, "check")
    with pytest.raises(Refused, match="必须填写意见"):
        decide(case, vice, "reject")
    decide(case, vice, "reject", "家庭收入已超过救助线")
    case.refresh_from_db()
    assert (case.status, case.round) == ("rejected", 2)
    enter(person, clerk)


def test_whoever_entered_or_submitted_never_decides_and_nobody_decides_twice(person, clerk, head, vice):
    both = UserFactory(model_worker_clerk=True, model_worker_head=True, vice_chair=True)
    case = enter(person, both)
    decide(case, clerk, "submit")
    with pytest.raises(Refused, match="您录入或修改过这项困难救助"):
        decide(case, both, "check")
    decide(case, head, "return", "示例")
    relief.edit_case(case_id=case.pk, draft=draft(months=3), actor=clerk, now=NOW)
    decide(case, both, "submit")
    second_head = UserFactory(model_worker_head=True, vice_chair=True)
    decide(case, second_head, "check")
    with pytest.raises(Refused, match="必须由不同的人办理"):
        decide(case, second_head, "approve")
    decide(case, vice, "approve")


def test_the_namesake_of_the_applicant_decides_nothing(person, clerk):
    case = enter(person, clerk)
    decide(case, clerk, "submit")
    namesake = UserFactory(model_worker_head=True, full_name="示例甲")
    with pytest.raises(Refused, match="您与申请人同名，按回避规定请由他人办理"):
        decide(case, namesake, "check")
    assert {one.blocked for one in choices(case, namesake)} == {"您与申请人同名，按回避规定请由他人办理。"}


def test_the_buttons_say_what_the_service_does(person, clerk, head, vice):
    case = enter(person, clerk)

    def actions(user) -> list[tuple[str, bool]]:
        return [(one.step.verb, bool(one.blocked)) for one in choices(case, user)]

    assert actions(clerk) == [("withdraw", False), ("submit", False)]
    assert actions(head) == []
    decide(case, clerk, "submit")
    assert actions(clerk) == [("withdraw", False)]
    assert actions(UserFactory(model_worker_clerk=True)) == [("withdraw", True)]
    assert actions(head) == [("return", False), ("check", False)]
    decide(case, head, "check")
    assert actions(vice) == [("return", False), ("reject", False), ("approve", False)]


def test_what_happened_meanwhile_is_seen_at_every_step(person, clerk, head, vice):
    case = enter(person, clerk)
    ReliefStandard.objects.filter(kind="living", group="retired").update(valid_until=date(2015, 6, 30))
    ReliefStandardFactory(valid_from=date(2015, 7, 1), line=Decimal("3600"))
    with pytest.raises(Refused, match="录入以后救助标准已调整"):
        decide(case, clerk, "submit")
    relief.edit_case(case_id=case.pk, draft=draft(), actor=clerk, now=NOW)
    decide(case, clerk, "submit")
    StandingEventFactory(person=person, kind="died", effective_on=date(2015, 8, 9))
    with pytest.raises(Refused, match="示例甲去世（2015-08-10），不能再办理这项救助"):
        decide(case, head, "check")
    decide(case, head, "return", "本人已去世")
    decide(case, clerk, "withdraw", "本人已去世")


def test_a_county_decides_nothing_of_another_county(person, clerk):
    case = enter(person, clerk)
    with pytest.raises(ReliefCase.DoesNotExist):
        decide(case, UserFactory(county_clerk=True), "submit")


def test_whose_line_applies_is_the_registers_word_or_needs_a_reason(person, clerk, head):
    with pytest.raises(Refused, match="名册里登记的工作状态适用“离退休”；选“在职”必须填写理由"):
        enter(person, clerk, group="in_service")
    with pytest.raises(Refused, match="不用填写理由"):
        enter(person, clerk, group_reason="示例")
    case = enter(person, clerk, group="in_service", group_reason="返聘，仍有工资")
    assert (case.register_group, case.group_reason) == ("retired", "返聘，仍有工资")
    decide(case, clerk, "submit")
    words = group_in_words(case, told_facts(case, today=NOW.date()))
    assert words == "在职（名册登记：离退休；理由：返聘，仍有工资）"
    # The register learns better before the head looks: the case goes back.
    StandingEventFactory(person=person, kind="in_service", effective_on=date(2015, 8, 1))
    with pytest.raises(Refused, match="名册里的工作状态已改为适用“在职”，请退回重新填写"):
        decide(case, head, "check")


def test_what_was_decided_stays_with_the_union_that_decided_it(person, clerk, head, vice):
    case = enter(person, clerk)
    for actor, verb in ((clerk, "submit"), (head, "check"), (vice, "approve")):
        decide(case, actor, verb)
    case.refresh_from_db()
    before = dict(told_facts(case, today=NOW.date()))
    first = person.union
    Person.objects.filter(pk=person.pk).update(union=UnionFactory(), unit=None, name="示例改名")
    assert told_facts(ReliefCase.objects.get(pk=case.pk), today=date(2026, 1, 1)) == before
    assert (before["name"], before["union"]) == ("示例甲", first.name)
    totals = selectors.yearly_totals(viewer=UserFactory(county_clerk=True, union=first), year=2015)
    assert {row.kind: row.amount for row in totals}["living"] == Decimal("6624.00")


def test_what_was_granted_is_taken_back_by_two_people(person, clerk, head, vice):
    case = enter(person, clerk)
    for actor, verb in ((clerk, "submit"), (head, "check"), (vice, "approve")):
        decide(case, actor, verb)
    with pytest.raises(Refused, match="必须填写意见"):
        decide(case, clerk, "ask_revoke")
    decide(case, clerk, "ask_revoke", "本人放弃")
    with pytest.raises(Refused, match="您没有“同意撤销”的权限"):
        decide(case, clerk, "revoke", "示例")
    root = UnionFactory(city=True).path
    assert selectors.relief_people(union_path=root, year=2015).count() == 1
    decide(case, vice, "revoke", "同意撤销")
    assert selectors.relief_people(union_path=root, year=2015).count() == 0
    enter(person, clerk)


def test_a_closed_year_moves_no_more(person, clerk):
    case = enter(person, clerk)
    close_year(2015)
    assert "该年度已关闭" in {one.step.verb: one.blocked for one in choices(case, clerk)}["submit"]
    with pytest.raises(Refused, match="该年度已关闭"):
        decide(case, clerk, "submit")


# --- lists and figures ---------------------------------------------------------------------------------------


def test_totals_of_a_year_count_what_was_approved_by_kind(standards, clerk, head, vice):
    for order in range(3):
        person = retired_worker()
        case = relief.create_case(
            person_id=person.pk, draft=draft() if order else once("visit"), actor=clerk, now=NOW
        )
        for actor, action in ((clerk, "submit"), (head, "check"), (vice, "approve")):
            if order < 2:
                decide(case, actor, action)
    totals = {row.kind: row for row in selectors.yearly_totals(viewer=clerk, year=2015)}
    assert (totals["living"].people, totals["living"].amount, totals["living"].waiting) == (
        1,
        Decimal("6624.00"),
        1,
    )
    assert (totals["visit"].amount, totals["special"].people) == (Decimal("2000.00"), 0)
    root = UnionFactory(city=True).path
    assert selectors.relief_people(union_path=root, year=2015).count() == 2
    assert selectors.relief_people(union_path=root, year=2015, kind="visit").count() == 1
    assert selectors.relief_people(union_path=root, year=2015, status="draft").count() == 1
    assert not selectors.relief_people(union_path=root, year=2014)
    assert not selectors.relief_people(union_path=UnionFactory().path, year=2015)
    county = UserFactory(county_clerk=True)
    assert [row.people + row.waiting for row in selectors.yearly_totals(viewer=county, year=2015)] == [
        0,
        0,
        0,
    ]


# --- what the database refuses -------------------------------------------------------------------------------


def refused_by(action) -> str:
    """The constraint's name, whether a factory or a service ran into it."""
    with pytest.raises((IntegrityError, Refused)) as error, transaction.atomic():
        action()
    return getattr(error.value, "code", "") or error.value.__cause__.diag.constraint_name


def test_the_database_keeps_cases_sound():
    case = ReliefCaseFactory()
    again = {"person": case.person}
    assert refused_by(lambda: ReliefCaseFactory(**again)) == "model_workers_reliefcase_one_a_year"
    again["year"] = 2014
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, amount=0, lower_reason="示例"))
        == "model_workers_reliefcase_positive"
    )
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, months=13, amount=1, lower_reason="示例"))
        == "model_workers_reliefcase_income_known"
    )
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, circumstances=""))
        == "model_workers_reliefcase_explained"
    )
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, amount=Decimal("6624.01")))
        == "model_workers_reliefcase_within_standard"
    )
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, amount=Decimal("6623.99")))
        == "model_workers_reliefcase_lower_explained"
    )
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, register_group="in_service"))
        == "model_workers_reliefcase_group_explained"
    )
    special = ReliefStandardFactory(special=True)
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, standard=special, amount=1))
        == "model_workers_reliefcase_standard_of_kind"
    )
    over = {"kind": "special", "standard": special, "monthly_income": None, "months": None}
    assert (
        refused_by(lambda: ReliefCaseFactory(**again, **over, amount=Decimal("5000.01")))
        == "model_workers_reliefcase_within_standard"
    )
    ReliefCaseFactory(**again, **over, amount=Decimal("5000"))


def test_the_database_keeps_standards_apart_and_sound():
    ReliefStandardFactory()
    later = date(2015, 1, 1)
    assert (
        refused_by(lambda: ReliefStandardFactory(valid_from=later))
        == "model_workers_reliefstandard_no_overlap"
    )
    farmer = {"group": "farmer"}
    assert (
        refused_by(lambda: ReliefStandardFactory(**farmer, line=None)) == "model_workers_reliefstandard_sound"
    )
    assert refused_by(lambda: ReliefStandardFactory(**farmer, cap=0)) == "model_workers_reliefstandard_sound"
    assert (
        refused_by(lambda: ReliefStandardFactory(special=True, line=1))
        == "model_workers_reliefstandard_sound"
    )
    assert (
        refused_by(lambda: ReliefStandardFactory(**farmer, is_sample=False))
        == "model_workers_reliefstandard_has_basis"
    )
    assert (
        refused_by(lambda: ReliefStandardFactory(**farmer, valid_until=date(2011, 5, 31)))
        == "model_workers_reliefstandard_days_in_order"
    )
