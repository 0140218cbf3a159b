"""The life of a file: treatment with its basis, suspended, resumed, revoked, and a wrong entry taken back."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.core.errors import Refused
from apps.model_workers.models import FileEvent, Honour, WorkerFile
from apps.model_workers.rules.files import is_file_number
from apps.model_workers.rules.honours import Category
from apps.model_workers.selectors.counting import Counting, model_workers, present
from apps.model_workers.services.files import change_file, decide_file, set_treatment, void_event
from apps.people.models import Person
from tests.factories import PersonFactory, PolicyDocumentFactory
from tests.model_workers.bureau import Bureau
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def person(bureau) -> Person:
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    return person


def decide(bureau: Bureau, person: Person, action: str, day: date, **changes) -> FileEvent:
    given = {"document": "示例处理决定", "reason": "示例", "actor": bureau.head} | changes
    return decide_file(person_id=person.pk, action=action, effective_on=day, now=timezone.now(), **given)


def is_present(day: date) -> bool:
    counting = Counting((Category.WORKER,), higher_counts=False)
    return present(model_workers(union_path="LF/", as_of=day, counting=counting)).exists()


def test_the_number_of_a_file_is_told_from_a_persons_behind_the_same_letters():
    assert is_file_number("gy-2026-0001")
    assert not is_file_number(f"GY-2016-{resident_number(1)}")


def test_suspended_resumed_and_revoked_each_from_its_day_on(bureau, person):
    decide(bureau, person, "suspend", date(2015, 3, 1))
    decide(bureau, person, "resume", date(2015, 9, 1))
    decide(bureau, person, "revoke", date(2016, 2, 1))
    days = [date(2015, 2, 28), date(2015, 3, 1), date(2015, 9, 1), date(2016, 1, 31), date(2016, 2, 1)]
    assert [is_present(day) for day in days] == [True, False, True, True, False]


def test_steps_follow_the_table(bureau, person):
    with pytest.raises(Refused, match="不能恢复待遇"):
        decide(bureau, person, "resume", date(2015, 3, 1))
    decide(bureau, person, "revoke", date(2015, 3, 1))
    for action in ("suspend", "resume", "revoke"):
        with pytest.raises(Refused, match="当前状态为“撤销”"):
            decide(bureau, person, action, date(2016, 3, 1))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2015, 3, 1), "晚于上一次变动"),
        (date(2015, 2, 28), "晚于上一次变动"),
        (TODAY + timedelta(400), "一年"),
    ],
)
def test_events_follow_one_another(bureau, person, day, words):
    decide(bureau, person, "suspend", date(2015, 3, 1))
    with pytest.raises(Refused, match=words) as refused:
        decide(bureau, person, "resume", day)
    assert refused.value.field == "effective_on"


def test_nothing_happens_before_the_first_honour(bureau, person):
    with pytest.raises(Refused, match="第一项荣誉"):
        decide(bureau, person, "suspend", date(2011, 4, 27))


@pytest.mark.parametrize("missing", ["document", "reason"])
def test_a_decision_names_its_document_and_reason(bureau, person, missing):
    with pytest.raises(Refused):
        decide(bureau, person, "suspend", date(2015, 3, 1), **{missing: " "})
    assert not FileEvent.objects.exists()


def test_only_the_head_decides_and_only_in_reach(bureau, person):
    for actor in (bureau.clerk, bureau.vice):
        with pytest.raises(Refused, match="权限"):
            decide(bureau, person, "suspend", date(2015, 3, 1), actor=actor)
    with pytest.raises(Person.DoesNotExist):
        decide(bureau, person, "suspend", date(2015, 3, 1), actor=bureau.county_clerk)


def test_who_has_no_file_has_nothing_to_suspend(bureau):
    with pytest.raises(Refused, match="还没有劳模档案"):
        decide(bureau, PersonFactory(), "suspend", date(2015, 3, 1))


def test_a_revocation_takes_the_honours_its_document_names_and_leaves_the_others(bureau, person):
    other = bureau.award(person, awarded_on=date(2014, 4, 28))
    named = Honour.objects.exclude(pk=other.pk).get()
    event = decide(bureau, person, "revoke", date(2016, 2, 1), honour_ids=[named.pk])
    assert list(Honour.objects.standing()) == [other]
    named.refresh_from_db()
    assert (named.revoked_on, named.revoked_document) == (event.effective_on, event.document)


def test_honours_of_somebody_else_do_not_fall_with_it(bureau, person):
    foreign = bureau.award(PersonFactory())
    with pytest.raises(Refused, match="重新选择"):
        decide(bureau, person, "revoke", date(2016, 2, 1), honour_ids=[foreign.pk])
    assert not FileEvent.objects.exists()


def test_a_suspension_takes_no_honours(bureau, person):
    with pytest.raises(Refused, match="只有撤销"):
        decide(bureau, person, "suspend", date(2016, 2, 1), honour_ids=[Honour.objects.get().pk])


def test_a_wrong_revocation_is_voided_with_what_it_took(bureau, person):
    honour = Honour.objects.get()
    event = decide(bureau, person, "revoke", date(2016, 2, 1), honour_ids=[honour.pk])
    void_event(event_id=event.pk, reason="登记到了别人名下", actor=bureau.head, now=timezone.now())
    assert is_present(TODAY)
    assert Honour.objects.standing().get() == honour
    decide(bureau, person, "suspend", date(2016, 2, 1))


def test_only_the_last_event_is_voided_once_by_the_head_with_a_reason(bureau, person):
    first = decide(bureau, person, "suspend", date(2015, 3, 1))
    last = decide(bureau, person, "resume", date(2015, 9, 1))
    now = timezone.now()
    with pytest.raises(Refused, match="后面还有一次"):
        void_event(event_id=first.pk, reason="错", actor=bureau.head, now=now)
    with pytest.raises(Refused, match="作废理由"):
        void_event(event_id=last.pk, reason="", actor=bureau.head, now=now)
    with pytest.raises(Refused, match="权限"):
        void_event(event_id=last.pk, reason="错", actor=bureau.clerk, now=now)
    void_event(event_id=last.pk, reason="错", actor=bureau.head, now=now)
    with pytest.raises(Refused, match="已经作废"):
        void_event(event_id=last.pk, reason="错", actor=bureau.head, now=now)
    void_event(event_id=first.pk, reason="错", actor=bureau.head, now=now)
    assert not FileEvent.objects.valid().exists()


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
