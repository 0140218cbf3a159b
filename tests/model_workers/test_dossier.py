"""One person's file: what counts, what was received, and what does not fit together."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.cases.services import save_case
from apps.core import audit
from apps.model_workers.models import AllowanceLine, AllowanceRun, AllowanceStandard, WorkerFile
from apps.model_workers.rules.contradictions import (
    FileFacts,
    HonourFact,
    PaidFact,
    StandingFact,
    contradictions,
)
from apps.model_workers.selectors.dossier import dossier
from apps.people.chapters import chapters_of
from apps.people.models import DuplicatePair, Person
from tests.factories import (
    AllowanceStandardFactory,
    CountingRuleFactory,
    ExamInvitationFactory,
    HonourFactory,
    HospitalFactory,
    PersonFactory,
    StandingEventFactory,
    retired_worker,
)
from tests.model_workers.bureau import Bureau
from tests.model_workers.changes import changed

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def bureau() -> Bureau:
    CountingRuleFactory()
    return Bureau()


def read(person: Person, bureau: Bureau):
    found = Person.objects.visible_to(bureau.clerk).for_detail(TODAY).get(pk=person.pk)
    return dossier(person=found, viewer=bureau.clerk, today=TODAY)


def pay(person: Person, bureau: Bureau, *, year: int) -> AllowanceLine:
    run = AllowanceRun(
        union=bureau.city,
        year=year,
        snapshot_on=date(year - 1, 12, 31),
        rule=CountingRuleFactory._meta.model.objects.get(),
    )
    save_case(case=run, actor=bureau.clerk)
    if not AllowanceStandard.objects.exists():
        AllowanceStandardFactory()
    with audit.because(actor_id=bureau.clerk.pk, action="编制"):
        return AllowanceLine.objects.create(
            case=run,
            person=person,
            name=person.name,
            union_name=person.union.name,
            award_count=1,
            award_class=1,
            amount=1500,
            period_from=date(year, 1, 1),
            period_until=date(year, 12, 31),
        )


def test_the_class_says_which_honours_count(bureau):
    person = retired_worker(honours=2)
    void = HonourFactory(person=person, voided_at=timezone.now(), voided_by=bureau.clerk, void_reason="错")
    found = read(person, bureau)
    assert (found.class_label, found.award_count, found.reason) == ("二次", 2, "")
    assert void.pk not in found.counted
    assert len(found.honours) == 3
    assert len(found.standing_honours) == 2


def test_why_somebody_gets_nothing_is_said(bureau):
    person = PersonFactory()
    StandingEventFactory(person=person, kind="in_service")
    HonourFactory(person=person)
    assert read(person, bureau).reason == "未离退休（在职）"
    retired = retired_worker()
    bureau.award(retired)
    changed(retired, "suspend", TODAY, clerk=bureau.clerk, head=bureau.head)
    assert read(retired, bureau).reason == "待遇已暂停"


def test_what_was_paid_stays_with_the_person_after_a_merge(bureau):
    kept, merged = retired_worker(), retired_worker()
    pay(merged, bureau, year=2016)
    Person.objects.filter(pk=merged.pk).update(merged_into=kept)
    assert [line.amount for line in read(kept, bureau).received.allowances] == [1500]


def test_the_person_page_has_a_chapter_by_year(bureau):
    person = retired_worker(name="示例甲")
    bureau.award(person)
    pay(person, bureau, year=2016)
    found = Person.objects.visible_to(bureau.clerk).for_detail(TODAY).get(pk=person.pk)
    chapter = next(one for one in chapters_of(found, bureau.clerk) if one.key == "model_workers")
    years = {year.year: [row.title for row in year.rows] for year in chapter.years}
    assert years[None] == ["劳模档案"]
    assert years[2016] == ["荣誉津贴"]
    assert years[2011] == ["示例市级职工劳动模范"]


def test_who_is_no_model_worker_has_an_empty_chapter(bureau):
    found = Person.objects.visible_to(bureau.clerk).for_detail(TODAY).get(pk=PersonFactory().pk)
    chapter = next(one for one in chapters_of(found, bureau.clerk) if one.key == "model_workers")
    assert chapter.years == chapter.contradictions == ()


def test_a_file_costs_the_same_queries_however_much_it_holds(bureau):
    person = retired_worker()
    bureau.award(person)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(person, bureau)
        return len(queries)

    before = cost()
    for year in (2014, 2015, 2016):
        pay(person, bureau, year=year)
        bureau.award(person, awarded_on=date(year, 4, 28))
        ExamInvitationFactory(case__year=year, person=person)
    assert cost() == before


# --- contradictions ----------------------------------------------------------------------------------------------

GONG = "示例市劳动模范"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            FileFacts(birth_on=date(1960, 5, 1), honours=[HonourFact(GONG, date(1976, 4, 30))]),
            "早于 16 周岁",
        ),
        (
            FileFacts(birth_on=date(1960, 2, 29), honours=[HonourFact(GONG, date(1976, 2, 28))]),
            "早于 16 周岁",
        ),
        (
            FileFacts(
                birth_on=None,
                honours=[HonourFact(GONG, date(1989, 4, 28)), HonourFact(GONG, date(1989, 12, 1))],
            ),
            "相隔不到一年",
        ),
        (
            FileFacts(
                birth_on=None,
                honours=[HonourFact(GONG, date(2016, 4, 28))],
                standing=[StandingFact("died", date(2015, 4, 28), "示例")],
            ),
            "晚于去世日期",
        ),
        (FileFacts(birth_on=None, standing=[StandingFact("retired", date(2010, 1, 1))]), "没有证明材料"),
        (
            FileFacts(
                birth_on=None, paid=[PaidFact("2016年荣誉津贴", date(2016, 1, 1), needs_retirement=True)]
            ),
            "没有登记离退休日期",
        ),
        (
            FileFacts(
                birth_on=None,
                standing=[StandingFact("retired", date(2017, 3, 1), "示例退休证")],
                paid=[PaidFact("2016年荣誉津贴", date(2016, 1, 1), needs_retirement=True)],
            ),
            "2017-03-01 才离退休",
        ),
        (
            FileFacts(
                birth_on=None,
                standing=[StandingFact("died", date(2015, 12, 31), "示例")],
                paid=[PaidFact("2016年荣誉津贴", date(2016, 1, 1))],
            ),
            "2016年荣誉津贴在 2015-12-31“去世”之后",
        ),
        (
            FileFacts(
                birth_on=None,
                stopped=[("暂停", date(2015, 6, 1))],
                paid=[PaidFact("2016年体检", date(2016, 5, 4))],
            ),
            "“暂停”之后",
        ),
        (FileFacts(birth_on=None, other_files=["疑似重复的“示例乙”"]), "另有一份档案"),
    ],
)
def test_a_contradiction_is_told_in_one_sentence(facts, words):
    found = contradictions(facts)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "facts",
    [
        FileFacts(birth_on=date(1960, 5, 1), honours=[HonourFact(GONG, date(1976, 5, 1))]),
        FileFacts(
            birth_on=None, honours=[HonourFact(GONG, date(1989, 4, 28)), HonourFact(GONG, date(1991, 4, 28))]
        ),
        FileFacts(
            birth_on=None,
            honours=[HonourFact(GONG, date(2016, 4, 28), note="追授")],
            standing=[StandingFact("died", date(2015, 4, 28), "示例")],
        ),
        FileFacts(
            birth_on=None,
            standing=[
                StandingFact("missing", date(2014, 1, 1), "示例"),
                StandingFact("present", date(2015, 1, 1)),
            ],
            paid=[PaidFact("2016年荣誉津贴", date(2016, 1, 1))],
        ),
        FileFacts(
            birth_on=None,
            standing=[StandingFact("retired", date(2016, 3, 1), "示例退休证")],
            paid=[PaidFact("2016年荣誉津贴", date(2016, 1, 1), needs_retirement=True)],
        ),
    ],
)
def test_what_fits_is_not_flagged(facts):
    assert contradictions(facts) == []


def test_rows_of_the_database_are_held_against_each_other(bureau):
    person = retired_worker(retired_on=date(2005, 1, 1))
    pay(person, bureau, year=2016)
    ExamInvitationFactory(
        case__year=2015, person=person, hospital=HospitalFactory(), attended_on=date(2015, 5, 4)
    )
    StandingEventFactory(person=person, kind="died", effective_on=date(2015, 3, 1))
    found = read(person, bureau).contradictions
    assert found == [
        "2016年荣誉津贴在 2015-03-01“去世”之后。",
        "2015年体检（2015-05-04 到检）在 2015-03-01“去世”之后。",
    ]


def test_a_second_file_of_the_same_person_is_named(bureau):
    person, merged, double = retired_worker(name="示例甲"), retired_worker(), retired_worker(name="示例甲")
    WorkerFile.objects.create(person=merged, number="旧档 7", opened_by=bureau.clerk)
    Person.objects.filter(pk=merged.pk).update(merged_into=person)
    DuplicatePair.objects.create(first=person, second=double, same_birth=True)
    found = read(person, bureau).contradictions
    assert any("旧档 7" in sentence for sentence in found)
    assert any("疑似重复的“示例甲”" in sentence for sentence in found)


def test_a_double_in_another_county_is_not_told(bureau):
    clerk = bureau.county_clerk
    person, double = retired_worker(union=clerk.union), retired_worker(name="示例金丝雀")
    DuplicatePair.objects.create(first=person, second=double, same_birth=True)
    found = Person.objects.visible_to(clerk).for_detail(TODAY).get(pk=person.pk)
    assert dossier(person=found, viewer=clerk, today=TODAY).contradictions == []
