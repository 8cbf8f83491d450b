"""Summaries, labels and translations on the page: over HTTP, and in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from tests.chromium import needs_chromium, playwright
from tests.integration.page.conftest import TRANSLATED, showing, tab

GOOD = ("a lovely garden party", "the garden was lovely", "a lovely day in the garden")
BAD = ("the rain ruined the party", "ruined by the rain", "rain, rain and ruined shoes")
NEW = "such a lovely garden"


@pytest.fixture
def labelled(memory: Memory) -> Memory:
    """The history, with six notes of March 2024 that are labelled and one that is not."""
    for label, texts in (("good", GOOD), ("bad", BAD)):
        for day, text in enumerate(texts, 1):
            at = datetime(2024, 3, day, 12, tzinfo=timezone.utc)
            memory.label("mood", label, memory.add(text, speaker="Nora", said_at=at).key)
    memory.add(NEW, said_at=datetime(2024, 6, 1, 12, tzinfo=timezone.utc), key="new")
    memory.add_records([TRANSLATED])
    return memory


@pytest.fixture
def client(labelled: Memory) -> Iterator[httpx.Client]:
    with showing(labelled) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def part(client: httpx.Client, path: str, **asked: str) -> str:
    """The part of a page that comes to a form in it."""
    reply = client.get(path, params=asked, headers={"HX-Request": "true"})
    assert "<html" not in reply.text
    return reply.text


def test_a_summary_is_of_the_person_and_the_time_that_are_named(client: httpx.Client) -> None:
    told = part(client, "/page/uses", words="150", speaker="Ravi", until="2022-12-31")
    assert "I can lend you the van" in told
    assert "Tom Baker" not in told
    assert "Nora" not in told


def test_a_time_in_which_nothing_was_said_is_told_in_a_sentence(client: httpx.Client) -> None:
    told = part(client, "/page/uses", words="150", since="2030-01-01")
    assert "No memory passes these conditions" in told


@pytest.mark.parametrize("path", ["/page/uses?words=150&", "/page/uses/labels?"])
@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        ("since=2024-05-01&until=2024-04-01", "The first day is after the last."),
        ("since=soon", "&#39;soon&#39; is not a date"),
    ],
)
def test_dates_that_make_no_stretch_are_refused_in_a_sentence(
    client: httpx.Client, path: str, dates: str, sentence: str
) -> None:
    reply = client.get(path + dates)
    assert 400 <= reply.status_code < 500
    assert sentence in reply.text


def test_labels_are_counted_by_day_within_a_stretch(client: httpx.Client) -> None:
    told = client.get("/page/uses/labels?since=2024-03-02&until=2024-03-02").text
    assert told.count('<li><a href="/page/timeline?year=2024&amp;month=3&amp;day=') == 1
    assert [text in told for text in (GOOD[1], BAD[1], GOOD[0])] == [True, True, False]


def test_a_month_of_the_curve_leads_into_that_month(client: httpx.Client) -> None:
    csrf = client.get("/page/memory?key=new").text.split('name="csrf" value="')[1].split('"')[0]
    given = {"csrf": csrf, "key": "new", "name": "mood", "label": "good"}
    assert client.post("/page/memory/label", data=given).status_code == 303
    told = client.get("/page/uses/labels").text
    assert "/page/uses/labels?since=2024-03-01&amp;until=2024-03-31" in told
    assert "/page/uses/labels?since=2024-06-01&amp;until=2024-06-30" in told
    month = client.get("/page/uses/labels?since=2024-06-01&until=2024-06-30").text
    assert (NEW in month, GOOD[0] in month) == (True, False)


def test_a_text_is_labelled_with_the_nearest_examples_as_reasons(client: httpx.Client) -> None:
    told = part(client, "/page/uses/labels", name="mood", text=GOOD[0])
    assert "<h2><bdi>good</bdi></h2>" in told
    assert told.index(GOOD[0]) < told.index(GOOD[1])
    unlike = part(client, "/page/uses/labels", name="mood", text="quarterly depreciation")
    assert "Nothing like it is labelled" in unlike


def test_guesses_are_spoken_of_only_where_there_are_some(
    client: httpx.Client, labelled: Memory
) -> None:
    assert "the others are guesses" not in client.get("/page/uses/labels").text
    labelled.classify_all("mood")
    assert labelled.labels()["mood"]["good"] > len(GOOD)
    assert "the others are guesses" in client.get("/page/uses/labels").text


def test_bad_input_of_labels_is_told_in_a_sentence(client: httpx.Client) -> None:
    unlabelled = part(client, "/page/uses/labels", name="weather", text="x")
    assert "no memory has a label &#39;weather&#39; to learn from" in unlabelled
    assert "the text is empty" in part(client, "/page/uses/labels", name="mood", text=" ")
    assert "No memory has a label of this name" in client.get("/page/uses/labels?name=no").text


def test_one_label_is_too_few_to_label_a_text(memory: Memory) -> None:
    memory.label("mood", "good", "kiln#0", "kiln#1")
    with showing(memory) as url:
        assert "There are too few examples" in httpx.get(f"{url}/page/uses/labels", timeout=60).text


def test_an_unknown_language_is_refused_in_a_sentence(client: httpx.Client) -> None:
    told = part(client, "/page/uses/translation", text="At most 5 files.", to="xx")
    assert "no translation into &#39;xx&#39; is stored; there are some into es" in told


@needs_chromium
def test_a_summary_is_asked_for_and_leads_to_a_memory(
    page: playwright.Page, memory: Memory
) -> None:
    page.get_by_role("link", name="Uses").click()
    page.get_by_label("Who said it").select_option("Nora")
    page.get_by_role("button", name="Summarize").click()
    first = page.locator("#summary .open").first
    first.wait_for()
    assert "speaker=Nora" in page.url
    assert set(page.locator("#summary b").all_inner_texts()) == {"Nora"}
    told = first.inner_text()
    first.click()
    page.wait_for_url("**/page/memory?*")
    assert any(told in record.text for record in memory.scan())


@needs_chromium
def test_a_memory_is_labelled_and_the_others_after_it(
    chromium: playwright.Browser, labelled: Memory
) -> None:
    with showing(labelled) as url, tab(chromium, url) as page:
        page.goto("/page/memory?key=the+dog%230")
        page.get_by_text("Label it").first.click()
        page.get_by_label("What is labelled").fill("mood")
        page.get_by_label("The label").fill("good")
        page.get_by_role("button", name="Label it").click()
        page.get_by_text("It is labelled.").wait_for()
        page.get_by_role("link", name="good", exact=True).click()
        assert "The greyhound has a name now" in page.locator("main").inner_text()
        page.get_by_role("button", name="Label the other memories").click()
        page.get_by_text("See the labels").wait_for()
    stored = labelled.get("new")
    assert stored is not None
    assert (stored.metadata["mood"], stored.metadata["labelled"]) == ("good", ["mood"])


@needs_chromium
def test_a_text_is_labelled_without_leaving_the_page(
    chromium: playwright.Browser, labelled: Memory
) -> None:
    with showing(labelled) as url, tab(chromium, url) as page:
        page.goto("/page/uses/labels")
        page.get_by_label("The text").fill(NEW)
        page.get_by_role("button", name="Which label?").click()
        page.locator("#guess h2", has_text="good").wait_for()
        assert page.url.endswith("/page/uses/labels")


@needs_chromium
def test_a_sentence_is_translated_with_what_differs_marked(
    chromium: playwright.Browser, labelled: Memory
) -> None:
    with showing(labelled) as url, tab(chromium, url) as page:
        page.goto("/page/uses/translation")
        page.get_by_label("The sentence").fill("At most 5 files.")
        page.get_by_role("button", name="Translate").click()
        page.get_by_text("Como máximo 5 archivos.").wait_for()
        assert page.locator("del").inner_text() == "3"
        assert page.locator("ins").inner_text() == "5"
