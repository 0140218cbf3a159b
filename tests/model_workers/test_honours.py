"""Entering, certifying, voiding and revoking an honour."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.accounts.models import AccessRecord
from apps.core.errors import Refused
from apps.model_workers.models import Honour, HonourTitle, WorkerFile
from apps.model_workers.rules.honours import Category, Level
from apps.model_workers.selectors.counting import Counting, entitled, model_workers
from apps.model_workers.services.honours import (
    attach_scan,
    hand_out_scan,
    void_honour,
)
from apps.model_workers.services.reference import load_titles
from apps.people.models import Person
from tests.factories import HonourTitleFactory, PersonFactory, UnionFactory, retired_worker
from tests.model_workers.bureau import PNG, scan
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db


def class_of(person: Person) -> int:
    counting = Counting((Category.WORKER,), higher_counts=False)
    people = entitled(model_workers(union_path="LF/", as_of=timezone.localdate(), counting=counting))
    return people.values_list("award_class", flat=True).get(pk=person.pk)


def test_the_first_honour_opens_the_file_and_the_second_finds_it(bureau):
    person = PersonFactory(union=UnionFactory(code="LF01003"))
    bureau.award(person)
    file = WorkerFile.objects.get(person=person)
    assert (file.opened_by, file.managed_by) == (bureau.clerk, person.union.name)
    assert file.number == f"LF01003-{timezone.localdate().year}-0001"
    bureau.award(person, awarded_on=date(2014, 4, 28))
    assert WorkerFile.objects.get(person=person).number == file.number


def test_each_union_numbers_its_files_by_year_in_a_row_of_its_own(bureau):
    county, other = UnionFactory(code="LF01003"), UnionFactory(code="LF01004")
    for union in (county, county, other):
        bureau.award(PersonFactory(union=union))
    year = timezone.localdate().year
    assert list(WorkerFile.objects.order_by("pk").values_list("number", flat=True)) == [
        f"LF01003-{year}-0001",
        f"LF01003-{year}-0002",
        f"LF01004-{year}-0001",
    ]


def test_a_third_honour_moves_a_person_from_the_second_class_to_the_third(bureau):
    person = retired_worker(honours=2)
    assert class_of(person) == 2
    bureau.award(person)
    assert class_of(person) == 3


def test_what_stands_on_the_certificate_is_kept_and_the_number_gets_its_brackets(bureau):
    honour = bureau.award(PersonFactory(), scan=scan())
    assert (honour.document_number, honour.awarding_body) == ("示政〔2011〕3号", "示例市人民政府")
    assert honour.scan_name == "证书.png"
    assert bytes(honour.scan).startswith(PNG[:8])


def test_a_number_of_early_years_stays_as_it_stands(bureau):
    assert (
        bureau.award(PersonFactory(), facts={"document_number": "示字 第12号"}).document_number
        == "示字 第12号"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"awarded_on": timezone.localdate() + timedelta(1)}, "awarded_on"),
        ({"awarded_on": date(1949, 9, 30)}, "awarded_on"),
        ({"awarded_on": date(1950, 1, 1)}, "awarded_on"),
        ({"facts": {"awarding_body": " "}}, "awarding_body"),
        ({"facts": {"note": f"证件 {resident_number(3)}"}}, "note"),
    ],
)
def test_an_honour_that_cannot_be_is_refused_beside_its_field(bureau, changes, field):
    person = PersonFactory(id_number="", id_kind="none", birth_on=date(1950, 1, 1))
    with pytest.raises(Refused) as refused:
        bureau.award(person, **changes)
    assert refused.value.field == field
    assert not Honour.objects.exists()
    assert not WorkerFile.objects.exists()


def test_a_title_out_of_use_is_refused(bureau):
    title = HonourTitleFactory(is_active=False)
    with pytest.raises(Refused, match="已停用"):
        bureau.award(PersonFactory(), title=title)


def test_the_same_award_enters_once_with_the_sentence_of_the_constraint(bureau):
    person = PersonFactory()
    first = bureau.award(person)
    with pytest.raises(Refused, match="已登记"):
        bureau.award(person)
    void_honour(honour_id=first.pk, reason="录错", actor=bureau.clerk, now=timezone.now())
    bureau.award(person)
    assert Honour.objects.standing().filter(person=person).count() == 1


def test_only_those_who_keep_the_register_enter_honours_and_only_in_reach(bureau):
    person = PersonFactory()
    with pytest.raises(Refused, match="权限"):
        bureau.award(person, actor=bureau.head)
    with pytest.raises(Person.DoesNotExist):
        bureau.award(person, actor=bureau.county_clerk)


def test_a_merged_row_gets_no_honours(bureau):
    person = PersonFactory()
    Person.objects.filter(pk=person.pk).update(merged_into=PersonFactory())
    with pytest.raises(Refused, match="已并入"):
        bureau.award(person)


@pytest.mark.parametrize(
    ("name", "content"),
    [("证书.png", b"<html>"), ("证书.svg", b"<svg/>"), ("证书.pdf", PNG), ("证书.png", b"")],
)
def test_a_scan_that_is_no_picture_is_refused(bureau, name, content):
    with pytest.raises(Refused) as refused:
        bureau.award(PersonFactory(), scan=scan(name, content))
    assert refused.value.field == "scan"


def test_a_scan_added_later_ends_the_doubt_and_the_history_does_not_keep_the_picture(bureau):
    honour = bureau.award(PersonFactory())
    assert list(Honour.objects.without_scan()) == [honour]
    attach_scan(honour_id=honour.pk, scan=scan(), actor=bureau.clerk, now=timezone.now())
    assert not Honour.objects.without_scan().exists()
    event = apps.get_model("model_workers", "HonourEvent").objects.latest("pgh_id")
    assert len(event.scan_sha256) == 64
    assert not hasattr(event, "scan")


def test_whoever_takes_a_certificate_is_written_down(bureau):
    honour = bureau.award(PersonFactory(name="示例甲"), scan=scan())
    handed = hand_out_scan(honour_id=honour.pk, actor=bureau.head)
    record = AccessRecord.objects.get(kind="export")
    assert (record.actor, record.sha256) == (bureau.head, handed.scan_sha256)
    assert "示例甲" in record.subject
    with pytest.raises(Honour.DoesNotExist):
        hand_out_scan(honour_id=honour.pk, actor=bureau.county_clerk)


def test_a_voided_honour_counts_no_more_and_says_why(bureau):
    person = retired_worker(honours=2)
    honour = person.honours.first()
    void_honour(honour_id=honour.pk, reason="录错", actor=bureau.clerk, now=timezone.now())
    honour.refresh_from_db()
    assert (honour.voided_by, honour.void_reason) == (bureau.clerk, "录错")
    assert class_of(person) == 1
    with pytest.raises(Refused, match="已经作废"):
        void_honour(honour_id=honour.pk, reason="再来", actor=bureau.clerk, now=timezone.now())


def test_voiding_needs_a_reason(bureau):
    honour = bureau.award(PersonFactory())
    with pytest.raises(Refused, match="作废理由"):
        void_honour(honour_id=honour.pk, reason=" ", actor=bureau.clerk, now=timezone.now())


def test_the_titles_are_loaded_once_and_what_staff_edited_stays(settings):
    folder = settings.BASE_DIR / "fixtures"
    assert load_titles(folder) == HonourTitle.objects.count() > 10
    municipal = HonourTitle.objects.get(name="廊坊市劳动模范")
    assert (municipal.level, municipal.category, municipal.is_model_worker) == (
        Level.MUNICIPAL,
        "worker",
        True,
    )
    assert not HonourTitle.objects.get(name="全国五一劳动奖章").is_model_worker
    HonourTitle.objects.filter(pk=municipal.pk).update(is_active=False)
    assert load_titles(folder) == 0
    assert not HonourTitle.objects.get(pk=municipal.pk).is_active
