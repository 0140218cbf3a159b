"""The allowance of a year in a browser: counted, changed, counted anew, through three hands, and printed."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import AccessRecord
from apps.core.pdf import pdf_text
from apps.model_workers.models import AllowanceRun, AllowanceStandard
from apps.model_workers.rules.allowances import RunStatus
from tests.browser.dialogs import open_dialog
from tests.budget.paper import words
from tests.factories import CalcLineFactory, EditionFactory, ItemFactory, UnitFactory
from tests.model_workers.register import AS_PRINTED, AllowanceOffice

pytestmark = pytest.mark.django_db(transaction=True)
SETTING_MS = 120_000
"""Nineteen sheets are set before the download begins."""


@pytest.fixture
def office(transactional_db) -> AllowanceOffice:
    office = AllowanceOffice()
    office.parameters()
    office.people(AS_PRINTED, bankrupt=6)
    return office


@pytest.fixture
def budget(office) -> None:
    """The item of the budget that counts the same people."""
    item = ItemFactory(
        edition=EditionFactory(plan__fiscal_year__year=2016),
        name="市级离退休劳模津贴",
        counted_as="离退休市级劳模",
    )
    for award, people, of_which, rate in ((1, 245, 6, 1500), (2, 22, None, 2000), (3, 10, None, 2500)):
        CalcLineFactory(
            item=item,
            tiered=True,
            people=people,
            of_which_people=of_which,
            of_which_label="破产或撤销企业劳模" if of_which else "",
            rate=rate,
            source_key="model_workers.retired_by_award_class",
            source_parameters={"class": str(award), "snapshot_on": "2015-12-31"},
            source_value=people,
            source_read_at=office.now,
        )


def decide(page: Page, name: str) -> None:
    open_dialog(page, name)
    page.locator("#dialog").get_by_role("button", name=name, exact=True).click()


@pytest.mark.allows_status(422)
def test_a_run_is_counted_changed_counted_anew_approved_and_printed(
    another_page, sign_in_as, office, budget, violations, sideways, photograph
):
    page = another_page()
    sign_in_as(page, office.clerk)
    page.goto("/model-workers/runs/")
    photograph(page, "run-list-empty")
    page.get_by_role("link", name="编制名册").first.click()
    page.get_by_label("年度").fill("2016")
    page.get_by_label("快照日").fill("2014-12-31")
    page.get_by_role("button", name="编制名册").click()
    expect(page.get_by_text("“快照日”应在 2015-01-01 到 2016-12-31 之间").first).to_be_visible()
    page.get_by_label("快照日").fill("2015-12-31")
    photograph(page, "run-form")
    assert violations(page) == []
    page.get_by_role("button", name="编制名册").click()

    expect(page.get_by_text("人民币肆拾叁万陆仟伍佰元整")).to_be_visible()
    expect(page.get_by_text("共计436500元。")).to_be_visible()
    expect(page.get_by_text("与预算一致")).to_be_visible()
    photograph(page, "run-detail")
    assert violations(page) == []
    assert sideways(page) <= 0
    run = AllowanceRun.objects.get()
    address = f"/model-workers/runs/{run.pk}/"

    died = run.lines.filter(award_class=1).first().person
    office.event(died, "died", date(2015, 12, 1))
    office.people({2: 1}, unit=UnitFactory(name="示例很长很长的单位名称有限责任公司第一分公司动力车间"))
    page.reload()
    expect(page.get_by_text("计数以后登记有变")).to_be_visible()
    open_dialog(page, "提交审核")
    page.locator("#dialog").get_by_role("button", name="提交审核").click()
    expect(page.locator("#dialog")).to_contain_text("请重新计数后再提交")
    photograph(page, "run-submit-refused")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.goto(address)
    page.get_by_role("link", name="看变动，重新计数").click()
    expect(page.get_by_text("437,000.00").first).to_be_visible()
    photograph(page, "run-recount")
    assert violations(page) == []
    page.get_by_role("button", name="重新计数").click()
    expect(page.get_by_text("与预算不一致")).to_be_visible()
    expect(page.get_by_text("名册比预算多 500.00 元")).to_be_visible()
    photograph(page, "run-differs")

    decide(page, "提交审核")
    expect(page.locator(".badge", has_text="待审核")).to_be_visible()
    sign_in_as(page, office.head)
    page.goto(address)
    decide(page, "审核通过")
    expect(page.locator(".badge", has_text="待审批")).to_be_visible()
    sign_in_as(page, office.vice)
    page.goto(address)
    open_dialog(page, "审批同意")
    photograph(page, "run-approve")
    assert violations(page) == []
    page.locator("#dialog").get_by_role("button", name="审批同意").click()
    expect(page.locator(".badge", has_text="已审批")).to_be_visible()
    assert AllowanceRun.objects.get().status == RunStatus.APPROVED

    sign_in_as(page, office.clerk)
    page.goto(f"{address}print/")
    photograph(page, "run-print")
    assert violations(page) == []
    with page.expect_download(timeout=SETTING_MS) as download:
        page.get_by_role("button", name="取出名册").click(timeout=SETTING_MS)
    with open(download.value.path(), "rb") as file:
        text = words("".join(pdf_text(file.read())))
    assert "合计277人" in text
    assert "人民币肆拾叁万柒仟元整" in text
    assert AccessRecord.objects.get().kind == AccessRecord.Kind.PRINT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_a_run_fit_the_office_screen(
    another_page, sign_in_as, office, violations, sideways, photograph, theme
):
    run = office.approve(office.run())
    people = [line.person for line in run.lines.select_related("person")[:3]]
    office.event(people[0], "died", date(2015, 6, 1))
    office.file(people[1], "revoke", date(2015, 5, 1))
    office.honour(people[2], on=date(2016, 5, 1))
    office.people({1: 1}, kind="in_service")
    later = office.run(year=2017, on=date(2016, 12, 31))
    page = another_page()
    sign_in_as(page, office.clerk, theme=theme)
    wrong = []
    for name, address in {
        "run-list": "/model-workers/runs/",
        "run-detail-2017": f"/model-workers/runs/{later.pk}/",
        "run-lines": f"/model-workers/runs/{run.pk}/lines/?class=1",
        "run-bridge": f"/model-workers/runs/{later.pk}/bridge/",
        "run-left-out": f"/model-workers/runs/{later.pk}/left-out/",
        "run-overpaid": f"/model-workers/runs/{run.pk}/overpaid/",
        "parameters": "/model-workers/parameters/",
    }.items():
        page.goto(address)
        photograph(page, f"{name}-{theme}")
        wrong += [f"{address} {found}" for found in violations(page)]
        wrong += [f"{address} scrolls sideways"] if sideways(page) > 0 else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.allows_status(422)
def test_a_standard_is_followed_by_a_new_one(another_page, sign_in_as, office, violations, photograph):
    office.approve(office.run())
    page = another_page()
    sign_in_as(page, office.head)
    page.goto("/model-workers/parameters/")
    photograph(page, "parameters-head")
    assert violations(page) == []
    page.get_by_role("link", name="接着获得一次登记新的一项").click()
    page.get_by_label("标准").fill("1800")
    page.get_by_label("起始日期").fill("2015-06-01")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("“依据文件”没有选择").first).to_be_visible()
    page.get_by_role("checkbox", name="示例").check()
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("已按现行的一项办理（2016-01-01）").first).to_be_visible()
    photograph(page, "parameter-refused")
    assert violations(page) == []
    page.get_by_label("起始日期").fill("2017-01-01")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("原来的一项 2016-12-31 截止")).to_be_visible()
    page.get_by_role("link", name="获得一次").last.click()
    photograph(page, "parameter-detail")
    assert violations(page) == []
    standards = AllowanceStandard.objects.filter(award_class=1).order_by("valid_from")
    assert [(one.amount, one.valid_until) for one in standards] == [(1500, date(2016, 12, 31)), (1800, None)]
