"""The guard around every browser test sees what a person at the screen might not."""

import pytest
from playwright.sync_api import Error

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/accounts/sign-in/"


@pytest.fixture
def provoked(faults):
    """The faults a test provokes on purpose, forgotten when it ends."""
    yield faults
    faults.clear()


def test_an_ordinary_page_is_without_fault(page, faults):
    page.goto(PAGE)
    page.wait_for_load_state("networkidle")
    assert faults == []


def test_an_answer_of_400_or_more_is_seen(page, provoked):
    page.goto("/no-such-page/")
    assert len(provoked) == 1
    assert provoked[0].startswith("404 GET http")


@pytest.mark.allows_status(404)
def test_a_test_may_name_the_answer_it_expects(page, faults):
    page.goto("/no-such-page/")
    assert faults == []


def test_an_error_in_a_script_is_seen(page, provoked):
    page.goto(PAGE)
    with page.context.expect_event("weberror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('broken'); }); }")
    assert provoked == ["script: broken"]


def test_an_inline_style_is_refused_and_seen(page, provoked):
    page.goto(PAGE)
    with page.context.expect_console_message():
        page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "Content Security Policy" in provoked[0]


def test_another_host_is_neither_asked_nor_missed(page, provoked):
    with pytest.raises(Error, match="ERR_FAILED"):
        page.goto("http://cdn.example/a.png")
    assert provoked == ["asked another host: http://cdn.example/a.png"]


def test_a_second_person_has_cookies_of_their_own(page, another_page):
    page.goto(PAGE)
    page.context.add_cookies([{"name": "who", "value": "first", "url": page.url}])
    other = another_page()
    other.goto(PAGE)
    assert "who" not in {cookie["name"] for cookie in other.context.cookies()}
