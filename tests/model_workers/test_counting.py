"""Who is counted, in which class, on which day: one place answers for lists, runs and the budget."""

from datetime import date

import pytest

from apps.model_workers.models import Honour
from apps.model_workers.rules.honours import Category, Level
from apps.model_workers.selectors.counting import Counting, entitled, exam_eligible, model_workers, present
from tests.factories import (
    HonourFactory,
    HonourTitleFactory,
    PersonFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    retired_worker,
)
from tests.model_workers.changes import changed

pytestmark = pytest.mark.django_db
DAY = date(2015, 12, 31)
WORKERS = Counting((Category.WORKER,), higher_counts=False)


def counted(as_of: date = DAY, counting: Counting = WORKERS):
    return model_workers(union_path=UnionFactory(city=True).path, as_of=as_of, counting=counting)


def classes(as_of: date = DAY, counting: Counting = WORKERS) -> dict[str, int]:
    return dict(entitled(counted(as_of, counting)).values_list("name", "award_class"))


def test_each_person_stands_in_one_class_however_many_honours():
    retired_worker(name="示例甲", honours=1)
    retired_worker(name="示例乙", honours=2)
    retired_worker(name="示例丙", honours=3)
    retired_worker(name="示例丁", honours=5)
    assert classes() == {"示例甲": 1, "示例乙": 2, "示例丙": 3, "示例丁": 3}


def test_a_third_honour_moves_a_person_to_the_third_class_and_counts_once():
    person = retired_worker(name="示例甲", honours=2)
    assert classes() == {"示例甲": 2}
    HonourFactory(person=person)
    assert classes() == {"示例甲": 3}


def test_whether_a_higher_honour_counts_is_a_setting():
    person = retired_worker(name="示例甲")
    HonourFactory(person=person, title=HonourTitleFactory(level=Level.PROVINCIAL))
    assert classes() == {"示例甲": 1}
    assert classes(counting=Counting((Category.WORKER,), higher_counts=True)) == {"示例甲": 2}


def test_honours_of_other_categories_void_or_revoked_ones_do_not_count():
    person = retired_worker(name="示例甲")
    HonourFactory(person=person, title=HonourTitleFactory(category=Category.FARMER))
    revoked = HonourFactory(person=person)
    changed(person, "revoke_honour", date(2014, 1, 1), honours=[revoked])
    assert classes() == {"示例甲": 1}
    assert classes(as_of=date(2013, 12, 31)) == {"示例甲": 2}
    Honour.objects.filter(pk=revoked.pk).update(
        voided_at="2015-01-01T00:00Z", voided_by=person.created_by, void_reason="示例"
    )
    assert classes(as_of=date(2013, 12, 31)) == {"示例甲": 1}


@pytest.mark.parametrize("kind", ["died", "emigrated", "missing"])
def test_the_absent_are_not_entitled_from_that_day_on(kind):
    person = retired_worker(name="示例甲")
    StandingEventFactory(person=person, kind=kind, effective_on=DAY)
    assert classes() == {}
    assert classes(as_of=date(2015, 12, 30)) == {"示例甲": 1}


def test_those_in_service_are_model_workers_but_not_entitled():
    person = PersonFactory(name="示例甲")
    StandingEventFactory(person=person, kind="in_service")
    HonourFactory(person=person)
    assert [one.name for one in present(counted())] == ["示例甲"]
    assert classes() == {}


def test_a_suspended_file_stops_and_a_resumed_one_goes_on():
    person = retired_worker(name="示例甲")
    changed(person, "suspend", date(2015, 3, 1))
    changed(person, "resume", date(2015, 9, 1))
    assert classes(as_of=date(2015, 2, 28)) == {"示例甲": 1}
    assert classes(as_of=date(2015, 3, 1)) == {}
    assert classes(as_of=date(2015, 9, 1)) == {"示例甲": 1}


def test_people_of_bankrupt_units_are_told_apart_from_the_day_of_the_bankruptcy():
    retired_worker(name="示例甲", unit=UnitFactory(bankrupt=True, nature_since=date(2015, 6, 1)))
    retired_worker(name="示例乙")
    assert {one.name: one.is_bankrupt for one in counted()} == {"示例甲": True, "示例乙": False}
    assert not any(one.is_bankrupt for one in counted(as_of=date(2015, 5, 31)))


def test_the_exam_takes_all_levels_and_an_age_if_one_is_set():
    retired_worker(name="示例甲", id_number="", id_kind="none", birth_on=date(1951, 1, 1))
    young = PersonFactory(name="示例乙", id_number="", id_kind="none", birth_on=date(1980, 1, 1))
    HonourFactory(person=young, title=HonourTitleFactory(level=Level.NATIONAL))
    everybody = exam_eligible(counted(), levels=list(Level), minimum_age=None, as_of=DAY)
    assert {one.name for one in everybody} == {"示例甲", "示例乙"}
    old = exam_eligible(counted(), levels=list(Level), minimum_age=64, as_of=DAY)
    assert {one.name for one in old} == {"示例甲"}
    assert not exam_eligible(counted(), levels=list(Level), minimum_age=65, as_of=DAY)


def test_another_tree_counts_its_own_people_only():
    mine = retired_worker(name="示例甲")
    retired_worker(name="示例乙")
    own = model_workers(union_path=mine.union.path, as_of=DAY, counting=WORKERS)
    assert [one.name for one in own] == ["示例甲"]


def test_counting_costs_one_query_however_many_people(django_assert_num_queries):
    for _ in range(6):
        retired_worker(honours=2)
    everybody = entitled(counted())
    with django_assert_num_queries(1):
        assert len(everybody) == 6
