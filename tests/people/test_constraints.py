"""Every promise the database keeps for people, units, pairs and rosters, tried by the name of its constraint."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from apps.people.models import (
    DuplicatePair,
    Merge,
    Person,
    RosterFacts,
    RosterImport,
    RosterPiece,
    RosterRow,
    StandingEvent,
)
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
CODE = "911310000000000016"


def refused_by(name: str) -> Any:
    """The database refuses, and says which constraint did."""
    return pytest.raises(IntegrityError, match=name)


# --- units -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("people_unit_credit_code_form", {"credit_code": "91131000000000001"}),
        ("people_unit_credit_code_form", {"credit_code": "91131000000000001I"}),
        ("people_unit_bankruptcy_dated", {"nature": "bankrupt"}),
        ("people_unit_bankruptcy_dated", {"nature": "bankrupt", "nature_since": date(2010, 1, 1)}),
        ("people_unit_named", {"name": ""}),
        ("people_unit_named", {"name": " 示例厂"}),
    ],
)
def test_a_unit_that_contradicts_itself_is_refused(name, facts):
    with refused_by(name):
        UnitFactory(**facts)


def test_a_union_has_one_unit_of_a_name():
    unit = UnitFactory(name="示例厂")
    UnitFactory(name="示例厂")  # of another union
    with refused_by("people_unit_name_once"):
        UnitFactory(union=unit.union, name="示例厂")


def test_a_credit_code_is_one_units_everywhere():
    UnitFactory(credit_code=CODE)
    with refused_by("people_unit_credit_code_once"):
        UnitFactory(credit_code=CODE)


def test_a_unit_and_its_union_are_one_key_and_no_other_index_begins_with_the_union():
    """A planner that has not counted the units yet would go through all of a union's for each person of a roster."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'people_unit'")
        beginning = [text for (text,) in cursor.fetchall() if "(union_id" in text]
    assert len(beginning) == 1
    assert "people_unit_in_union" in beginning[0]


# --- persons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("people_person_id_number_hashed", {"id_hash": None}),
        ("people_person_id_number_hashed", {"id_last_four": ""}),
        ("people_person_account_hashed", {"account_hash": None}),
        ("people_person_account_hashed", {"account": None}),
        ("people_person_phone_hashed", {"phone_hash": None}),
        ("people_person_phone_hashed", {"phone_last_four": ""}),
        ("people_person_id_kind_fits", {"id_kind": "none"}),
        ("people_person_id_kind_fits", {"id_number": None, "id_hash": None, "id_last_four": ""}),
        ("people_person_resident_has_birth", {"birth_on": None}),
        ("people_person_resident_has_birth", {"sex": ""}),
        ("people_person_named", {"name": ""}),
        ("people_person_named", {"name": "示例甲 "}),
    ],
)
def test_a_person_that_contradicts_itself_is_refused(name, changes):
    person = PersonFactory()
    with refused_by(name):
        Person.objects.filter(pk=person.pk).update(**changes)


def test_an_account_is_one_persons_until_the_rows_are_merged():
    one, two = PersonFactory(), PersonFactory()
    Person.objects.filter(pk=two.pk).update(merged_into=one)
    Person.objects.filter(pk=two.pk).update(account_hash=one.account_hash)
    with refused_by("people_person_account_once"):
        Person.objects.filter(pk=two.pk).update(merged_into=None)


def test_nobody_is_merged_into_himself():
    person = PersonFactory()
    with refused_by("people_person_not_merged_into_itself"):
        Person.objects.filter(pk=person.pk).update(merged_into=person)


# --- standing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("people_standing_kind_fits_track", {"kind": "died", "track": "work"}),
        ("people_standing_kind_fits_track", {"kind": "retired", "track": "life"}),
        ("people_standing_has_document", {"kind": "died", "document": ""}),
        ("people_standing_move_names_unions", {"kind": "moved"}),
        ("people_standing_void_has_reason", {"voided_at": NOW}),
        ("people_standing_void_has_reason", {"void_reason": "登记有误"}),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(name, facts):
    with refused_by(name):
        StandingEventFactory(**facts)


def test_work_names_no_unions():
    with refused_by("people_standing_move_names_unions"):
        StandingEventFactory(kind="retired", to_union=UnionFactory())


def test_of_one_kind_of_event_a_day_holds_one_until_it_is_voided():
    event = StandingEventFactory(kind="retired")
    StandingEvent.objects.filter(pk=event.pk).update(
        voided_at=NOW, voided_by=event.created_by, void_reason="登记有误"
    )
    StandingEventFactory(person=event.person, kind="jobless")
    with refused_by("people_standing_one_a_day"):
        StandingEventFactory(person=event.person, kind="in_service")


# --- pairs and merges --------------------------------------------------------------------------------------------


@pytest.fixture
def two() -> tuple[Person, Person]:
    return PersonFactory(), PersonFactory()


def test_a_pair_stands_once_and_in_order(two):
    DuplicatePair.objects.create(first=two[0], second=two[1])
    with refused_by("people_duplicatepair_once"):
        DuplicatePair.objects.create(first=two[0], second=two[1])


def test_the_one_entered_first_stands_first(two):
    with refused_by("people_duplicatepair_in_order"):
        DuplicatePair.objects.create(first=two[1], second=two[0])


@pytest.mark.parametrize("status", ["distinct", "open"])
def test_a_pair_is_decided_by_somebody_or_open(two, status):
    decider = {} if status == "distinct" else {"decided_by": UserFactory(), "decided_at": NOW}
    with refused_by("people_duplicatepair_decided_by_someone"):
        DuplicatePair.objects.create(first=two[0], second=two[1], status=status, **decider)


def merge(kept: Person, merged: Person, **facts: Any) -> Merge:
    return Merge.objects.create(
        **{"kept": kept, "merged": merged, "reason": "示例", "made_by": kept.created_by} | facts
    )


def test_a_merge_is_of_two_with_a_reason_and_once(two):
    merge(*two)
    with refused_by("people_merge_once"):
        merge(PersonFactory(), two[1])


def test_a_merge_of_one_is_refused(two):
    with refused_by("people_merge_of_two"):
        merge(two[0], two[0])


def test_a_merge_without_a_reason_is_refused(two):
    with refused_by("people_merge_has_reason"):
        merge(*two, reason="")


# --- rosters -----------------------------------------------------------------------------------------------------


@pytest.fixture
def roster() -> RosterImport:
    clerk = UserFactory(county_clerk=True)
    return RosterImport.objects.create(
        union=clerk.union, name="示例.xlsx", sha256="0" * 64, uploaded_by=clerk
    )


def copy_of(roster: RosterImport, **facts: Any) -> RosterImport:
    return RosterImport.objects.create(
        **{
            "union": roster.union,
            "name": roster.name,
            "sha256": roster.sha256,
            "uploaded_by": roster.uploaded_by,
        }
        | facts
    )


TAKEN = {"status": "taken", "taken_at": NOW}


@pytest.mark.parametrize("status", ["taking", "taken"])
def test_a_file_is_taken_over_once_in_a_union(roster, status):
    copy_of(roster, taken_by=roster.uploaded_by, **TAKEN)
    copy_of(roster, union=UnionFactory(), taken_by=roster.uploaded_by, **TAKEN)
    facts = TAKEN if status == "taken" else {"status": status}
    with refused_by("people_rosterimport_once"):
        copy_of(roster, taken_by=roster.uploaded_by, **facts)


@pytest.mark.parametrize("fault", [{"taken_by": None}, {"taken_at": None}, {"error_count": 1}])
def test_a_roster_with_a_wrong_row_or_by_nobody_is_not_taken(roster, fault):
    with refused_by("people_rosterimport_taken_clean"):
        copy_of(roster, **{"taken_by": roster.uploaded_by} | TAKEN | fault)


def test_a_part_of_the_file_stands_once(roster):
    RosterPiece.objects.create(roster=roster, number=1, content=b"")
    with refused_by("people_rosterpiece_number_once"):
        RosterPiece.objects.create(roster=roster, number=1, content=b"")


def test_a_row_stands_once(roster):
    RosterRow.objects.create(roster=roster, number=2, outcome="new")
    with refused_by("people_rosterrow_number_once"):
        RosterRow.objects.create(roster=roster, number=2, outcome="error")


@pytest.mark.parametrize("outcome", ["changed", "same"])
def test_a_row_that_changes_somebody_or_nothing_says_whom_it_means_and_in_which_version(roster, outcome):
    with refused_by("people_rosterrow_change_has_person"):
        RosterRow.objects.create(roster=roster, number=2, outcome=outcome, person=PersonFactory())


def facts_of(roster: RosterImport, **facts: Any) -> RosterFacts:
    return RosterFacts.objects.create(
        roster=roster, number=2, public_id=PersonFactory().public_id, is_new=False, **facts
    )


def test_a_row_writes_once(roster):
    facts_of(roster)
    with refused_by("people_rosterfacts_number_once"):
        facts_of(roster)


@pytest.mark.parametrize("facts", [{"work": "retired"}, {"work_since": date(2010, 1, 1)}])
def test_a_work_status_that_is_going_to_be_written_has_its_day(roster, facts):
    with refused_by("people_rosterfacts_work_dated"):
        facts_of(roster, **facts)
