"""The components in a real browser: photographed, read by axe, at the office's screen and at 200 % zoom."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from tests.browser.waiting import comes_true
from tests.factories import UserFactory

PHOTOGRAPHS = Path(
    os.environ.get("PHOTOGRAPHS") or Path(__file__).resolve().parents[2] / "var" / "photographs"
)
GALLERY = "/core/components/"
WHOLE_PAGE = "/core/components/page/"
ZOOMED = {"width": 683, "height": 384}
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_as_clerk(page: Page, live_server) -> Callable[..., Page]:
    """Opens an address as the finance clerk, in a chosen theme."""
    client = Client()
    client.force_login(UserFactory(finance_clerk=True), backend=settings.AUTHENTICATION_BACKENDS[-1])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_address(address: str, theme: str = "light") -> Page:
        page.context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
                {"name": "theme", "value": theme, "url": live_server.url},
            ]
        )
        page.goto(address)
        return page

    return open_address


def _overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def _serious(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical", "moderate")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("address", "name"), [(GALLERY, "components"), (WHOLE_PAGE, "components-page")])
def test_components_are_photographed_and_axe_finds_no_violation(open_as_clerk, address, name, theme):
    page = open_as_clerk(address, theme)
    PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PHOTOGRAPHS / f"{name}-{theme}.png", full_page=address == GALLERY)
    assert page.locator("html").get_attribute("data-theme") == theme
    assert _serious(page) == []


@pytest.mark.parametrize("address", [GALLERY, WHOLE_PAGE])
@pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, ZOOMED, {"width": 360, "height": 640}])
def test_the_page_never_scrolls_sideways(open_as_clerk, page, address, size):
    page.set_viewport_size(size)
    open_as_clerk(address)
    comes_true(page, lambda: _overflow(page) == 0)


def test_axe_finds_no_violation_at_double_size(open_as_clerk, page):
    page.set_viewport_size(ZOOMED)
    open_as_clerk(WHOLE_PAGE)
    page.screenshot(path=PHOTOGRAPHS / "components-page-zoom.png")
    assert _serious(page) == []
    page.get_by_role("button", name="业务分区").click()
    expect(page.get_by_role("navigation", name="业务分区")).to_be_visible()
    assert _serious(page) == []


def test_the_whole_table_fits_the_office_screen_and_its_head_and_total_stay(open_as_clerk):
    page = open_as_clerk(WHOLE_PAGE)
    box = page.get_by_role("region", name="预算项目")
    comes_true(page, lambda: box.evaluate("box => box.scrollWidth - box.clientWidth") == 0)
    comes_true(page, lambda: page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0)
    page.set_viewport_size({"width": 1366, "height": 600})
    page.reload()
    comes_true(page, lambda: box.evaluate("box => box.scrollHeight > box.clientHeight"))
    for part in ("thead th", "tfoot td"):
        cell = box.locator(part).first
        before = cell.bounding_box()
        box.evaluate("box => { box.scrollTop = 40 }")
        assert cell.bounding_box() == before


def test_slash_finds_the_search_but_not_while_typing(open_as_clerk):
    page = open_as_clerk(GALLERY)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="搜索", exact=True)).to_be_focused()
    page.get_by_label("项目名称").first.fill("")
    page.get_by_label("项目名称").first.press("/")
    expect(page.get_by_label("项目名称").first).to_have_value("/")


def test_theme_and_rail_are_remembered_by_the_next_page(open_as_clerk):
    page = open_as_clerk(GALLERY)
    page.get_by_label("用户菜单").click()
    page.get_by_role("button", name="深色").click()
    page.get_by_role("button", name="收起").click()
    page.goto(WHOLE_PAGE)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".frame")).to_have_attribute("data-rail", "narrow")
    comes_true(page, lambda: page.locator(".rail").bounding_box()["width"] < 60)
    assert _serious(page) == []


def test_a_dialog_opens_takes_the_focus_and_gives_it_back(open_as_clerk):
    page = open_as_clerk(GALLERY)
    button = page.get_by_role("button", name="打开对话框")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="退回给财务经办")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("用途说明")).to_be_focused()
    assert _serious(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_message_floats_and_can_be_closed(open_as_clerk):
    page = open_as_clerk(GALLERY)
    page.get_by_role("button", name="浮出一条消息").click()
    message = page.locator(".toast")
    expect(message).to_have_text("已保存 7 个项目。")
    message.get_by_role("button", name="关闭消息").click()
    expect(message).to_have_count(0)


def test_the_right_panel_makes_room_when_asked(open_as_clerk):
    page = open_as_clerk(WHOLE_PAGE)
    panel = page.get_by_role("complementary", name="校验结果")
    expect(panel).to_be_visible()
    page.get_by_role("button", name="校验 4").click()
    expect(panel).to_be_hidden()
    page.reload()
    expect(panel).to_be_hidden()


def test_focus_can_be_seen_on_every_control_reached_by_tab(open_as_clerk):
    page = open_as_clerk(WHOLE_PAGE)
    seen = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => { const node = document.activeElement, style = getComputedStyle(node);
            return [node.tagName + node.className, style.outlineStyle, parseFloat(style.outlineWidth)] }"""
        )
        if focus[0].startswith("BODY"):
            break
        seen.add(focus[0])
        assert focus[1] != "none", focus
        assert focus[2] >= 1, focus
    assert len(seen) >= 8
