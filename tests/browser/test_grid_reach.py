"""What a stranger met in the grid and beside it: figures whole, the active row in sight, keys that reach every row."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.budget.models import Edition, OutlineEntry
from tests.browser.waiting import comes_true
from tests.budget.office import as_clerk
from tests.factories import OutlineEntryFactory

pytestmark = pytest.mark.django_db(transaction=True)

CUT = """() => [...document.querySelectorAll(
    '#grid .r-sum [data-part], #grid .r-item > :nth-last-child(2), #grid .r-item > :nth-last-child(3)')]
  .filter(td => td.scrollWidth > td.clientWidth).map(td => td.textContent)"""
HIDDEN = """() => {
  const cell = document.querySelector('#grid .is-active').getBoundingClientRect();
  const foot = [...document.querySelectorAll('#grid tfoot th')].map(th => th.getBoundingClientRect().top);
  const head = document.querySelector('#grid thead').getBoundingClientRect().bottom;
  return Math.max(cell.bottom - Math.min(...foot), head - cell.top);
}"""


@pytest.fixture
def grid(page: Page, edition: Edition, clerk: User, sign_in_as: Callable[..., None]) -> Page:
    page.set_viewport_size({"width": 1366, "height": 768})
    sign_in_as(page, clerk)
    page.goto(f"/budget/editions/{edition.pk}/")
    return page


@pytest.mark.parametrize("with_panel", [False, True])
def test_no_total_is_ever_shortened(grid: Page, with_panel: bool, photograph: Callable[[Page, str], None]):
    grid.evaluate(
        """() => document.querySelectorAll('#grid .r-item, #grid .r-sum').forEach(tr => {
          const cells = tr.cells, last = cells.length;
          cells[last - 3].textContent = '9,999,999,999.99';
          cells[last - 2].textContent = '999,999.99';
        })"""
    )
    if with_panel:
        grid.locator('[data-panel="findings"]').click()
        expect(grid.locator("#grid-panel")).to_be_visible()
    photograph(grid, f"grid-long-{'panel' if with_panel else 'alone'}")
    comes_true(grid, lambda: grid.evaluate(CUT) == [])


def test_the_row_being_typed_in_stays_above_the_sums(grid: Page):
    grid.locator("#grid .b-item").last.locator(".r-new > td").nth(1).click()
    for number in range(4):
        grid.keyboard.type(f"示例人员{number}")
        grid.keyboard.press("Enter")
        grid.wait_for_function("() => document.getElementById('grid-state').textContent.includes('已保存')")
        comes_true(grid, lambda: grid.evaluate(HIDDEN) <= 1)


def test_arrows_stop_at_the_row_for_a_new_item_from_any_column(grid: Page):
    grid.locator("#grid .b-item .r-line > td").nth(7).click()
    for _ in range(400):
        grid.keyboard.press("ArrowDown")
        if grid.locator("#grid .r-add .is-active").count():
            break
    expect(grid.locator("#grid .r-add .is-active")).to_have_count(1)


def test_alt_n_goes_to_the_new_item_of_the_group_and_alt_insert_to_a_new_line(grid: Page):
    body = grid.locator("#grid .b-item").first
    body.locator(".r-line > td").nth(7).click()
    grid.keyboard.press("Alt+Insert")
    expect(body.locator(".r-new .is-active")).to_have_count(1)
    grid.keyboard.press("Alt+n")
    add = grid.locator(f'#grid .b-add[data-group="{body.get_attribute("data-group")}"]')
    expect(add.locator(".is-active")).to_have_count(1)
    grid.keyboard.press("F1")
    expect(grid.locator("#grid-keys")).to_contain_text("在本组加一个项目")


GAP = """id => {
  const owner = document.getElementById(id).cells;
  const cell = owner[owner.length - 1].getBoundingClientRect();
  const menu = document.getElementById('grid-menu').getBoundingClientRect();
  return Math.min(Math.abs(menu.top - cell.bottom), Math.abs(cell.top - menu.bottom));
}"""


def test_the_menu_of_a_row_follows_its_row_and_goes_with_it(grid: Page):
    grid.set_viewport_size({"width": 1366, "height": 560})
    menu, box = grid.locator("#grid-menu"), grid.locator("#grid-box")
    row = grid.locator("#grid .r-line[id]").nth(3)
    line = row.get_attribute("id")
    row.locator("td").nth(1).click()
    row.locator(".row-more").click()
    expect(menu).to_be_visible()
    before = menu.bounding_box()["y"]
    box.evaluate("box => { box.scrollTop += 24; }")
    grid.wait_for_function(
        "before => document.getElementById('grid-menu').getBoundingClientRect().top !== before", arg=before
    )
    expect(menu).to_be_visible()
    comes_true(grid, lambda: grid.evaluate(GAP, line) <= 4)
    grid.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(grid.locator(f"#{line} :focus")).to_have_count(1)

    row.locator(".row-more").click()
    expect(menu).to_be_visible()
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(menu).to_be_hidden()


def test_the_menu_closes_once_the_edition_is_exported(grid: Page):
    grid.get_by_text("更多", exact=True).click()
    with grid.expect_download():
        grid.get_by_role("button", name="导出整个版本").click()
    expect(grid.locator("details[data-menu][open]")).to_have_count(0)


def test_at_twice_the_size_amount_and_total_are_in_sight(grid: Page, photograph: Callable[[Page, str], None]):
    grid.set_viewport_size({"width": 683, "height": 384})
    grid.locator("#grid-box").scroll_into_view_if_needed()
    grid.evaluate("document.getElementById('grid-box').scrollIntoView()")
    photograph(grid, "grid-200")

    def is_in_sight() -> bool:
        box = grid.locator("#grid-box").bounding_box()
        amount = grid.locator('#grid .is-total [data-part="amount"]').bounding_box()
        return (
            amount["x"] + amount["width"] <= box["x"] + box["width"] + 1
            and amount["y"] + amount["height"] <= 384
            and box["height"] >= 300
        )

    comes_true(grid, is_in_sight)


def test_two_paragraphs_edited_are_both_kept(
    page: Page, edition: Edition, clerk: User, sign_in_as: Callable[..., None], photograph
):
    with as_clerk(edition):
        edition.outline.all().delete()
    first = OutlineEntryFactory(edition=edition, section="duties", ordinal=1, text="示例第一条。")
    second = OutlineEntryFactory(edition=edition, section="duties", ordinal=2, text="示例第二条。")
    page.set_viewport_size({"width": 1366, "height": 768})
    sign_in_as(page, clerk)
    page.goto(f"/budget/editions/{edition.pk}/outline/")
    page.fill(f"#text-{first.pk}", "改过的第一条。")
    page.fill(f"#text-{second.pk}", "改过的第二条。")
    page.click(f"#save-{first.pk}")
    expect(page.locator("#toasts")).to_contain_text("已保存")
    expect(page.locator(f"#text-{second.pk}")).to_have_value("改过的第二条。")
    page.click(f"#up-{second.pk}")
    expect(page.locator(".outline__row").first).to_have_id(f"entry-{second.pk}")
    expect(page.locator(f"#text-{second.pk}")).to_have_value("改过的第二条。")
    photograph(page, "outline")
    page.click(f"#save-{second.pk}")
    page.wait_for_function("() => document.querySelectorAll('#toasts .toast').length > 1")
    kept = {"改过的第一条。", "改过的第二条。"}
    comes_true(page, lambda: set(OutlineEntry.objects.values_list("text", flat=True)) == kept)
