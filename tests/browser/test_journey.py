"""The whole job in a browser: a figure changed with the keyboard alone, the approval through five hands, two at one row."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.budget.models import CalcLine, Edition, IssuedDocument, Item, Waiver
from apps.core.pdf import pdf_text
from tests.browser.dialogs import open_dialog
from tests.factories import PASSWORD, UserFactory

LINE = "市级劳模荣誉获得一次"
ITEM = "市级离退休劳模津贴"
BUDGET = "廊坊市总工会2016年财政部门预算"
MINUTES = "示工纪〔2016〕1号"

pytestmark = pytest.mark.django_db(transaction=True)

NAME_OF_FOCUS = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return "";
  const label = node.getAttribute("aria-label") || (node.labels && node.labels[0] && node.labels[0].textContent);
  return (label || node.textContent || "").trim().replace(/\\s+/g, " ");
}"""


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return page.evaluate(NAME_OF_FOCUS)


def reach(page: Page, name: str, *, key: str = "Tab", at_most: int = 40) -> None:
    """Presses a key until the focus stands on what is called so; more than `at_most` times is a failure."""
    seen = []
    for _ in range(at_most):
        if focused(page) == name:
            return
        page.keyboard.press(key)
        seen.append(focused(page))
    assert focused(page) == name, f"“{name}” not reached with {key}: {seen}"


def line_of(edition: Edition) -> CalcLine:
    return CalcLine.objects.get(item__edition=edition, label=LINE)


def sums(page: Page) -> list[str]:
    """The last column but one of the rows that stay at the foot: 小计, 小计, 合计 in 万元."""
    return page.locator("#grid tfoot [data-part=wan]").all_inner_texts()


# --- the keyboard alone ------------------------------------------------------------------------------------


def test_a_figure_is_changed_and_the_draft_printed_with_the_keyboard_alone(
    page: Page, clerk: User, edition: Edition, photograph, work
):
    keyboard = page.keyboard
    page.goto("/")
    keyboard.type(clerk.username)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(clerk.full_name)

    reach(page, BUDGET)
    photograph(page, "journey-1-workbench")
    keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('budget:edition_grid', args=[edition.pk])}")
    assert sums(page) == ["592.28", "193.65", "785.93"]

    keyboard.press("F6")
    keyboard.press("Control+End")
    reach(page, f"{ITEM} 第1行 测算内容", key="ArrowUp", at_most=8)
    reach(page, f"{ITEM} 第1行 数量", key="ArrowRight", at_most=3)
    keyboard.type("251")
    assert sums(page) == ["592.28", "194.55", "786.83"]
    photograph(page, "journey-2-typed")
    assert line_of(edition).people == 245
    with page.expect_response("**/cells/") as answer:
        keyboard.press("Enter")
    assert answer.value.status == 200
    assert focused(page) == f"{ITEM} 第2行 数量"
    expect(page.locator("#grid-state")).to_contain_text("已保存")
    assert line_of(edition).people == 251
    item = page.locator(f"#item-{line_of(edition).item_id}")
    expect(item.locator(".sentence")).to_contain_text(f"{LINE}的251人")
    assert sums(page) == ["592.28", "194.55", "786.83"]

    keyboard.press("ArrowUp")
    keyboard.press("Alt+h")
    panel = page.locator("#grid-panel")
    expect(panel.get_by_role("listitem").first).to_contain_text(clerk.full_name)
    expect(panel.get_by_role("listitem").first).to_contain_text("数量 原为245→现为251")
    photograph(page, "journey-3-history")

    reach(page, f"{ITEM} 第1行 其中数", key="ArrowRight", at_most=4)
    keyboard.type("300")
    tip = page.get_by_role("alert").filter(visible=True)
    expect(tip).to_have_text("“其中”的数量 300 超过本行的数量 251。")
    photograph(page, "journey-4-refused")
    keyboard.press("Enter")
    expect(page.locator("#grid-state")).to_contain_text("1 行有错误，未保存")
    assert line_of(edition).of_which_people == 6
    keyboard.press("ArrowUp")
    keyboard.press("Control+z")
    expect(page.locator("#grid-state")).not_to_contain_text("有错误")
    expect(tip).to_have_count(0)

    keyboard.press("F6")
    keyboard.press("F6")
    reach(page, "更多", key="Shift+Tab", at_most=8)
    keyboard.press("Enter")
    reach(page, "打印与签发说明", at_most=8)
    keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("打印与签发")
    reach(page, "打印草稿")
    keyboard.press("Enter")
    expect(page.locator("#print-job")).to_contain_text("排队中")
    photograph(page, "journey-5-queued")
    work()
    expect(page.locator("#print-job")).to_contain_text("草稿已生成")
    photograph(page, "journey-6-printed")
    reach(page, "下载 PDF")
    with page.expect_download() as download:
        keyboard.press("Enter")
    text = "".join(pdf_text(Path(download.value.path()).read_bytes())).replace("\r\n", "").replace("\n", "")
    for printed in ("251人", "194.55", "786.83", "含破产或撤销企业劳模6人"):
        assert printed in text, printed


# --- through five hands ------------------------------------------------------------------------------------


def take_step(page: Page, label: str, *, picture: Callable[[], None] | None = None, **typed: str) -> None:
    """Presses the button of a step at the top of the grid, fills in what it asks for and takes it."""
    open_dialog(page, label, within=".page__actions")
    form = page.locator("#dialog-body form")
    for name, words in typed.items():
        form.locator(f"[name={name}]").fill(words)
    expect(form).to_be_visible()
    if picture:
        picture()
    form.get_by_role("button", name=label, exact=True).click()
    expect(form).to_have_count(0)


def expect_read_only(page: Page) -> None:
    page.locator("#grid .r-line td").nth(3).click()
    page.keyboard.type("9")
    expect(page.locator("#grid[aria-readonly=true]")).to_have_count(1)
    expect(page.locator(".grid-editor")).to_have_count(0)


def test_an_edition_goes_through_five_hands_and_the_issue_is_recognised(
    another_page, clerk: User, edition: Edition, sign_in_as, photograph, work
):
    people = {
        role: UserFactory(full_name=f"示例·{word}", **{role: True})
        for role, word in (
            ("finance_head", "财务负责人"),
            ("vice_chair", "分管副主席"),
            ("chair", "主席"),
            ("auditor", "经审"),
        )
    }
    grid = reverse("budget:edition_grid", args=[edition.pk])
    pages = {"clerk": another_page()} | {role: another_page() for role in people}
    sign_in_as(pages["clerk"], clerk)
    for role, user in people.items():
        sign_in_as(pages[role], user)

    page = pages["clerk"]
    page.goto(grid)
    take_step(page, "提交审核")
    expect(page.locator(".page__title")).to_contain_text("待财务审核")
    expect_read_only(page)
    photograph(page, "journey-7-submitted")

    page = pages["finance_head"]
    page.goto(reverse("budget:edition_findings", args=[edition.pk]))
    waiting = page.locator(".finding:has(textarea)")
    assert waiting.count() > 0
    waiting.first.locator("summary").click()
    waiting.first.get_by_role("textbox").fill("示例：按标准核对过。")
    page.get_by_label("上面各条都用共同理由").check()
    expect(waiting.last.get_by_role("checkbox")).to_be_checked()
    page.get_by_label("共同理由", exact=True).fill("示例：经核对可以保留。")
    page.get_by_role("button", name="记下全部理由").click()
    expect(waiting).to_have_count(0)
    reasons = set(Waiver.objects.values_list("reason", flat=True))
    assert "示例：按标准核对过。" in reasons
    assert reasons <= {"示例：按标准核对过。", "示例：经核对可以保留。"}
    expect(page.get_by_text("可以提交").or_(page.get_by_text("都已处理或说明")).first).to_be_visible()
    photograph(page, "journey-8-answered")
    page.goto(grid)
    take_step(page, "审核通过")

    page = pages["vice_chair"]
    page.goto("/")
    page.get_by_role("link", name=BUDGET).first.click()
    take_step(page, "同意")

    page = pages["chair"]
    page.goto("/")
    page.get_by_role("link", name=BUDGET).first.click()
    take_step(page, "会议审定", minutes=MINUTES, picture=lambda: photograph(page, "journey-9-minutes"))
    edition.refresh_from_db()
    assert (edition.status, edition.minutes) == ("approved", MINUTES)
    assert edition.decisions.count() == 4

    page = pages["finance_head"]
    page.goto(reverse("budget:edition_print", args=[edition.pk]))
    page.get_by_role("button", name="签发", exact=True).click()
    photograph(page, "journey-10-issue")
    page.get_by_role("dialog", name="签发编制说明").get_by_role("button", name="签发", exact=True).click()
    expect(page.locator("#print-job")).to_contain_text("排队中")
    work()
    expect(page.locator("#print-job")).to_contain_text("已签发")
    photograph(page, "journey-10-issued")
    copies = [downloaded(page, "下载签发件")]
    page.get_by_role("link", name="查看签发记录").click()
    copies.append(downloaded(page, "下载 PDF"))
    assert copies[0] == copies[1]
    issued = IssuedDocument.objects.get()
    assert issued.sha256 == hashlib.sha256(copies[0]).hexdigest()
    assert issued.issued_by == people["finance_head"]

    page = pages["auditor"]
    page.goto(reverse("budget:verify"))
    page.set_input_files(
        "input[type=file]", {"name": "说明.pdf", "mimeType": "application/pdf", "buffer": copies[0]}
    )
    page.get_by_role("button", name="核验", exact=True).click()
    expect(page.get_by_text(f"是签发的原件：{issued.title}")).to_be_visible()
    photograph(page, "journey-11-verified")
    page.set_input_files(
        "input[type=file]", {"name": "改过.pdf", "mimeType": "application/pdf", "buffer": copies[0] + b"\n"}
    )
    page.get_by_role("button", name="核验", exact=True).click()
    expect(page.get_by_text("不是本系统签发的文件")).to_be_visible()


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


# --- two at one row ----------------------------------------------------------------------------------------


@pytest.mark.allows_status(409)
@pytest.mark.parametrize(
    ("button", "people", "rate"),
    [("都用我的", 260, 1600), ("保留对方的", 251, 1600), ("按所选保存", 260, 1600)],
)
def test_two_clerks_at_one_row_both_see_what_the_other_wrote(
    another_page, clerk: User, edition: Edition, sign_in_as, photograph, button, people, rate
):
    colleague = UserFactory(full_name="示例·另一位经办", finance_clerk=True)
    first, second = another_page(), another_page()
    sign_in_as(first, colleague)
    sign_in_as(second, clerk)
    line = line_of(edition)
    for page in (first, second):
        page.goto(reverse("budget:edition_grid", args=[edition.pk]))
    for page, typed in ((first, {"数量": "251", "标准/基数": "1600"}), (second, {"数量": "260"})):
        for column, text in typed.items():
            cell = {"数量": 3, "标准/基数": 7}[column]
            page.locator(f"#line-{line.pk} td").nth(cell).click()
            page.keyboard.type(text)
        with page.expect_response("**/cells/"):
            page.keyboard.press("Enter")
    dialog = second.get_by_role("dialog", name="这一行刚被修改过")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(colleague.full_name)
    row = dialog.get_by_role("row", name="数量")
    expect(row.get_by_role("radio", name="251")).to_be_visible()
    expect(row.get_by_role("radio", name="260")).to_be_checked()
    expect(dialog.get_by_role("row", name="标准/基数")).to_contain_text("1,600没有改，照对方的")
    photograph(second, "journey-12-conflict")
    line.refresh_from_db()
    assert (line.people, line.rate) == (251, 1600)
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_be_hidden()
    expect(second.locator("#grid-state")).to_contain_text("已保存")
    line.refresh_from_db()
    assert (line.people, line.rate) == (people, rate)
    shown = second.locator(f"#line-{line.pk} td")
    expect(shown.nth(3)).to_have_text(str(people))
    expect(shown.nth(7)).to_have_text(f"{rate:,}")
    item = Item.objects.get(pk=line.item_id)
    assert item.edition_id == edition.pk
    for page in (first, second):  # nothing may still be under way when the database is emptied
        page.wait_for_load_state("networkidle")
