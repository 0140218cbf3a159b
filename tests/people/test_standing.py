"""What became of a person: the rules of time and death, moves between unions, voiding."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import Refused
from apps.people.models import Person, StandingEvent
from apps.people.rules.standing import Known, require_recordable
from apps.people.services.standing import move_person, prove_standing, record_standing, void_standing
from tests.clients import signed_in
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import resident_number

TODAY = date(2016, 1, 15)
NOW = datetime(2016, 1, 15, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


def check(kind, day, *, document="示例证明", known=(), birth_on=date(1950, 1, 1)):
    return require_recordable(
        kind=kind,
        effective_on=day,
        document=document,
        known=[Known(*one) for one in known],
        birth_on=birth_on,
        today=TODAY,
    )


# --- the rules ----------------------------------------------------------------------------------------------


def test_a_retirement_that_is_decided_may_be_recorded_a_year_ahead():
    assert check("retired", TODAY + timedelta(366)) == "retired"
    with pytest.raises(Refused, match="最多提前一年"):
        check("retired", TODAY + timedelta(367))


@pytest.mark.parametrize("kind", ["died", "missing", "emigrated", "present", "moved"])
def test_what_became_of_somebody_is_known_only_afterwards(kind):
    assert check(kind, TODAY)
    with pytest.raises(Refused, match="不能晚于今天"):
        check(kind, TODAY + timedelta(1))


@pytest.mark.parametrize("kind", ["died", "missing", "emigrated", "moved"])
def test_what_changes_payments_rests_on_a_paper(kind):
    with pytest.raises(Refused) as refused:
        check(kind, TODAY, document=" ")
    assert refused.value.field == "document"
    assert check("retired", TODAY, document="") == "retired"


def test_nothing_happens_before_birth():
    with pytest.raises(Refused, match="出生日期"):
        check("in_service", date(1949, 12, 31))
    with pytest.raises(Refused, match="1900-01-01"):
        check("in_service", date(1899, 12, 31), birth_on=None)


def test_after_death_nothing_follows():
    died = [("died", date(2015, 6, 1))]
    for kind in ("retired", "present", "missing", "moved"):
        with pytest.raises(Refused, match="去世"):
            check(kind, date(2015, 6, 2), known=died)
    assert check("retired", date(2015, 5, 31), known=died) == "retired"
    with pytest.raises(Refused, match="去世"):
        check("died", date(2015, 5, 1), known=died)


def test_death_is_not_recorded_before_what_is_known_to_have_happened_later():
    with pytest.raises(Refused, match="2015-06-01 已登记“退休”"):
        check("died", date(2015, 5, 31), known=[("retired", date(2015, 6, 1))])


def test_one_entry_a_day_and_no_entry_that_says_what_already_holds():
    known = [("in_service", date(2000, 1, 1)), ("retired", date(2010, 1, 1))]
    with pytest.raises(Refused, match="一天只能有一条"):
        check("jobless", date(2010, 1, 1), known=known)
    with pytest.raises(Refused, match="起已是“退休”"):
        check("retired", date(2012, 1, 1), known=known)
    assert check("missing", date(2010, 1, 1), known=known)
    assert check("present", date(2015, 1, 1), known=[("present", date(2014, 1, 1))])


def test_moves_follow_each_other_in_time():
    with pytest.raises(Refused, match="上一次转移"):
        check("moved", date(2014, 1, 1), known=[("moved", date(2015, 1, 1))])


def test_an_unknown_kind_is_refused():
    with pytest.raises(Refused, match="请从列表中选择"):
        check("promoted", TODAY)


# --- the services ---------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(db):
    return UserFactory(county_clerk=True)


@pytest.fixture
def person(clerk):
    return PersonFactory(unit=UnitFactory(union=clerk.union), name="示例甲")


def fresh(person):
    return Person.objects.get(pk=person.pk)


def record(person, actor, kind="retired", day=date(2010, 6, 1), **facts):
    values = {"document": "示例证明", "note": "", "now": NOW} | facts
    return record_standing(person_id=person.pk, kind=kind, effective_on=day, actor=actor, **values)


def move(person, actor, target, day=date(2015, 3, 1), **facts):
    values = {"document": "示例介绍信", "note": "", "now": NOW} | facts
    return move_person(person_id=person.pk, to_union_id=target.pk, effective_on=day, actor=actor, **values)


def test_a_recorded_standing_holds_from_its_day(clerk, person):
    record(person, clerk)
    assert Person.objects.with_standing(date(2010, 5, 31)).get(pk=person.pk).work is None
    assert Person.objects.with_standing(date(2010, 6, 1)).get(pk=person.pk).work == "retired"


def test_a_move_hands_the_person_over_and_leaves_the_unit_behind(clerk, person):
    target = UnionFactory()
    event = move(person, clerk, target)
    after = fresh(person)
    assert (after.union, after.unit, after.version) == (target, None, person.version + 1)
    assert (event.from_union, event.to_union, event.kind) == (clerk.union, target, "moved")
    assert not Person.objects.visible_to(clerk).filter(pk=person.pk).exists()


def test_voiding_a_move_puts_the_person_back(clerk, person):
    target = UnionFactory()
    event = move(person, clerk, target)
    void_standing(
        event_id=event.pk, reason="转错了", actor=UserFactory(county_clerk=True, union=target), now=NOW
    )
    assert fresh(person).union == clerk.union
    event.refresh_from_db()
    assert (event.void_reason, event.voided_at) == ("转错了", NOW)


def test_only_the_last_move_is_taken_back(clerk, person):
    city = UserFactory(model_worker_clerk=True)
    first = move(person, city, UnionFactory())
    move(fresh(person), city, UnionFactory(), day=date(2015, 9, 1))
    with pytest.raises(Refused, match="先作废后面那一次"):
        void_standing(event_id=first.pk, reason="转错了", actor=city, now=NOW)


def test_a_person_is_not_put_back_into_a_union_out_of_use(clerk, person):
    event = move(person, clerk, UnionFactory())
    type(clerk.union).objects.filter(pk=clerk.union_id).update(is_active=False)
    with pytest.raises(Refused, match="已停用"):
        void_standing(event_id=event.pk, reason="转错了", actor=UserFactory(model_worker_clerk=True), now=NOW)
    event.refresh_from_db()
    assert event.voided_at is None


def test_a_county_moves_out_of_its_own_reach_only(clerk):
    foreign = PersonFactory()
    with pytest.raises(Person.DoesNotExist):
        move(foreign, clerk, clerk.union)
    assert fresh(foreign).union != clerk.union
    assert move(foreign, UserFactory(aid_clerk=True), clerk.union).to_union == clerk.union


@pytest.mark.parametrize("role", ["model_worker_head", "finance_clerk", "auditor", "grassroots"])
def test_who_does_not_keep_the_register_records_nothing(person, role):
    actor = UserFactory(**{role: True})
    for act in (record, lambda one, user: move(one, user, UnionFactory())):
        with pytest.raises(Refused, match="没有登记"):
            act(person, actor)
    assert not StandingEvent.objects.exists()


def test_a_move_to_where_the_person_is_or_to_a_closed_union_is_refused(clerk, person):
    with pytest.raises(Refused, match="已由"):
        move(person, clerk, clerk.union)
    with pytest.raises(Refused, match="请从列表中选择"):
        move(person, clerk, UnionFactory(is_active=False))


def test_a_voided_entry_counts_no_more_but_stays_to_be_read(clerk, person):
    event = record(person, clerk, "died", document="示例死亡医学证明")
    with pytest.raises(Refused, match="去世"):
        record(person, clerk, "retired", date(2012, 1, 1))
    with pytest.raises(Refused, match="“作废理由”没有填写"):
        void_standing(event_id=event.pk, reason=" ", actor=clerk, now=NOW)
    void_standing(event_id=event.pk, reason="人还在", actor=clerk, now=NOW)
    with pytest.raises(Refused, match="已经作废"):
        void_standing(event_id=event.pk, reason="人还在", actor=clerk, now=NOW)
    assert record(person, clerk, "retired", date(2012, 1, 1))
    assert StandingEvent.objects.filter(person=person).count() == 2


def test_a_paper_is_put_to_an_entry_without_one_and_the_first_stays_to_be_read(clerk, person):
    event = record(person, clerk, "retired", date(2012, 1, 1), document="")
    StandingEvent.objects.filter(pk=event.pk).update(note="名册“示例.xlsx”第2行")
    assert StandingEvent.objects.get().lacks_proof
    with pytest.raises(Refused, match="“证明材料”没有填写"):
        prove_standing(event_id=event.pk, document=" ", actor=clerk, now=NOW)
    proven = prove_standing(event_id=event.pk, document=" 示例退休证 第12号 ", actor=clerk, now=NOW)
    assert (proven.kind, proven.effective_on) == ("retired", date(2012, 1, 1))
    assert (proven.document, proven.note) == ("示例退休证 第12号", "名册“示例.xlsx”第2行")
    assert not proven.lacks_proof
    event.refresh_from_db()
    assert (event.void_reason, event.voided_by, event.voided_at) == ("补证明材料", clerk, NOW)
    assert StandingEvent.objects.valid().get() == proven
    assert not StandingEvent.objects.without_proof().exists()


def test_what_has_a_paper_or_is_void_takes_no_other(clerk, person):
    event = record(person, clerk, "retired", date(2012, 1, 1), document="示例退休证")
    with pytest.raises(Refused, match="已有证明材料“示例退休证”"):
        prove_standing(event_id=event.pk, document="示例证明", actor=clerk, now=NOW)
    void_standing(event_id=event.pk, reason="日期错了", actor=clerk, now=NOW)
    with pytest.raises(Refused, match="已经作废"):
        prove_standing(event_id=event.pk, document="示例证明", actor=clerk, now=NOW)
    other = record(person, clerk, "in_service", date(2011, 1, 1), document="")
    with pytest.raises(Refused, match="没有"):
        prove_standing(event_id=other.pk, document="示例证明", actor=UserFactory(auditor=True), now=NOW)


def test_a_merged_row_takes_no_more_entries(clerk, person):
    Person.objects.filter(pk=person.pk).update(merged_into=PersonFactory(union=clerk.union))
    with pytest.raises(Refused, match="已并入"):
        record(person, clerk)


# --- the pages ------------------------------------------------------------------------------------------------


def test_the_page_says_that_a_retirement_has_no_paper_and_takes_it(clerk, person):
    client = signed_in(clerk)
    page = reverse("people:person_detail", args=[person.public_id])
    record(person, clerk, "in_service", date(2000, 1, 1), document="")
    assert "没有证明材料" not in client.get(page).text, "only a retirement rests on one"
    event = record(person, clerk, "retired", date(2012, 1, 1), document="")
    address = reverse("people:standing_prove", args=[person.public_id, event.pk])
    told = client.get(page).text
    assert "没有证明材料" in told
    assert f'href="{address}"' in told
    reader = signed_in(UserFactory(auditor=True)).get(page).text
    assert "没有证明材料" in reader
    assert address not in reader
    asked = client.get(address)
    assert "原记录作废留底" in asked.text
    assert "button--danger" not in asked.text
    refused = client.post(address, {"document": ""})
    assert refused.status_code == 422
    done = client.post(address, {"document": "示例退休证"}, headers={"HX-Request": "true"})
    assert done.headers["HX-Redirect"] == page
    told = client.get(page).text
    assert "示例退休证" in told
    assert "没有证明材料" not in told


def test_recording_moving_and_voiding_on_the_page(clerk, person):
    client = signed_in(clerk)
    page = reverse("people:person_detail", args=[person.public_id])
    answer = client.post(
        reverse("people:standing_record", args=[person.public_id]),
        {"kind": "retired", "effective_on": "2010-06-01", "document": "示例退休证", "note": ""},
    )
    assert answer.url == page
    event = StandingEvent.objects.get()
    voided = client.post(
        reverse("people:standing_void", args=[person.public_id, event.pk]),
        {"reason": "日期错了"},
        headers={"HX-Request": "true"},
    )
    assert voided.headers["HX-Redirect"] == page
    content = client.get(page).content.decode()
    assert "<del>退休</del>" in content
    assert "日期错了" in content
    answer = client.post(
        reverse("people:person_move", args=[person.public_id]),
        {"to_union": UnionFactory().pk, "effective_on": "2015-01-01", "document": "示例介绍信"},
    )
    assert answer.url == reverse("people:person_list")
    assert client.get(page).status_code == 404


def test_a_refusal_stays_in_the_dialog_with_what_was_typed(clerk, person):
    answer = signed_in(clerk).post(
        reverse("people:standing_record", args=[person.public_id]),
        {"kind": "died", "effective_on": "2015-01-01", "document": "", "note": "家属来电"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    assert "必须填写“证明材料”" in answer.content.decode()
    assert "家属来电" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_an_entry_of_somebody_else_is_not_voided_under_another_name(clerk, person):
    event = StandingEventFactory(person=PersonFactory(union=clerk.union))
    address = reverse("people:standing_void", args=[person.public_id, event.pk])
    assert signed_in(clerk).post(address, {"reason": "示例"}).status_code == 404


def test_the_page_says_that_nothing_is_derived_from_age(clerk):
    person = PersonFactory(union=clerk.union, id_number=resident_number(1, birth_on=date(1930, 1, 1)))
    page = signed_in(clerk).get(reverse("people:person_detail", args=[person.public_id])).content.decode()
    assert "工作状态未登记" in page
    assert "不按年龄推算" in page
    assert timezone.localdate().year - person.birth_on.year > 80
