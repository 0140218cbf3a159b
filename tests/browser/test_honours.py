"""The model workers' clerk at work in a browser: an honour entered, the class that follows, many people at once."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.model_workers.models import Honour, Review
from tests.factories import CountingRuleFactory, HonourTitleFactory, UserFactory, retired_worker

pytestmark = pytest.mark.django_db(transaction=True)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101005aeb"
    "2ca20000000049454e44ae426082"
)


@pytest.fixture
def worker_clerk(transactional_db) -> User:
    CountingRuleFactory()
    return UserFactory(username="laomo", full_name="示例·劳模经办", model_worker_clerk=True)


def test_a_third_honour_moves_a_person_from_the_second_class_to_the_third(
    page: Page, worker_clerk: User, sign_in_as, photograph
):
    person = retired_worker(name="张三", honours=2)
    title = HonourTitleFactory()
    sign_in_as(page, worker_clerk)
    page.goto(reverse("model_workers:worker_list"))
    row = page.get_by_role("row", name=re.compile("张三"))
    expect(row).to_contain_text("二次")

    page.get_by_role("link", name="登记荣誉").click()
    page.get_by_role("searchbox", name="姓名、拼音或末四位").fill("zs")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="给 张三 登记荣誉").click()
    page.get_by_label("荣誉称号").select_option(label=f"{title.name}（市级）")
    page.get_by_label("表彰日期").fill("2014-04-28")
    page.get_by_label("表彰机关").fill("示例市人民政府")
    page.get_by_label("表彰文号").fill("示政[2014]7号")
    page.get_by_label("证书扫描件").set_input_files(
        {"name": "证书.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    page.get_by_role("button", name="登记", exact=True).click()

    page.wait_for_url(f"**{reverse('model_workers:worker_detail', args=[person.public_id])}")
    expect(page.locator("[data-award-class]")).to_have_text("三次及以上")
    expect(page.get_by_role("region", name="荣誉", exact=True).first).to_contain_text("示政〔2014〕7号")
    photograph(page, "honours-detail")
    page.goto(reverse("model_workers:worker_list"))
    expect(row).to_contain_text("三次及以上")
    expect(row).to_have_count(1)


@pytest.mark.allows_status(422)
def test_a_wrong_honour_is_voided_in_the_dialog(page: Page, worker_clerk: User, sign_in_as):
    person = retired_worker(name="张三", honours=1)
    sign_in_as(page, worker_clerk)
    page.goto(reverse("model_workers:worker_detail", args=[person.public_id]))
    page.get_by_role("button", name=re.compile("：作废$")).click()
    dialog = page.locator("#dialog")
    dialog.get_by_role("button", name="作废", exact=True).click()
    expect(dialog).to_contain_text("“作废理由”没有填写")
    dialog.get_by_label("作废理由").fill("录到了别人名下")
    dialog.get_by_role("button", name="作废", exact=True).click()
    expect(page.locator("[data-award-class]")).to_have_text("没有档次")
    assert Honour.objects.get().void_reason == "录到了别人名下"


def test_several_are_chosen_laid_out_for_review_and_taken_back(
    page: Page, worker_clerk: User, sign_in_as, photograph
):
    for name in ("张三", "李四", "王五"):
        retired_worker(name=name)
    sign_in_as(page, worker_clerk)
    page.goto(reverse("model_workers:worker_list"))
    lay_out = page.get_by_role("button", name="所选布置复核")
    expect(lay_out).to_be_disabled()
    page.get_by_label("选择 张三").check()
    page.get_by_label("选择 李四").check()
    expect(page.locator("[data-choose-count]")).to_have_text("已选 2 人")
    lay_out.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("布置复核：2 人")
    page.get_by_label("办结期限").fill((timezone.localdate() + timedelta(60)).isoformat())
    photograph(page, "honours-bulk")
    page.get_by_role("button", name="布置复核（2 人）").click()
    page.wait_for_url(f"**{reverse('model_workers:bulk_list')}")
    assert Review.objects.count() == 2
    page.get_by_role("button", name=re.compile("^撤销：布置")).click()
    expect(page.get_by_text("已撤销", exact=True)).to_be_visible()
    assert not Review.objects.exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_and_a_file_read_well(
    page: Page, worker_clerk: User, sign_in_as, sideways, violations, photograph, theme
):
    people = [retired_worker(name=name, honours=2) for name in ("张三", "李四")]
    sign_in_as(page, worker_clerk, theme=theme)
    for name, address in {
        "list": reverse("model_workers:worker_list"),
        "file": reverse("model_workers:worker_detail", args=[people[0].public_id]),
    }.items():
        page.goto(address)
        photograph(page, f"honours-{name}-{theme}")
        assert sideways(page) <= 0
        assert violations(page) == []


def test_a_filter_is_kept_under_a_name_and_found_again(page: Page, worker_clerk: User, sign_in_as):
    retired_worker(name="张三")
    sign_in_as(page, worker_clerk)
    page.goto(reverse("model_workers:worker_list"))
    page.get_by_label("工作状态").select_option("all_retired")
    page.wait_for_url("**?work=all_retired")
    page.get_by_text("常用筛选", exact=True).click()
    page.get_by_role("button", name="保存现在的条件").click()
    page.get_by_label("名称").fill("离退休")
    page.get_by_role("button", name="保存", exact=True).click()
    page.goto(reverse("model_workers:worker_list"))
    page.get_by_text("常用筛选").first.click()
    page.get_by_role("link", name="离退休", exact=True).click()
    page.wait_for_url("**?work=all_retired")
