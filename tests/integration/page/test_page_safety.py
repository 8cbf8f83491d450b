"""Words of memories are only ever text, whatever they are, and no page of others gets in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.keys import KeyRing, Permission
from remem.serve.page import languages
from remem.serve.page.rendering import HTMX, POLICY, STATIC
from remem.store import Record
from remem.testing import HashEncoder
from tests.chromium import needs_chromium
from tests.integration.page.conftest import TRANSLATED, showing, tab

HOSTILE = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1><a xlink:href='javascript:window.pwned=1'>x</a></svg>",
    "\"'><script>window.pwned=1</script>",
    "</textarea></title></style></script><script>window.pwned=1</script>",
    '<a href="javascript:window.pwned=1" autofocus onfocus=window.pwned=1>x</a>',
    "[link](javascript:window.pwned=1) ![image](https://elsewhere.example/x.png)",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<b hx-get='/' hx-trigger='load' hx-on::load='window.pwned=1'>x</b>",
    "<form action='https://elsewhere.example'><button autofocus>x</button></form>",
    "<link rel=stylesheet href='https://elsewhere.example/x.css'><style>*{display:none}</style>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt; &#x3C;img src=x onerror=window.pwned=1&#x3E;",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "\u202e<tpircs>1=denwp\u202c \u2066isolated\u2069 \u200f\u061c right to left",
    "javascript:window.pwned=1",
)
AT = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Memory]:
    """A memory in which every field that takes them holds hostile words."""
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        for n, words in enumerate(HOSTILE):
            name = words.replace("\u202e", "")
            memory.add_records(
                [
                    Record(
                        f"{n} {name}",
                        f"source {name}",
                        0,
                        f"turn {words}",
                        kind=f"kind {name}"[:100],
                        speaker=f"who {words}",
                        said_at=AT,
                        metadata={
                            f"label {name}": f"value {words}",
                            "pinned": n < 3,
                            **({"title": f"title {words}"} if n % 2 else {}),
                            "mood": f"label {words}" if n % 2 else "x",
                            "labelled": ["mood", words],
                            "guessed": {"mood": words} if n % 3 else words,
                        },
                    )
                ]
            )
        memory.add_records(
            [
                replace(
                    TRANSLATED,
                    text=f"[-{HOSTILE[0]}-]{{+{HOSTILE[1]}+}}",
                    metadata={"translations": {"es": HOSTILE[1], HOSTILE[3]: "x"}},
                )
            ]
        )
        memory.in_namespace(HOSTILE[1]).add("another namespace")
        yield memory


def views(memory: Memory) -> list[str]:
    """Addresses that show hostile words, and take them."""
    first = quote(next(memory.scan()).key)
    words = [quote(each) for each in HOSTILE]
    return [
        "/",
        "/?q=turn&n=100",
        "/?q=what+is+the+turn%3F&n=100",
        f"/page/nowhere/{words[3]}",
        "/page/people",
        *(f"/?q={each}&speaker={each}&source={each}&since=&done={each}" for each in words[:4]),
        f"/page/why-not?q=turn&expect={first}&speaker=nobody",
        "/page/why-not?q=script&expect=window",
        "/page/timeline",
        "/page/timeline?year=2024&month=5&day=1",
        f"/page/memory?key={first}",
        *(f"/page/memory?key={quote(each.key)}" for each in memory.scan()),
        f"/page/source?source={quote(next(memory.scan()).source)}",
        f"/page/source?source={words[3]}",
        f"/page/forget?key={first}",
        "/page/store",
        f"/page/store?named={words[3]}",
        "/page/sources/options",
        f"/page/chat?talk={words[3]}&model={words[3]}",
        "/page/import",
        f"/page/uses?words=300&speaker={words[3]}",
        "/page/uses?words=300",
        f"/page/uses/labels?name=mood&n=100&text={words[0]}&label={words[3]}",
        f"/page/uses/labels?name={words[3]}",
        f"/page/uses/translation?to=es&text=[-{words[0]}-]{{%2B{words[3]}%2B}}",
        f"/page/uses/translation?to={words[3]}",
        f"/?namespace={words[1]}",
        f"/page/login?next={words[3]}",
        f"/page/memory?key={words[3]}",
        f"/page/language/{quote('<script>', safe='')}?next={words[15]}",
    ]


@needs_chromium
def test_no_word_of_a_memory_ever_runs(hostile: Memory, chromium: Any) -> None:
    with showing(hostile) as url, tab(chromium, url, error_statuses=(404, 422)) as page:
        for address in views(hostile):
            page.goto(address)
            assert page.evaluate("window.pwned") is None, address
            # Nothing but what the templates make.
            assert page.locator("main :is(script, style, iframe, img, link, object)").count() == 0
            assert page.evaluate(
                "[...document.querySelectorAll('*')].every((each) => [...each.attributes].every("
                "({name, value}) => !/^on|^style$/.test(name) && !/^\\s*javascript:/i.test(value)"
                " || name === 'value' || name === 'href' && value.startsWith('/')))"
            ), address


@needs_chromium
def test_hostile_words_are_shown_as_they_are(hostile: Memory, chromium: Any) -> None:
    with showing(hostile) as url, tab(chromium, url) as page:
        page.goto("/page/timeline?year=2024&month=5&day=1")
        shown = page.locator(".bubble .words").all_text_contents()
        assert sorted(shown) == sorted(f"turn {words}" for words in HOSTILE)


@needs_chromium
def test_what_is_typed_and_imported_never_runs(hostile: Memory, chromium: Any) -> None:
    with showing(hostile) as url, tab(chromium, url) as page:
        for words in HOSTILE[:6]:
            page.goto("/")
            page.locator("#q").fill(f"turn {words}")
            page.locator(".hit mark").first.wait_for()
        page.goto("/page/chat")
        page.get_by_label("Your message").fill(HOSTILE[1])
        page.get_by_role("button", name="Send").click()
        page.get_by_text("remembered").first.wait_for()
        assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=dog",
        "/page/uses",
        "/page/uses/labels",
        "/page/uses/translation",
        "/page/timeline",
        "/page/memory?key=none",
        "/page/login",
        "/page/chat",
    ],
)
def test_every_view_has_a_strict_policy(url: str, path: str) -> None:
    reply = httpx.get(f"{url}{path}")
    assert reply.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "style=" not in reply.text
    assert "<script>" not in reply.text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/page/nowhere", 404), ("/page/memory/correct", 405), ("/docs/x", 404)],
)
def test_who_looks_for_a_page_that_is_not_there_is_shown_a_way_home(
    url: str, path: str, status: int
) -> None:
    reply = httpx.get(f"{url}{path}", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (reply.status_code, reply.headers["content-type"][:9]) == (status, "text/html")
    assert 'href="/"' in reply.text
    assert reply.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    ("sentence", "paths"),
    [
        (
            "no_day",
            [
                *("year=2025&month=2&day=31", "year=2025&month=13", "year=2025&month=0"),
                *("year=2025&month=6&day=0", "year=2025&month=6&day=-1", "month=2&day=30"),
                *("year=0", "year=-1", "year=1", "year=9999", "year=99999999999999999999"),
            ],
        ),
        ("wrong_address", ["year=MMXXV", "year=2025&month=June", "year=2025&month=6&day="]),
    ],
)
@pytest.mark.parametrize("tongue", languages.NAMES)
def test_a_day_that_there_is_not_is_told_in_the_language_of_the_page(
    url: str, tongue: str, sentence: str, paths: list[str]
) -> None:
    told = languages.language(tongue).say(f"refused.{sentence}")
    for path in paths:
        reply = httpx.get(f"{url}/page/timeline?{path}", headers={"Accept-Language": tongue})
        assert (reply.status_code in (404, 422), told in reply.text) == (True, True), path


def test_a_leap_day_is_one(url: str) -> None:
    reply = httpx.get(f"{url}/page/timeline?year=2024&month=2&day=29")
    assert "29 February 2024" in reply.text


def test_a_conversation_is_named_by_its_title_in_a_search(url: str, memory: Memory) -> None:
    for source, title in (("c1", "Sourdough"), ("c2", "New chat"), ("c3", "New chat")):
        memory.add(f"Rye in {source}.", source=source, metadata={"title": title})
    found = httpx.get(f"{url}/", params={"q": "rye", "source": "Sourdough"}).text
    assert ("Rye in c1" in found, "Rye in c2" in found) == (True, False)
    refused = httpx.get(f"{url}/", params={"q": "rye", "source": "New chat"})
    assert (refused.status_code, "write one of c2, c3" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/v1/nowhere", "text/html"), ("/api/v1/nowhere", "text/html"), ("/nowhere", "*/*")],
)
def test_a_program_that_calls_what_is_not_there_gets_json(url: str, path: str, accept: str) -> None:
    reply = httpx.get(f"{url}{path}", headers={"Accept": accept})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


def test_a_form_without_the_token_does_nothing(url: str, memory: Memory) -> None:
    for data in ({"key": "kiln#0"}, {"key": "kiln#0", "csrf": "guessed"}):
        reply = httpx.post(f"{url}/page/memory/delete", data=data)
        assert (reply.status_code, "out of date" in reply.text) == (403, True)
    assert memory.get("kiln#0") is not None


def test_a_form_that_lacks_a_field_is_told_on_a_page(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        csrf = client.get("/page/memory?key=kiln%230").text.split('name="csrf" value="')[1]
        reply = client.post("/page/memory/correct", data={"csrf": csrf.split('"')[0]})
    assert (reply.status_code, "has no field" in reply.text) == (400, True)
    assert reply.headers["content-type"].startswith("text/html")


def test_a_page_of_another_site_does_nothing(memory: Memory, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("writer", ["*"], Permission.ADMIN)
    with showing(memory, ring) as url, httpx.Client(base_url=url) as client:
        foreign = {"Origin": "https://elsewhere.example"}
        refused = client.post("/page/login", data={"key": token}, headers=foreign)
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
        assert client.post("/page/login", data={"key": token}).status_code == 303
        csrf = client.get("/").text.split('name="csrf" value="')[1].split('"')[0]
        for headers in (foreign, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            data = {"key": "kiln#0", "csrf": csrf}
            reply = client.post("/page/memory/delete", data=data, headers=headers)
            assert reply.status_code == 403
        assert memory.get("kiln#0") is not None
    ring.close()


def test_a_cookie_opens_the_page_and_nothing_else(memory: Memory, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("writer", ["*"], Permission.ADMIN)
    with showing(memory, ring) as url, httpx.Client(base_url=url) as client:
        assert client.get("/").status_code == 303
        assert client.get("/page/store").headers["location"] == "/page/login?next=%2Fpage%2Fstore"
        client.post("/page/login", data={"key": token})
        assert client.get("/").status_code == 200
        assert client.get("/api/v1/stats").status_code == 401
        assert client.post("/v1/chat/completions", json={"messages": []}).status_code == 401
        ring.revoke(token.split("_")[1])
        assert client.get("/").status_code == 303
    ring.close()


def test_a_key_for_reading_changes_nothing(memory: Memory, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("reader", ["default"], Permission.READ)
    with showing(memory, ring) as url, httpx.Client(base_url=url) as client:
        client.post("/page/login", data={"key": token})
        csrf = client.get("/").text.split('name="csrf" value="')[1].split('"')[0]
        for path in (
            "memory/correct",
            "memory/pin",
            "memory/label",
            "uses/labels/guess",
            "memory/delete",
            "undo",
            "forget",
            "chat",
            "import/look",
            "store/verify",
            "keys/create",
            "keys/revoke",
        ):
            data = {"key": "kiln#0", "text": "x", "csrf": csrf, "message": "x", "id": "x"}
            assert client.post(f"/page/{path}", data=data).status_code == 403, path
        for path in ("/page/keys", "/page/forget?key=kiln%230", "/page/import", "/page/chat"):
            assert client.get(path).status_code == 403, path
        assert client.get("/?namespace=other").status_code == 403
        assert memory.count() == 19
    ring.close()


@pytest.mark.parametrize(
    "after", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"]
)
def test_a_login_leads_to_no_other_site(memory: Memory, tmp_path: Path, after: str) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("reader", ["*"], Permission.READ)
    with showing(memory, ring) as url:
        reply = httpx.post(f"{url}/page/login", data={"key": token, "next": after})
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
    ring.close()


def test_a_wrong_key_is_told_and_a_long_one_is_not_read(memory: Memory, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    with showing(memory, ring) as url:
        wrong = httpx.post(f"{url}/page/login", data={"key": "remem_x_y"})
        assert (wrong.status_code, "This key is wrong" in wrong.text) == (401, True)
        assert httpx.post(f"{url}/page/login", data={"key": "x" * 5000}).status_code == 413
        assert httpx.post(f"{url}/page/memory/delete", data={"key": "x"}).status_code == 303
    ring.close()


def test_htmx_is_the_one_that_its_makers_published() -> None:
    # Of the package htmx.org of npm, at this version.
    assert HTMX == "2.0.11"
    digests = {
        "htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
        "htmx.LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    }
    for name, digest in digests.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", ["..%2Fvisits.py", "htmx.LICENSE", "page.css%00", "none.js"])
def test_only_files_of_the_page_are_served(url: str, name: str) -> None:
    assert httpx.get(f"{url}/page/static/{name}").status_code == 404


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/x.txt", "a/../../x.txt", "..\\..\\x.txt"])
def test_a_dropped_file_stays_in_its_folder(name: str) -> None:
    from remem.serve.page.importing import path_within

    assert ".." not in path_within(name).parts
    assert not path_within(name).is_absolute()
