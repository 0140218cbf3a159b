"""Signing in and staying signed in, in a real browser: nothing typed is lost when the time is up."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Session, User
from tests.factories import PASSWORD, AccessRecordFactory, UnionFactory, UserFactory

PHOTOGRAPHS = Path(
    os.environ.get("PHOTOGRAPHS") or Path(__file__).resolve().parents[2] / "var" / "photographs"
)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

pytestmark = pytest.mark.django_db(transaction=True)


def photograph(page: Page, name: str) -> None:
    PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PHOTOGRAPHS / f"{name}.png")


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical", "moderate")
        for node in violation["nodes"]
    ]


def sign_in(page: Page, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    origin = page.context.browser and page.evaluate("location.origin")
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": origin}])


@pytest.fixture
def administrator() -> User:
    return UserFactory(username="admin", full_name="示例·系统管理员", system_admin=True)


@pytest.fixture
def form_page(page: Page, administrator: User) -> Page:
    """A form half filled in, with a clock that the test moves."""
    page.clock.install(time=timezone.now())
    page.goto("/accounts/sign-in/")
    sign_in(page, administrator)
    page.goto("/accounts/users/new/")
    page.get_by_label("姓名").fill("示例·写到一半")
    return page


def server_time_passes(user: User, **time: int) -> None:
    """As if that much time had passed for the server since the last request."""
    for session in Session.objects.filter(user=user):
        passed = timedelta(**time)
        Session.objects.filter(pk=session.pk).update(
            expire_date=session.expire_date - passed, last_seen_at=session.last_seen_at - passed
        )


def dialog(page: Page):
    return page.locator("#session-dialog")


def test_somebody_signs_in_with_the_keyboard_alone(page: Page):
    user = UserFactory(username="clerk", finance_clerk=True)
    page.goto("/accounts/me/")
    page.keyboard.type("clerk")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="我的账号", level=1)).to_be_visible()
    expect(page.get_by_text(f"用户菜单：{user.full_name}")).to_have_count(0)
    assert Session.objects.get(user=user).device.startswith("Chrome")


def test_two_minutes_before_the_end_a_dialog_warns_and_staying_is_one_key(
    form_page: Page, administrator: User
):
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(27 * 60 * 1000)
    expect(dialog(form_page)).to_be_hidden()
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(65 * 1000)
    expect(dialog(form_page)).to_be_visible()
    expect(form_page.locator("[data-session-countdown]")).to_have_text(re.compile(r"1 分 \d+ 秒"))
    expect(form_page.locator("[data-session-announce]")).to_contain_text("秒自动退出登录")
    photograph(form_page, "accounts-session-warning")
    assert serious(form_page) == []
    server_time_passes(administrator, minutes=28)
    with form_page.expect_response("**/accounts/keep-alive/") as answer:
        form_page.keyboard.press("Enter")
    assert answer.value.json()["seconds"] > 1790
    expect(dialog(form_page)).to_be_hidden()
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")
    expect(form_page.get_by_label("姓名")).to_be_focused()


def test_somebody_who_types_is_not_warned(form_page: Page, administrator: User):
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(10 * 60 * 1000)
    with form_page.expect_response("**/accounts/keep-alive/"):
        form_page.get_by_label("职务").type("科员")
        form_page.wait_for_load_state()  # the page's own clock starts with its scripts
        form_page.clock.fast_forward(2000)
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(20 * 60 * 1000)
    expect(dialog(form_page)).to_be_hidden()


@pytest.mark.allows_status(422)
def test_after_the_end_signing_in_in_place_keeps_what_was_typed(form_page: Page, administrator: User):
    server_time_passes(administrator, minutes=31)
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(31 * 60 * 1000)
    expect(dialog(form_page).get_by_role("heading", name="请重新登录")).to_be_visible()
    form_page.keyboard.press("Escape")
    expect(dialog(form_page)).to_be_visible()
    password = form_page.get_by_label("示例·系统管理员（admin）的密码")
    expect(password).to_be_focused()
    photograph(form_page, "accounts-session-ended")
    assert serious(form_page) == []
    password.fill("wrong")
    form_page.keyboard.press("Enter")
    expect(dialog(form_page).get_by_role("alert")).to_have_text("用户名或密码不正确，请重新输入。")
    password.fill(PASSWORD)
    form_page.keyboard.press("Enter")
    expect(dialog(form_page)).to_be_hidden()
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")
    form_page.get_by_label("用户名").fill("half.way")
    form_page.get_by_label("所属工会").select_option(index=1)
    form_page.get_by_role("button", name="建立并显示一次性密码").click()
    expect(form_page.locator("#one-time-password")).to_be_visible()
    assert User.objects.get(username="half.way").full_name == "示例·写到一半"


def test_a_form_sent_after_the_end_waits_for_the_sign_in(form_page: Page, administrator: User):
    form_page.get_by_label("用户名").fill("half.way")
    form_page.get_by_label("所属工会").select_option(index=1)
    server_time_passes(administrator, minutes=31)
    form_page.clock.set_system_time(timezone.now() + timedelta(minutes=31))
    form_page.evaluate("document.querySelector('form[data-guard]').requestSubmit()")
    expect(dialog(form_page).get_by_role("heading", name="请重新登录")).to_be_visible()
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")
    assert not User.objects.filter(username="half.way").exists()


@pytest.mark.allows_status(401)
def test_a_form_sent_after_the_end_elsewhere_is_sent_once_the_same_person_is_back(
    form_page: Page, administrator: User
):
    form_page.get_by_label("用户名").fill("half.way")
    form_page.get_by_label("所属工会").select_option(index=1)
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(11 * 1000)
    Session.objects.filter(user=administrator).delete()
    form_page.get_by_role("button", name="建立并显示一次性密码").click()
    expect(dialog(form_page).get_by_text("已在别处结束")).to_be_visible()
    assert not User.objects.filter(username="half.way").exists()
    form_page.get_by_label("示例·系统管理员（admin）的密码").fill(PASSWORD)
    form_page.keyboard.press("Enter")
    expect(form_page.locator("#one-time-password")).to_be_visible()
    assert User.objects.get(username="half.way").full_name == "示例·写到一半"


@pytest.mark.allows_status(503)
def test_a_form_sent_while_the_server_is_away_stays_with_all_that_was_typed(form_page: Page):
    form_page.get_by_label("用户名").fill("half.way")
    form_page.wait_for_load_state()  # the page's own clock starts with its scripts
    form_page.clock.fast_forward(11 * 1000)
    form_page.get_by_label("所属工会").select_option(index=1)
    away = '{"message": "数据库暂时连不上。"}'
    form_page.route("**/accounts/keep-alive/", lambda route: route.fulfill(status=503, body=away))
    form_page.get_by_role("button", name="建立并显示一次性密码").click()
    expect(form_page.locator("#toasts")).to_contain_text("填写的内容都还在")
    form_page.unroute("**/accounts/keep-alive/")
    form_page.get_by_role("button", name="建立并显示一次性密码").click()
    expect(form_page.locator("#one-time-password")).to_be_visible()
    assert User.objects.get(username="half.way").full_name == "示例·写到一半"


@pytest.mark.allows_status(401)
def test_a_request_of_the_page_itself_is_repeated_after_signing_in(form_page: Page, administrator: User):
    Session.objects.filter(user=administrator).delete()
    form_page.evaluate(
        "() => { houseSession.fetch('/accounts/keep-alive/', {method: 'POST'})"
        ".then(function (answer) { document.title = 'answered ' + answer.status; }); }"
    )
    expect(dialog(form_page).get_by_role("heading", name="请重新登录")).to_be_visible()
    form_page.get_by_label("示例·系统管理员（admin）的密码").fill(PASSWORD)
    form_page.keyboard.press("Enter")
    expect(form_page).to_have_title("answered 200")
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")


def test_two_windows_know_of_each_other(form_page: Page, administrator: User):
    second = form_page.context.new_page()
    second.goto("/accounts/me/")
    second.get_by_text("用户菜单").or_(second.locator("summary.who")).first.click()
    second.get_by_role("button", name="退出登录").click()
    expect(dialog(form_page).get_by_text("已在另一个窗口退出登录。")).to_be_visible()
    second.get_by_label("用户名").fill("admin")
    second.get_by_label("密码").fill(PASSWORD)
    second.get_by_role("button", name="登录").click()
    expect(second.locator(".frame")).to_be_visible()
    expect(dialog(form_page)).to_be_hidden()
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")
    form_page.get_by_label("用户名").fill("two.windows")
    form_page.get_by_label("所属工会").select_option(index=1)
    form_page.get_by_role("button", name="建立并显示一次性密码").click()
    expect(form_page.locator("#one-time-password")).to_be_visible()


def test_a_window_of_somebody_else_says_that_it_cannot_save(form_page: Page):
    other = UserFactory(username="other", finance_clerk=True)
    second = form_page.context.new_page()
    second.goto("/accounts/me/")
    sign_in(second, other)
    second.goto("/accounts/me/")
    expect(dialog(form_page).get_by_role("heading", name="已换用户登录")).to_be_visible()
    photograph(form_page, "accounts-session-other")
    expect(form_page.get_by_label("姓名")).to_have_value("示例·写到一半")


def test_a_demo_account_goes_on_with_one_click(page: Page, settings):
    settings.DEMO_MODE = True
    person = UserFactory(username="demo", full_name="示例·财务经办", is_demo=True, password="!none")
    page.clock.install(time=timezone.now())
    page.goto("/accounts/me/")
    page.get_by_role("button", name="示例·财务经办").click()
    expect(page.get_by_role("heading", name="我的账号", level=1)).to_be_visible()
    server_time_passes(person, minutes=31)
    page.wait_for_load_state()  # the page's own clock starts with its scripts
    page.clock.fast_forward(31 * 60 * 1000)
    expect(dialog(page).get_by_label("密码")).to_have_count(0)
    dialog(page).get_by_role("button", name="重新登录").click()
    expect(dialog(page)).to_be_hidden()


PAGES = [
    ("/accounts/me/", "profile"),
    ("/accounts/me/password/", "password"),
    ("/accounts/me/sessions/", "sessions"),
    ("/accounts/users/", "users"),
    ("/accounts/users/new/", "user-new"),
    ("/accounts/users/{pk}/", "user"),
    ("/accounts/unions/", "unions"),
    ("/accounts/unions/new/", "union-new"),
    ("/admin/", "admin"),
    ("/admin/accounts/union/", "admin-unions"),
]


@pytest.mark.parametrize(("address", "name"), PAGES, ids=lambda value: value)
def test_the_pages_of_accounts_read_well(page: Page, administrator: User, address: str, name: str):
    county = UnionFactory(name="示例县总工会")
    clerk = UserFactory(full_name="示例·县级经办", union=county, post="科员", county_clerk=True)
    page.goto("/accounts/sign-in/")
    sign_in(page, administrator)
    page.goto(address.format(pk=clerk.pk))
    photograph(page, f"accounts-{name}")
    assert address.startswith("/admin/") or serious(page) == []
    page.set_viewport_size({"width": 683, "height": 384})
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert address.startswith("/admin/") or overflow <= 0


def test_the_record_of_access_reads_well(page: Page):
    auditor = UserFactory(auditor=True)
    AccessRecordFactory(subject="2016年部门预算（二上）", row_count=7, sha256="0" * 64, address="192.0.2.1")
    AccessRecordFactory(
        kind="denied", subject="/accounts/users/", detail="您没有“管理用户、角色与工会组织”的权限。"
    )
    page.goto("/accounts/sign-in/")
    sign_in(page, auditor)
    page.goto("/accounts/access-records/")
    photograph(page, "accounts-records")
    assert serious(page) == []


def test_the_sign_in_page_reads_well(page: Page, settings):
    page.goto("/accounts/sign-in/")
    photograph(page, "accounts-sign-in")
    assert serious(page) == []
    settings.DEMO_MODE = True
    for number, word in enumerate(["财务经办", "财务负责人", "分管副主席", "主席", "经审", "系统管理员"]):
        UserFactory(username=f"demo{number}", full_name=f"示例·{word}", is_demo=True, password="!none")
    page.goto("/accounts/sign-in/")
    photograph(page, "accounts-sign-in-demo")
    assert serious(page) == []
    page.get_by_role("button", name="示例·财务负责人").click()
    expect(page.locator(".frame")).to_be_visible()


@pytest.mark.allows_status(429)
def test_the_page_of_a_locked_name_reads_well(page: Page):
    page.goto("/accounts/sign-in/")
    for _ in range(5):
        page.get_by_label("用户名").fill("nobody")
        page.get_by_label("密码").fill("wrong")
        page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="用户名已锁定")).to_be_visible()
    photograph(page, "accounts-locked")
    assert serious(page) == []
