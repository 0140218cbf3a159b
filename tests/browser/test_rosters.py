"""A roster on its way into the register, as a clerk sees it in the browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.core.sheets import read_cells
from apps.people.models import Person, RosterImport
from tests.factories import PersonFactory, StandingEventFactory, UnionFactory, UserFactory
from tests.people.roster_files import account_of, number_of, roster_file, somebody

pytestmark = pytest.mark.django_db(transaction=True)

UNIT = {"单位名称": "示例机械厂", "单位性质": "国有企业", "工作状态": "退休", "状态起始日期": "2012-06-30"}


@pytest.fixture
def clerk(transactional_db) -> User:
    return UserFactory(full_name="示例·县级经办", county_clerk=True, union=UnionFactory(name="示例县总工会"))


@pytest.fixture
def known(clerk) -> Person:
    person = PersonFactory(
        union=clerk.union,
        name="示例旧人",
        id_number=number_of(900),
        phone="13900000900",
        account=account_of(900),
        nation="满族",
    )
    StandingEventFactory(person=person, kind="in_service", effective_on="1990-01-01")
    return person


def upload(page: Page, content: bytes, name: str) -> None:
    page.goto(reverse("people:roster_list"))
    page.get_by_role("link", name="上传").first.click()
    page.get_by_label("文件").set_input_files({"name": name, "mimeType": "", "buffer": content})
    page.get_by_role("button", name="上传并核对").click()


@pytest.mark.allows_status(422)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_roster_goes_from_the_upload_through_the_preview_into_the_register(
    another_page, sign_in_as, clerk, known, work, photograph, violations, sideways, tmp_path, theme
):
    page = another_page()
    sign_in_as(page, clerk, theme=theme)
    wrong: list[str] = []

    def look(name: str) -> None:
        photograph(page, f"roster-{name}-{theme}")
        wrong.extend([f"{name} scrolls sideways"] if sideways(page) > 0 else [])
        wrong.extend(f"{name} {found}" for found in violations(page))

    page.goto(reverse("people:roster_list"))
    look("empty")
    page.get_by_role("link", name="上传第一份名册").click()
    look("upload")
    page.get_by_label("文件").set_input_files(
        {"name": "网页.xlsx", "mimeType": "", "buffer": b"<html><table></table></html>"}
    )
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_text("是网页或矢量图").first).to_be_visible()
    look("refused")

    changed = {
        "姓名": "示例旧人",
        "证件号码": number_of(900),
        "民族": "汉族",
        "联系电话": "13900001234",
        "工作状态": "退休",
        "状态起始日期": "2015-01-31",
    }
    rows = [*(somebody(order, **UNIT) for order in range(60)), changed]
    bad = [*rows, somebody(70, 证件号码=number_of(3)), somebody(71, 银行账号=9999000000000000000, 性别="公")]
    upload(page, roster_file(*bad), "示例县2016年名册（第一稿）.xlsx")
    expect(page.get_by_text("排队中")).to_be_visible()
    look("waiting")
    work()
    expect(page.get_by_text("有 3 行不对，一行也没有导入。")).to_be_visible()
    expect(page.get_by_text("第5行与第63行证件号码相同").first).to_be_visible()
    look("errors")
    with page.expect_download() as taken:
        page.get_by_role("button", name="下载错误行").click()
    path = tmp_path / "wrong.xlsx"
    taken.value.save_as(path)
    assert taken.value.suggested_filename == "示例县2016年名册（第一稿）-错误行.xlsx"
    assert len(read_cells(path.read_bytes())[1]) == 4

    upload(page, roster_file(*rows), "示例县2016年名册.xlsx")
    work()
    expect(page.get_by_role("button", name="导入这 61 人")).to_be_visible()
    look("new")
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("第 52 至 61 行")).to_be_visible()
    page.get_by_role("link", name="变更").click()
    expect(page.get_by_text("****1234")).to_be_visible()
    look("changed")
    page.get_by_role("button", name="导入这 61 人").click()
    expect(page.get_by_text("新增 60 人，变更 1 人，整份一次写入。")).to_be_visible()
    look("confirm")
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.get_by_text("排队中")).to_be_visible()
    work()
    expect(page.get_by_text("新增 60 人，变更 1 人。")).to_be_visible()
    look("taken")
    assert Person.objects.count() == 61
    known.refresh_from_db()
    assert (known.nation, known.phone_last_four) == ("汉族", "1234")

    page.goto(reverse("people:roster_list"))
    expect(page.get_by_role("link", name="示例县2016年名册.xlsx")).to_be_visible()
    look("list")
    assert not wrong, "\n".join(wrong)


def test_a_roster_is_given_up(another_page, sign_in_as, clerk, work):
    page = another_page()
    sign_in_as(page, clerk)
    upload(page, roster_file(somebody(1)), "示例名册.xlsx")
    work()
    page.get_by_role("button", name="放弃").click()
    page.locator("#roster-discard").get_by_role("button", name="放弃").click()
    expect(page.get_by_text("登记的资料没有变")).to_be_visible()
    assert RosterImport.objects.get().status == RosterImport.Status.DISCARDED
