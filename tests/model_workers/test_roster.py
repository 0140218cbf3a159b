"""The roster: filters, the people behind a figure of the budget, the row scope, what goes out."""

from datetime import date, timedelta
from io import BytesIO
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from apps.accounts.models import AccessRecord
from apps.core.pdf import pdf_text
from apps.model_workers.models import Honour
from apps.model_workers.quantities import SOURCES
from apps.model_workers.rules.honours import Category, Level
from apps.model_workers.selectors.workers import roster
from tests.clients import signed_in
from tests.factories import (
    CountingRuleFactory,
    ExamRuleFactory,
    HonourFactory,
    HonourTitleFactory,
    PersonFactory,
    StandingEventFactory,
    UnionFactory,
    UnitFactory,
    UserFactory,
    retired_worker,
)
from tests.model_workers.bureau import Bureau, scan
from tests.model_workers.changes import changed
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
LIST = reverse("model_workers:worker_list")


@pytest.fixture
def bureau() -> Bureau:
    CountingRuleFactory()
    ExamRuleFactory()
    return Bureau()


def listed(client: Client, query: str = "") -> list[str]:
    """Names on the page, in their order."""
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200, response.content.decode()
    return [row.record.name for row in response.context["table"].paginated_rows]


def test_people_stand_as_their_names_are_spoken_and_not_as_their_characters_are_coded(bureau):
    union = UnionFactory()
    unit = UnitFactory(union=union)
    for name in ("张示例", "任示例", "倪示例", "俞示例"):
        retired_worker(name=name, unit=unit)
    assert listed(signed_in(bureau.clerk)) == ["倪示例", "任示例", "俞示例", "张示例"]


# --- filters -------------------------------------------------------------------------------------------------


@pytest.fixture
def three(bureau):
    """甲: a retired one of a bankrupt unit; 乙: in service, national and advanced; 丙: died, honoured three times."""
    first = retired_worker(
        name="示例甲",
        unit=UnitFactory(bankrupt=True),
        id_number=resident_number(1, birth_on=date(1950, 3, 1)),
    )
    second = PersonFactory(name="示例乙", id_number=resident_number(2, birth_on=date(1960, 7, 1)))
    StandingEventFactory(person=second, kind="in_service")
    HonourFactory(person=second, title=HonourTitleFactory(level=Level.NATIONAL, category=Category.ADVANCED))
    third = retired_worker(name="示例丙", honours=3, id_number=resident_number(3, birth_on=date(1940, 3, 1)))
    StandingEventFactory(person=third, kind="died", effective_on=date(2016, 1, 5))
    PersonFactory(name="示例无荣誉")
    return first, second, third


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"示例甲", "示例乙", "示例丙"}),
        ("?q=slb", {"示例丙"}),
        ("?q=示例丙", {"示例丙"}),
        ("?level=national", {"示例乙"}),
        ("?level=municipal", {"示例甲", "示例丙"}),
        ("?category=advanced", {"示例乙"}),
        ("?class=1", {"示例甲"}),
        ("?class=3", {"示例丙"}),
        ("?class=0", {"示例乙"}),
        ("?work=all_retired", {"示例甲", "示例丙"}),
        ("?work=in_service", {"示例乙"}),
        ("?work=unrecorded", set()),
        ("?life=present", {"示例甲", "示例乙"}),
        ("?life=died", {"示例丙"}),
        ("?nature=bankrupt", {"示例甲"}),
        ("?nature=no_unit", {"示例乙", "示例丙"}),
        ("?born=3", {"示例甲", "示例丙"}),
        ("?born=3&life=present", {"示例甲"}),
        ("?doubt=scan", {"示例甲", "示例乙", "示例丙"}),
        ("?doubt=proof", set()),
        ("?as_of=2015-12-31&life=died", set()),
        ("?as_of=1979-12-31", set()),
        ("?file=suspended", set()),
        ("?managed=nobody", {"示例甲", "示例乙", "示例丙"}),
    ],
)
def test_a_filter_leaves_the_right_people(bureau, three, query, names):
    assert set(listed(signed_in(bureau.clerk), query)) == names


def test_pinyin_initials_find_a_person_among_others(bureau):
    for name in ("张三", "李四"):
        HonourFactory(person=PersonFactory(name=name))
    assert listed(signed_in(bureau.clerk), "?q=zs") == ["张三"]


def test_a_suspended_file_and_one_whose_honours_are_all_revoked_are_found(bureau, three):
    first = three[0]
    bureau.award(first)
    client = signed_in(bureau.clerk)
    changed(first, "revoke", TODAY, honours=first.honours.all(), clerk=bureau.clerk, head=bureau.head)
    assert "示例甲" not in listed(client)
    assert listed(client, "?file=revoked") == ["示例甲"]
    yesterday = TODAY - timedelta(1)
    assert "示例甲" in listed(client, f"?as_of={yesterday:%Y-%m-%d}")


def test_a_file_number_finds_its_person(bureau):
    person = PersonFactory(name="示例甲")
    bureau.award(person)
    assert listed(signed_in(bureau.clerk), f"?q={person.worker_file.number}") == ["示例甲"]


def test_a_scan_takes_somebody_off_the_doubtful(bureau):
    bureau.award(PersonFactory(name="示例甲"), scan=scan())
    bureau.award(PersonFactory(name="示例乙"))
    assert listed(signed_in(bureau.clerk), "?doubt=scan") == ["示例乙"]


@pytest.mark.parametrize(
    "query", ["?as_of=2016-02-30", "?born=13", "?class=9", "?union=999999", "?level=royal"]
)
def test_a_wrong_filter_is_told_and_shows_nobody(bureau, three, query):
    response = signed_in(bureau.clerk).get(f"{LIST}{query}")
    assert response.status_code == 422
    assert "示例甲" not in response.text


def test_a_whole_number_leaves_the_address(bureau):
    number = resident_number(5)
    response = signed_in(bureau.clerk).get(LIST, {"q": number, "level": "municipal"})
    assert response.url == f"{LIST}?level=municipal"


def test_without_a_counting_rule_nobody_has_a_class_and_the_page_says_so():
    retired_worker(name="示例甲")
    response = signed_in(Bureau().clerk).get(LIST)
    assert "没有生效的荣誉津贴计次规则" in response.text
    assert "示例甲" in response.text


# --- the people behind a figure ----------------------------------------------------------------------------------


@pytest.fixture
def mixed(bureau):
    """People of every kind a figure has to tell apart."""
    bankrupt = UnitFactory(bankrupt=True)
    retired_worker(name="示例一次")
    retired_worker(name="示例一次破产", unit=bankrupt)
    retired_worker(name="示例二次", honours=2)
    retired_worker(name="示例四次", honours=4, unit=bankrupt)
    in_service = PersonFactory(name="示例在职")
    StandingEventFactory(person=in_service, kind="in_service")
    HonourFactory(person=in_service)
    gone = retired_worker(name="示例去世")
    StandingEventFactory(person=gone, kind="died", effective_on=date(2015, 12, 31))
    retired_worker(name="示例农民", honours=0)
    HonourFactory(person=PersonFactory(name="示例省级"), title=HonourTitleFactory(level=Level.PROVINCIAL))


@pytest.mark.parametrize("source", [source for source in SOURCES if "relief" not in source.key])
@pytest.mark.parametrize("award_class", ["1", "2", "3"])
@pytest.mark.parametrize("day", ["2015-12-30", "2015-12-31"])
def test_the_list_shows_exactly_the_rows_behind_a_figure(bureau, mixed, source, award_class, day):
    reading = source.read(
        union_path=bureau.city.path,
        year=2016,
        as_of=TODAY,
        parameters={"class": award_class, "snapshot_on": day},
    )
    address = urlsplit(reading.list_url)
    assert address.path == LIST
    client = signed_in(bureau.clerk)
    assert sorted(listed(client, f"?{address.query}")) == sorted(row.label for row in reading.rows)
    page = client.get(reading.list_url).text
    assert "这里正好是预算数" in page
    assert f"背后的 {len(reading.rows)} 人" in page


def test_a_figure_narrowed_further_says_so(bureau, mixed):
    page = signed_in(bureau.clerk).get(f"{LIST}?figure=exam_eligible&as_of=2015-12-30&work=in_service")
    assert "另有筛选条件，下面只是其中的 1 人" in page.text
    assert "示例一次" not in page.text


def test_a_figure_without_its_rule_is_no_empty_list():
    retired_worker(name="示例甲")
    page = signed_in(Bureau().clerk).get(f"{LIST}?figure=retired_by_class&class=1")
    assert "没有生效的荣誉津贴计次规则" in page.text
    assert "示例甲" not in page.text


# --- the row scope -----------------------------------------------------------------------------------------------


def test_a_county_sees_its_own_people_in_no_list_export_or_print(bureau):
    clerk, other = bureau.county_clerk, UnionFactory(code="LF01777")
    retired_worker(name="示例本县", union=clerk.union)
    retired_worker(name="示例金丝雀", union=other, unit=UnitFactory(union=other, name="示例金丝雀厂"))
    client = signed_in(clerk)
    for query in (
        "",
        "?q=示例金丝雀",
        "?q=jsq",
        "?file=valid",
        "?figure=exam_eligible",
        f"?union={other.pk}",
    ):
        page = client.get(f"{LIST}{query}")
        assert "示例金丝雀" not in page.text.replace(query.removeprefix("?q="), "")
    assert listed(client) == ["示例本县"]
    book = CalamineWorkbook.from_filelike(
        BytesIO(client.post(reverse("model_workers:worker_export")).content)
    )
    cells = str(book.get_sheet_by_index(0).to_python())
    assert "示例本县" in cells
    assert "金丝雀" not in cells
    pages = "".join(pdf_text(client.post(reverse("model_workers:worker_print")).content))
    assert "示例本县" in pages
    assert "金丝雀" not in pages


def test_somebody_who_may_not_read_honours_gets_nobody_from_the_selector(bureau):
    retired_worker()
    finance = UserFactory(reader=True)
    assert not roster(viewer=finance, filters={}, today=TODAY).people.exists()


# --- going out ---------------------------------------------------------------------------------------------------


def test_the_export_holds_the_filtered_rows_masked_and_is_written_down(bureau, three):
    response = signed_in(bureau.clerk).post(reverse("model_workers:worker_export"), {"level": "municipal"})
    book = CalamineWorkbook.from_filelike(BytesIO(response.content))
    rows = book.get_sheet_by_index(0).to_python()
    heads, lines = rows[1], [dict(zip(rows[1], row, strict=True)) for row in rows[2:]]
    assert "荣誉" in heads
    assert {line["姓名"] for line in lines} == {"示例甲", "示例丙"}
    number = three[0].id_number.reveal()
    assert (
        next(line for line in lines if line["姓名"] == "示例甲")["证件号码"] == f"131099********{number[-4:]}"
    )
    record = AccessRecord.objects.get(kind="export")
    assert (record.row_count, record.detail, record.actor) == (2, "荣誉级别 市级", bureau.clerk)
    assert len(record.sha256) == 64


def test_the_printed_roster_counts_each_page_and_the_whole(bureau):
    union = UnionFactory(code="LF01003")
    long_unit = UnitFactory(union=union, name="示例单位名称很长" * 9)
    for number in range(45):
        retired_worker(
            name=f"示例{chr(0x4E00 + number)}", union=union, unit=long_unit if number % 7 == 0 else None
        )
    response = signed_in(bureau.clerk).post(reverse("model_workers:worker_print"), {"work": "all_retired"})
    assert response["Content-Type"] == "application/pdf"
    pages = ["".join(page.split()) for page in pdf_text(response.content)]
    assert len(pages) > 1
    counts = [int(page.split("本页人数")[1].split("人")[0]) for page in pages]
    assert sum(counts) == 45
    assert "合计45人" in pages[-1]
    assert all("制表：" in page and "审核：" in page and "审批：" in page for page in pages)
    assert all(f"至本页累计{sum(counts[: at + 1])}人" in page for at, page in enumerate(pages))
    record = AccessRecord.objects.get(kind="print")
    assert (record.row_count, record.detail) == (45, "工作状态 离退休")


def test_a_figure_goes_out_as_it_is_shown(bureau, mixed):
    asked = {"figure": "retired_by_class", "class": "3", "as_of": "2015-12-31"}
    response = signed_in(bureau.clerk).post(reverse("model_workers:worker_export"), asked)
    rows = CalamineWorkbook.from_filelike(BytesIO(response.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[2:]] == ["示例四次"]


def test_the_address_carries_the_filters_into_forms_and_links(bureau, three):
    page = signed_in(bureau.clerk).get(f"{LIST}?work=all_retired&as_of=2015-12-31")
    assert '<input type="hidden" name="as_of" value="2015-12-31">' in page.text
    link = f"{reverse('model_workers:bulk_deed', args=['review'])}?all=1&amp;"
    query = page.text.split(link)[1].split('"')[0].replace("&amp;", "&")
    assert dict(parse_qsl(query)) == {"work": "all_retired", "as_of": "2015-12-31"}


def test_two_people_and_twelve_cost_the_same_queries(bureau, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(bureau.clerk)

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed(client)
        return len(queries)

    for _ in range(2):
        retired_worker(unit=UnitFactory())
    listed(client)
    before = cost()
    for _ in range(10):
        retired_worker(honours=2, unit=UnitFactory())
    assert Honour.objects.count() == 22
    assert cost() == before
