"""推荐评选: from the recommendation to the honour, through different hands."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, ProgrammingError
from django.urls import reverse
from django.utils import timezone

from apps.basis.models import CalendarYear
from apps.basis.services.calendar import load_calendars
from apps.core.errors import Refused
from apps.model_workers.models import Honour, Nomination, NominationStep, WorkerFile
from apps.model_workers.rules.nominations import NominationStatus
from apps.model_workers.selectors.nominations import nomination_page, notice_facts, suggested_notice
from apps.model_workers.services.files import decide_file
from apps.model_workers.services.nominations import (
    Notice,
    change_nomination,
    record_objections,
)
from apps.people.models import Person
from tests.clients import signed_in
from tests.factories import HonourTitleFactory, PersonFactory, RoleGrantFactory, UnionFactory
from tests.model_workers.bureau import MINUTES, Bureau, fresh, scan
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def nomination(bureau) -> Nomination:
    return bureau.nominate(PersonFactory(name="示例甲"))


def approve(bureau: Bureau, nomination: Nomination, **changes):
    actor = changes.pop("actor", bureau.vice)
    given = {"minutes_number": MINUTES, "award": bureau.award_of()} | changes
    return bureau.step(nomination, "approve", actor, **given)


# --- the whole way -------------------------------------------------------------------------------------------


def test_a_nomination_becomes_an_honour_in_the_hands_of_three_people(bureau, nomination):
    bureau.reach(nomination, "noticed")
    bureau.settle(nomination)
    approve(bureau, nomination, award=bureau.award_of(document_number="示政【2016】5号"))
    nomination.refresh_from_db()
    assert nomination.status == NominationStatus.APPROVED
    honour = nomination.honour
    assert (honour.person, honour.title, honour.awarded_on) == (nomination.person, nomination.title, TODAY)
    assert (honour.document_number, honour.certificate_number) == ("示政〔2016〕5号", "示例00001")
    assert WorkerFile.objects.get().person == nomination.person
    steps = list(nomination.steps.values_list("action", "actor", "target"))
    assert steps == [
        ("recommend", bureau.clerk.pk, "recommended"),
        ("qualify", bureau.head.pk, "qualified"),
        ("consult", bureau.head.pk, "consulted"),
        ("notice", bureau.head.pk, "noticed"),
        ("approve", bureau.vice.pk, "approved"),
    ]
    assert nomination.steps.last().roles == "分管副主席"


def test_an_approval_whose_honour_is_refused_leaves_nothing_behind(bureau, nomination):
    bureau.reach(nomination, "noticed")
    bureau.settle(nomination)
    with pytest.raises(Refused, match="表彰机关"):
        approve(bureau, nomination, award=bureau.award_of(awarding_body=""))
    nomination.refresh_from_db()
    assert nomination.status == NominationStatus.NOTICED
    assert not Honour.objects.exists()
    assert nomination.steps.count() == 4


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"merits": " "}, "merits"),
        ({"merits": f"证件 {resident_number(3)}"}, "merits"),
        ({"year": TODAY.year + 2}, "year"),
        ({"year": TODAY.year - 2}, "year"),
    ],
)
def test_a_draft_says_what_is_wrong(bureau, changes, field):
    with pytest.raises(Refused) as refused:
        bureau.nominate(PersonFactory(), **changes)
    assert refused.value.field == field


def test_only_the_own_union_or_one_above_recommends(bureau):
    with pytest.raises(Refused, match="推荐工会"):
        bureau.nominate(PersonFactory(), recommended_by=UnionFactory())
    assert bureau.nominate(PersonFactory(), recommended_by=bureau.city).recommended_by == bureau.city


def test_the_same_honour_of_a_year_is_under_way_once(bureau, nomination):
    with pytest.raises(Refused, match="已在评选中"):
        bureau.nominate(nomination.person, title=nomination.title)
    bureau.step(nomination, "withdraw", bureau.clerk, note="材料不全")
    bureau.nominate(nomination.person, title=nomination.title)


def test_what_was_recommended_no_longer_changes(bureau, nomination):
    def change() -> Nomination:
        return change_nomination(
            nomination_id=nomination.pk,
            title=nomination.title,
            year=nomination.year,
            recommended_by=nomination.recommended_by,
            merits="示例：改写。",
            actor=bureau.clerk,
            now=timezone.now(),
        )

    assert change().merits == "示例：改写。"
    bureau.reach(nomination, "recommended")
    with pytest.raises(Refused, match="不能再修改"):
        change()
    with pytest.raises(ProgrammingError, match="Cannot update"):
        Nomination.objects.filter(pk=nomination.pk).update(merits="示例：偷改。")


def test_a_suspended_person_is_not_recommended(bureau, nomination):
    bureau.award(nomination.person)
    decide_file(
        person_id=nomination.person_id,
        action="suspend",
        effective_on=TODAY,
        document="示例",
        reason="示例",
        actor=bureau.head,
        now=timezone.now(),
    )
    with pytest.raises(Refused, match="不能推荐"):
        bureau.step(nomination, "recommend", bureau.clerk)


def test_one_person_stands_on_one_side_whatever_roles_he_holds(bureau, nomination):
    RoleGrantFactory(user=bureau.clerk, role="model_worker_head")
    RoleGrantFactory(user=bureau.head, role="vice_chair")
    clerk, head = fresh(bureau.clerk), fresh(bureau.head)
    bureau.step(nomination, "recommend", clerk)
    with pytest.raises(Refused, match="不同的人"):
        bureau.step(nomination, "qualify", clerk)
    bureau.step(nomination, "qualify", head)
    bureau.step(nomination, "consult", head, note="示例")
    bureau.step(nomination, "notice", head, notice=bureau.notice())
    bureau.settle(nomination)
    with pytest.raises(Refused, match="不同的人"):
        approve(bureau, nomination, actor=head)


def test_who_entered_the_draft_does_not_review_it(bureau, nomination):
    Nomination.objects.filter(pk=nomination.pk).update(created_by=bureau.head)
    bureau.step(nomination, "recommend", bureau.clerk)
    with pytest.raises(Refused, match="不同的人"):
        bureau.step(nomination, "qualify", bureau.head)


def test_not_even_by_sql(bureau, nomination):
    bureau.reach(nomination, "recommended")
    with pytest.raises(IntegrityError, match="model_workers_nominationstep_different_people"):
        NominationStep.objects.create(
            nomination=nomination,
            action="qualify",
            source="recommended",
            target="qualified",
            actor=bureau.clerk,
            roles="",
        )


@pytest.mark.parametrize("action", ["consult", "refuse", "withdraw"])
def test_some_steps_need_an_opinion(bureau, nomination, action):
    bureau.reach(nomination, "qualified" if action == "consult" else "recommended")
    with pytest.raises(Refused, match="必须填写意见"):
        bureau.step(nomination, action, bureau.clerk if action == "withdraw" else bureau.head)


@pytest.mark.parametrize("actor", ["clerk", "vice"])
def test_only_the_reviewer_reviews(bureau, nomination, actor):
    bureau.reach(nomination, "recommended")
    with pytest.raises(Refused, match="权限"):
        bureau.step(nomination, "qualify", getattr(bureau, actor))


def test_another_county_does_not_find_it(bureau, nomination):
    with pytest.raises(Nomination.DoesNotExist):
        bureau.step(nomination, "recommend", bureau.county_clerk)


# --- the notice ----------------------------------------------------------------------------------------------


def notice(bureau: Bureau, nomination: Nomination, first: date, last: date):
    return bureau.step(nomination, "notice", bureau.head, notice=Notice("示例公示栏", first, last))


def test_four_working_days_are_too_few_and_five_are_enough(bureau, nomination):
    bureau.reach(nomination, "consulted")
    with pytest.raises(Refused, match=r"只有 4 个工作日.*最早到 2016-04-08") as refused:
        notice(bureau, nomination, date(2016, 4, 4), date(2016, 4, 7))
    assert refused.value.field == "notice_until"
    notice(bureau, nomination, date(2016, 4, 4), date(2016, 4, 8))


def test_a_notice_over_the_national_day_needs_more_days(bureau, nomination):
    CalendarYear.objects.all().delete()
    load_calendars(FIXTURES)
    bureau.reach(nomination, "consulted")
    with pytest.raises(Refused, match=r"只有 4 个工作日.*最早到 2016-10-10"):
        notice(bureau, nomination, date(2016, 9, 29), date(2016, 10, 9))
    notice(bureau, nomination, date(2016, 9, 29), date(2016, 10, 10))
    nomination.refresh_from_db()
    facts = notice_facts(nomination, today=date(2016, 10, 10))
    assert (facts.working_days, facts.is_over, facts.unknown) == (5, False, "")


@pytest.mark.parametrize(
    ("place", "first", "last", "field"),
    [
        (" ", date(2016, 4, 4), date(2016, 4, 15), "notice_place"),
        ("示例", date(2016, 4, 15), date(2016, 4, 4), "notice_until"),
    ],
)
def test_a_notice_has_a_place_and_days_in_order(bureau, nomination, place, first, last, field):
    bureau.reach(nomination, "consulted")
    with pytest.raises(Refused) as refused:
        bureau.step(nomination, "notice", bureau.head, notice=Notice(place, first, last))
    assert refused.value.field == field


def test_nobody_approves_while_the_notice_hangs(bureau, nomination):
    bureau.reach(nomination, "consulted")
    bureau.step(nomination, "notice", bureau.head, notice=Notice("示例", TODAY - timedelta(20), TODAY))
    bureau.settle(nomination)
    with pytest.raises(Refused, match="公示期未满"):
        approve(bureau, nomination)
    assert not Honour.objects.exists()


def test_nobody_approves_before_it_is_known_what_came_in(bureau, nomination):
    bureau.reach(nomination, "noticed")
    with pytest.raises(Refused, match="公示反映"):
        approve(bureau, nomination)
    with pytest.raises(Refused, match="公示期间没有收到反映"):
        record_objections(nomination_id=nomination.pk, text=" ", actor=bureau.head)
    bureau.settle(nomination)
    approve(bureau, nomination)
    with pytest.raises(Refused, match="审批之前"):
        bureau.settle(nomination)


def test_the_approval_names_the_minutes_and_may_bring_the_certificate(bureau, nomination):
    bureau.reach(nomination, "noticed")
    bureau.settle(nomination)
    with pytest.raises(Refused, match="会议纪要"):
        approve(bureau, nomination, minutes_number="")
    award = bureau.award_of()
    approve(bureau, nomination, award=type(award)(award.awarded_on, award.facts, scan()))
    assert Honour.objects.get().scan_name == "证书.png"


def test_the_suggested_notice_is_just_long_enough(db):
    load_calendars(FIXTURES)
    suggested = suggested_notice(date(2016, 4, 1))
    # Monday the 4th is 清明节.
    assert (suggested.first, suggested.last) == (date(2016, 4, 1), date(2016, 4, 8))


def test_over_a_year_that_is_not_known_no_notice_is_suggested_or_put_up(bureau, nomination):
    bureau.reach(nomination, "consulted")
    suggested = suggested_notice(date(2037, 9, 28))
    assert suggested.last is None
    assert "2037 年的放假安排还没有登记" in suggested.unknown
    with pytest.raises(Refused, match="2037 年的放假安排还没有登记，不能计算工作日") as refused:
        notice(bureau, nomination, date(2037, 9, 28), date(2037, 10, 20))
    assert refused.value.field == "notice_from"
    with pytest.raises(Refused, match="2017 年的放假安排还没有登记") as refused:
        notice(bureau, nomination, date(2016, 12, 26), date(2017, 1, 10))
    assert refused.value.field == "notice_until"
    nomination.refresh_from_db()
    assert nomination.status == "consulted"


def test_a_notice_of_a_year_that_is_not_known_shows_no_number(bureau, nomination):
    bureau.reach(nomination, "noticed")
    nomination.refresh_from_db()
    year = nomination.notice_from.year
    CalendarYear.objects.filter(year=year).delete()
    facts = notice_facts(nomination, today=TODAY)
    assert facts.working_days is None
    page = (
        signed_in(bureau.head)
        .get(reverse("model_workers:nomination_detail", args=[nomination.public_id]))
        .text
    )
    assert f"{year} 年的放假安排还没有登记，不能计算工作日" in page
    assert "个工作日</dd>" not in page


# --- the page ------------------------------------------------------------------------------------------------


def labels(nomination: Nomination, viewer) -> dict[str, str]:
    page = nomination_page(nomination, viewer=viewer, today=TODAY)
    return {choice.step.label: choice.blocked for choice in page.choices}


def test_everybody_is_offered_what_he_may_do_and_told_why_not(bureau, nomination):
    assert labels(nomination, bureau.clerk) == {"推荐": "", "取消推荐": ""}
    assert labels(nomination, bureau.head) == {}
    bureau.reach(nomination, "noticed")
    assert set(labels(nomination, bureau.head)) == {"不予通过"}
    assert "公示反映" in labels(nomination, bureau.vice)["审批授予"]
    bureau.settle(nomination)
    nomination.refresh_from_db()
    assert labels(nomination, bureau.vice) == {"审批授予": ""}


def test_the_stages_stop_where_a_nomination_was_refused(bureau, nomination):
    bureau.reach(nomination, "qualified")
    bureau.step(nomination, "refuse", bureau.head, note="示例：条件不符")
    nomination.refresh_from_db()
    stages = nomination_page(nomination, viewer=bureau.head, today=TODAY).stages
    assert [stage.state for stage in stages] == ["done", "done", "current", "todo", "todo", "todo"]
    assert stages[2].note == "未通过"


def test_a_title_out_of_use_is_not_proposed(bureau):
    with pytest.raises(Refused, match="已停用"):
        bureau.nominate(PersonFactory(), title=HonourTitleFactory(is_active=False))


def test_a_merged_row_is_not_proposed(bureau):
    person = PersonFactory()
    Person.objects.filter(pk=person.pk).update(merged_into=PersonFactory())
    with pytest.raises(Refused, match="已并入"):
        bureau.nominate(person)
