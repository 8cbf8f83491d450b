"""The report in a real browser, without a network: drawn, readable, and the browser of misses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from remem.benchmarks.report import write_report
from tests.chromium import browsing, needs_chromium, playwright
from tests.invented_runs import NASTY, PARTS, SYSTEMS, haystack, write_run

pytestmark = needs_chromium

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("browser")
    write_run(folder / "run.sqlite", "LoCoMo", SYSTEMS, haystack(questions=40, records=80))
    write_run(folder / "run.sqlite", "LongMemEval", SYSTEMS, haystack(7, 20, 60))
    write_report(folder / "run.sqlite", folder / "page.html")
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def page(
    request: pytest.FixtureRequest, chromium: playwright.Browser, address: str
) -> Iterator[playwright.Page]:
    """The page, opened; at the end, nothing may have gone wrong or gone out."""
    context = chromium.new_context(viewport=request.param, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: sent.url.startswith("file:") or complaints.append(sent.url))
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def rows(page: playwright.Page) -> list[str]:
    """What the list of questions says, one text a row."""
    return page.locator("#list a").all_inner_texts()


def choose(page: playwright.Page, name: str, label: str) -> None:
    page.locator(f"select[name={name}]").select_option(label=label)


def read_first(page: playwright.Page) -> None:
    """Open the first question; the page shows it when the browser tells it of the new address."""
    page.locator("#list a").first.click()
    page.locator("#detail h3").wait_for()


def test_the_plots_are_drawn_and_nothing_is_wider_than_the_screen(page: playwright.Page) -> None:
    drawings = page.locator(".plot svg")
    assert drawings.count() == 16
    for drawing in drawings.all():
        box = drawing.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 120  # bars of two groups of questions
        labels = drawing.locator("text").all()
        assert all((label.bounding_box() or {}).get("height", 0) > 5 for label in labels)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_label_leaves_its_plot(page: playwright.Page) -> None:
    overhang = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll(".plot svg text")].map((text) => {
            const card = text.closest("figure").getBoundingClientRect();
            return text.getBoundingClientRect().right - card.right;
        }))"""
    )
    assert overhang <= 0


def test_words_of_the_data_run_nothing(page: playwright.Page) -> None:
    choose(page, "state", "all")
    choose(page, "order", "as in the data")
    read_first(page)
    shown = page.locator("#detail h3").inner_text()
    assert shown.split() == NASTY.split()
    assert page.title().startswith("Recall")
    assert page.locator("#detail script, #detail b b").count() == 0


def test_the_list_begins_with_the_gold_that_never_came(page: playwright.Page) -> None:
    ranks = [text.split()[0] for text in rows(page)]
    worst = [float("inf") if rank == "–" else int(rank) for rank in ranks]
    assert len(worst) > 3
    assert worst == sorted(worst, reverse=True)
    assert min(worst) > 10


def test_the_filters_narrow_the_list(page: playwright.Page) -> None:
    choose(page, "state", "all")
    assert page.locator("#count").inner_text() == "60 of 60 questions"
    choose(page, "set", "LongMemEval")
    assert len(rows(page)) == 20
    choose(page, "category", "temporal")
    assert len(rows(page)) == 4
    assert all("temporal" in text and "LongMemEval" in text for text in rows(page))
    page.locator("input[name=words]").fill("Q12")
    (row,) = rows(page)
    assert "q12" in row
    page.locator("input[name=words]").fill("no such words")
    assert "No question fits" in page.locator("#list").inner_text()


def test_a_click_shows_gold_what_came_and_the_parts_of_its_score(page: playwright.Page) -> None:
    read_first(page)
    detail = page.locator("#detail")
    assert "Gold, with its rank in remem" in detail.inner_text()
    items = detail.locator("ol.found-list > li")
    assert items.count() == 10
    first = items.first
    widths = [
        float((part.bounding_box() or {}).get("width", 0))
        for part in first.locator(".bar span").all()
    ]
    assert len(widths) == len(PARTS)
    assert sum(widths) > 100
    numbers = [float(text) for text in first.locator(".parts b").all_inner_texts()]
    score, relevance, *parts = numbers
    assert "relevance" in first.locator(".parts .relevance").inner_text()
    assert 0 < relevance < score
    assert sum(parts) == pytest.approx(score, abs=0.005)
    assert detail.locator(".chips li").first.inner_text().startswith("remem ")


def test_no_two_parts_of_a_score_have_the_same_colour(page: playwright.Page) -> None:
    read_first(page)
    colours = (
        page.locator("#detail ol.found-list > li")
        .first.locator(".bar span")
        .evaluate_all("parts => parts.map(part => getComputedStyle(part).backgroundColor)")
    )
    assert len(set(colours)) == len(PARTS)


def test_a_link_opens_its_question_and_the_way_back_closes_it(
    page: playwright.Page, address: str
) -> None:
    page.goto(f"{address}#q/1/{quote('q12')}")
    page.locator("#detail h3").wait_for()
    data = json.loads(page.locator("#data").text_content() or "")
    question = next(each for each in data["sets"][1]["questions"] if each["id"] == "q12")
    assert page.locator("#detail h3").inner_text().split() == question["text"].split()
    page.go_back()
    page.locator("#detail h3").wait_for(state="detached")
    assert page.locator("#detail").inner_text() == ""
    assert page.locator("#list").is_visible()


def test_dark_mode_changes_the_plots_too(page: playwright.Page) -> None:
    ink = "getComputedStyle(document.querySelector('.plot svg text')).fill"
    light = page.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ink) != light
