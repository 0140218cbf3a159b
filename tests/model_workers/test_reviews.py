"""Reviews and other deeds on many people: the number is checked, the whole is undone."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.core.errors import Refused
from apps.model_workers.models import BulkChange, Review, WorkerFile
from apps.model_workers.selectors.bulk import bulk_lines
from apps.model_workers.selectors.reviews import doubtful_honours, filtered_reviews, review_progress
from apps.model_workers.services.bulk import change_keeper, lay_out_reviews, undo_bulk
from apps.model_workers.services.reviews import enter_outcome
from apps.people.models import Person
from tests.factories import HonourFactory, PersonFactory, RoleGrantFactory, UnionFactory, UserFactory
from tests.model_workers.bureau import Bureau, fresh, scan

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
DUE = TODAY + timedelta(60)


@pytest.fixture
def people(bureau) -> list[Person]:
    found = [PersonFactory(name=name) for name in ("示例甲", "示例乙", "示例丙")]
    for person in found:
        bureau.award(person)
    return found


def ids(people: list[Person]) -> list[int]:
    return [person.pk for person in people]


def lay_out(bureau: Bureau, people: list[Person], **changes) -> BulkChange:
    given = {"year": TODAY.year, "due_on": DUE, "actor": bureau.clerk, "now": timezone.now()} | changes
    return lay_out_reviews(person_ids=ids(people), **given)


def give_to(bureau: Bureau, people: list[Person], name: str, **changes) -> BulkChange:
    given = {"actor": bureau.clerk, "now": timezone.now()} | changes
    return change_keeper(person_ids=ids(people), managed_by=name, **given)


def undo(bureau: Bureau, change: BulkChange, **changes) -> BulkChange:
    return undo_bulk(change_id=change.pk, **{"actor": bureau.clerk, "now": timezone.now()} | changes)


# --- laying out ------------------------------------------------------------------------------------------------


def test_a_review_is_laid_out_for_each_and_kept_as_one_deed(bureau, people):
    change = lay_out(bureau, people)
    assert set(Review.objects.values_list("person_id", "union_id", "due_on")) == {
        (person.pk, person.union_id, DUE) for person in people
    }
    assert (change.people, change.kind, change.actor) == (3, "review", bureau.clerk)


def test_who_has_one_keeps_it_and_is_told(bureau, people):
    lay_out(bureau, people[:1])
    change = lay_out(bureau, people)
    assert (change.people, Review.objects.count()) == (2, 3)
    assert "1 人已布置过" in change.summary
    with pytest.raises(Refused, match="都已布置"):
        lay_out(bureau, people)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"year": TODAY.year + 2}, "year"), ({"due_on": TODAY - timedelta(1)}, "due_on")],
)
def test_a_plan_is_about_now(bureau, people, changes, field):
    with pytest.raises(Refused) as refused:
        lay_out(bureau, people, **changes)
    assert refused.value.field == field


def test_another_number_than_was_shown_is_refused(bureau, people):
    with pytest.raises(Refused, match="您看到的是 2 人，现在是 3 人"):
        lay_out(bureau, people, expected=2)
    assert not Review.objects.exists()


def test_people_out_of_reach_are_left_out_and_nobody_is_refused(bureau, people):
    own = PersonFactory(union=bureau.county_clerk.union)
    change = lay_out(bureau, [*people, own], actor=bureau.county_clerk)
    assert list(Review.objects.values_list("person_id", flat=True)) == [own.pk]
    assert change.people == 1
    with pytest.raises(Refused, match="没有选中任何人"):
        lay_out(bureau, people, actor=bureau.county_clerk, year=TODAY.year - 1)


def test_only_clerks_lay_out(bureau, people):
    with pytest.raises(Refused, match="权限"):
        lay_out(bureau, people, actor=bureau.head)


# --- the keeper --------------------------------------------------------------------------------------------------


def test_files_change_their_keeper_and_the_old_ones_come_back(bureau, people):
    WorkerFile.objects.filter(person=people[0]).update(managed_by="市农业农村局")
    before = dict(WorkerFile.objects.values_list("pk", "managed_by"))
    change = give_to(bureau, people, "示例县总工会")
    assert set(WorkerFile.objects.values_list("managed_by", flat=True)) == {"示例县总工会"}
    undo(bureau, change)
    assert dict(WorkerFile.objects.values_list("pk", "managed_by")) == before


def test_who_has_no_file_gets_one(bureau):
    person = PersonFactory()
    HonourFactory(person=person)
    give_to(bureau, [person], "示例县总工会")
    assert WorkerFile.objects.get(person=person).number


def test_each_file_leaves_a_trace_with_the_deed(bureau, people):
    give_to(bureau, people, "示例县总工会")
    events = apps.get_model("model_workers", "WorkerFileEvent").objects.filter(pgh_label="update")
    assert events.count() == 3
    assert {event.pgh_context["action"] for event in events} == {"变更归口管理单位"}


def test_nothing_to_change_is_said(bureau, people):
    give_to(bureau, people, "示例县总工会")
    with pytest.raises(Refused, match="都已归口"):
        give_to(bureau, people, "示例县总工会")
    with pytest.raises(Refused, match="请填写"):
        give_to(bureau, people, " ")


# --- undoing ----------------------------------------------------------------------------------------------------


def test_a_layout_is_undone_as_a_whole_and_can_be_made_again(bureau, people):
    change = undo(bureau, lay_out(bureau, people))
    assert not Review.objects.exists()
    assert change.undone_by == bureau.clerk
    with pytest.raises(Refused, match="已经撤销过"):
        undo(bureau, change)
    lay_out(bureau, people)


def test_an_answered_review_keeps_the_whole(bureau, people):
    change = lay_out(bureau, people)
    review = Review.objects.get(person=people[0])
    enter_outcome(review_id=review.pk, outcome="confirmed", note="", actor=bureau.clerk, now=timezone.now())
    with pytest.raises(Refused, match="1 人已登记结果（示例甲）"):
        undo(bureau, change)
    assert Review.objects.count() == 3


def test_a_file_changed_since_keeps_the_whole(bureau, people):
    change = give_to(bureau, people, "示例县总工会")
    WorkerFile.objects.filter(person=people[1]).update(managed_by="市农业农村局")
    with pytest.raises(Refused, match="1 人之后又改过（示例乙）"):
        undo(bureau, change)


def test_after_thirty_days_it_stays(bureau, people):
    change = lay_out(bureau, people)
    undo(bureau, change, now=timezone.now() + timedelta(29))
    change = lay_out(bureau, people)
    with pytest.raises(Refused, match="30 天"):
        undo(bureau, change, now=timezone.now() + timedelta(31))


def test_a_colleague_does_not_undo_it_but_the_head_does(bureau, people):
    change = lay_out(bureau, people)
    colleague = fresh(UserFactory(model_worker_clerk=True))
    with pytest.raises(Refused, match="只有办理人本人"):
        undo(bureau, change, actor=colleague)
    assert [line.kept for line in bulk_lines(viewer=bureau.clerk, now=timezone.now())] == [""]
    assert "只有办理人本人" in bulk_lines(viewer=colleague, now=timezone.now())[0].kept
    undo(bureau, change, actor=bureau.head)


def test_a_county_neither_sees_nor_undoes_the_citys(bureau, people):
    change = lay_out(bureau, people)
    assert bulk_lines(viewer=bureau.county_clerk, now=timezone.now()) == []
    with pytest.raises(BulkChange.DoesNotExist):
        undo(bureau, change, actor=bureau.county_clerk)


def test_people_who_moved_away_since_keep_the_whole(bureau):
    clerk = bureau.county_clerk
    person = PersonFactory(union=clerk.union)
    bureau.award(person, actor=clerk)
    change = give_to(bureau, [person], "示例单位", actor=clerk)
    Person.objects.filter(pk=person.pk).update(union=UnionFactory())
    with pytest.raises(Refused, match="已转出"):
        undo(bureau, change, actor=clerk)


# --- answering ---------------------------------------------------------------------------------------------------


def test_an_outcome_other_than_confirmed_is_explained(bureau, people):
    lay_out(bureau, people)
    review = Review.objects.get(person=people[0])

    def answer(outcome: str, note: str = "", actor=None) -> Review:
        return enter_outcome(
            review_id=review.pk, outcome=outcome, note=note, actor=actor or bureau.clerk, now=timezone.now()
        )

    for outcome in ("changed", "doubtful"):
        with pytest.raises(Refused, match="必须写明"):
            answer(outcome)
    with pytest.raises(Refused, match="列表中选择"):
        answer("perhaps")
    with pytest.raises(Refused, match="权限"):
        answer("confirmed", actor=bureau.head)
    with pytest.raises(Review.DoesNotExist):
        answer("confirmed", actor=bureau.county_clerk)
    assert answer("changed", "单位改制").done_by == bureau.clerk
    assert answer("confirmed").outcome == "confirmed"


def test_progress_is_told_by_union_with_what_is_late(bureau):
    first, second = UnionFactory(code="LF01003"), UnionFactory(code="LF01004")
    people = [PersonFactory(union=first), PersonFactory(union=first), PersonFactory(union=second)]
    lay_out(bureau, people)
    Review.objects.filter(person=people[0]).update(due_on=TODAY - timedelta(1))
    review = Review.objects.get(person=people[2])
    enter_outcome(review_id=review.pk, outcome="confirmed", note="", actor=bureau.clerk, now=timezone.now())
    progress = review_progress(viewer=bureau.clerk, year=TODAY.year, today=TODAY)
    assert [(one.union, one.total, one.done, one.left, one.overdue) for one in progress] == [
        (first.short_name, 2, 0, 2, 1),
        (second.short_name, 1, 1, 0, 0),
    ]

    def found(**filters) -> list[int]:
        rows = filtered_reviews(viewer=bureau.clerk, filters=filters, today=TODAY)
        return sorted(rows.values_list("person_id", flat=True))

    assert found(state="overdue") == [people[0].pk]
    assert found(state="open") == ids(people[:2])
    assert found(state="done") == found(outcome="confirmed") == [people[2].pk]
    assert found(union=second, year=TODAY.year) == [people[2].pk]
    assert found(year=TODAY.year - 1) == []


def test_doubtful_are_the_honours_nobody_has_seen_the_certificate_of(bureau):
    seen, unseen = PersonFactory(), PersonFactory()
    bureau.award(seen, scan=scan())
    honour = bureau.award(unseen)
    assert list(doubtful_honours(viewer=bureau.clerk, filters={})) == [honour]
    assert list(doubtful_honours(viewer=bureau.county_clerk, filters={})) == []


def test_a_clerk_who_is_also_head_needs_no_second_right(bureau, people):
    RoleGrantFactory(user=bureau.clerk, role="model_worker_head")
    undo(bureau, lay_out(bureau, people), actor=fresh(bureau.clerk))
