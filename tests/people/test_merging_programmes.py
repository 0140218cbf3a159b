"""Merging two people of whom the programmes above know something, without the register knowing the programmes."""

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.core.errors import Refused
from apps.model_workers.models import Honour, Review, WorkerFile
from apps.people.models import Merge, Person
from apps.people.selectors.relations import hanging_on
from apps.people.services.merging import merge_people, undo_merge
from tests.factories import HonourFactory, PersonFactory, UnionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return UserFactory(model_worker_clerk=True)


@pytest.fixture
def two() -> tuple[Person, Person]:
    union = UnionFactory()
    return PersonFactory(union=union, name="示例同名"), PersonFactory(union=union, name="示例同名")


def merge(kept: Person, merged: Person, actor: User) -> Merge:
    return merge_people(
        kept_id=kept.pk, merged_id=merged.pk, reason="同一人", actor=actor, now=timezone.now()
    )


def test_honours_follow_and_go_back(two, clerk):
    kept, merged = two
    mine, theirs = HonourFactory(person=kept), HonourFactory(person=merged)
    assert {one.label: one.counts for one in hanging_on([kept.pk, merged.pk])}["荣誉"] == (1, 1)
    done = merge(kept, merged, clerk)
    assert set(Honour.objects.filter(person=kept)) == {mine, theirs}
    undo_merge(merge_id=done.pk, reason="看错了", actor=clerk, now=timezone.now())
    assert list(Honour.objects.filter(person=merged)) == [theirs]


def test_an_honour_entered_for_both_is_counted_once_afterwards(two, clerk):
    kept, merged = two
    mine = HonourFactory(person=kept, certificate_number="")
    theirs = HonourFactory(person=merged, title=mine.title, awarded_on=mine.awarded_on)
    done = merge(kept, merged, clerk)
    valid = Honour.objects.filter(voided_at__isnull=True)
    assert valid.get() == theirs, "the one that says more stays"
    assert valid.get().person_id == kept.pk
    undo_merge(merge_id=done.pk, reason="看错了", actor=clerk, now=timezone.now())
    assert {honour.person_id for honour in valid} == {kept.pk, merged.pk}


def test_of_two_files_the_kept_person_s_stands_and_the_other_stays_where_it_was(two, clerk):
    kept, merged = two
    for person in two:
        WorkerFile.objects.get_or_create(person=person, defaults={"opened_by": clerk})
    done = merge(kept, merged, clerk)
    assert set(WorkerFile.objects.values_list("person_id", flat=True)) == {kept.pk, merged.pk}
    assert list(done.moved["stayed"]) == ["model_workers.workerfile.person"]


def test_a_file_follows_where_there_is_none(two, clerk):
    kept, merged = two
    WorkerFile.objects.get_or_create(person=merged, defaults={"opened_by": clerk})
    merge(kept, merged, clerk)
    assert WorkerFile.objects.get().person_id == kept.pk


def test_two_rows_of_one_review_stop_the_merge_by_name(two, clerk):
    for person in two:
        Review.objects.create(
            year=2016, union=person.union, person=person, due_on="2016-12-31", created_by=clerk
        )
    with pytest.raises(Refused, match="两人各有一条“复核”，而一个人只能有一条"):
        merge(*two, clerk)
