"""待我办理: each matter lies on the desk of those who may take the next step, and on no other."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.services import Seen
from apps.core.desk import count_up_to
from apps.home.selectors import errands_of
from apps.model_workers.services.bulk import lay_out_reviews
from apps.model_workers.services.relief import ReliefDraft, create_case, decide_relief
from apps.people.models import DuplicatePair, Person
from apps.people.services.duplicates import find_pairs
from apps.people.services.standing import prove_standing
from tests.factories import (
    ExamFactory,
    HonourFactory,
    HonourTitleFactory,
    PersonFactory,
    ReliefStandardFactory,
    StandingEventFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.bureau import Bureau
from tests.model_workers.checkups import finished, step
from tests.model_workers.register import AllowanceOffice

pytestmark = pytest.mark.django_db


def desk(user: User) -> list[tuple[str, str, str]]:
    user = User.objects.with_roles().get(pk=user.pk)
    return [(errand.matter, errand.count, errand.step) for errand in errands_of(user)]


def test_a_roster_lies_with_whoever_takes_its_next_step_and_never_with_its_maker():
    office = AllowanceOffice()
    office.parameters()
    office.people({1: 2})
    run = office.run()
    assert desk(office.clerk) == desk(office.head) == desk(office.vice) == []
    office.decide(run, office.clerk, "submit")
    assert desk(office.head) == [("荣誉津贴发放：待审核", "1", "审核通过")]
    assert desk(office.vice) == desk(office.clerk) == []
    office.decide(run, office.head, "check")
    assert desk(office.vice) == [("荣誉津贴发放：待审批", "1", "审批同意")]
    assert desk(office.head) == []
    office.decide(run, office.vice, "return", note="示例：请补充。")
    assert desk(office.clerk) == [("荣誉津贴发放：退回修改", "1", "提交审核")]


def test_what_an_approved_roster_pays_too_much_lies_with_whoever_prepares_it():
    office = AllowanceOffice()
    office.parameters(death_rule="monthly")
    one, _ = office.people({1: 2})
    run = office.approve(office.run())
    assert desk(office.clerk) == []
    office.event(one, "died", date(2016, 3, 5))
    (errand,) = errands_of(office.clerk)
    assert errand.url == reverse("model_workers:run_overpaid", args=[run.pk])
    assert (errand.count, errand.detail, errand.step) == ("1", one.name, "去处理")
    assert desk(office.head) == desk(office.vice) == []


def test_relief_is_counted_by_the_step_that_waits():
    ReliefStandardFactory(visit=True)
    clerk, head, vice = (
        UserFactory(**{role: True}) for role in ("model_worker_clerk", "model_worker_head", "vice_chair")
    )
    for name in ("示例甲", "示例乙"):
        case = create_case(
            person_id=retired_worker(name=name).pk,
            draft=ReliefDraft(
                year=2015,
                kind="visit",
                group="retired",
                circumstances="示例：长期患病。",
                monthly_income=None,
                months=None,
            ),
            actor=clerk,
            now=timezone.now(),
        )
        decide_relief(case=case, actor=clerk, verb="submit", seen=Seen.of(case), now=timezone.now())
    assert desk(head) == [("困难救助：待审核", "2", "审核通过")]
    decide_relief(case=case, actor=head, verb="check", seen=Seen.of(case), now=timezone.now())
    assert desk(head) == [("困难救助：待审核", "1", "审核通过")]
    assert desk(vice) == [("困难救助：待审批", "1", "审批同意")]
    assert desk(clerk) == []


def test_a_nomination_waits_for_the_other_side():
    bureau = Bureau()
    nomination = bureau.nominate(PersonFactory(name="示例甲"))
    assert desk(bureau.head) == []
    bureau.reach(nomination, "recommended")
    assert desk(bureau.head) == [("推荐评选：待资格审查", "1", "资格审查通过")]
    assert desk(bureau.clerk) == desk(bureau.vice) == []
    bureau.reach(bureau.nominate(PersonFactory(name="示例乙"), title=HonourTitleFactory()), "concluded")
    assert desk(bureau.vice) == [("推荐评选：待审批", "1", "审批授予")]
    assert desk(bureau.head) == [("推荐评选：待资格审查", "1", "资格审查通过")]


def test_reviews_tell_the_day_they_are_due_and_when_it_has_passed():
    bureau = Bureau()
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    today = timezone.localdate()
    lay_out_reviews(
        person_ids=[person.pk], year=today.year, due_on=today, actor=bureau.clerk, now=timezone.now()
    )
    (errand,) = errands_of(bureau.clerk)
    assert (errand.matter, errand.count, errand.due_on, errand.is_late) == (
        "劳模复核尚未办结",
        "1",
        today,
        False,
    )
    assert desk(bureau.county_clerk) == []


def test_a_retirement_without_a_paper_waits_and_leads_to_the_place_where_it_is_put(client):
    clerk = UserFactory(model_worker_clerk=True)
    proven, unproven = retired_worker(name="示例甲"), PersonFactory(name="示例乙")
    event = StandingEventFactory(person=unproven, document="")
    assert desk(clerk) == [], "whoever has no honour is paid nothing"
    HonourFactory(person=unproven)
    (errand,) = errands_of(clerk)
    assert (errand.matter, errand.count) == ("离退休没有证明材料的劳模", "1")
    client.force_login(clerk)
    listed = client.get(errand.url).text
    assert unproven.name in listed
    assert proven.name not in listed
    page = client.get(reverse("model_workers:worker_detail", args=[unproven.public_id])).text
    assert "没有证明材料" in page
    place = reverse("people:person_detail", args=[unproven.public_id])
    assert f'href="{place}#standing"' in page
    assert reverse("people:standing_prove", args=[unproven.public_id, event.pk]) in client.get(place).text
    prove_standing(event_id=event.pk, document="示例退休证", actor=clerk, now=timezone.now())
    assert desk(clerk) == desk(UserFactory(finance_clerk=True)) == []


def test_an_exam_that_is_over_waits_to_be_closed(client):
    clerk = UserFactory(model_worker_clerk=True)
    yesterday = timezone.localdate() - timedelta(1)
    ExamFactory(year=yesterday.year, starts_on=yesterday, ends_on=yesterday)
    assert [step for _, _, step in desk(clerk)] == ["去办结"]
    assert desk(UserFactory(finance_clerk=True)) == []


def test_an_exam_waits_for_whoever_confirms_and_a_reopened_one_for_whoever_manages():
    clerk, head = UserFactory(model_worker_clerk=True), UserFactory(model_worker_head=True)
    exam = finished(created_by=clerk)
    step(exam, clerk, "submit")
    assert (desk(clerk), desk(head)) == ([], [("体检：待确认办结", "1", "确认办结")])
    step(exam, head, "close")
    assert desk(clerk) == desk(head) == []
    step(exam, clerk, "ask_reopen", "示例：发票有误")
    assert (desk(clerk), desk(head)) == ([], [("体检：申请重新办理", "1", "同意重新办理")])
    step(exam, head, "reopen", "示例：同意")
    assert (desk(clerk), desk(head)) == ([("体检：重新办理", "1", "提交办结")], [])


def test_pairs_of_people_lie_with_those_who_see_both(client):
    for _ in range(2):
        PersonFactory(bare=True, name="示例同名", birth_on=date(1950, 3, 4))
    find_pairs(union_path="LF/", person_ids=None, now=timezone.now())
    assert DuplicatePair.objects.open().count() == 1
    clerk = UserFactory(model_worker_clerk=True)
    client.force_login(clerk)
    page = client.get(reverse("home:workbench")).content.decode()
    assert "疑似重复的人，等待判断是否同一人" in page
    assert reverse("people:duplicate_list") in page
    assert desk(UserFactory(county_clerk=True)) == []
    assert desk(UserFactory(auditor=True)) == []


def test_counting_stops_where_nobody_reads_on():
    PersonFactory(), PersonFactory(), PersonFactory()
    assert count_up_to(Person.objects.all(), most=2) == "2+"
    assert count_up_to(Person.objects.all(), most=3) == "3"
    assert count_up_to(Person.objects.none()) == ""
