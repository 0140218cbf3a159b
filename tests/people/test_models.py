"""The database refuses what must not be in the register of people."""

from datetime import date

import pytest
from django.db import IntegrityError, connection

from apps.core.encryption import search_hash
from apps.people.models import Person
from apps.people.models.persons import NUMBER_COLUMN
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db


def test_a_person_comes_back_with_the_secrets_sealed_and_masked():
    number = resident_number(7)
    person = Person.objects.get(pk=PersonFactory(id_number=number, phone="13912345678").pk)
    assert str(person.id_number) == f"131099********{number[-4:]}"
    assert str(person.phone) == "139****5678"
    assert person.id_number.reveal() == number
    assert bytes(person.id_hash) == search_hash(number, column=NUMBER_COLUMN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM people_person p")
        assert number not in cursor.fetchone()[0]


def test_a_seal_copied_to_another_row_does_not_open():
    one, two = PersonFactory(), PersonFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_person SET id_number = (SELECT id_number FROM people_person WHERE id=%s) WHERE id=%s",
            [one.pk, two.pk],
        )
    assert str(Person.objects.get(pk=two.pk).id_number) == "（密文无法解开）"


def test_the_same_number_cannot_enter_twice_not_even_past_the_services():
    number = resident_number(9)
    PersonFactory(id_number=number)
    with pytest.raises(IntegrityError, match="people_person_id_number_once"):
        PersonFactory(id_number=number)


def test_a_unit_of_another_union_is_refused_by_the_database():
    person, unit = PersonFactory(), UnitFactory()
    Person.objects.filter(pk=person.pk).update(unit=unit)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="people_person_unit_in_union"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_history_keeps_hashes_and_no_ciphertext():
    person = PersonFactory()
    events = person.events.values()
    assert len(events) == 1
    assert "id_number" not in events[0]
    assert events[0]["id_last_four"] == person.id_last_four


def test_standing_holds_from_its_day_on():
    person = PersonFactory()
    StandingEventFactory(person=person, kind="in_service", effective_on=date(1990, 1, 1))
    StandingEventFactory(person=person, kind="retired", effective_on=date(2010, 6, 1))
    StandingEventFactory(person=person, kind="died", effective_on=date(2015, 12, 31))

    def on(day: date) -> tuple[str | None, str | None]:
        row = Person.objects.with_standing(day).get(pk=person.pk)
        return row.work, row.life

    assert on(date(1989, 12, 31)) == (None, None)
    assert on(date(2010, 5, 31)) == ("in_service", None)
    assert on(date(2010, 6, 1)) == ("retired", None)
    assert on(date(2015, 12, 31)) == ("retired", "died")


def test_a_person_is_found_by_part_of_the_name_its_initials_and_last_digits():
    union = UnionFactory()
    person = PersonFactory(union=union, name="单示例")
    for words in ("示例", "单示", "dsl", "ssl", "danshi", "shan", person.id_last_four):
        assert person in Person.objects.matching(words), words
    for words in ("例示", "sl", "0000x"):
        assert person not in Person.objects.matching(words), words
