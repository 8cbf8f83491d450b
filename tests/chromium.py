"""A real browser, for tests of what pages show and what they may do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["browsing", "needs_chromium", "playwright"]

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright, of the extra 'dev', is not installed"
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (apt-get install chromium)"
)


@contextmanager
def browsing(*arguments: str) -> Iterator[playwright.Browser]:
    """Chromium, started with these arguments."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", *arguments]
        )
        yield browser
        browser.close()
