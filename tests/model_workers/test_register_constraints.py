"""Every promise the database keeps for files, honours, nominations, reviews and deeds on many, by its name."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import SavedView
from apps.core import audit
from apps.model_workers.models import (
    BulkChange,
    FileChange,
    FileChangeHonour,
    FileEvent,
    Honour,
    Nomination,
    Review,
    WorkerFile,
)
from apps.people.models import Person
from tests.factories import (
    HonourFactory,
    HonourTitleFactory,
    PersonFactory,
    PolicyDocumentFactory,
    UserFactory,
)
from tests.model_workers.changes import changed

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def refused_by(name: str) -> Any:
    """The database refuses, and says which constraint did."""
    return pytest.raises(IntegrityError, match=name)


@pytest.fixture
def person() -> Person:
    return PersonFactory()


# --- honours -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("model_workers_honour_void_has_reason", {"voided_at": NOW}),
        ("model_workers_honour_void_has_reason", {"void_reason": "错"}),
    ],
)
def test_an_honour_that_contradicts_itself_is_refused(name, facts):
    with refused_by(name):
        HonourFactory(**facts)


def test_an_honour_void_without_a_person_is_refused(person):
    with refused_by("model_workers_honour_void_has_reason"):
        HonourFactory(person=person, voided_at=NOW, void_reason="错")


def test_the_same_award_stands_once_and_a_voided_one_beside_it(person):
    honour = HonourFactory(person=person)
    same = {"person": person, "title": honour.title, "awarded_on": honour.awarded_on}
    with refused_by("model_workers_honour_once"), transaction.atomic():
        HonourFactory(**same)
    HonourFactory(**same, voided_at=NOW, voided_by=person.created_by, void_reason="错")


@pytest.mark.parametrize("model", [Honour, BulkChange])
def test_rows_are_voided_and_never_deleted(model, person):
    rows = {
        Honour: lambda: HonourFactory(person=person),
        BulkChange: lambda: bulk(person),
    }
    row = rows[model]()
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        model.objects.filter(pk=row.pk).delete()


# --- files and their events ----------------------------------------------------------------------------------------


def test_treatment_and_its_basis_stand_together(person):
    with refused_by("model_workers_file_treatment_has_basis"), transaction.atomic():
        WorkerFile.objects.create(person=person, opened_by=person.created_by, treatment_level="municipal")
    with refused_by("model_workers_file_treatment_has_basis"):
        WorkerFile.objects.create(
            person=person, opened_by=person.created_by, treatment_document=PolicyDocumentFactory()
        )


def test_a_file_number_belongs_to_one_file_and_none_to_many(person):
    others = [PersonFactory(), PersonFactory()]
    WorkerFile.objects.create(person=person, number="示例1", opened_by=person.created_by)
    with refused_by("model_workers_file_number_once"), transaction.atomic():
        WorkerFile.objects.create(person=others[0], number="示例1", opened_by=person.created_by)
    for other in others:
        WorkerFile.objects.create(person=other, opened_by=person.created_by)


def asked_change(person: Person, **facts: Any) -> FileChange:
    given = {
        "action": "suspend",
        "effective_on": date(2015, 1, 1),
        "document": "示例",
        "reason": "示例",
    } | facts
    clerk = UserFactory(model_worker_clerk=True)
    case = FileChange(person=person, union=person.union, created_by=clerk, **given)
    with audit.because(actor_id=clerk.pk, action="录入"):
        case.save(force_insert=True)
    return case


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("model_workers_filechange_known_action", {"action": "burn"}),
        ("model_workers_filechange_has_document", {"document": ""}),
        ("model_workers_filechange_has_document", {"reason": ""}),
    ],
)
def test_a_change_of_a_file_that_lacks_something_is_refused(name, facts, person):
    with refused_by(name):
        asked_change(person, **facts)


def test_a_change_names_an_honour_once(person):
    case = asked_change(person, action="revoke_honour")
    honour = HonourFactory(person=person)
    with (
        refused_by("model_workers_filechangehonour_once"),
        audit.because(actor_id=case.created_by_id, action="x"),
    ):
        FileChangeHonour.objects.bulk_create(FileChangeHonour(case=case, honour=honour) for _ in range(2))


def test_the_state_after_an_event_is_that_of_its_action(person):
    case = changed(person, "suspend", date(2015, 1, 1))
    event = FileEvent.objects.get()
    event.pk, event.target, event.decision = None, "revoked", case.decisions.get(verb="approve")
    with refused_by("model_workers_fileevent_target_follows_action"):
        event.save(force_insert=True)


# --- reviews -------------------------------------------------------------------------------------------------------


def review(person: Person, **facts: Any) -> Review:
    given = {
        "year": 2016,
        "union": person.union,
        "due_on": date(2016, 6, 30),
        "created_by": person.created_by,
    }
    return Review.objects.create(person=person, **given | facts)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("model_workers_review_done_by_someone", {"outcome": "confirmed"}),
        ("model_workers_review_done_by_someone", {"done_at": NOW}),
        ("model_workers_review_change_explained", {"outcome": "changed", "done_at": NOW}),
    ],
)
def test_an_answer_has_a_person_a_time_and_an_explanation(name, facts, person):
    if name == "model_workers_review_change_explained":
        facts = facts | {"done_by": person.created_by}
    with refused_by(name):
        review(person, **facts)


def test_of_one_year_there_is_one_review(person):
    review(person)
    with refused_by("model_workers_review_once"):
        review(person)


# --- nominations -----------------------------------------------------------------------------------------------------


def nominate(person: Person, **facts: Any) -> Nomination:
    given = {
        "union": person.union,
        "title": HonourTitleFactory(),
        "year": 2016,
        "recommended_by": person.union,
        "merits": "示例",
    } | facts
    clerk = UserFactory(model_worker_clerk=True)
    with audit.because(actor_id=clerk.pk, action="录入"):
        return Nomination.objects.create(person=person, created_by=clerk, **given)


def test_one_honour_of_a_year_is_under_way_once(person):
    first = nominate(person)
    with refused_by("model_workers_nomination_one_open"), transaction.atomic():
        nominate(person, title=first.title)
    nominate(person, title=first.title, year=2017)


def test_a_nomination_tells_merits(person):
    with refused_by("model_workers_nomination_merits_given"):
        nominate(person, merits="")


# --- deeds on many ---------------------------------------------------------------------------------------------------


def bulk(person: Person, **facts: Any) -> BulkChange:
    given = {
        "union": person.union,
        "kind": "review",
        "summary": "示例",
        "people": 1,
        "changes": [{"id": 1, "before": None, "after": person.pk}],
        "actor": person.created_by,
    } | facts
    return BulkChange.objects.create(**given)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("model_workers_bulkchange_of_somebody", {"people": 0}),
        ("model_workers_bulkchange_undone_by_someone", {"undone_at": NOW}),
    ],
)
def test_a_deed_that_contradicts_itself_is_refused(name, facts, person):
    with refused_by(name):
        bulk(person, **facts)


def test_what_stood_there_before_is_fixed(person):
    row = bulk(person)
    with pytest.raises(DatabaseError, match="Cannot update"):
        BulkChange.objects.filter(pk=row.pk).update(changes=[])


# --- kept filters and days off -----------------------------------------------------------------------------------------


def test_a_name_is_used_once_for_a_page_by_a_person():
    user = UserFactory()
    same = {"user": user, "page": "people:person_list", "name": "常用", "query": "work=retired"}
    SavedView.objects.create(**same)
    SavedView.objects.create(**same | {"page": "model_workers:worker_list"})
    SavedView.objects.create(**same | {"user": UserFactory()})
    with refused_by("accounts_savedview_once"):
        SavedView.objects.create(**same)


@pytest.mark.parametrize("missing", ["name", "query"])
def test_kept_filters_have_a_name_and_something_to_filter(missing):
    facts = {"page": "people:person_list", "name": "常用", "query": "work=retired", missing: ""}
    with refused_by("accounts_savedview_is_named"):
        SavedView.objects.create(user=UserFactory(), **facts)


def test_no_constraint_of_these_tables_was_forgotten():
    """Those that stand in the database for these tables are the ones that are tried above."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'x') AND conrelid::regclass::text ~ %s"
            " AND conname NOT LIKE '%%\\_check'",  # what Django makes for the type of a column
            ["model_workers_(honour|workerfile|fileevent|filechange|review|nomination|bulkchange)$"],
        )
        names = {name for (name,) in cursor.fetchall()}
    text = Path(__file__).read_text(encoding="utf-8")
    assert len(names) > 9
    assert {name for name in names if f'"{name}"' not in text} == set()
