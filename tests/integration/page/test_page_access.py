"""The page for everybody: screen readers, small and large screens, dark and light, print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

from remem import Memory
from remem.contents import pin
from remem.recall.order.echoes import REASONS
from remem.recall.ranking import WEIGHTS
from remem.serve.keys import KeyRing, Permission
from remem.serve.page import languages
from remem.store import Record
from tests.chromium import needs_chromium
from tests.integration.page.conftest import TRANSLATED, showing, tab

VIEWS = (
    "/",
    "/?q=the+dog&n=3",
    "/?q=when+does+the+lease+begin%3F",
    "/?q=what+is+the+submarine+of+Zebulon+painted+with%3F",
    "/?q=the+dog&speaker=nobody",
    "/page/why-not?q=greyhound&expect=kiln%231",
    "/page/why-not?q=greyhound&expect=which+one",
    "/page/timeline",
    "/page/timeline?year=2023",
    "/page/timeline?year=2023&month=6",
    "/page/timeline?year=2023&month=6&day=2",
    "/page/timeline?year=2024&month=2&day=11",
    "/page/memory?key=kiln%230~2",
    "/page/memory?key=kiln%230",
    "/page/source?source=kiln",
    "/page/forget?source=kiln",
    "/page/chat",
    "/page/import",
    "/page/store",
    "/page/keys",
    "/page/people",
    "/page/uses",
    "/page/uses?words=150",
    "/page/uses?words=150&speaker=Nora&since=2030-01-01",
    "/page/uses/labels",
    "/page/uses/labels?name=mood&label=good&text=a+lovely+garden",
    "/page/uses/labels?name=weather",
    "/page/uses/labels?namespace=empty",
    "/page/uses/translation?text=At+most+5+files.&to=es",
    "/page/uses/translation?text=another+matter",
    "/page/uses/translation?namespace=empty",
    "/page/login",
    "/page/memory?key=nobody",
    "/page/nowhere",
    "/?namespace=empty",
    "/page/timeline?namespace=empty",
    "/page/timeline?year=2023&month=2&day=29",
)
SIZES = {"phone": (360, 740), "desk": (1440, 900), "wall": (2560, 1440)}


@pytest.fixture
def told(memory: Memory) -> Memory:
    """The history with something corrected, pinned, labelled and translated."""
    memory.update("kiln#0", "The kiln broke again; its thermostat is from 1989.")
    pin(memory, "the dog#0")
    for label, keys in (("good", ("the dog#0", "the dog#3")), ("bad", ("kiln#1", "kiln#2"))):
        memory.label("mood", label, *keys)
    memory.add_records([TRANSLATED])
    memory.add_messages(
        [
            {"role": "user", "content": "My starter smells of vinegar."},
            {"role": "assistant", "content": "Feed it twice a day."},
        ],
        session="sourdough",
    )
    return memory


@needs_chromium
@pytest.mark.parametrize(
    ("locale", "scheme"),
    [
        ("en-GB", "light"),
        ("zh-CN", "dark"),
        pytest.param("en-GB", "dark", marks=pytest.mark.slow),
        pytest.param("zh-CN", "light", marks=pytest.mark.slow),
    ],
)
def test_no_view_has_a_barrier(
    told: Memory, chromium: Any, tmp_path: Path, locale: str, scheme: str
) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("admin", ["*"], Permission.ADMIN)
    found: list[str] = []

    def look(page: Any, address: str) -> None:
        for each in (
            axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        ):
            places = [node["target"] for node in each["nodes"]]
            found.append(f"{address}: {each['id']} at {places}")

    with (
        showing(told, ring) as url,
        tab(
            chromium,
            url,
            error_statuses=(401, 404),
            locale=locale,
            color_scheme=scheme,
            viewport={"width": 360, "height": 740},
            reduced_motion="reduce",
        ) as page,
    ):
        look(page, "login")
        page.locator("input[type=password]").fill("wrong")
        page.locator("button").click()
        look(page, "wrong login")
        page.locator("input[type=password]").fill(token)
        page.locator("button").click()
        for address in VIEWS:
            page.goto(address)
            page.evaluate(
                "document.querySelectorAll('details').forEach((each) => each.open = true)"
            )
            look(page, address)
    ring.close()
    assert found == []


@needs_chromium
@pytest.mark.parametrize("size", SIZES)
def test_every_view_fits_its_screen(told: Memory, chromium: Any, size: str) -> None:
    width, height = SIZES[size]
    with (
        showing(told) as url,
        tab(
            chromium, url, error_statuses=(404,), viewport={"width": width, "height": height}
        ) as page,
    ):
        for address in VIEWS:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            small = page.evaluate(
                "[...document.querySelectorAll('button, .button, input:not(.hidden), select')]"
                ".filter((each) => each.offsetParent && !each.closest('.aside, .foot, dialog'))"
                ".filter((each) => each.offsetHeight < 24 && each.type !== 'checkbox')"
                ".map((each) => each.outerHTML)"
            )
            assert small == [], address


@needs_chromium
def test_the_way_to_forget_a_conversation_stands_apart(told: Memory, chromium: Any) -> None:
    phone = {"width": 360, "height": 740}
    with showing(told) as url, tab(chromium, url, viewport=phone) as page:
        page.goto("/page/source?source=kiln")
        said = page.locator(".talk .bubble").last.bounding_box()
        forget = page.get_by_role("link", name="Forget this source").bounding_box()
        assert forget["y"] - (said["y"] + said["height"]) > 60


@needs_chromium
def test_the_way_to_forget_a_conversation_is_no_neighbour_of_the_way_on(
    told: Memory, chromium: Any
) -> None:
    told.add_records(Record(f"long#{n}", "long", n, f"word {n}") for n in range(1100))
    with showing(told) as url, tab(chromium, url) as page:
        page.goto("/page/source?source=long")
        on = page.get_by_role("link", name="Read on").bounding_box()
        forget = page.get_by_role("link", name="Forget this source").bounding_box()
        assert forget["y"] - (on["y"] + on["height"]) > 60


@needs_chromium
def test_who_i_am_is_told_in_one_line(told: Memory, chromium: Any) -> None:
    phone = {"width": 360, "height": 740}
    with showing(told) as url, tab(chromium, url, viewport=phone) as page:
        page.goto("/page/people")
        page.get_by_role("button", name="This is me Nora").click()
        told_so = page.locator("td strong")
        assert told_so.inner_text() == "This is me"
        assert told_so.evaluate("(each) => each.getClientRects().length") == 1


@needs_chromium
def test_right_to_left_words_are_set_so(told: Memory, chromium: Any) -> None:
    with showing(told) as url, tab(chromium, url) as page:
        page.goto("/page/timeline?year=2024&month=9&day=5")
        first = page.locator(".bubble .words").first
        assert first.evaluate("(each) => getComputedStyle(each).direction") == "rtl"
        assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


@needs_chromium
def test_a_print_has_the_words_and_no_buttons(told: Memory, chromium: Any) -> None:
    with showing(told) as url, tab(chromium, url) as page:
        page.goto("/page/memory?key=kiln%230~2")
        page.emulate_media(media="print")
        assert page.locator(".big").is_visible()
        assert not [each for each in page.locator("button, .top, .foot").all() if each.is_visible()]


def test_the_catalogues_say_the_same_things() -> None:
    said = {code: languages.language(code).sentences for code in languages.NAMES}
    forms = {name for name in said["en"] if name.endswith(".one")}
    assert said["zh"].keys() == said["en"].keys() - forms
    for name, sentence in said["zh"].items():
        assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", said["en"][name]))


def test_every_sentence_that_is_named_is_in_the_catalogue() -> None:
    folder = Path(languages.__file__).parent
    known = json.loads((folder / "messages" / "en.json").read_text("utf-8"))
    sources = [*(folder / "templates").glob("*.html"), *folder.glob("*.py")]
    named = {
        name
        for path in sources
        for name in re.findall(r"\bsay\(\s*[\"']([\w.-]+)[\"']\s*[,)]", path.read_text("utf-8"))
    }
    assert named - known.keys() == set()
    assert len(named) > 100


def test_every_part_of_a_score_and_every_echo_has_a_name() -> None:
    moves = {"day", "newest", "order", "call", "echo", "reranker"}
    named = {f"part.{part}" for part in moves | WEIGHTS.keys()}
    named |= {f"echo.{kind}" for kind in REASONS}
    assert named - languages.language("en").sentences.keys() == set()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("de-DE, fr;q=0.9", "en"),
        ("de, en;q=0.4, zh;q=0.5", "zh"),
        ("zh;q=0, en", "en"),
        ("*", "en"),
        (";;q=,,\u00e9;q=x," * 500, "en"),
    ],
)
def test_the_language_is_the_one_that_a_browser_likes_best(header: str, code: str) -> None:
    assert languages.preferred(header) == code
