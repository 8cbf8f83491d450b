"""Names that people and attackers give, from a chat to the rows of Milvus and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

pytest.importorskip("fastapi")

from remem import Memory
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.settings import ServeSettings
from remem.store import F
from remem.store.conformance.naming import NAMES
from remem.store.conformance.samples import SPACE, batch, turn
from remem.store.errors import RememError
from remem.store.milvus import MilvusStore
from remem.testing import HashEncoder
from tests.milvus_server import faulty_server
from tests.openai_upstream import upstream
from tests.serving import served

ATTACK = "q'] or born >= 0 or pk in ['z"
NOTES = ("bank", "doctor", "bot/ben")
FACTS = [f"The tortoise ate {fruit} on day {day}." for day, fruit in enumerate(("figs", "plums"))]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """A store in Milvus in which three namespaces hold something already."""
    with Memory(str(tmp_path / "memories.db"), "bot/anna", encoder=HashEncoder()) as memory:
        for namespace in NOTES:
            memory.in_namespace(namespace).add("Nobody else may touch this.", key="note")
        yield memory


@dataclass(frozen=True)
class Proxy:
    """A server with a key that opens ``bot/*`` alone."""

    url: str
    key: str

    def chat(self, session: str, *said: str) -> httpx.Response:
        """Ask as the user ``anna``, in a conversation."""
        roles = ("user", "assistant")
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {self.key}", "X-Remem-Session": session},
            json={
                "model": "stub",
                "user": "anna",
                "messages": [
                    {"role": roles[n % 2], "content": each} for n, each in enumerate(said)
                ],
            },
        ).raise_for_status()


@pytest.fixture
def proxy(memory: Memory, tmp_path: Path) -> Iterator[Proxy]:
    keys = KeyRing(tmp_path / "keys.sqlite3")
    key = keys.create("test", ["bot/*"], Permission.WRITE)
    with upstream() as stub:
        stub.answer = "Noted."
        settings = ServeSettings(upstream=stub.url)
        with served(create_app(memory, settings, keys=keys)) as url:
            yield Proxy(url, key)
    keys.close()


def untouched(memory: Memory) -> bool:
    """True if the other namespaces hold what they held."""
    others = [[r.key for r in memory.in_namespace(each).scan()] for each in NOTES]
    return others == [["note"]] * 3 and memory.verify().ok


@pytest.mark.parametrize("session", [ATTACK, "Nora's chat", "C:\\temp\\new", *NAMES.values()])
def test_a_session_of_any_name_is_remembered_and_forgotten(memory: Memory, session: str) -> None:
    said = [{"role": "user", "content": f"{fact} {turn}"} for turn in range(2) for fact in FACTS]
    memory.add("Another session.", source="another")
    for message in said:  # each changes the neighbours of the ones before it
        memory.add_messages([message], session=session)
    assert [record.text for record in memory.scan(F("source") == session)] == [
        message["content"] for message in said
    ]
    assert untouched(memory)
    assert memory.forget(F("source") == session) == 4
    assert [record.source for record in memory.scan()] == ["another"]
    assert untouched(memory)


@pytest.mark.parametrize(
    "session", [ATTACK, quote(ATTACK), "Nora's chat", "C:\\temp\\new", quote('诺拉的 "chat" \\')]
)
def test_a_key_for_some_namespaces_reaches_no_other_by_its_sessions(
    memory: Memory, proxy: Proxy, session: str
) -> None:
    for _ in range(2):
        proxy.chat(session, FACTS[0])
        reply = proxy.chat(session, FACTS[0], "Noted.", FACTS[1])
        assert "x-remem-problem" not in reply.headers
        assert proxy.chat("elsewhere", "Which fruit did the tortoise eat?").headers[
            "x-remem-recalled"
        ]
    anna = [record.text for record in memory.scan(F("source") != "elsewhere")]
    assert anna == [FACTS[0], "Noted.", FACTS[1], "Noted."]
    assert untouched(memory)


def test_a_name_beyond_the_basic_plane_reaches_a_server_as_an_escape(tmp_path: Path) -> None:
    """A server takes U+20BB7 in an expression for U+0BB7; Milvus Lite knows no such escape."""
    with faulty_server(tmp_path / "data") as (url, faults):
        faults.version = "2.5.4"
        with MilvusStore(url) as store:
            store.adopt(SPACE)
            store.write("plain", batch(turn("北京")))
            assert store.count("plain", F("key") == "北京") == 1
            assert "北京" in faults.expressions[-1]
            with contextlib.suppress(RememError):
                store.count("𠮷")
            assert '"\\U00020bb7"' in faults.expressions[-1]
