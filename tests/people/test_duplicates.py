"""Pairs that may be one person: raised once, decided once, never seen by who reaches only one of the two."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.people.models import DuplicatePair, Person
from apps.people.rules.drafts import PersonDraft
from apps.people.services.duplicates import find_pairs, tell_apart
from apps.people.services.merging import merge_people, undo_merge
from apps.people.services.persons import edit_person, register_person
from apps.people.services.standing import move_person
from tests.factories import PersonFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
BORN = date(1950, 1, 1)


@pytest.fixture
def clerk() -> User:
    return UserFactory(model_worker_clerk=True)


def bare(name: str = "示例同名", **facts: object) -> Person:
    return PersonFactory(bare=True, name=name, **facts)


def look(*people: Person) -> int:
    path = "LF/"
    return find_pairs(union_path=path, person_ids=[one.pk for one in people] or None, now=timezone.now())


def pairs() -> list[tuple[int, int, bool, bool]]:
    rows = DuplicatePair.objects.order_by("pk")
    return list(rows.values_list("first_id", "second_id", "same_birth", "same_unit"))


def test_the_same_name_with_the_same_birth_date_is_a_pair():
    one, two = bare(birth_on=BORN), bare(birth_on=BORN)
    assert look(two) == 1
    assert pairs() == [(one.pk, two.pk, True, False)]


def test_the_same_name_in_the_same_unit_is_a_pair():
    unit = UnitFactory()
    one, two = bare(unit=unit), bare(unit=unit, birth_on=BORN)
    assert look() == 1
    assert pairs() == [(one.pk, two.pk, False, True)]


@pytest.mark.parametrize(
    ("name", "born"), [("示例另名", BORN), ("示例同名", date(1951, 1, 1)), ("示例同名", None)]
)
def test_another_name_or_nothing_else_in_common_is_no_pair(name, born):
    bare(birth_on=BORN), bare(name, birth_on=born)
    assert look() == 0
    assert pairs() == []


def test_looking_again_raises_nothing_twice():
    bare(birth_on=BORN), bare(birth_on=BORN), bare(birth_on=BORN)
    assert look() == 3
    assert look() == 0
    assert len(pairs()) == 3


def test_a_person_is_compared_with_the_whole_register_but_a_county_is_told_of_its_own_pairs_only():
    mine, theirs = bare(birth_on=BORN), bare(birth_on=BORN)
    told = find_pairs(union_path=mine.union.path, person_ids=[mine.pk], now=timezone.now())
    assert told == 0
    assert len(pairs()) == 1
    county, city = UserFactory(county_clerk=True, union=mine.union), UserFactory(model_worker_clerk=True)
    assert not DuplicatePair.objects.visible_to(county).exists()
    assert DuplicatePair.objects.visible_to(city).open().count() == 1
    assert theirs.union.path != mine.union.path


def test_registering_and_editing_look_for_pairs(clerk):
    known = bare(birth_on=BORN)
    now = timezone.now()
    draft = PersonDraft(name="示例同名", id_kind="none", birth_on=BORN)
    person = register_person(draft=draft, union=known.union, unit=None, actor=clerk, now=now)
    assert pairs() == [(known.pk, person.pk, True, False)]
    moved = PersonDraft(name="示例改名", id_kind="none", birth_on=BORN)
    edit_person(person_id=person.pk, seen_version=1, draft=moved, unit=None, actor=clerk, now=now)
    assert pairs() == [], "a pair that is no longer alike goes, for nobody decided it"
    edit_person(person_id=person.pk, seen_version=2, draft=draft, unit=None, actor=clerk, now=now)
    assert len(pairs()) == 1


def test_what_two_open_rows_have_in_common_is_kept_up_to_date():
    unit = UnitFactory()
    bare(unit=unit), bare(unit=unit)
    look()
    Person.objects.update(birth_on=BORN)
    assert look() == 0
    assert [pair[2:] for pair in pairs()] == [(True, True)]


def test_a_pair_told_apart_never_returns(clerk):
    bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    pair = DuplicatePair.objects.get()
    assert tell_apart(pair_ids=[pair.pk], reason="两个村的", actor=clerk, now=timezone.now()) == 1
    assert look() == 0
    pair.refresh_from_db()
    assert (pair.status, pair.reason, pair.decided_by) == ("distinct", "两个村的", clerk)


def test_who_was_told_apart_from_a_merged_row_is_told_apart_from_the_row_that_stands_for_it(clerk):
    one, two, other = bare(birth_on=BORN), bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    apart = DuplicatePair.objects.get(first=one, second=other)
    now = timezone.now()
    tell_apart(pair_ids=[apart.pk], reason="不同村", actor=clerk, now=now)
    merge_people(kept_id=two.pk, merged_id=one.pk, reason="同一人", actor=clerk, now=now)
    assert not DuplicatePair.objects.open().exists(), (
        "the open pair of two and other is answered by one and other"
    )
    assert look() == 0


def test_a_merged_row_is_no_part_of_a_pair(clerk):
    one, two = bare(birth_on=BORN), bare(birth_on=BORN)
    merge_people(kept_id=one.pk, merged_id=two.pk, reason="同一人", actor=clerk, now=timezone.now())
    third = bare(birth_on=BORN)
    assert look(third) == 1
    assert pairs() == [(one.pk, third.pk, True, False)]


def test_several_pairs_are_told_apart_together_or_not_at_all(clerk):
    for name in ("示例甲", "示例乙", "示例丙"):
        bare(name, birth_on=BORN), bare(name, birth_on=BORN)
    look()
    keys = list(DuplicatePair.objects.values_list("pk", flat=True))
    now = timezone.now()
    tell_apart(pair_ids=keys[:1], reason="不同", actor=clerk, now=now)
    with pytest.raises(Refused, match="有 1 对已不在待核对之列"):
        tell_apart(pair_ids=keys, reason="不同", actor=clerk, now=now)
    assert DuplicatePair.objects.open().count() == 2
    assert tell_apart(pair_ids=keys[1:], reason="不同", actor=clerk, now=now) == 2


def test_nobody_decides_about_a_person_of_another_county():
    mine, theirs = bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    county = UserFactory(county_clerk=True, union=mine.union)
    with pytest.raises(Refused, match="已不在待核对之列"):
        tell_apart(pair_ids=[DuplicatePair.objects.get().pk], reason="不同", actor=county, now=timezone.now())
    assert theirs.union_id != county.union_id


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("", "没有填写"),
        ("  ", "没有填写"),
        ("示" * 201, "最多 200 个字"),
        (f"同 {resident_number(3)}", "不要写"),
    ],
)
def test_a_decision_needs_a_reason_without_numbers(clerk, reason, why):
    bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    with pytest.raises(Refused, match=why):
        tell_apart(pair_ids=[DuplicatePair.objects.get().pk], reason=reason, actor=clerk, now=timezone.now())


def test_deciding_needs_the_right_to_it():
    bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    reader = UserFactory(finance_clerk=True)
    with pytest.raises(Refused, match="没有核对疑似重复人员的权限"):
        tell_apart(pair_ids=[DuplicatePair.objects.get().pk], reason="不同", actor=reader, now=timezone.now())


def test_the_database_keeps_a_pair_once_and_in_order():
    one, two = bare(), bare()
    DuplicatePair.objects.create(first=one, second=two)
    for first, second, name in ((one, two, "once"), (two, one, "in_order")):
        with pytest.raises(IntegrityError, match=f"people_duplicatepair_{name}"), transaction.atomic():
            DuplicatePair.objects.create(first=first, second=second)
    with pytest.raises(IntegrityError, match="decided_by_someone"), transaction.atomic():
        DuplicatePair.objects.update(status="distinct")


def test_a_decision_leaves_who_and_why_in_the_history(clerk):
    bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    pair = DuplicatePair.objects.get()
    tell_apart(pair_ids=[pair.pk], reason="两个村的", actor=clerk, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_context->>'user', pgh_context->>'reason' FROM people_duplicatepairevent"
            " WHERE pgh_label = 'update'"
        )
        assert cursor.fetchall() == [(str(clerk.pk), "两个村的")]


def test_an_undone_merge_opens_its_pair_again(clerk):
    one, two = bare(birth_on=BORN), bare(birth_on=BORN)
    look()
    now = timezone.now()
    merge = merge_people(kept_id=one.pk, merged_id=two.pk, reason="同一人", actor=clerk, now=now)
    assert DuplicatePair.objects.get().status == "merged"
    undo_merge(merge_id=merge.pk, reason="不是同一人", actor=clerk, now=now)
    pair = DuplicatePair.objects.get()
    assert (pair.status, pair.reason, pair.decided_by) == ("open", "", None)


def test_who_moves_to_another_union_leaves_the_pairs_of_the_old_unit(clerk):
    unit = UnitFactory()
    one, _ = bare(unit=unit), bare(unit=unit)
    look()
    assert len(pairs()) == 1
    move_person(
        person_id=one.pk,
        to_union_id=UnionFactory().pk,
        effective_on=date(2016, 1, 1),
        document="示例转移函",
        note="",
        actor=clerk,
        now=timezone.now(),
    )
    assert pairs() == []
