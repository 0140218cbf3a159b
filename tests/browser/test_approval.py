"""Deciding, adjusting and reading a source in the dialogs, as people do it in the browser."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.budget.models import CalcLine, Edition, EditionDecision
from apps.budget.rules.stages import Status
from apps.budget.selectors.adjustments import adjustment_sheet
from tests.browser.dialogs import open_dialog
from tests.budget.office import MINUTES, Office, as_clerk
from tests.factories import UnionFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office(transactional_db) -> Office:
    return Office()


def dialog(page: Page):
    return page.locator("#dialog")


@pytest.mark.allows_status(422)
def test_an_edition_goes_from_hand_to_hand_through_the_dialogs(another_page, sign_in_as, office, violations):
    edition = office.plan().editions.get()
    page = another_page()
    grid = f"/budget/editions/{edition.pk}/"

    sign_in_as(page, office.clerk)
    page.goto(grid)
    open_dialog(page, "提交审核")
    expect(dialog(page)).to_contain_text("36.75万元")
    expect(dialog(page)).to_contain_text("办理后转财务负责人")
    assert violations(page) == []
    dialog(page).get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("待财务审核", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="撤回")).to_be_visible()

    sign_in_as(page, office.head)
    page.goto("/")
    open_dialog(page, "审核通过")
    expect(dialog(page)).to_contain_text("需说明")
    expect(dialog(page)).to_contain_text("文稿校验还有")
    expect(dialog(page).get_by_role("button", name="审核通过")).to_have_count(0)
    page.keyboard.press("Escape")

    page.goto(grid)
    open_dialog(page, "退回修改")
    dialog(page).get_by_role("button", name="退回修改").click()
    expect(dialog(page)).to_contain_text("“意见”没有填写")
    dialog(page).get_by_label("意见").fill("人数与名册不符。")
    dialog(page).get_by_role("button", name="退回修改").click()
    expect(page.locator(".badge", has_text="退回修改")).to_be_visible()
    assert EditionDecision.objects.get(verb="return").opinion == "人数与名册不符。"

    office.submit(edition)
    office.answer_findings(edition)
    office.decide(edition, office.head, "check")
    office.decide(edition, office.vice, "approve")
    sign_in_as(page, office.chair)
    page.goto(grid)
    open_dialog(page, "会议审定")
    dialog(page).get_by_role("button", name="会议审定").click()
    expect(dialog(page)).to_contain_text("“会议纪要文号”没有填写")
    dialog(page).get_by_label("会议纪要文号").fill(MINUTES)
    dialog(page).get_by_role("button", name="会议审定").click()
    expect(page.locator(".badge", has_text="已审定")).to_be_visible()
    assert Edition.objects.get(pk=edition.pk).status == Status.APPROVED


@pytest.mark.allows_status(422)
def test_a_transfer_is_registered_in_the_dialog_and_kept_when_refused(page, sign_in_as, office, violations):
    edition = office.adjustment()
    sign_in_as(page, office.clerk)
    page.goto(f"/budget/editions/{edition.pk}/adjustments/")
    open_dialog(page, "调剂")
    assert violations(page) == []
    dialog(page).get_by_label("调出项目").select_option(label="示例项目甲（现 367,500.00 元）")
    dialog(page).get_by_label("调入项目").select_option(index=2)
    dialog(page).get_by_label("金额").fill("40万")
    dialog(page).get_by_label("理由").fill("检查增加。")
    dialog(page).get_by_role("button", name="登记调剂").click()
    expect(dialog(page)).to_contain_text("不够调出 400,000.00 元")
    expect(dialog(page).get_by_label("理由")).to_have_value("检查增加。")
    dialog(page).get_by_label("金额").fill("6.75万")
    dialog(page).get_by_role("button", name="登记调剂").click()
    expect(page.get_by_text("435,000.00").first).to_be_visible()
    assert [row.adjusted for row in adjustment_sheet(edition).items] == [Decimal(300000), Decimal(435000)]


def test_a_line_is_bound_to_a_source_from_the_grid(page, sign_in_as, office, violations):
    for name in ("示例甲县总工会", "示例乙县总工会"):
        UnionFactory(name=name)
    edition = office.plan().editions.get()
    line = CalcLine.objects.get()
    with as_clerk(edition):
        CalcLine.objects.update(unit="个")
    sign_in_as(page, office.clerk)
    page.goto(f"/budget/editions/{edition.pk}/")
    row = page.locator(f"tr[data-id='{line.pk}'][data-method]")
    row.locator("button").last.click()
    page.get_by_role("menuitem", name="数据来源").click()
    page.wait_for_selector("#dialog[open] .dialog__body")
    dialog(page).get_by_label("数据来源").select_option(label="县（市、区）总工会数")
    expect(dialog(page)).to_contain_text("现在读到 2个")
    assert violations(page) == []
    dialog(page).get_by_role("button", name="绑定并采用 2个").click()
    expect(dialog(page)).to_contain_text("没有变化")
    expect(row).to_contain_text("3,000.00")
    assert CalcLine.objects.get().people == 2


def test_the_choice_of_versions_is_kept_in_the_address_and_prints_without_the_frame(page, sign_in_as, office):
    plan = office.plan(items=2)
    office.settle(plan.editions.get())
    office.next(plan)
    sign_in_as(page, office.chair)
    page.goto(f"/budget/plans/{plan.pk}/compare/")
    page.get_by_label("显示").select_option("changed")
    page.wait_for_url("**show=changed**")
    expect(page.get_by_text("没有这样的项目")).to_be_visible()
    page.get_by_label("显示").select_option("all")
    page.wait_for_url("**show=all**")
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    expect(page.get_by_role("cell", name="735,000.00").first).to_be_visible()
