"""What all tests share: a guarded browser.

A browser test fails when a page throws, breaks the content security policy, answers with 400 or more, or asks for
another host. A test that provokes such an answer names it: `@pytest.mark.allows_status(409)`.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import BrowserContext, Page, expect
from procrastinate.contrib.django import app

from tests.people.canaries import LogWatch

# Playwright's synchronous interface keeps an event loop running in this thread; Django would refuse the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

BROWSER_TESTS = Path(__file__).parent / "browser"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# Long, because it costs nothing where all is well: how loaded a machine is decides no test.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BROWSER_TESTS in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session", autouse=True)
def no_number_in_any_log() -> Iterator[None]:
    """Every log record of the whole run is read: none may hold somebody's identity number or card."""
    watch = LogWatch()
    loggers = map(logging.getLogger, logging.root.manager.loggerDict)
    heard = [logging.getLogger(), *(logger for logger in loggers if not logger.propagate)]
    for logger in heard:
        logger.addHandler(watch)
    yield
    for logger in heard:
        logger.removeHandler(watch)
    assert not watch.found, "\n".join(watch.found)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    quiet = [
        "--no-sandbox",  # the tests also run as root, where Chromium has no sandbox
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--font-render-hinting=none",
    ]
    # Printing confines this process to the fonts that print; the screens use those of the machine, in whatever order
    # the tests run.
    screen = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        "headless": True,
        "args": quiet,
        "env": screen,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """The screen of the office: 1366 × 768."""
    return browser_context_args | {
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1366, "height": 768},
        "reduced_motion": "reduce",
    }


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong in the pages of this test; it must be empty at the end."""
    found: list[str] = []
    yield found
    assert not found, "\n".join(found)


@pytest.fixture
def another_page(request: pytest.FixtureRequest, new_context, live_server, faults) -> Callable[[], Page]:
    """Opens a page with cookies of its own, for a second person; `page.goto("/…")` reaches the test server."""
    marker = request.node.get_closest_marker("allows_status")
    allowed = set(marker.args) if marker else set()

    def open_page() -> Page:
        context = new_context(base_url=live_server.url)
        _watch(context, live_server.url, allowed, faults)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    return open_page


@pytest.fixture
def page(another_page: Callable[[], Page]) -> Page:
    return another_page()


def _watch(context: BrowserContext, home: str, allowed: set[int], faults: list[str]) -> None:
    def refuse_other_hosts(route) -> None:
        faults.append(f"asked another host: {route.request.url}")
        route.abort()

    def note_status(response) -> None:
        if (
            response.status >= 400
            and response.status not in allowed
            and not response.url.endswith("/favicon.ico")
        ):
            faults.append(f"{response.status} {response.request.method} {response.url}")

    def note_message(message) -> None:
        # The status of a resource is judged above, with the exceptions a test names.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(f"console: {message.text}")

    context.route(lambda url: not url.startswith((f"{home}/", "data:", "blob:")), refuse_other_hosts)
    context.on("response", note_status)
    context.on("weberror", lambda error: faults.append(f"script: {error.error}"))
    context.on("console", note_message)


@pytest.fixture
def work() -> Callable[[], None]:
    """Lets the background worker do what waits in its queue; in a thread, because Playwright's loop holds this one."""

    def in_thread() -> None:
        try:
            with app.replace_connector(app.connector.get_worker_connector()) as working:
                working.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
        finally:
            connections.close_all()

    def run() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread).result()

    return run
