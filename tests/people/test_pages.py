"""The register as a list, its search and its walls; the chapters other programmes add; the portrait."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from apps.people import chapters
from apps.people.models import Person, Photo
from tests.clients import signed_in
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import account_number, resident_number
from tests.people.pages import numbers_in

pytestmark = pytest.mark.django_db
LIST = "people:person_list"


@pytest.fixture
def clerk():
    return UserFactory(county_clerk=True)


@pytest.fixture
def client(clerk):
    return signed_in(clerk)


def shown(client, **filters):
    page = client.get(reverse(LIST), filters)
    assert page.status_code == 200
    return {row.record.name for row in page.context["table"].rows}


# --- filters ----------------------------------------------------------------------------------------------------


def test_the_filters_stay_in_the_address_and_leave_exactly_their_rows(client, clerk):
    grassroots = UnionFactory(grassroots=True, parent=clerk.union)
    mill = UnitFactory(union=clerk.union, name="示例纺织厂", bankrupt=True)
    retired = PersonFactory(unit=mill, name="示例退休")
    StandingEventFactory(person=retired, kind="retired", effective_on=date(2010, 1, 1))
    veteran = PersonFactory(union=clerk.union, name="示例离休")
    StandingEventFactory(person=veteran, kind="veteran_retired", effective_on=date(1990, 1, 1))
    dead = PersonFactory(union=clerk.union, name="示例去世")
    StandingEventFactory(person=dead, kind="died", effective_on=date(2015, 1, 1), document="示例证明")
    back = PersonFactory(union=clerk.union, name="示例寻回")
    StandingEventFactory(person=back, kind="missing", effective_on=date(2014, 1, 1), document="示例证明")
    StandingEventFactory(person=back, kind="present", effective_on=date(2015, 1, 1))
    bare = PersonFactory(union=grassroots, name="示例暂缺", bare=True)
    everybody = {"示例退休", "示例离休", "示例去世", "示例寻回", "示例暂缺"}
    assert shown(client) == everybody
    assert shown(client, union=grassroots.pk) == {bare.name}
    assert shown(client, unit=mill.public_id) == shown(client, nature="bankrupt") == {retired.name}
    assert shown(client, nature="no_unit") == everybody - {retired.name}
    assert shown(client, work="all_retired") == {retired.name, veteran.name}
    assert shown(client, work="retired") == {retired.name}
    assert shown(client, work="unrecorded") == everybody - {retired.name, veteran.name}
    assert shown(client, life="died") == {dead.name}
    assert shown(client, life="alive") == everybody - {dead.name}
    assert shown(client, life="missing") == set()
    assert shown(client, number="no") == shown(client, account="no") == {bare.name}
    assert shown(client, number="yes", q="退休") == {retired.name}
    page = client.get(reverse(LIST), {"work": "retired", "q": "示例"}).content.decode()
    assert '<option value="retired" selected>' in page
    assert 'value="示例"' in page


def test_people_are_found_by_name_initials_last_four_and_unit(client, clerk):
    person = PersonFactory(unit=UnitFactory(union=clerk.union, name="示例机械厂"), name="张示例")
    PersonFactory(union=clerk.union, name="李某", id_number=resident_number(601))
    for words in (
        "张示",
        "示例",
        "zsl",
        "zhangshi",
        person.id_last_four,
        person.phone_last_four,
        "机械",
        "张 机械",
    ):
        assert shown(client, q=words) == {person.name}, words


def test_merged_rows_are_not_listed(client, clerk):
    kept, merged = PersonFactory(union=clerk.union), PersonFactory(union=clerk.union)
    Person.objects.filter(pk=merged.pk).update(merged_into=kept)
    assert shown(client) == {kept.name}


def test_long_lists_move_on_by_the_last_row_without_counting(client, clerk):
    people = PersonFactory.create_batch(120, union=clerk.union, bare=True)
    PersonFactory(union=clerk.union, name="无关")
    newest_first = [person.name for person in reversed(people)]
    seen, address, back = [], f"{reverse(LIST)}?q=%E7%A4%BA%E4%BE%8B", ""
    with CaptureQueriesContext(connection) as queries:
        while address:
            page = client.get(address)
            seen.append([row.record.name for row in page.context["table"].rows])
            address, back = page.context["pages"]["next_url"], page.context["pages"]["previous_url"]
            address = address and reverse(LIST) + address
    assert [len(part) for part in seen] == [50, 50, 20]
    assert [name for part in seen for name in part] == newest_first
    assert [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"].upper()] == []
    middle = client.get(reverse(LIST) + back)
    assert [row.record.name for row in middle.context["table"].rows] == seen[1]
    first = client.get(reverse(LIST) + middle.context["pages"]["previous_url"])
    assert [row.record.name for row in first.context["table"].rows] == seen[0]
    assert not first.context["pages"]["previous_url"]


def test_an_odd_place_in_the_list_is_the_beginning(client, clerk):
    PersonFactory.create_batch(3, union=clerk.union)
    for odd in ("0", "x", "-1", str(PersonFactory().public_id), "９" * 36):
        for name in ("after", "before", "page"):
            page = client.get(reverse(LIST), {name: odd})
            assert len(page.context["table"].rows) == 3


def test_the_list_and_the_page_of_a_person_ask_no_more_for_many_rows(client, clerk):
    def queries(address):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    def add(count):
        for _ in range(count):
            person = PersonFactory(unit=UnitFactory(union=clerk.union))
            StandingEventFactory(person=person, created_by=UserFactory())

    add(2)
    person = Person.objects.first()
    page = reverse("people:person_detail", args=[person.public_id])
    lists = [reverse(LIST), reverse("people:unit_list"), f"{reverse('home:search')}?q=示例"]
    few = [queries(address) for address in lists]
    short = queries(page)
    add(10)
    assert [queries(address) for address in lists] == few
    for year in range(2000, 2010):
        StandingEventFactory(person=person, effective_on=date(year, 1, 1), created_by=UserFactory())
        Person.objects.filter(pk=person.pk).update(note=str(year), unit=UnitFactory(union=clerk.union))
    assert queries(page) == short


# --- whole numbers ----------------------------------------------------------------------------------------------------


def test_a_whole_number_leads_to_its_person_through_a_form(client, clerk):
    number = resident_number(31)
    person = PersonFactory(
        union=clerk.union, id_number=number, phone="13900000031", account=account_number(31)
    )
    page = reverse("people:person_detail", args=[person.public_id])
    for text in (
        number,
        number.lower(),
        f" {number[:6]} {number[6:14]} {number[14:]} ",
        "139-0000-0031",
        f"张示例 {number}",
        account_number(31),
    ):
        answer = client.post(reverse("people:person_find"), {"q": text})
        assert (answer.status_code, answer.url) == (302, page), text


def test_the_old_fifteen_digits_find_the_person_too(client, clerk):
    person = PersonFactory(union=clerk.union, id_number="131099500101001")
    answer = client.post(reverse("people:person_find"), {"q": "131099500101001"})
    assert answer.url == reverse("people:person_detail", args=[person.public_id])


def test_one_phone_may_belong_to_several(client, clerk):
    people = PersonFactory.create_batch(2, union=clerk.union, phone="13900000032")
    answer = client.post(reverse("people:person_find"), {"q": "13900000032"})
    assert {row.record for row in answer.context["table"].rows} == set(people)
    assert numbers_in(answer.content) == []


def test_the_number_of_a_merged_row_leads_to_the_person_it_became(client, clerk):
    kept, merged = PersonFactory(union=clerk.union), PersonFactory(union=clerk.union)
    Person.objects.filter(pk=merged.pk).update(merged_into=kept)
    answer = client.post(reverse("people:person_find"), {"q": merged.id_number.reveal()})
    assert answer.url == reverse("people:person_detail", args=[kept.public_id])


def test_a_number_put_into_the_address_is_taken_out_of_it_unsearched(client, clerk):
    number = resident_number(33)
    PersonFactory(union=clerk.union, id_number=number, name="示例在册")
    for address in (reverse(LIST), reverse("home:search")):
        answer = client.get(address, {"q": number, "work": "retired"})
        assert answer.status_code == 302
        assert number not in answer.url
        page = client.get(answer.url).content.decode()
        assert "不写进地址栏" in page
        assert number not in page
        assert "示例在册" not in page
    assert client.get(reverse(LIST), {"q": number, "work": "retired"}).url == f"{reverse(LIST)}?work=retired"


def test_words_typed_into_the_form_come_back_as_an_address(client):
    answer = client.post(
        reverse("people:person_find"), {"q": "示例", "work": "retired", "csrfmiddlewaretoken": "x"}
    )
    assert answer.url == f"{reverse(LIST)}?q=%E7%A4%BA%E4%BE%8B&work=retired"


def test_the_top_search_finds_people_for_those_who_may_read_the_register(client, clerk):
    person = PersonFactory(unit=UnitFactory(union=clerk.union, name="示例机械厂"), name="张示例")
    address = reverse("people:person_detail", args=[person.public_id])
    for words in ("张示", "zsl", person.id_last_four, "机械厂"):
        assert address in client.get(reverse("home:search"), {"q": words}).content.decode(), words
    found = client.post(reverse("home:search"), {"q": person.id_number.reveal()})
    assert address in found.content.decode()
    assert numbers_in(found.content) == []
    reader = UserFactory(reader=True)
    for answer in (
        signed_in(reader).get(reverse("home:search"), {"q": "张示"}),
        signed_in(reader).post(reverse("home:search"), {"q": person.id_number.reveal()}),
    ):
        assert "张示例" not in answer.content.decode()


def test_a_person_without_honours_offers_to_enter_one_to_those_who_may(client, clerk):
    person = PersonFactory(union=clerk.union)
    begin = reverse("model_workers:honour_create", args=[person.public_id])
    address = reverse("people:person_detail", args=[person.public_id])
    assert begin in client.get(address).content.decode()
    assert begin not in signed_in(UserFactory(auditor=True)).get(address).content.decode()


# --- two counties -------------------------------------------------------------------------------------------------------


def test_a_county_meets_nothing_of_another_anywhere(client, clerk):
    canary = "鑫淼焱"
    foreign = PersonFactory(
        unit=UnitFactory(name=f"{canary}厂"),
        name=canary,
        former_name=canary,
        phone="13988887777",
        note=canary,
    )
    number, unit = foreign.id_number.reveal(), foreign.unit
    marks = [canary, str(foreign.public_id), str(unit.public_id), foreign.id_last_four, foreign.union.name]
    own = PersonFactory(union=clerk.union, name="示例本县")
    detail = [foreign.public_id]
    asked = [
        client.get(reverse(LIST)),
        client.get(reverse(LIST), {"q": "示例"}),
        client.get(reverse(LIST), {"union": foreign.union_id}),
        client.get(reverse(LIST), {"unit": unit.public_id}),
        client.get(reverse("people:unit_list"), {"union": foreign.union_id}),
        client.get(reverse("people:unit_list")),
        client.get(reverse("people:unit_options"), {"union": foreign.union_id}),
        client.get(reverse("people:person_create")),
        client.get(reverse("people:person_edit", args=[own.public_id])),
        client.get(reverse("home:search"), {"q": "示例"}),
        client.post(reverse("people:person_find"), {"q": number}),
        client.post(reverse("people:person_find"), {"q": "13988887777"}),
        client.post(reverse("home:search"), {"q": number}),
        client.post(reverse("people:person_export"), {"union": foreign.union_id}, follow=True),
        client.get(reverse("people:person_detail", args=detail)),
        client.get(reverse("people:person_edit", args=detail)),
        client.get(reverse("people:person_photo", args=detail)),
        client.get(reverse("people:standing_record", args=detail)),
        client.get(reverse("people:unit_edit", args=[unit.public_id])),
        client.post(
            reverse("people:person_create"),
            {"union": clerk.union_id, "name": "示例", "id_kind": "resident", "id_number": number},
        ),
        client.post(
            reverse("people:person_create"),
            {"union": clerk.union_id, "name": "示例", "id_kind": "none", "unit": str(unit.public_id)},
        ),
    ]
    found = [
        (answer.request["PATH_INFO"], mark)
        for answer in asked
        for mark in marks
        if not (
            mark == foreign.id_last_four and answer.request["REQUEST_METHOD"] == "POST"
        )  # typed by oneself
        if mark in _without_what_was_asked(answer, mark)
    ]
    assert found == []
    # The words themselves are echoed in the search box; the rows are not.
    for words in (canary, foreign.id_last_four, "xmy"):
        assert shown(client, q=words) == set()
        assert signed_in(clerk).get(reverse("home:search"), {"q": words}).context["groups"] == []
    book = client.post(reverse("people:person_export"), {})
    assert canary.encode() not in _unzipped(book.content)


def _without_what_was_asked(answer, mark):
    """The answer without the echo of its own address, as a link or as a view to be saved."""
    address, query = answer.request["PATH_INFO"], answer.request.get("QUERY_STRING", "")
    page = answer.content.decode()
    for echo in filter(None, (f"{address}?{query}", address, query)):
        page = page.replace(echo, "")
    return page


def _unzipped(data):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_the_answer_for_a_foreign_person_is_that_for_nobody(client):
    foreign = client.get(reverse("people:person_detail", args=[PersonFactory().public_id]))
    absent = client.get(reverse("people:person_detail", args=["00000000-0000-4000-8000-000000000000"]))
    assert foreign.status_code == absent.status_code == 404
    assert len(foreign.content) == len(absent.content)


def test_the_city_sees_every_county_and_a_grassroots_union_only_itself(clerk):
    grassroots = UserFactory(grassroots=True)
    here, there = PersonFactory(union=grassroots.union), PersonFactory(union=clerk.union)
    assert shown(signed_in(UserFactory(auditor=True))) == {here.name, there.name}
    assert shown(signed_in(grassroots)) == {here.name}


# --- whatever is typed ----------------------------------------------------------------------------------------------------

NASTY = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["'", '"', "%", "_", "\\", "\0", "‮示例", "𠮷\U0003134f", "%' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}",
         "示" * 10_000, "1" * 10_000, "\r\nSet-Cookie: x=1", "../../etc", "$(id)", "`", "٣٣٣٣", "ⅣⅣⅣⅣ", "ß" * 4]
    ),
)  # fmt: skip


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(words=NASTY, other=NASTY)
def test_no_input_breaks_the_search_or_comes_back_raw(client, words, other):
    names = ("union", "unit", "work", "life", "nature", "number", "account", "after", "before")
    answers = [
        client.get(reverse(LIST), {"q": words}),
        client.get(reverse(LIST), dict.fromkeys(names, other)),
        client.get(reverse("home:search"), {"q": words}),
        client.post(reverse("home:search"), {"q": words}),
        client.post(reverse("people:person_find"), {"q": words, "work": other}),
        client.post(reverse("people:person_export"), {"q": words}),
        client.get(reverse("people:unit_list"), {"q": words, "nature": other}),
        client.get(reverse("people:unit_options"), {"union": other}),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert not any(b"<script>alert" in answer.content for answer in answers)


def test_a_wrong_filter_is_told_and_shows_nobody(client, clerk):
    PersonFactory(union=clerk.union, name="示例在册")
    for filters in ({"work": "promoted"}, {"union": "0"}, {"unit": "x"}, {"q": "示" * 61}, {"q": "a\x07"}):
        page = client.get(reverse(LIST), filters)
        assert page.status_code == 422
        assert "示例在册" not in page.content.decode()
        assert page.context["filters"].sentences


# --- chapters -----------------------------------------------------------------------------------------------------------------


class Honours:
    key = "test.honours"
    title = "示例荣誉"
    permission = "person.read"

    def read(self, *, person, user):
        rows = (
            chapters.ChapterRow(2010, "市级劳动模范", "示例〔2010〕3号"),
            chapters.ChapterRow(2015, "荣誉津贴", "一次", amount=1500, state="已发", tone="green", url="/"),
            chapters.ChapterRow(None, f"{person.name}的证书"),
        )
        return chapters.Chapter(rows, ("2015年领取津贴时已登记去世。",))


@pytest.fixture
def honours():
    yield chapters.register(Honours())
    chapters.unregister(Honours.key)


def test_a_programme_adds_its_chapter_by_years_with_what_does_not_fit(client, clerk, honours):
    person = PersonFactory(union=clerk.union, name="示例甲")
    page = client.get(reverse("people:person_detail", args=[person.public_id]))
    section = next(one for one in page.context["sections"] if one.key == Honours.key)
    assert [year.label for year in section.years] == ["不分年度", "2015年", "2010年"]
    content = page.content.decode()
    for words in ("示例荣誉", "示例甲的证书", "1,500.00", "2015年领取津贴时已登记去世。"):
        assert words in content


def test_a_chapter_is_read_only_by_those_who_hold_its_permission(clerk, honours, monkeypatch):
    monkeypatch.setattr(Honours, "permission", "budget.approve_chair")
    person = PersonFactory(union=clerk.union)
    assert Honours.key not in {one.key for one in chapters.chapters_of(person, clerk)}
    assert Honours.key in {one.key for one in chapters.chapters_of(person, UserFactory(chair=True))}


def test_a_chapter_must_name_a_permission_that_exists_and_a_key_of_its_own(honours):
    class Other(Honours):
        pass

    with pytest.raises(ValueError, match="registered twice"):
        chapters.register(Other())
    Other.key, Other.permission = "test.other", "person.raed"
    with pytest.raises(ValueError, match=r"roles\.PERMISSIONS"):
        chapters.register(Other())
    chapters.unregister("test.other")


def test_a_chapter_that_is_taken_back_is_no_longer_shown(client, clerk, honours):
    chapters.unregister(Honours.key)
    person = PersonFactory(union=clerk.union)
    page = client.get(reverse("people:person_detail", args=[person.public_id]))
    assert "示例荣誉" not in page.content.decode()


# --- the portrait ---------------------------------------------------------------------------------------------------------------


def picture(size=(413, 579), kind="PNG", **options):
    output = io.BytesIO()
    Image.new("RGB", size, "grey").save(output, kind, **options)
    return SimpleUploadedFile(f"photo.{'png' if kind == 'PNG' else 'jpg'}", output.getvalue())


def upload(client, person, file):
    return client.post(reverse("people:photo_change", args=[person.public_id]), {"photo": file})


def test_a_portrait_is_drawn_anew_and_served_as_nothing_but_a_picture(client, clerk):
    person = PersonFactory(union=clerk.union)
    exif = Image.Exif()
    exif[0x010E] = "示例街 12 号"
    assert upload(client, person, picture((2000, 3000), "JPEG", exif=exif)).status_code == 302
    answer = client.get(reverse("people:person_photo", args=[person.public_id]))
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (772, 1158)
        assert not image.getexif()
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    page = client.get(reverse("people:person_detail", args=[person.public_id]))
    assert page.context["history"][0].action == "更换照片"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (SimpleUploadedFile("a.jpg", b"<html><script>alert(1)</script></html>"), "只接受"),
        (SimpleUploadedFile("a.svg", b"<svg onload='x()'/>"), "只接受"),
        (SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n broken"), "损坏"),
        (SimpleUploadedFile("a.png", b""), "空"),
        (picture((50, 50)), "看不清人"),
        (SimpleUploadedFile("a.png", picture().read() + b"x" * 6_000_000), "5 MB"),
    ],
    ids=["html", "svg", "broken", "empty", "too small", "too large"],
)
def test_what_is_no_portrait_is_refused_with_a_sentence(client, clerk, file, sentence):
    person = PersonFactory(union=clerk.union)
    file.seek(0)
    answer = upload(client, person, file)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Photo.objects.exists()


def test_a_portrait_is_replaced_and_removed(client, clerk):
    person = PersonFactory(union=clerk.union)
    upload(client, person, picture())
    upload(client, person, picture(kind="JPEG"))
    assert Photo.objects.get().kind == "jpg"
    client.post(reverse("people:photo_remove", args=[person.public_id]))
    assert not Photo.objects.exists()
    assert client.get(reverse("people:person_photo", args=[person.public_id])).status_code == 404
