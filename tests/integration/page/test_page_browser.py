"""The page in a real browser, over a real store."""

from __future__ import annotations

from tests.chromium import needs_chromium, playwright

pytestmark = needs_chromium


def test_a_search_finds_as_it_is_typed(page: playwright.Page) -> None:
    page.keyboard.type("greyhound")
    first = page.locator(".hit").first
    first.locator("mark", has_text="greyhound").wait_for()
    assert "Nora" in first.locator(".said").inner_text()
    assert "2 Jun 2023" in first.locator(".said").inner_text()
    first.get_by_text("Why?").click()
    assert "The same words" in first.locator(".bars").inner_text()
