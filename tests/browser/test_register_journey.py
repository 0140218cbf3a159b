"""From a county's roster to the figure in the budget: everybody's part of it in a browser, page by page."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.core.pdf import pdf_text
from apps.model_workers.models import AllowanceRun, Honour
from apps.model_workers.rules.allowances import RunStatus
from apps.people.models import DuplicatePair, Person
from tests.browser.dialogs import open_dialog
from tests.budget.paper import words
from tests.factories import UserFactory
from tests.model_workers.demo_house import ITEM, TITLE, DemoHouse
from tests.people.identity import resident_number
from tests.people.roster_files import account_of, roster_file, somebody

pytestmark = pytest.mark.django_db(transaction=True)
SETTING_MS = 120_000
"""Nineteen sheets are set before the download begins."""
FILE = "示例退休劳模名册.xlsx"
NEW, OTHER = "白示例", "安示例"


@pytest.fixture
def house(transactional_db) -> DemoHouse:
    house = DemoHouse()
    house.keeper.full_name, house.clerk.full_name = "示例·劳模经办", "示例·财务经办"
    for user in (house.keeper, house.clerk):
        user.save()
    return house


@pytest.fixture
def known(house) -> Person:
    """Somebody of the register whom the county's roster lists a second time, under a mistyped number."""
    return house.people(1, is_bankrupt=False)[0]


@pytest.fixture
def look(photograph, sideways, violations) -> Callable[[Page, str], None]:
    """Every page of the way reads well and fits the screen of the office."""

    def judge(page: Page, name: str) -> None:
        photograph(page, f"register-{name}")
        assert violations(page) == [], name
        assert sideways(page) <= 0, name

    return judge


def roster(known: Person) -> bytes:
    retired = {"工作状态": "退休", "状态起始日期": "2012-06-30"}
    unit = {"单位名称": known.unit.name}
    again = somebody(7, 姓名=known.name, 文化程度="大专", **unit, **retired)
    again["证件号码"] = resident_number(776 + (known.sex == "male"), birth_on=known.birth_on)
    again["银行账号"] = account_of(7)
    return roster_file(
        somebody(1, 姓名=NEW, **unit, **retired), somebody(2, 姓名=OTHER, **unit, **retired), again
    )


def dialog(page: Page):
    return page.locator("#dialog")


def open_source(page: Page, line_id: int) -> None:
    """What the menu of a line tells of its source."""
    page.locator(f"#line-{line_id} .row-more").click()
    page.get_by_role("menuitem", name="数据来源").click()
    page.wait_for_selector("#dialog[open] .dialog__body")


def sums(page: Page) -> list[str]:
    return page.locator("#grid tfoot [data-part=wan]").all_inner_texts()


def test_a_county_roster_becomes_a_figure_of_the_budget(another_page, sign_in_as, house, known, work, look):
    page = another_page()
    people_before = Person.objects.living_rows().count()

    # The roster: uploaded, read, looked at, taken over as a whole.
    sign_in_as(page, house.keeper)
    page.goto("/")
    page.get_by_role("link", name="人员", exact=True).click()
    page.get_by_role("link", name="名册导入").first.click()
    look(page, "01-rosters")
    page.get_by_role("link", name="上传第一份名册").click()
    page.get_by_role("combobox", name=re.compile("^工会")).select_option(str(known.union_id))
    page.get_by_label("文件").set_input_files({"name": FILE, "mimeType": "", "buffer": roster(known)})
    look(page, "02-upload")
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_text("排队中")).to_be_visible()
    work()
    expect(page.get_by_role("button", name="导入这 3 人")).to_be_visible()
    expect(page.get_by_role("cell", name=NEW)).to_be_visible()
    look(page, "03-preview")
    page.get_by_role("button", name="导入这 3 人").click()
    look(page, "04-take")
    page.get_by_role("button", name="导入", exact=True).click()
    work()
    expect(page.get_by_text("新增 3 人，变更 0 人。")).to_be_visible()
    look(page, "05-taken")
    assert Person.objects.living_rows().count() == people_before + 3

    # The same man twice: compared side by side and merged; what only the roster knew is kept.
    page.get_by_role("link", name="疑似重复").last.click()
    look(page, "06-pairs")
    page.get_by_role("link", name=f"比较 {known.name} 的两条记录").first.click()
    expect(page.get_by_role("row", name=re.compile("^文化程度"))).to_contain_text("取自另一条")
    page.get_by_label("理由").fill("同一单位、同一天出生，名册上的号码录错。")
    look(page, "07-side-by-side")
    page.get_by_role("button", name="是同一人，合并", exact=True).click()
    expect(page.get_by_text(f"{known.name}：已合并")).to_be_visible()
    look(page, "08-merged")
    assert Person.objects.living_rows().count() == people_before + 2
    assert DuplicatePair.objects.get(first=known).status == DuplicatePair.Status.MERGED
    known.refresh_from_db()
    assert (known.education, known.merged_into) == ("大专", None)

    # An honour for one of the two who are new.
    page.get_by_role("link", name="劳模", exact=True).click()
    look(page, "09-workers")
    page.get_by_role("link", name="登记荣誉").click()
    page.get_by_role("searchbox", name="姓名、拼音或末四位").fill(NEW)
    page.get_by_role("button", name="查找").click()
    look(page, "10-whom")
    page.get_by_role("link", name=f"给 {NEW} 登记荣誉").click()
    page.get_by_label("荣誉称号").select_option(label=f"{TITLE}（市级）")
    page.get_by_label("表彰日期").fill("1994-04-28")
    page.get_by_label("表彰机关").fill("示例·市表彰机关")
    page.get_by_label("表彰文号").fill("示例市[1994]20号")
    look(page, "11-honour")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-award-class]")).to_have_text("一次")
    look(page, "12-file")
    worker = Honour.objects.get(document_number="示例市〔1994〕20号").person
    assert worker.name == NEW

    # The allowance of the year, through three hands.
    page.get_by_role("link", name="荣誉津贴").first.click()
    page.get_by_role("link", name="编制名册").first.click()
    page.get_by_label("年度").fill("2016")
    page.get_by_label("快照日").fill("2015-12-31")
    look(page, "13-run-form")
    page.get_by_role("button", name="编制名册").click()
    expect(page.get_by_text("名册比预算多 1 人、多 1,500.00 元")).to_be_visible()
    expect(page.get_by_text("获得一次的246人（含破产或撤销企业劳模6人）")).to_be_visible()
    look(page, "14-run")
    run = AllowanceRun.objects.get()
    address = reverse("model_workers:run_detail", args=[run.pk])
    assert run.lines.filter(person=worker).count() == run.lines.filter(person=known).count() == 1
    for user, step, state in (
        (house.keeper, "提交审核", "待审核"),
        (house.checker, "审核通过", "待审批"),
        (house.vice, "审批同意", "已审批"),
    ):
        sign_in_as(page, user)
        page.goto(address)
        open_dialog(page, step)
        look(page, f"15-{step}")
        dialog(page).get_by_role("button", name=step, exact=True).click()
        expect(page.locator(".badge", has_text=state)).to_be_visible()
    look(page, "16-approved")
    run.refresh_from_db()
    assert run.status == RunStatus.APPROVED

    # On paper, to the fen.
    sign_in_as(page, house.keeper)
    page.goto(address)
    page.get_by_role("link", name="打印、导出").click()
    look(page, "17-print")
    with page.expect_download(timeout=SETTING_MS) as download:
        page.get_by_role("button", name="取出名册").click(timeout=SETTING_MS)
    with open(download.value.path(), "rb") as file:
        paper = words("".join(pdf_text(file.read())))
    total = sum((line.amount for line in run.lines.all()), Decimal(0))
    printed = re.search(r"合计(\d+)人([\d,]+\.\d\d)合计（大写）", paper)
    assert printed is not None
    assert (int(printed[1]), Decimal(printed[2].replace(",", ""))) == (run.lines.count(), total)
    assert total == Decimal("438000.00")
    assert "共计438000元" in paper
    assert NEW in paper
    assert OTHER not in paper

    # The budget: told of the change, by name only to whoever may see people.
    line, grid = house.line(1), reverse("budget:edition_grid", args=[house.edition.pk])
    sign_in_as(page, UserFactory(reader=True))
    page.goto(grid)
    open_source(page, line.pk)
    expect(dialog(page)).to_contain_text("+1 自上次读取")
    expect(dialog(page)).not_to_contain_text(NEW)
    expect(dialog(page).get_by_role("link", name="看名单")).to_have_count(0)
    expect(dialog(page).get_by_role("button", name=re.compile("采用"))).to_have_count(0)
    look(page, "18-source-for-a-reader")

    sign_in_as(page, house.clerk)
    page.goto("/")
    told = page.get_by_role("row", name=re.compile("数据来源有变动"))
    expect(told).to_contain_text("市级劳模荣誉获得一次 +1 自上次读取")
    expect(told).not_to_contain_text(NEW)
    look(page, "19-workbench")
    told.get_by_role("link", name="去核对").click()
    page.wait_for_url(f"**{grid}#line-*")
    assert sums(page) == ["592.28", "193.65", "785.93"]
    page.get_by_role("button", name="校验").click()
    panel = page.locator("#grid-panel")
    expect(panel).to_contain_text("现为 246人，+1 自上次读取")
    expect(panel).not_to_contain_text(NEW)
    look(page, "20-findings")
    open_source(page, line.pk)
    expect(dialog(page)).to_contain_text("+1 自上次读取")
    expect(dialog(page)).to_contain_text(f"新增：{NEW}")
    expect(dialog(page).get_by_role("row", name=re.compile(f"^{ITEM}"))).to_contain_text("43.80")
    look(page, "21-source")
    dialog(page).get_by_role("button", name="采用 246人").click()
    expect(dialog(page)).to_contain_text("没有变化")
    look(page, "22-accepted")
    dialog(page).get_by_role("button", name="关闭").click()
    row = page.locator(f"#line-{line.pk}")
    expect(row.locator("td").nth(3)).to_have_text("246")
    expect(row).to_contain_text("369,000.00")
    expect(panel).not_to_contain_text("现为 246人")
    expect(page.locator(f"#item-{line.item_id} .r-item")).to_contain_text("438,000.00")
    expect(page.locator("#grid tfoot [data-part=wan]")).to_have_text(["592.28", "193.80", "786.08"])
    row.locator("td").nth(3).click()
    page.get_by_role("button", name="说明", exact=True).click()
    expect(panel).to_contain_text(
        "涉及离退休市级劳模278人，其中市级劳模荣誉获得一次的246人（含破产或撤销企业劳模6人）（每人1500元）"
    )
    expect(panel).to_contain_text("共计438000元")
    look(page, "23-explanation")
    item = house.item()
    assert (item.people, item.amount) == (run.lines.count(), total)

    # And the roster says so, too.
    sign_in_as(page, house.keeper)
    page.goto(address)
    expect(page.get_by_text("与预算一致")).to_be_visible()
    look(page, "24-agrees")
    assert house.line(1).source_read_at.date() >= date(2016, 1, 1)
