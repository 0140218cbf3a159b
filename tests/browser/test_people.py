"""The register in a browser: entering, numbers that stay out of the address, full numbers that go away by themselves."""

import io
from datetime import date

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, expect

from apps.accounts.models import AccessRecord, User
from apps.people import chapters
from apps.people.models import Person
from tests.browser.waiting import comes_true
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UnitFactory, UserFactory
from tests.people.identity import resident_number

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "people:person_list"


@pytest.fixture
def keeper(transactional_db) -> User:
    return UserFactory(full_name="示例·劳模经办", model_worker_clerk=True)


@pytest.fixture
def person(keeper: User) -> Person:
    mill = UnitFactory(
        union=UnionFactory(name="示例县总工会", short_name="示例县"), name="示例纺织厂", bankrupt=True
    )
    person = PersonFactory(
        unit=mill,
        name="赵示例",
        former_name="赵例",
        id_number=resident_number(41, birth_on=date(1941, 5, 6)),
        phone="13900000041",
        nation="汉族",
        politics="中共党员",
        education="高中",
        post="挡车工",
        residence="示例市示例路 12 号",
    )
    events = (("in_service", 1961), ("retired", 1996), ("missing", 2013), ("present", 2014))
    for kind, year in events:
        StandingEventFactory(
            person=person,
            kind=kind,
            effective_on=date(year, 7, 1),
            document="示例证明",
            created_by=keeper,
        )
    return person


@pytest.fixture
def chapter():
    class Honours:
        key, title, permission = "test.browser", "示例荣誉", "person.read"

        def read(self, *, person, user):
            rows = (
                chapters.ChapterRow(
                    2015, "市级劳模荣誉津贴", "获得一次", amount=1500, state="已发放", tone="green"
                ),
                chapters.ChapterRow(2010, "市级劳动模范", "示例表彰决定 示字〔2010〕3号"),
            )
            return chapters.Chapter(rows, ("2013年登记失联，当年仍有体检记录。",))

    yield chapters.register(Honours())
    chapters.unregister("test.browser")


def of(person: Person, name: str = "person_detail") -> str:
    return reverse(f"people:{name}", args=[person.public_id])


def portrait() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (413, 579), "#8fa3b5").save(output, "JPEG")
    return output.getvalue()


# --- the work of a clerk -----------------------------------------------------------------------------------


@pytest.mark.allows_status(422)
def test_somebody_is_entered_recorded_photographed_and_printed(page: Page, sign_in_as, keeper):
    county = UnionFactory(name="示例县总工会", short_name="示例县")
    UnitFactory(union=county, name="示例纺织厂")
    number = resident_number(43)
    sign_in_as(page, keeper)
    page.goto(reverse(LIST))
    expect(page.get_by_text("还没有登记人员")).to_be_visible()
    page.locator(".page__actions").get_by_role("link", name="登记人员").click()
    page.wait_for_load_state()  # a choice made before the scripts are there loads no units

    page.get_by_label("管理工会").select_option(label="　示例县总工会")
    expect(page.get_by_label("单位", exact=True).locator("option")).to_have_count(2)
    page.get_by_label("单位", exact=True).select_option(label="示例纺织厂")
    page.get_by_label("姓名").fill("钱示例")
    page.get_by_label("证件号码").fill(number[:-1])
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("现在是 17 位")
    expect(page.get_by_label("单位", exact=True)).to_have_value(str(county.units.get().public_id))
    page.get_by_label("证件号码").fill(number)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("钱示例")
    assert number not in page.content()

    page.get_by_role("button", name="登记状态").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("情况").select_option("died")
    dialog.get_by_label("生效日期").fill("2016-01-01")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(dialog).to_contain_text("必须填写“证明材料”")
    dialog.get_by_label("证明材料").fill("示例死亡医学证明")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".page__title")).to_contain_text("去世")
    page.get_by_role("button", name="作废2016-01-01去世").click()
    page.get_by_label("作废理由").fill("人还在")
    dialog.get_by_role("button", name="作废", exact=True).click()
    expect(page.locator("#standing")).to_contain_text("已作废")
    expect(page.locator(".page__title")).not_to_contain_text("去世")

    page.get_by_role("button", name="上传照片").click()
    dialog.locator("input[type=file]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": portrait()}
    )
    page.get_by_role("button", name="上传", exact=True).click()
    picture = page.get_by_role("img", name="钱示例的照片")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 413
    with page.expect_download() as download:
        page.get_by_role("button", name="登记表").click()
    assert download.value.suggested_filename == "人员登记表 钱示例.pdf"


LISTS = (
    *("/people/", "/people/units/", "/model-workers/", "/model-workers/find/", "/model-workers/doubtful/"),
    *("/model-workers/reviews/", "/model-workers/nominations/"),
    *("/model-workers/relief/", "/model-workers/relief/new/"),
)


def test_a_number_typed_into_any_search_box_stands_in_no_address(page: Page, sign_in_as, keeper, person):
    number, asked = person.id_number.reveal(), []
    page.on("request", lambda request: asked.append(request.url))
    sign_in_as(page, keeper)
    for address in LISTS:
        page.goto(address)
        box = page.locator("main form[data-filter] input[name=q]")
        box.fill(number)
        box.press("Enter")
        expect(page.locator(".page__title")).to_contain_text(person.name)
    assert [url for url in asked if number in url] == []


def test_a_search_box_still_takes_the_numbers_of_files_and_units(page: Page, sign_in_as, keeper, person):
    sign_in_as(page, keeper)
    for address, words in (("/model-workers/", "LF-2016-0012"), ("/people/units/", "91350100M000100Y43")):
        page.goto(address)
        box = page.locator("main form[data-filter] input[name=q]")
        box.fill(words)
        box.press("Enter")
        page.wait_for_url(f"**{address}?q={words}")


def test_a_full_number_is_shown_for_a_reason_and_goes_away_by_itself(page: Page, sign_in_as, keeper, person):
    number = person.id_number.reveal()
    page.clock.install()
    sign_in_as(page, keeper)
    page.goto(of(person))
    page.get_by_role("button", name="查看证件号码").click()
    page.get_by_label("理由").fill("核对2016年津贴发放退票")
    page.get_by_role("button", name="查看完整号码").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text(number)
    page.clock.run_for(30_000)
    expect(dialog).to_contain_text("30 秒后自动隐藏")
    expect(dialog).to_contain_text(number)
    page.clock.run_for(31_000)
    expect(dialog).to_contain_text("已隐藏")
    assert number not in page.content()
    assert AccessRecord.objects.get().kind == "reveal"


def test_closing_the_dialog_takes_the_number_out_of_the_page(page: Page, sign_in_as, keeper, person):
    sign_in_as(page, keeper)
    page.goto(of(person))
    page.get_by_role("button", name="查看银行账号").click()
    page.get_by_label("理由").fill("核对2016年津贴发放退票")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_contain_text(person.account.reveal())
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    comes_true(page, lambda: person.account.reveal() not in page.content())


def test_a_whole_number_never_stands_in_an_address(page: Page, sign_in_as, keeper, person):
    number, asked = person.id_number.reveal(), []
    page.on("request", lambda request: asked.append(request.url))
    sign_in_as(page, keeper)
    page.goto(reverse(LIST))
    box = page.get_by_label("姓名、拼音首字母、末四位、单位或完整号码")
    box.fill(f"{number[:6]} {number[6:14]} {number[14:]}")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("赵示例")
    assert page.url.endswith(of(person))

    page.goto(reverse(LIST))
    box.fill("13900000041")
    page.get_by_label("工作状态").select_option("retired")
    expect(page.get_by_role("heading", level=1)).to_have_text("赵示例")

    page.goto(reverse("home:workbench"))
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="赵示例")).to_be_visible()
    assert page.url.endswith(reverse("home:search"))
    assert number not in page.content()

    page.wait_for_load_state()  # the key belongs to a script that comes after the text
    page.keyboard.press("/")
    page.keyboard.type("zsl")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=zsl")  # the page before shows the same link
    expect(page.get_by_role("link", name="赵示例")).to_be_visible()
    plain = (number, "13900000041", number[6:14])
    assert [url for url in asked if any(part in url for part in plain)] == []


def test_the_filters_stay_in_the_address_and_go_into_the_spreadsheet(page: Page, sign_in_as, keeper, person):
    PersonFactory(union=person.union, name="孙示例")
    sign_in_as(page, keeper)
    page.goto(reverse(LIST))
    page.get_by_label("工作状态").select_option("all_retired")
    page.wait_for_url("**/people/?work=all_retired")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("summary", has_text="导出").click()
    with page.expect_download():
        page.get_by_role("button", name="打码名册").click()
    record = AccessRecord.objects.get()
    assert (record.row_count, record.detail) == (1, "工作状态 离退休")
    page.get_by_role("link", name="清除").click()
    page.locator("summary", has_text="导出").click()
    page.get_by_role("button", name="完整号码…").click()
    page.get_by_label("理由").fill("核对2016年津贴发放退票")
    with page.expect_download():
        page.get_by_role("button", name="导出完整号码").click()
    assert AccessRecord.objects.first().subject == "人员名册（完整号码）"


def test_the_move_is_made_in_a_dialog_and_the_person_stays_with_the_city(
    page: Page, sign_in_as, keeper, person
):
    target = UnionFactory(name="示例区总工会", short_name="示例区")
    sign_in_as(page, keeper)
    page.goto(of(person))
    page.get_by_role("button", name="转移管理关系").click()
    page.get_by_label("转入工会").select_option(label="　示例区总工会")
    page.get_by_label("生效日期").fill("2016-01-01")
    page.get_by_label("证明材料").fill("示例介绍信")
    page.get_by_role("button", name="转移", exact=True).click()
    expect(page.locator("#standing")).to_contain_text("示例县 → 示例区")
    person.refresh_from_db()
    assert (person.union, person.unit) == (target, None)


# --- how it looks --------------------------------------------------------------------------------------------


def pages(person: Person) -> dict[str, str]:
    return {
        "list": reverse(LIST),
        "list-filtered": f"{reverse(LIST)}?q=示例&work=retired&nature=bankrupt",
        "list-nothing": f"{reverse(LIST)}?q=没有的人",
        "new": reverse("people:person_create"),
        "person": of(person),
        "edit": of(person, "person_edit"),
        "standing": of(person, "standing_record"),
        "move": of(person, "person_move"),
        "photo": of(person, "photo_change"),
        "reveal": reverse("people:person_reveal", args=[person.public_id, "id_number"]),
        "units": reverse("people:unit_list"),
        "unit-new": reverse("people:unit_create"),
        "unit": reverse("people:unit_edit", args=[person.unit.public_id]),
        "search": f"{reverse('home:search')}?q=示例",
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_the_office_screen_in_both_themes(
    page: Page, sign_in_as, keeper, person, chapter, theme, photograph, sideways, violations
):
    for order in range(50, 75):
        other = PersonFactory(
            unit=person.unit, name=f"示例{'甲乙丙丁戊'[order % 5]}", id_number=resident_number(order)
        )
        StandingEventFactory(person=other, kind="retired" if order % 3 else "in_service")
    sign_in_as(page, keeper, theme=theme)
    wrong = []
    for name, address in pages(person).items():
        page.goto(address)
        photograph(page, f"people-{name}-{theme}")
        wrong += [f"{name} scrolls sideways by {sideways(page)}"] if sideways(page) > 0 else []
        wrong += [f"{name} {found}" for found in violations(page)]
    page.goto(of(person))
    for button in ("登记状态", "转移管理关系", "查看联系电话", "上传照片"):
        page.get_by_role("button", name=button).click()
        expect(page.locator("#dialog")).to_be_visible()
        photograph(page, f"people-dialog-{button}-{theme}")
        wrong += [f"{button} {found}" for found in violations(page)]
        page.keyboard.press("Escape")
    assert not wrong, "\n".join(wrong)
