"""What the browser tests share: signing somebody in without the form, axe, photographs, the background worker."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from apps.accounts.models import User
from apps.budget import demo
from apps.budget.models import Edition
from apps.budget.services.reference import load_reference
from tests.factories import UserFactory

PHOTOGRAPHS = Path(
    os.environ.get("PHOTOGRAPHS") or Path(__file__).resolve().parents[2] / "var" / "photographs"
)
FIXTURES = settings.BASE_DIR / "fixtures"
OVERHANG = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth;
}"""
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture
def clerk(transactional_db) -> User:
    return UserFactory(username="caiwu", full_name="示例·财务经办", finance_clerk=True)


@pytest.fixture
def edition(clerk: User) -> Edition:
    """The budget of 2016 as published, entered by the clerk: 785.93 in 万元."""
    load_reference(FIXTURES)
    plan = demo.load(folder=FIXTURES, union=clerk.union, actor=clerk, now=timezone.now())
    assert plan is not None
    return plan.editions.get()


@pytest.fixture
def sign_in_as(live_server) -> Callable[..., None]:
    """Gives a page the session of a person, and the theme they chose."""

    def sign_in(page: Page, user: User, *, theme: str = "light") -> None:
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [
                {"name": name, "value": client.cookies[name].value, "url": live_server.url},
                {"name": "theme", "value": theme, "url": live_server.url},
            ]
        )

    return sign_in


@pytest.fixture
def photograph() -> Callable[[Page, str], None]:
    PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=PHOTOGRAPHS / f"{name}.png")

    return take


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """What axe calls serious or critical on the page as it stands, colour contrast included."""

    def run(page: Page) -> list[str]:
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in Axe().run(page, options=WCAG).response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture
def sideways() -> Callable[[Page], int]:
    """By how many pixels the page could be scrolled sideways."""

    def measure(page: Page) -> int:
        return page.evaluate(OVERHANG)

    return measure
