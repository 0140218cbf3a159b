"""One person of two rows: everything follows, nothing is lost, and all of it goes back for thirty days."""

import hashlib
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pghistory.models import Event

from apps.accounts.models import User
from apps.core.encryption import search_hash
from apps.core.errors import Refused
from apps.people.models import Merge, Person, Photo, StandingEvent
from apps.people.models.persons import NUMBER_COLUMN
from apps.people.rules.drafts import PersonDraft
from apps.people.selectors.numbers import person_by_number
from apps.people.selectors.relations import hanging_on, relations, row_ids_of
from apps.people.services.merging import merge_people, undo_merge
from apps.people.services.persons import edit_person, register_person
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import account_number, resident_number

pytestmark = pytest.mark.django_db
NUMBER = resident_number(17)
ACCOUNT = account_number(900_001)


@pytest.fixture
def clerk() -> User:
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def two(clerk) -> tuple[Person, Person]:
    """Two rows of one union; each has a number of its own."""
    union = UnionFactory()
    return PersonFactory(union=union, name="示例同名"), PersonFactory(union=union, name="示例同名")


def merge(kept: Person, merged: Person, actor: User, **more) -> Merge:
    return merge_people(
        kept_id=kept.pk, merged_id=merged.pk, reason="同一人", actor=actor, now=timezone.now(), **more
    )


def undo(done: Merge, actor: User, **more) -> Merge:
    facts = {"reason": "合并错了", "actor": actor, "now": timezone.now()} | more
    return undo_merge(merge_id=done.pk, **facts)


def photo_of(person: Person) -> Photo:
    content = f"示例{person.pk}".encode()
    return Photo.objects.create(
        person=person,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        kind="png",
        uploaded_by=person.created_by,
    )


def snapshot() -> dict[str, list[tuple]]:
    """Everything about people that a merge may touch; versions and times move on, the ciphertext may differ."""
    leave_out = {"version", "updated_at", "updated_by", "id_number", "old_id_number", "phone", "account"}
    found = {}
    for model in (Person, StandingEvent, Photo):
        names = [field.attname for field in model._meta.concrete_fields if field.name not in leave_out]
        rows = model._base_manager.order_by("pk").values_list(*names)
        found[model.__name__] = [
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows
        ]
    return found


def test_what_hangs_on_a_person_follows_and_the_row_stays_marked(two, clerk):
    kept, merged = two
    event = StandingEventFactory(person=merged, kind="retired")
    done = merge(kept, merged, clerk)
    event.refresh_from_db()
    merged.refresh_from_db()
    assert event.person_id == kept.pk
    assert merged.merged_into_id == kept.pk
    assert done.moved["rows"] == {"people.standingevent.person": [event.pk]}
    assert (done.kept, done.merged, done.made_by, done.reason) == (kept, merged, clerk, "同一人")


def test_the_rows_of_any_app_are_found_through_the_models():
    keys = {one.key for one in relations()}
    assert {"people.standingevent.person", "people.rosterrow.person", "people.person.merged_into"} <= keys
    assert not any(issubclass(one.model, Event) for one in relations()), "history never moves"


def test_frozen_rows_and_the_records_of_merging_stay_where_they_are():
    stays = {one.key for one in relations() if not one.follows}
    assert {
        "people.merge.kept",
        "people.merge.merged",
        "people.duplicatepair.first",
        "people.duplicatepair.second",
        "people.photo.person",
    } <= stays


def test_what_may_be_voided_as_the_same_has_the_columns_for_it():
    for one in relations():
        if one.same_when:
            columns = {column.name for column in one.model._meta.concrete_fields}
            assert {*one.same_when, "voided_at", "voided_by", "void_reason"} <= columns, one.key


def test_empty_facts_are_filled_and_the_secrets_open_in_their_new_row(clerk):
    unit = UnitFactory()
    kept = PersonFactory(bare=True, union=unit.union, name="示例同名", nation="汉族", bank_name="")
    merged = PersonFactory(
        unit=unit,
        name="示例同名",
        id_number=NUMBER,
        phone="13900001111",
        account=ACCOUNT,
        bank_name="示例银行",
        bank_branch="示例支行",
        nation="回族",
        education="大专",
        former_name="示例旧名",
    )
    merge(kept, merged, clerk)
    kept, merged = Person.objects.get(pk=kept.pk), Person.objects.get(pk=merged.pk)
    assert kept.id_number.reveal() == NUMBER
    assert (kept.phone.reveal(), kept.account.reveal()) == ("13900001111", ACCOUNT)
    assert (kept.bank_name, kept.bank_branch, kept.education, kept.unit) == (
        "示例银行",
        "示例支行",
        "大专",
        unit,
    )
    assert (kept.id_kind, kept.birth_on, kept.sex) == ("resident", merged.birth_on, merged.sex)
    assert kept.nation == "汉族"
    assert (kept.former_name, "示例旧名" in kept.search_text) == ("示例旧名", True)
    assert bytes(kept.id_hash) == search_hash(NUMBER, column=NUMBER_COLUMN)
    assert (merged.id_hash, merged.id_number, merged.id_kind) == (None, None, "none")
    assert merged.phone.reveal() == "13900001111"


def test_a_kept_number_and_account_are_never_overwritten(two, clerk):
    kept, merged = two
    before = (kept.id_last_four, kept.account_last_four, kept.phone_last_four, kept.bank_name)
    done = merge(kept, merged, clerk)
    kept = Person.objects.get(pk=kept.pk)
    assert (kept.id_last_four, kept.account_last_four, kept.phone_last_four, kept.bank_name) == before
    assert done.filled == []


def test_a_number_brings_its_birth_date_over_one_that_was_typed(clerk):
    union = UnionFactory()
    kept = PersonFactory(bare=True, union=union, birth_on=date(1960, 5, 5), sex="female")
    merged = PersonFactory(union=union, id_number=NUMBER)
    done = merge(kept, merged, clerk)
    kept = Person.objects.get(pk=kept.pk)
    assert (kept.birth_on, kept.sex) == (date(1950, 1, 1), "male")
    undo(done, clerk)
    kept = Person.objects.get(pk=kept.pk)
    assert (kept.birth_on, kept.sex, kept.id_kind, kept.id_number) == (
        date(1960, 5, 5),
        "female",
        "none",
        None,
    )


def test_a_unit_of_another_union_is_not_taken_over(clerk):
    kept, merged = PersonFactory(bare=True), PersonFactory(unit=UnitFactory())
    done = merge(kept, merged, clerk)
    assert Person.objects.get(pk=kept.pk).unit is None
    assert "unit" not in [entry["name"] for entry in done.filled]


def test_the_number_of_a_merged_row_never_enters_again_and_leads_to_the_survivor(two, clerk):
    kept, merged = two
    number = merged.id_number.reveal()
    merge(kept, merged, clerk)
    draft = PersonDraft(name="示例新人", id_number=number)
    with pytest.raises(Refused, match=f"已登记在另一人名下（{kept.name}，{kept.union}）") as refused:
        register_person(draft=draft, union=kept.union, unit=None, actor=clerk, now=timezone.now())
    assert refused.value.field == "id_number"
    assert number not in str(refused.value)
    assert person_by_number(number, clerk) == kept
    with pytest.raises(IntegrityError, match="people_person_id_number_once"), transaction.atomic():
        PersonFactory(id_number=number)


def test_the_kept_person_is_told_that_the_number_stands_in_the_merged_row(two, clerk):
    kept, merged = two
    number = merged.id_number.reveal()
    merge(kept, merged, clerk)
    with pytest.raises(Refused, match="登记在已并入此人的记录上"):
        edit_person(
            person_id=kept.pk,
            seen_version=kept.version + 1,
            draft=PersonDraft(name=kept.name, id_number=number),
            unit=None,
            actor=clerk,
            now=timezone.now(),
            reason="清除示例",
        )


def test_a_number_is_found_in_either_length_and_only_within_reach(clerk):
    person = PersonFactory(id_number=NUMBER)
    old = NUMBER[:6] + NUMBER[8:17]
    assert person_by_number(NUMBER, clerk) == person
    assert person_by_number(f" {NUMBER[:6]} {NUMBER[6:]} ", clerk) == person
    assert person_by_number(old, clerk) == person
    assert person_by_number(resident_number(18), clerk) is None
    assert person_by_number("不是号码", clerk) is None
    assert person_by_number(NUMBER, UserFactory(county_clerk=True)) is None


def test_of_two_standing_events_that_say_the_same_one_is_voided(two, clerk):
    kept, merged = two
    first = StandingEventFactory(person=kept, kind="retired", document="")
    second = StandingEventFactory(person=merged, kind="retired", document="示例退休证")
    other = StandingEventFactory(person=merged, kind="died", effective_on=date(2015, 1, 1))
    done = merge(kept, merged, clerk)
    valid = StandingEvent.objects.valid().filter(person=kept)
    assert set(valid) == {second, other}, "the one with a document stays"
    first.refresh_from_db()
    assert (first.voided_by, first.void_reason) == (clerk, "合并人员：与保留的记录相同")
    undo(done, clerk)
    assert set(StandingEvent.objects.valid().filter(person=kept)) == {first}
    assert set(StandingEvent.objects.valid().filter(person=merged)) == {second, other}


def test_two_different_events_of_one_day_are_refused_by_name_and_nothing_moves(two, clerk):
    kept, merged = two
    StandingEventFactory(person=kept, kind="retired")
    StandingEventFactory(person=merged, kind="veteran_retired")
    StandingEventFactory(person=merged, kind="died", effective_on=date(2015, 1, 1))
    before = snapshot()
    with pytest.raises(Refused, match="两人各有一条“状态记录”，而一个人只能有一条：2010-01-01 离休"):
        merge(kept, merged, clerk)
    assert snapshot() == before
    assert not Merge.objects.exists()


def refuse_moving(kind: str, code: str) -> None:
    """The database lets no event of this kind go, as a programme may lock its rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "CREATE FUNCTION pg_temp.locked() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'locked' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER locked BEFORE UPDATE OF person_id ON people_standingevent"
            f" FOR EACH ROW WHEN (OLD.kind = '{kind}') EXECUTE FUNCTION pg_temp.locked()"
        )


@pytest.mark.parametrize("code", ["raise_exception", "check_violation"])
def test_a_row_that_a_trigger_locked_stays_and_the_others_follow(two, clerk, code):
    kept, merged = two
    locked = StandingEventFactory(person=merged, kind="retired")
    free = StandingEventFactory(person=merged, kind="died", effective_on=date(2015, 1, 1))
    refuse_moving("retired", code)
    done = merge(kept, merged, clerk)
    assert set(StandingEvent.objects.values_list("pk", "person_id")) == {
        (locked.pk, merged.pk),
        (free.pk, kept.pk),
    }
    assert done.moved["stayed"] == {"people.standingevent.person": [locked.pk]}
    undo(done, clerk)
    assert StandingEvent.objects.filter(person=merged).count() == 2


def test_a_row_that_cannot_follow_for_another_reason_stops_the_merge_by_name(two, clerk):
    kept, merged = two
    StandingEventFactory(person=merged, kind="retired")
    refuse_moving("retired", "foreign_key_violation")
    with pytest.raises(Refused, match="“状态记录”不能转到保留的人名下：2010-01-01 退休"):
        merge(kept, merged, clerk)


def test_a_photo_is_taken_over_where_there_is_none_and_goes_back(two, clerk):
    kept, merged = two
    photo = photo_of(merged)
    done = merge(kept, merged, clerk)
    assert Photo.objects.get().person_id == kept.pk
    undo(done, clerk)
    assert Photo.objects.get().person_id == merged.pk
    photo_of(kept)
    merge(kept, merged, clerk)
    assert Photo.objects.get(pk=merged.pk).sha256 == photo.sha256, "each keeps its own"


def test_a_merge_and_its_undo_leave_everything_as_it_was(clerk):
    unit = UnitFactory()
    kept = PersonFactory(bare=True, union=unit.union, name="示例同名", birth_on=date(1960, 1, 1))
    merged = PersonFactory(
        unit=unit, name="示例同名", id_number=NUMBER[:6] + NUMBER[8:17], account=ACCOUNT, education="大专"
    )
    StandingEventFactory(person=kept, kind="retired")
    StandingEventFactory(person=merged, kind="retired")
    StandingEventFactory(person=merged, kind="died", effective_on=date(2016, 1, 1))
    photo_of(merged)
    before = snapshot()
    done = merge(kept, merged, clerk)
    assert Person.objects.get(pk=kept.pk).old_id_number.reveal() == NUMBER[:6] + NUMBER[8:17]
    assert snapshot() != before
    undo(done, clerk)
    assert snapshot() == before
    restored = Person.objects.get(pk=merged.pk)
    assert restored.id_number.reveal() == NUMBER
    assert restored.old_id_number.reveal() == NUMBER[:6] + NUMBER[8:17]
    assert restored.account.reveal() == ACCOUNT
    done.refresh_from_db()
    assert done.undone_by == clerk


def test_a_chain_of_merges_ends_at_the_last_and_goes_back_link_by_link(clerk):
    union = UnionFactory()
    first, second, third = (PersonFactory(union=union, name="示例同名") for _ in range(3))
    event = StandingEventFactory(person=first)
    number = first.id_number.reveal()
    one = merge(second, first, clerk)
    two = merge(third, second, clerk)
    first.refresh_from_db()
    event.refresh_from_db()
    assert (first.merged_into_id, event.person_id) == (third.pk, third.pk)
    assert person_by_number(number, clerk) == third
    assert set(row_ids_of(third)) == {first.pk, second.pk, third.pk}
    with pytest.raises(Refused, match="请先撤销后来的那次合并"):
        undo(one, clerk)
    undo(two, clerk)
    first.refresh_from_db()
    event.refresh_from_db()
    assert (first.merged_into_id, event.person_id) == (second.pk, second.pk)
    undo(one, clerk)
    event.refresh_from_db()
    assert event.person_id == first.pk
    assert Person.objects.living_rows().count() == 3


def test_what_was_entered_after_the_merge_stays_with_the_kept_person(two, clerk):
    kept, merged = two
    done = merge(kept, merged, clerk)
    later = StandingEventFactory(person=kept, kind="retired")
    undo(done, clerk)
    later.refresh_from_db()
    assert later.person_id == kept.pk


def test_a_merge_whose_rows_have_moved_on_is_not_undone(two, clerk):
    kept, merged = two
    event = StandingEventFactory(person=merged, kind="retired")
    done = merge(kept, merged, clerk)
    other = PersonFactory(union=kept.union)
    StandingEvent.objects.filter(pk=event.pk).update(person=other)
    with pytest.raises(Refused, match="“状态记录”已转到另一人名下，不能撤销：2010-01-01 退休"):
        undo(done, clerk)


def test_a_merge_whose_number_was_changed_since_is_not_undone(clerk):
    union = UnionFactory()
    kept, merged = PersonFactory(bare=True, union=union), PersonFactory(union=union, id_number=NUMBER)
    done = merge(kept, merged, clerk)
    edit_person(
        person_id=kept.pk,
        seen_version=2,
        draft=PersonDraft(name=kept.name, id_number=resident_number(19)),
        unit=None,
        actor=clerk,
        now=timezone.now(),
        reason="换号",
    )
    with pytest.raises(Refused, match="“证件号码”已改动，不能撤销"):
        undo(done, clerk)


def test_facts_changed_after_the_merge_are_left_as_they_are(clerk):
    union = UnionFactory()
    kept = PersonFactory(union=union, education="", nation="", account="", bank_name="")
    merged = PersonFactory(
        union=union, education="大专", nation="回族", account=ACCOUNT, bank_name="示例银行"
    )
    done = merge(kept, merged, clerk)
    kept = Person.objects.get(pk=kept.pk)
    draft = PersonDraft(
        name=kept.name,
        id_number=kept.id_number.reveal(),
        phone=kept.phone.reveal(),
        education="本科",
        nation="回族",
        account=account_number(900_002),
        bank_name="示例银行",
    )
    edit_person(
        person_id=kept.pk, seen_version=kept.version, draft=draft, unit=None, actor=clerk, now=timezone.now()
    )
    undo(done, clerk)
    kept = Person.objects.get(pk=kept.pk)
    assert (kept.education, kept.nation) == ("本科", "")
    assert (kept.account.reveal(), kept.bank_name) == (account_number(900_002), "示例银行")


def test_a_birth_date_stays_with_a_number_that_was_entered_after_the_merge(clerk):
    union = UnionFactory()
    kept = PersonFactory(bare=True, union=union)
    merged = PersonFactory(bare=True, union=union, birth_on=date(1950, 1, 1), sex="male")
    done = merge(kept, merged, clerk)
    edit_person(
        person_id=kept.pk,
        seen_version=2,
        draft=PersonDraft(name=kept.name, id_number=NUMBER),
        unit=None,
        actor=clerk,
        now=timezone.now(),
    )
    undo(done, clerk)
    kept = Person.objects.get(pk=kept.pk)
    assert (kept.birth_on, kept.sex, kept.id_number.reveal()) == (date(1950, 1, 1), "male", NUMBER)


def test_an_account_somebody_else_holds_by_now_stops_the_undo(two, clerk):
    kept, merged = two
    account = merged.account.reveal()
    done = merge(kept, merged, clerk)
    third = PersonFactory(union=kept.union, account=account)
    with pytest.raises(Refused, match=f"“银行账号”已登记在另一人名下（{third.name}，"):
        undo(done, clerk)


def test_an_undo_is_refused_when_the_day_of_a_voided_event_has_another_one(two, clerk):
    kept, merged = two
    StandingEventFactory(person=kept, kind="retired")
    StandingEventFactory(person=merged, kind="retired")
    done = merge(kept, merged, clerk)
    StandingEvent.objects.filter(person=kept, voided_at__isnull=False).update(person=kept)
    StandingEventFactory(person=merged, kind="veteran_retired")  # as only the database itself could write it
    with pytest.raises(Refused, match="不能撤销"):
        undo(done, clerk)


def test_a_merge_can_be_undone_for_thirty_days_and_once(two, clerk):
    done = merge(*two, clerk)
    with pytest.raises(Refused, match="已超过 30 天"):
        undo(done, clerk, now=done.made_at + timedelta(days=30, seconds=1))
    undo(done, clerk, now=done.made_at + timedelta(days=30))
    with pytest.raises(Refused, match="已经撤销"):
        undo(done, clerk)
    merge(*two, clerk)


def test_who_may_merge_whom(two, clerk):
    kept, merged = two
    stranger = PersonFactory()
    with pytest.raises(Refused, match="没有合并人员的权限"):
        merge(kept, merged, UserFactory(finance_clerk=True))
    county = UserFactory(county_clerk=True, union=kept.union)
    with pytest.raises(Refused, match="其中一人不在您的管理范围内"):
        merge(kept, stranger, county)
    with pytest.raises(Refused, match="并入其自身"):
        merge(kept, kept, county)
    merge(kept, merged, county)
    with pytest.raises(Refused, match="已并入另一人"):
        merge(kept, merged, clerk)
    with pytest.raises(Refused, match="已并入另一人"):
        merge(merged, stranger, clerk)


def test_a_row_that_changed_since_it_was_compared_is_not_merged(two, clerk):
    kept, merged = two
    Person.objects.filter(pk=merged.pk).update(version=2)
    with pytest.raises(Refused, match="请重新比较"):
        merge(kept, merged, clerk, seen_versions=(1, 1))
    merge(kept, merged, clerk, seen_versions=(1, 2))


def test_a_merge_moves_both_versions_on_so_that_open_forms_are_refused(two, clerk):
    merge(*two, clerk)
    assert set(Person.objects.filter(pk__in=[one.pk for one in two]).values_list("version", flat=True)) == {2}


def test_the_database_keeps_a_merge_as_it_was_made(two, clerk):
    done = merge(*two, clerk)
    for change in ({"moved": {}}, {"filled": [{}]}, {"kept": two[1]}):
        with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
            Merge.objects.filter(pk=done.pk).update(**change)
    with pytest.raises(Exception, match="Cannot delete"), transaction.atomic():
        Merge.objects.filter(pk=done.pk).delete()
    with pytest.raises(IntegrityError, match="people_merge_once"), transaction.atomic():
        Merge.objects.create(kept=two[0], merged=two[1], reason="再次", made_by=clerk)


def test_merging_and_undoing_leave_who_and_why_in_the_history(two, clerk):
    done = merge(*two, clerk)
    undo(done, clerk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_context->>'action', pgh_context->>'reason', pgh_context->>'user' FROM people_personevent"
            " WHERE pgh_obj_id = %s AND pgh_label = 'update' ORDER BY pgh_id",
            [two[1].pk],
        )
        assert cursor.fetchall() == [
            ("合并人员", "同一人", str(clerk.pk)),
            ("撤销合并", "合并错了", str(clerk.pk)),
        ]


def test_what_hangs_on_two_people_is_counted_kind_by_kind(two):
    StandingEventFactory(person=two[0], kind="retired")
    StandingEventFactory(person=two[0], kind="died", effective_on=date(2015, 1, 1))
    photo_of(two[1])
    found = {one.label: (one.counts, one.follows) for one in hanging_on([one.pk for one in two])}
    assert found == {"状态记录": ((2, 0), True), "照片": ((0, 1), False)}
