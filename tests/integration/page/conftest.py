"""A server with a history, and a browser that looks at its page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.languages import TRANSLATION
from remem.serve.app import create_app
from remem.serve.keys import KeyRing
from remem.serve.settings import ServeSettings
from remem.store import Record
from remem.testing import HashEncoder
from tests.a_history import history
from tests.serving import served

TRANSLATED = Record(
    "app.po#0",
    "app.po",
    0,
    "At most 3 files.",
    kind=TRANSLATION,
    metadata={"lang": "en", "translations": {"es": "Como máximo 3 archivos."}},
)
"""A sentence with its translation."""


@contextmanager
def showing(memory: Memory, keys: KeyRing | None = None) -> Iterator[str]:
    """Serve a memory with a generator that answers with its prompt; yields the URL."""
    with served(create_app(memory, ServeSettings(generator="echo"), keys=keys)) as url:
        yield url


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """A memory with a history, of the test alone."""
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add_records(history())
        yield memory


@pytest.fixture
def url(memory: Memory) -> Iterator[str]:
    """The address of its page."""
    with showing(memory) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for which no name leads anywhere. Of one module: while it runs, so does a loop of
    asyncio, and no other test on this worker could start one."""
    from tests.chromium import browsing

    with browsing("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1") as browser:
        yield browser


@pytest.fixture
def page(chromium: Any, url: str) -> Iterator[Any]:
    """A tab in which nothing may be forbidden, go wrong or go out."""
    with tab(chromium, url) as page:
        yield page


@contextmanager
def tab(
    chromium: Any, url: str, *, error_statuses: tuple[int, ...] = (), **context: Any
) -> Iterator[Any]:
    """A tab at the address; at the end nothing was forbidden, went wrong or went elsewhere.

    Args:
        error_statuses: Replies that are meant, of which the browser complains.
    """
    replies = (f"the server responded with a status of {status}" for status in error_statuses)
    meant = (
        *replies,
        "Autofocus processing was blocked",
    )  # where a test types before the page does
    complaints: list[str] = []
    opened = chromium.new_context(**{"locale": "en-GB", "base_url": url, **context})
    page = opened.new_page()
    page.set_default_timeout(15_000)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => "
        "console.error(`forbidden: ${e.violatedDirective} ${e.blockedURI}`))"
    )
    page.on(
        "console",
        lambda message: (
            any(each in message.text for each in meant) or complaints.append(message.text)
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: sent.url.startswith(url) or complaints.append(sent.url))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto("/")
    yield page
    opened.close()
    assert complaints == []
