"""推荐评选: from the recommendation to the honour, through different hands."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from apps.basis.models import CalendarYear
from apps.basis.services.calendar import load_calendars
from apps.cases.rules.notices import require_notice
from apps.cases.selectors import case_page, suggested_notice
from apps.cases.services import NoticeText, Seen
from apps.core.errors import Refused
from apps.core.workdays import Calendar
from apps.model_workers.documents.nominations import nomination_form
from apps.model_workers.models import Honour, Nomination, NominationNotice, WorkerFile
from apps.model_workers.rules.nominations import NOTICE, NominationStatus
from apps.model_workers.services.nominations import answer_objection, change_nomination, enter_objection
from apps.people.models import Person
from tests.cases.attacks import Attacks
from tests.clients import signed_in
from tests.database import altered
from tests.factories import (
    HonourTitleFactory,
    PersonFactory,
    RoleGrantFactory,
    StandingEventFactory,
    UnionFactory,
)
from tests.model_workers.bureau import MINUTES, NOTHING_SAID, Bureau, fresh, know_calendar, scan
from tests.model_workers.changes import changed
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).parents[2] / "fixtures"
TODAY = timezone.localdate()


@pytest.fixture
def nomination(bureau) -> Nomination:
    return bureau.nominate(PersonFactory(name="示例甲"))


def approve(bureau: Bureau, nomination: Nomination, **changes):
    actor = changes.pop("actor", bureau.vice)
    given = {"minutes": MINUTES, "award": bureau.award_of()} | changes
    return bureau.step(nomination, "approve", actor, **given)


# --- the whole way -------------------------------------------------------------------------------------------


def test_a_nomination_becomes_an_honour_in_the_hands_of_three_people(bureau, nomination):
    bureau.reach(nomination, "concluded")
    taken = approve(bureau, nomination, award=bureau.award_of(document_number="示政【2016】5号"))
    assert nomination.status == NominationStatus.APPROVED
    honour = taken.honour
    assert (honour.person, honour.title, honour.awarded_on) == (nomination.person, nomination.title, TODAY)
    assert (honour.document_number, honour.certificate_number) == ("示政〔2016〕5号", "示例00001")
    assert WorkerFile.objects.get().person == nomination.person
    steps = list(nomination.decisions.values_list("verb", "actor", "target"))
    assert steps == [
        ("submit", bureau.clerk.pk, "recommended"),
        ("qualify", bureau.head.pk, "qualified"),
        ("consult", bureau.head.pk, "consulted"),
        ("notice", bureau.head.pk, "noticed"),
        ("conclude", bureau.head.pk, "concluded"),
        ("approve", bureau.vice.pk, "approved"),
    ]


def test_an_approval_whose_honour_is_refused_leaves_nothing_behind(bureau, nomination):
    bureau.reach(nomination, "concluded")
    with pytest.raises(Refused, match="表彰机关"):
        approve(bureau, nomination, award=bureau.award_of(awarding_body=""))
    nomination.refresh_from_db()
    assert nomination.status == NominationStatus.CONCLUDED
    assert not Honour.objects.exists()
    assert nomination.decisions.count() == 5


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
    bureau.step(nomination, "withdraw", bureau.clerk, opinion="材料不全")
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
    attacks = Attacks()
    attacks.expect(
        "model_workers_nomination_content_fixed",
        "merits",
        "UPDATE public.model_workers_nomination SET merits = 'x'",
        who=bureau.clerk,
    )
    assert attacks.unexpected == []


def test_a_suspended_person_is_not_recommended(bureau, nomination):
    bureau.award(nomination.person)
    changed(nomination.person, "suspend", TODAY, clerk=bureau.clerk, head=bureau.head)
    with pytest.raises(Refused, match="不能推荐"):
        bureau.step(nomination, "submit", bureau.clerk)


def test_one_person_stands_on_one_side_whatever_roles_he_holds(bureau, nomination):
    RoleGrantFactory(user=bureau.clerk, role="model_worker_head")
    RoleGrantFactory(user=bureau.head, role="vice_chair")
    clerk, head = fresh(bureau.clerk), fresh(bureau.head)
    bureau.step(nomination, "submit", clerk)
    with pytest.raises(Refused, match="录入或修改过"):
        bureau.step(nomination, "qualify", clerk)
    other = bureau.nominate(PersonFactory(), title=HonourTitleFactory())
    bureau.reach(other, "concluded")
    with pytest.raises(Refused, match="另一环节"):
        approve(bureau, other, actor=head)


def test_who_changed_the_draft_does_not_review_it(bureau, nomination):
    RoleGrantFactory(user=bureau.head, role="model_worker_clerk")
    head = fresh(bureau.head)
    change_nomination(
        nomination_id=nomination.pk,
        title=nomination.title,
        year=nomination.year,
        recommended_by=nomination.recommended_by,
        merits="示例：改写。",
        actor=head,
        now=timezone.now(),
    )
    bureau.step(nomination, "submit", bureau.clerk)
    with pytest.raises(Refused, match="录入或修改过"):
        bureau.step(nomination, "qualify", head)


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


def test_another_county_has_no_step_in_it(bureau, nomination):
    assert not Nomination.objects.visible_to(bureau.county_clerk).exists()
    with pytest.raises(Refused, match="权限"):
        bureau.step(nomination, "submit", bureau.county_clerk)


# --- the notice ----------------------------------------------------------------------------------------------


def judged(first: date, last: date, *, today: date, place: str = "示例公示栏", known=(2016,), **exceptions):
    days = dict.fromkeys(exceptions.get("off", ()), False) | dict.fromkeys(exceptions.get("on", ()), True)
    require_notice(
        place=place, first=first, last=last, today=today, wanted=5, calendar=Calendar(frozenset(known), days)
    )


def test_four_working_days_are_too_few_and_five_are_enough():
    day = date(2016, 4, 4)
    with pytest.raises(Refused, match=r"只有 4 个工作日.*最早到 2016-04-08") as refused:
        judged(day, date(2016, 4, 7), today=day)
    assert refused.value.field == "last_on"
    judged(day, date(2016, 4, 8), today=day)


def test_a_notice_over_the_national_day_needs_more_days():
    off = [date(2016, 10, day) for day in (3, 4, 5, 6, 7)]
    on = [date(2016, 10, day) for day in (8, 9)]
    first = date(2016, 9, 29)
    with pytest.raises(Refused, match=r"只有 4 个工作日.*最早到 2016-10-10"):
        judged(first, date(2016, 10, 9), today=first, off=off, on=on)
    judged(first, date(2016, 10, 10), today=first, off=off, on=on)


@pytest.mark.parametrize(
    ("place", "first", "last", "field"),
    [
        (" ", date(2016, 4, 4), date(2016, 4, 15), "place"),
        ("示例", date(2016, 4, 15), date(2016, 4, 4), "last_on"),
        ("示例", date(2016, 4, 1), date(2016, 4, 15), "first_on"),
    ],
)
def test_a_notice_has_a_place_and_days_in_order_from_today_on(place, first, last, field):
    with pytest.raises(Refused) as refused:
        judged(first, last, today=date(2016, 4, 4), place=place)
    assert refused.value.field == field


def test_a_year_whose_days_off_nobody_entered_says_so_and_gives_no_date(db):
    with pytest.raises(Refused, match="2017 年的放假安排还没有登记，不能计算工作日") as refused:
        judged(date(2016, 12, 28), date(2017, 1, 13), today=date(2016, 12, 28))
    assert refused.value.field == "last_on"
    suggested = suggested_notice(NOTICE, today=date(2037, 9, 28))
    assert suggested.last is None
    assert "2037 年的放假安排还没有登记" in suggested.unknown


def test_the_suggested_notice_is_just_long_enough(db):
    load_calendars(FIXTURES)
    # Monday the 4th is 清明节.
    suggested = suggested_notice(NOTICE, today=date(2016, 4, 1))
    assert (suggested.first, suggested.last) == (date(2016, 4, 1), date(2016, 4, 8))


def test_a_notice_of_a_year_that_is_not_known_shows_no_number(bureau, nomination):
    bureau.reach(nomination, "noticed")
    CalendarYear.objects.all().delete()
    address = reverse("model_workers:nomination_detail", args=[nomination.public_id])
    page = signed_in(bureau.head).get(address).content.decode()
    assert "年的放假安排还没有登记，不能计算工作日" in page
    assert "个工作日</dd>" not in page


def test_a_notice_in_the_past_is_refused_by_the_service(bureau, nomination):
    bureau.reach(nomination, "consulted")
    with pytest.raises(Refused, match="不能早于今天"):
        bureau.step(nomination, "notice", bureau.head, notice=bureau.notice(TODAY - timedelta(20)))
    assert nomination.decisions.count() == 3


def test_nobody_closes_a_notice_that_still_hangs(bureau, nomination):
    bureau.reach(nomination, "noticed", weeks_ago=0)
    with pytest.raises(Refused, match="公示期未满"):
        bureau.settle(nomination)


def test_an_objection_stops_the_award_until_it_is_answered_and_for_good_when_it_is_true(bureau, nomination):
    bureau.reach(nomination, "concluded")
    now = timezone.now()
    said = enter_objection(case=nomination, said="示例反映", actor=bureau.head, now=now)
    with pytest.raises(Refused, match="还没有全部核查答复"):
        approve(bureau, nomination)
    with pytest.raises(Refused, match="核查情况"):
        answer_objection(case=nomination, objection=said, holds=True, words=" ", actor=bureau.vice, now=now)
    later = now + timedelta(minutes=1)
    answer_objection(
        case=nomination, objection=said, holds=True, words="示例核查", actor=bureau.vice, now=later
    )
    with pytest.raises(Refused, match="经核查属实"):
        approve(bureau, nomination)
    page = case_page(nomination, viewer=bureau.vice)
    assert "经核查属实" in next(one.blocked for one in page.choices if one.step.verb == "approve")
    told = [(one.who, one.action) for one in page.entries[:2]]
    assert told == [(str(bureau.vice), "答复公示反映：属实"), (str(bureau.head), "登记公示反映")]
    bureau.step(nomination, "refuse", bureau.vice, opinion="示例：反映属实")
    assert not Honour.objects.exists()


def test_an_objection_that_is_not_true_lets_the_award_go_on(bureau, nomination):
    bureau.reach(nomination, "noticed")
    now = timezone.now()
    said = enter_objection(case=nomination, said="示例反映", actor=bureau.head, now=now)
    answer_objection(
        case=nomination, objection=said, holds=False, words="示例核查", actor=bureau.vice, now=now
    )
    bureau.settle(nomination)
    approve(bureau, nomination)


@pytest.mark.parametrize("kind", ["died", "missing"])
def test_neither_the_dead_nor_the_missing_are_awarded(bureau, nomination, kind):
    bureau.reach(nomination, "concluded")
    StandingEventFactory(
        person=nomination.person, track="life", kind=kind, effective_on=TODAY, document="示例证明"
    )
    with pytest.raises(Refused, match="不能继续评选"):
        approve(bureau, nomination)


@pytest.mark.parametrize("year", [1977, 1998])
def test_an_award_lies_behind_the_notice(bureau, nomination, year):
    bureau.reach(nomination, "concluded")
    award = bureau.award_of()
    with pytest.raises(Refused, match="公示结束") as refused:
        approve(bureau, nomination, award=type(award)(date(year, 5, 1), award.facts))
    assert refused.value.field == "awarded_on"


def test_the_approval_names_the_minutes_and_may_bring_the_certificate(bureau, nomination):
    bureau.reach(nomination, "concluded")
    with pytest.raises(Refused, match="会议纪要"):
        approve(bureau, nomination, minutes="")
    award = bureau.award_of()
    approve(bureau, nomination, award=type(award)(award.awarded_on, award.facts, scan()))
    assert Honour.objects.get().scan_name == "证书.png"


# --- the paper and the page --------------------------------------------------------------------------------------


def test_the_form_tells_what_was_recommended_and_puts_no_word_over_a_name(bureau, nomination):
    bureau.reach(nomination, "concluded")
    approve(bureau, nomination)
    Person.objects.filter(pk=nomination.person_id).update(post="后来的职务")
    form = nomination_form(nomination, user=bureau.head, now=timezone.now())
    rows = dict(pair for row in form.rows for pair in row)
    assert str(nomination.title) not in rows["已有荣誉"]
    assert rows["职务（工种）"] != "后来的职务"
    boxes = {one.label: (one.act, one.text) for one in form.opinions}
    assert boxes["资格审查意见"] == ("资格审查通过", "")
    assert boxes["公示结果"] == ("登记公示结果", NOTHING_SAID)
    assert "同意" not in "".join(one.act + one.text for one in form.opinions)


# --- past the services ----------------------------------------------------------------------------------------------


def test_the_database_refuses_a_bad_notice_a_foreign_hand_and_a_late_objection(bureau, nomination):
    attacks, stem = Attacks(), "model_workers_nomination"
    bureau.reach(nomination, "consulted")
    know_calendar(TODAY, TODAY + timedelta(13))
    step = (
        f"INSERT INTO public.{stem}decision (case_id, number, verb, source, actor_id, opinion, minutes, amount, count, facts)"
        f" VALUES ({nomination.pk}, 4, 'notice', 'consulted', {bureau.head.pk}, '', '', 0, 1, '{{}}')"
    )

    def notice(first: date, last: date) -> str:
        return (
            f"INSERT INTO public.{stem}notice (decision_id, place, first_on, last_on, lines, put_up_by_id)"
            f" SELECT max(id), 'x', '{first}', '{last}', '{{x}}', {bureau.head.pk} FROM public.{stem}decision"
        )

    last = TODAY + timedelta(13)
    past, unknown = TODAY - timedelta(20), TODAY + timedelta(800)
    for guard, rows in {
        None: (step, notice(TODAY, last)),
        f"{stem}decision_notice_put_up": (step,),
        f"{stem}notice_by_its_decision": (notice(TODAY, last),),
        f"{stem}notice_from_today": (step, notice(past, last)),
        f"{stem}notice_calendar_known": (step, notice(TODAY, unknown)),
        f"{stem}notice_long_enough": (step, notice(TODAY, TODAY + timedelta(2))),
    }.items():
        attacks.expect(guard, str(guard), *rows, who=bureau.head)
    bureau.step(nomination, "notice", bureau.head, notice=bureau.notice())
    row = NominationNotice.objects.get()

    def said(who) -> str:
        return f"INSERT INTO public.{stem}objection (notice_id, said, entered_by_id) VALUES ({row.pk}, 'x', {who.pk})"

    def answered(who) -> str:
        return (
            f"INSERT INTO public.{stem}answer (objection_id, holds, words, answered_by_id)"
            f" SELECT max(id), false, 'x', {who.pk} FROM public.{stem}objection"
        )

    attacks.expect(None, "entered", said(bureau.head), who=bureau.head)
    attacks.expect(f"{stem}objection_actor_at_work", "in another's name", said(bureau.vice), who=bureau.head)
    attacks.expect(f"{stem}objection_actor_holds_role", "by a clerk", said(bureau.clerk), who=bureau.clerk)
    enter_objection(case=nomination, said="示例", actor=bureau.head, now=timezone.now())
    attacks.expect(None, "answered", answered(bureau.vice), who=bureau.vice)
    attacks.expect(f"{stem}answer_actor_holds_role", "by the head", answered(bureau.head), who=bureau.head)
    for what in ("notice", "objection"):
        attacks.expect(f"{stem}{what}_append_only", what, f"DELETE FROM public.{stem}{what}", who=bureau.head)
    bureau.step(nomination, "refuse", bureau.head, opinion="示例")
    attacks.expect(f"{stem}objection_while_noticed", "late", said(bureau.head), who=bureau.head)
    assert attacks.unexpected == []


def test_words_and_days_stand_in_a_notice_even_where_its_guards_are_gone(bureau, nomination):
    bureau.reach(nomination, "noticed")
    enter_objection(case=nomination, said="示例", actor=bureau.head, now=timezone.now())
    objection = NominationNotice.objects.get().objections.get()
    answer_objection(
        case=nomination, objection=objection, holds=False, words="示例", actor=bureau.vice, now=timezone.now()
    )
    for table, change, constraint in (
        ("notice", "place = ''", "model_workers_nominationnotice_place_given"),
        ("notice", "last_on = first_on - 1", "model_workers_nominationnotice_in_order"),
        ("objection", "said = ''", "model_workers_nominationobjection_said_given"),
        ("answer", "words = ''", "model_workers_nominationanswer_words_given"),
    ):
        with (
            altered(f"ALTER TABLE model_workers_nomination{table} DISABLE TRIGGER USER"),
            connection.cursor() as cursor,
            pytest.raises(IntegrityError) as error,
            transaction.atomic(),
        ):
            cursor.execute(f"UPDATE model_workers_nomination{table} SET {change}")
        assert error.value.__cause__.diag.constraint_name == constraint


def test_a_stale_page_takes_no_step(bureau, nomination):
    seen = Seen.of(nomination)
    bureau.step(nomination, "submit", bureau.clerk)
    assert seen.number != Seen.of(nomination).number


def test_a_notice_names_the_day_it_is_for(bureau, nomination):
    bureau.reach(nomination, "noticed")
    notice = NominationNotice.objects.get()
    assert "示例甲" in notice.lines[0]
    assert not any(nomination.person.id_number.reveal() in line for line in notice.lines)
    assert isinstance(bureau.notice(), NoticeText)


# --- what is not proposed -----------------------------------------------------------------------------------------


def test_a_title_out_of_use_is_not_proposed(bureau):
    with pytest.raises(Refused, match="已停用"):
        bureau.nominate(PersonFactory(), title=HonourTitleFactory(is_active=False))


def test_a_merged_row_is_not_proposed(bureau):
    person = PersonFactory()
    Person.objects.filter(pk=person.pk).update(merged_into=PersonFactory())
    with pytest.raises(Refused, match="已并入"):
        bureau.nominate(person)
