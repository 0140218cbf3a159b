"""The file of a model worker: its number, and treatment with its basis."""

import pytest
from django.apps import apps
from django.utils import timezone

from apps.core.errors import Refused
from apps.model_workers.models import WorkerFile
from apps.model_workers.rules.files import is_file_number
from apps.model_workers.services.files import change_file, set_treatment
from apps.people.models import Person
from tests.factories import PersonFactory, PolicyDocumentFactory
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(bureau) -> Person:
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    return person


def test_the_number_of_a_file_is_told_from_a_persons_behind_the_same_letters():
    assert is_file_number("gy-2026-0001")
    assert not is_file_number(f"GY-2016-{resident_number(1)}")


def test_treatment_rests_on_a_document_and_may_differ_from_the_honours(bureau, person):
    document = PolicyDocumentFactory()
    file = set_treatment(
        person_id=person.pk, level="provincial", document=document, actor=bureau.head, now=timezone.now()
    )
    assert (file.treatment_level, file.treatment_document) == ("provincial", document)
    event = apps.get_model("model_workers", "WorkerFileEvent").objects.latest("pgh_id")
    assert event.pgh_context["reason"] == document.citation()
    set_treatment(person_id=person.pk, level="", document=None, actor=bureau.head, now=timezone.now())
    assert WorkerFile.objects.get().treatment_level == ""


@pytest.mark.parametrize("level", ["provincial", "", "royal"])
def test_treatment_without_basis_or_level_is_refused(bureau, person, level):
    document = PolicyDocumentFactory() if not level else None
    with pytest.raises(Refused):
        set_treatment(
            person_id=person.pk, level=level, document=document, actor=bureau.head, now=timezone.now()
        )


def test_a_clerk_does_not_set_treatment(bureau, person):
    with pytest.raises(Refused, match="权限"):
        set_treatment(
            person_id=person.pk,
            level="municipal",
            document=PolicyDocumentFactory(),
            actor=bureau.clerk,
            now=timezone.now(),
        )


def test_a_typed_number_is_kept_is_nobody_elses_and_an_emptied_one_is_given_anew(bureau, person):
    def change(whom: Person, number: str) -> WorkerFile:
        return change_file(
            person_id=whom.pk, facts={"number": number}, actor=bureau.clerk, now=timezone.now()
        )

    assert change(person, "旧档 12").number == "旧档 12"
    other = PersonFactory(union=person.union)
    bureau.award(other)
    with pytest.raises(Refused, match="档案号已有人使用") as refused:
        change(other, "旧档 12")
    assert refused.value.field == "number"
    assert change(person, "").number.startswith(f"{person.union.code}-")
