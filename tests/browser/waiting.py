"""Looking at a page that is still moving."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.conftest import PATIENCE_MS


def comes_true(page: Page, look: Callable[[], bool]) -> None:
    """Looks again with every frame until it is so: for measures and rows, of which `expect` knows nothing.

    What is looked at must be on the page already, or a measure taken too early would be right by chance.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not look():
        assert time.monotonic() < deadline, f"not so after {PATIENCE_MS} ms"
        page.evaluate("() => new Promise(requestAnimationFrame)")
