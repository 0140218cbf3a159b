"""The dialog, as a person opens it."""

from playwright.sync_api import Page, expect


def open_dialog(page: Page, name: str, *, within: str = "body") -> None:
    """Press the button that opens it. A page that is still loading would follow the address behind the button instead."""
    button = page.locator(within).get_by_role("button", name=name, exact=True).first
    expect(button).to_be_visible()
    page.wait_for_function("() => document.readyState === 'complete'")
    button.click()
    page.wait_for_selector("#dialog[open] .dialog__body")
