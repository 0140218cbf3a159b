"""荣誉和待遇变动: suspended, resumed, revoked and given back by two people with a document, and shown where it counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.core.errors import Refused
from apps.model_workers.models import FileChange, FileEvent, Honour
from apps.model_workers.rules.honours import Category
from apps.model_workers.selectors.counting import Counting, model_workers, present
from apps.people.models import Person
from tests.clients import signed_in
from tests.factories import PersonFactory, UserFactory
from tests.model_workers.bureau import Bureau
from tests.model_workers.changes import asked, changed, event_of, step, voided

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def person(bureau) -> Person:
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    return person


def change(bureau: Bureau, person: Person, action: str, day: date, **more) -> FileChange:
    return changed(person, action, day, clerk=bureau.clerk, head=bureau.head, **more)


def is_present(day: date) -> bool:
    counting = Counting((Category.WORKER,), higher_counts=False)
    return present(model_workers(union_path="LF/", as_of=day, counting=counting)).exists()


def url(name: str, *args: object) -> str:
    return reverse(f"model_workers:{name}", args=args)


# --- the file --------------------------------------------------------------------------------------------------


def test_suspended_resumed_and_revoked_each_from_its_day_on(bureau, person):
    change(bureau, person, "suspend", date(2015, 3, 1))
    change(bureau, person, "resume", date(2015, 9, 1))
    change(bureau, person, "revoke", date(2016, 2, 1))
    days = [date(2015, 2, 28), date(2015, 3, 1), date(2015, 9, 1), date(2016, 1, 31), date(2016, 2, 1)]
    assert [is_present(day) for day in days] == [True, False, True, True, False]


def test_nothing_changes_before_the_second_person_agreed(bureau, person):
    case = asked(person, "suspend", date(2015, 3, 1), clerk=bureau.clerk)
    step(case, bureau.clerk, "submit")
    assert is_present(TODAY)
    step(case, bureau.head, "approve")
    assert not is_present(TODAY)


def test_whoever_asked_does_not_decide(bureau, person):
    both = UserFactory(model_worker_clerk=True, model_worker_head=True)
    case = asked(person, "suspend", date(2015, 3, 1), clerk=both)
    step(case, both, "submit")
    with pytest.raises(Refused, match="不能再审核或审批"):
        step(case, both, "approve")


def test_changes_follow_the_table(bureau, person):
    with pytest.raises(Refused, match="不能恢复待遇"):
        change(bureau, person, "resume", date(2015, 3, 1))
    change(bureau, person, "revoke", date(2015, 3, 1))
    for action in ("suspend", "resume", "revoke"):
        with pytest.raises(Refused, match="当前状态为“撤销”"):
            change(bureau, person, action, date(2016, 3, 1))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2015, 3, 1), "晚于上一次变动"),
        (date(2015, 2, 28), "晚于上一次变动"),
        (TODAY + timedelta(400), "一年"),
    ],
)
def test_changes_follow_one_another(bureau, person, day, words):
    change(bureau, person, "suspend", date(2015, 3, 1))
    with pytest.raises(Refused, match=words) as refused:
        change(bureau, person, "resume", day)
    assert refused.value.field == "effective_on"


def test_nothing_happens_before_the_first_honour(bureau, person):
    with pytest.raises(Refused, match="第一项荣誉"):
        change(bureau, person, "suspend", date(2011, 4, 27))


@pytest.mark.parametrize("missing", ["document", "reason"])
@pytest.mark.parametrize("action", ["suspend", "revoke_honour"])
def test_a_change_names_its_document_and_reason(bureau, person, action, missing):
    honours = Honour.objects.all() if action == "revoke_honour" else ()
    with pytest.raises(Refused) as refused:
        change(bureau, person, action, date(2015, 3, 1), honours=honours, **{missing: " "})
    assert refused.value.field == missing
    assert not FileChange.objects.exists()


def test_a_clerk_asks_in_reach_and_others_do_not(bureau, person):
    with pytest.raises(Refused, match="权限"):
        asked(person, "suspend", date(2015, 3, 1), clerk=bureau.vice)
    with pytest.raises(Person.DoesNotExist):
        asked(person, "suspend", date(2015, 3, 1), clerk=bureau.county_clerk)


def test_who_has_no_file_has_nothing_to_suspend(bureau):
    with pytest.raises(Refused, match="还没有劳模档案"):
        asked(PersonFactory(), "suspend", date(2015, 3, 1), clerk=bureau.clerk)


def test_one_change_of_a_file_is_under_way_at_a_time(bureau, person):
    asked(person, "suspend", date(2015, 3, 1), clerk=bureau.clerk)
    with pytest.raises(Refused, match="已有一项档案变动在办理") as refused:
        asked(person, "revoke", date(2015, 4, 1), clerk=bureau.clerk)
    assert refused.value.code == "model_workers_filechange_one_under_way"


def test_what_changed_between_asking_and_deciding_is_said_before_the_click(bureau, person):
    case = asked(person, "revoke_honour", TODAY, honours=person.honours.all(), clerk=bureau.clerk)
    step(case, bureau.clerk, "submit")
    change(bureau, person, "revoke", TODAY, honours=person.honours.all())
    page = signed_in(bureau.head).get(url("change_detail", case.public_id)).text
    assert "所选荣誉里有的已作废、已撤销" in page
    with pytest.raises(Refused, match="所选荣誉里有的已作废、已撤销"):
        step(case, bureau.head, "approve")


# --- honours ---------------------------------------------------------------------------------------------------


def test_a_revocation_takes_the_honours_its_document_names_and_leaves_the_others(bureau, person):
    other = bureau.award(person, awarded_on=date(2014, 4, 28))
    named = Honour.objects.exclude(pk=other.pk).get()
    case = change(bureau, person, "revoke", date(2016, 2, 1), honours=[named])
    assert list(Honour.objects.standing()) == [other]
    named.refresh_from_db()
    assert (named.revoked_on, named.revoked_document) == (case.effective_on, case.document)


def test_honours_of_somebody_else_do_not_fall_with_it(bureau, person):
    foreign = bureau.award(PersonFactory())
    with pytest.raises(Refused, match="重新选择") as refused:
        change(bureau, person, "revoke", date(2016, 2, 1), honours=[foreign])
    assert refused.value.field == "honours"


def test_a_suspension_takes_no_honours_and_a_change_of_honours_names_some(bureau, person):
    with pytest.raises(Refused, match="不涉及单项荣誉"):
        change(bureau, person, "suspend", date(2016, 2, 1), honours=person.honours.all())
    with pytest.raises(Refused, match="请勾选荣誉"):
        change(bureau, person, "revoke_honour", date(2016, 2, 1))


def test_a_revoked_honour_comes_back_by_a_document_and_two_people(bureau, person):
    honour = person.honours.get()
    change(bureau, person, "revoke_honour", TODAY, honours=[honour])
    assert not is_present(TODAY)
    with pytest.raises(Refused, match="重新选择"):
        change(bureau, person, "revoke_honour", TODAY, honours=[honour])
    case = change(bureau, person, "restore_honour", TODAY, honours=[honour], document="示例复议决定")
    assert is_present(TODAY)
    event = apps.get_model("model_workers", "HonourEvent").objects.latest("pgh_id")
    assert event.pgh_context["action"] == "恢复荣誉"
    page = signed_in(bureau.clerk).get(url("worker_detail", person.public_id)).text
    assert url("change_detail", case.public_id) in page
    assert "示例复议决定" in page


@pytest.mark.parametrize("day", [date(1970, 1, 1), TODAY + timedelta(1)])
def test_a_revocation_lies_between_the_award_and_today(bureau, person, day):
    with pytest.raises(Refused) as refused:
        change(bureau, person, "revoke_honour", day, honours=person.honours.all())
    assert refused.value.field == "effective_on"


# --- taken back ------------------------------------------------------------------------------------------------


def test_a_wrong_revocation_is_taken_back_by_two_with_what_it_took(bureau, person):
    honour = person.honours.get()
    case = change(bureau, person, "revoke", date(2016, 2, 1), honours=[honour])
    voided(case, clerk=bureau.clerk, head=bureau.head)
    assert is_present(TODAY)
    assert Honour.objects.standing().get() == honour
    change(bureau, person, "suspend", date(2016, 2, 1))


def test_only_the_last_change_is_taken_back(bureau, person):
    first = change(bureau, person, "suspend", date(2015, 3, 1))
    last = change(bureau, person, "resume", date(2015, 9, 1))
    with pytest.raises(Refused, match="只能作废最近一次变动"):
        step(first, bureau.clerk, "ask_void", "错")
    with pytest.raises(Refused, match="必须填写意见"):
        step(last, bureau.clerk, "ask_void")
    for case, after in pairwise((last, first, None)):
        voided(case, clerk=bureau.clerk, head=bureau.head)
        assert FileEvent.objects.valid().exists() == (after is not None)


def test_an_asked_voiding_may_be_refused_and_nothing_moves(bureau, person):
    case = change(bureau, person, "suspend", date(2015, 3, 1))
    step(case, bureau.clerk, "ask_void", "错")
    step(case, bureau.head, "keep", "登记无误")
    assert not is_present(TODAY)
    assert case.status == "approved"


def test_a_merge_keeps_one_event_of_a_day(bureau, person):
    """The kept person's counts; the other stays with the row it was made for."""
    other = PersonFactory(union=person.union)
    bureau.award(other, awarded_on=date(2012, 4, 28))
    for one in (person, other):
        change(bureau, one, "suspend", date(2015, 3, 1))
    found = FileEvent.objects.filter(person=other)
    with refused_by("model_workers_fileevent_one_a_day"), transaction.atomic():
        found.update(person=person)


# --- on the pages ----------------------------------------------------------------------------------------------


def test_a_file_is_suspended_on_the_pages_by_two_and_shown_on_the_person(bureau, person):
    clerk, head = signed_in(bureau.clerk), signed_in(bureau.head)
    words = {"effective_on": "2015-03-01", "document": "示例立案通知", "reason": "接受调查"}
    address = url("change_create", person.public_id, "suspend")
    refused = clerk.post(address, words | {"document": ""})
    assert refused.status_code == 422
    assert "“文件”没有填写" in refused.text
    assert "接受调查" in refused.text
    assert clerk.post(address, words).status_code == 302
    case = FileChange.objects.get()
    page = url("change_detail", case.public_id)
    assert "接受调查" in clerk.get(page).text
    for client, verb in ((clerk, "submit"), (head, "approve")):
        dialog = client.get(url("change_decide", case.public_id, verb))
        seen = dialog.context["form"].initial
        assert client.post(url("change_decide", case.public_id, verb), seen).status_code == 302
    worker = clerk.get(url("worker_detail", person.public_id)).text
    assert "示例立案通知：接受调查" in worker
    assert "恢复待遇…" in worker
    assert "暂停待遇…" not in worker
    assert page in clerk.get(reverse("people:person_detail", args=[person.public_id])).text
    assert page in clerk.get(url("change_list"), {"status": "approved"}).text


def test_a_draft_is_corrected_with_other_honours(bureau, person):
    other = bureau.award(person, awarded_on=date(2014, 4, 28))
    case = asked(person, "revoke_honour", TODAY, honours=[other], clerk=bureau.clerk)
    client, address = signed_in(bureau.clerk), url("change_edit", case.public_id)
    assert "checked" in client.get(address).text
    first = person.honours.exclude(pk=other.pk).get()
    words = {
        "effective_on": TODAY.isoformat(),
        "document": "另一决定",
        "reason": "更正",
        "honours": [first.pk],
    }
    assert client.post(address, words).status_code == 302
    assert [row.honour_id for row in case.rows.all()] == [first.pk]
    step(FileChange.objects.get(), bureau.clerk, "submit")
    assert client.get(address).status_code == 302


def test_an_unknown_change_is_no_page(bureau, person):
    assert signed_in(bureau.clerk).get(url("change_create", person.public_id, "burn")).status_code == 404


# --- by SQL ----------------------------------------------------------------------------------------------------


@contextmanager
def refused_by(name: str) -> Iterator[None]:
    with pytest.raises(DatabaseError) as error:
        yield
    assert error.value.__cause__.diag.constraint_name == name


def test_an_honour_is_not_revoked_or_given_back_without_its_decision(bureau, person):
    honour = person.honours.get()
    with refused_by("model_workers_honour_changed_by_decision"), transaction.atomic():
        Honour.objects.update(revoked_on=TODAY, revoked_document="x")
    case = change(bureau, person, "revoke_honour", TODAY, honours=[honour])
    for changes in (
        {"revoked_on": None, "revoked_document": ""},
        {"revoked_on": None, "revoked_document": "", "status_decision": None},
        {"revoked_on": date(2014, 1, 1)},
        {"status_decision": case.decisions.first()},
    ):
        with refused_by("model_workers_honour_changed_by_decision"), transaction.atomic():
            Honour.objects.update(**changes)


def test_a_decision_of_another_honour_revokes_nothing(bureau, person):
    other = bureau.award(PersonFactory(), awarded_on=date(2014, 4, 28))
    case = change(bureau, person, "revoke_honour", TODAY, honours=person.honours.all())
    taken = case.decisions.get(verb="approve")
    with refused_by("model_workers_honour_changed_by_decision"), transaction.atomic():
        Honour.objects.filter(pk=other.pk).update(
            revoked_on=TODAY, revoked_document=case.document, status_decision=taken
        )


def test_no_honour_is_born_revoked(bureau, person):
    honour = person.honours.get()
    honour.pk, honour.public_id, honour.awarded_on = None, None, date(2001, 1, 1)
    honour.revoked_on, honour.revoked_document = TODAY, "x"
    honour.public_id = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
    with refused_by("model_workers_honour_begins_standing"):
        honour.save(force_insert=True)


def test_an_event_is_what_its_decision_says(bureau, person):
    case = change(bureau, person, "suspend", date(2015, 3, 1))
    event = event_of(case)
    event.pk = None
    with refused_by("model_workers_fileevent_by_its_decision"), transaction.atomic():
        event.action, event.target = "revoke", "revoked"
        event.save(force_insert=True)
    with refused_by("model_workers_fileevent_voided_by_decision"), transaction.atomic():
        FileEvent.objects.update(void_decision=case.decisions.get(verb="approve"))
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        FileEvent.objects.update(effective_on=date(2015, 4, 1))
    with pytest.raises(DatabaseError, match="Cannot delete"):
        FileEvent.objects.all().delete()
