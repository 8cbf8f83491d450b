"""A prompt that a provider has cached stays of use: real servers, as the upstream sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
openai = pytest.importorskip("openai")

from remem import F, Memory
from remem.attach.openai_client import memory_of, with_memory
from remem.serve.app import create_app
from remem.serve.settings import ServeSettings
from remem.testing import HashEncoder
from tests.integration.test_proxy_process import Remem
from tests.openai_upstream import Upstream, upstream
from tests.serving import served

NAMES = (
    *("Anna", "Ben", "Cora", "Dan", "Eva", "Finn", "Gina", "Hugo", "Iris", "Jon"),
    *("Kim", "Leo", "Mia", "Nils", "Olga", "Pia", "Quin", "Rosa", "Sam", "Tess"),
)
PETS = (
    *("Biscuit", "Pickle", "Mocha", "Dexter", "Luna", "Comet", "Pepper", "Waffle", "Olive"),
    *("Bruno", "Hazel", "Nacho", "Tango", "Poppy", "Rufus", "Sushi", "Toast", "Velvet"),
    *("Whisky", "Ziggy"),
)


def remember(memory: Memory) -> None:
    for name, pet in zip(NAMES, PETS, strict=True):
        memory.add(f"The greyhound of {name} is called {pet} and sleeps nineteen hours a day.")
        memory.add(f"{name} wants to see the harbour of Porto in autumn.")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        remember(memory)
        yield memory


@pytest.fixture
def stub() -> Iterator[Upstream]:
    with upstream() as stub:
        yield stub


@contextmanager
def proxy(memory: Memory, stub: Upstream, **settings: Any) -> Iterator[str]:
    with served(create_app(memory, ServeSettings(upstream=stub.url, **settings))) as url:
        yield url


@dataclass
class Conversation:
    """A front end: it sends what was said, and knows nothing of memories."""

    stub: Upstream
    said: list[dict[str, Any]] = field(
        default_factory=lambda: [{"role": "system", "content": "You are a friend."}]
    )

    def turn(self, url: str, turn: int, **how: Any) -> httpx.Headers:
        """Ask about the turn's greyhound; returns the headers of the reply."""
        self.said.append(
            {"role": "user", "content": f"What is the greyhound of {NAMES[turn]} called?"}
        )
        answer = f"That one is called {PETS[turn]}, as far as I know."
        self.stub.answer = answer
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            reply = client.chat.completions.with_raw_response.create(
                model="stub", messages=self.said, **how
            )
            if how.get("stream"):
                list(reply.parse())
        self.said.append({"role": "assistant", "content": answer})
        headers: httpx.Headers = reply.headers
        return headers

    def turns(self, url: str, turns: int = len(NAMES), **how: Any) -> None:
        for turn in range(turns):
            self.turn(url, turn, **how)


def common(one: bytes, other: bytes) -> int:
    """The number of bytes that are the same before the first that is not."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def shares(stub: Upstream) -> list[float]:
    """The share of each request with which the next one begins, in the bytes of its messages."""
    sent = [json.dumps(each.json["messages"])[:-1].encode() for each in stub.received]
    return [common(before, after) / len(before) for before, after in pairwise(sent)]


def holds_the_facts(stub: Upstream) -> bool:
    """True if the model could read in each request what is asked."""
    sent = [json.dumps(each.json["messages"]) for each in stub.received]
    return all(f"is called {pet} and sleeps" in each for pet, each in zip(PETS, sent, strict=True))


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("placement", ["message", "tool"])
def test_over_twenty_turns_each_request_begins_with_the_one_before(
    memory: Memory, stub: Upstream, placement: str, streams: bool
) -> None:
    with proxy(memory, stub, placement=placement) as url:
        Conversation(stub).turns(url, stream=streams)
    assert len(stub.received) == 20
    assert min(shares(stub)) >= 0.95
    assert holds_the_facts(stub)


def test_the_bodies_too_are_the_same_from_before_the_first_memory_on(
    tmp_path: Path, stub: Upstream
) -> None:
    conversation = Conversation(stub, [{"role": "system", "content": "You are “Ægir”."}])
    with Memory(tmp_path, encoder=HashEncoder()) as memory, proxy(memory, stub) as url:
        conversation.turn(url, 0)
        remember(memory)
        for turn in range(1, 20):
            conversation.turn(url, turn)
    bodies = [each.body for each in stub.received]
    end = len(b'],"model":"stub"}')
    assert all(common(a, b) >= 0.95 * (len(a) - end) for a, b in pairwise(bodies))
    assert "memories" not in str(bodies[0])
    assert "Pickle and sleeps" in str(bodies[1])


def test_a_system_message_stays_until_there_is_something_new(
    memory: Memory, stub: Upstream
) -> None:
    with proxy(memory, stub, placement="system") as url:
        conversation = Conversation(stub)
        conversation.turns(url)
        conversation.turn(url, 7)
        conversation.turn(url, 3)
    systems = [each.json["messages"][0]["content"] for each in stub.received]
    assert all(after.startswith(before) for before, after in pairwise(systems))
    assert systems[0].startswith("You are a friend.\n\nThe memories below were recalled")
    assert shares(stub)[-2:] == [1.0, 1.0]
    assert [each.json["messages"][1:-1] for each in stub.received[1:]] == [
        conversation.said[1 : 2 * turn + 1] for turn in range(1, 22)
    ]


def test_it_is_so_with_processes_that_search(tmp_path: Path, stub: Upstream) -> None:
    remem = Remem(tmp_path)
    with Memory(remem.store, encoder=HashEncoder()) as memory:
        remember(memory)
    with remem.serving("--upstream", stub.url, "--processes", "2") as (_, url):
        Conversation(stub).turns(url)
    assert min(shares(stub)) >= 0.95
    assert holds_the_facts(stub)


def test_after_a_restart_one_request_begins_anew(tmp_path: Path, stub: Upstream) -> None:
    remem = Remem(tmp_path)
    with Memory(remem.store, encoder=HashEncoder()) as memory:
        remember(memory)
    conversation = Conversation(stub)
    started = ("--upstream", stub.url, "--placement", "tool", "--processes", "1")
    for turns in (range(5), range(5, 10)):
        with remem.serving(*started) as (_, url):
            for turn in turns:
                conversation.turn(url, turn)
    [*before, restarted, _, _, _, _] = shares(stub)
    assert restarted < 0.95
    assert min([*before, *shares(stub)[5:]]) >= 0.95


def test_of_two_servers_that_share_a_conversation_each_repeats_itself(
    memory: Memory, stub: Upstream
) -> None:
    conversation = Conversation(stub)
    with proxy(memory, stub) as one, proxy(memory, stub) as other:
        for turn in range(0, 20, 2):
            conversation.turn(one, turn)
            conversation.turn(other, turn + 1)
    received = list(stub.received)
    for first in (0, 1):
        stub.received = received[first::2]
        assert min(shares(stub)) >= 0.95


def test_what_was_forgotten_is_not_sent_again(memory: Memory, stub: Upstream) -> None:
    conversation = Conversation(stub)
    with proxy(memory, stub) as url:
        conversation.turns(url, 3)
        with Memory(memory.url, encoder=HashEncoder()) as elsewhere:
            [gone] = [each for each in elsewhere.scan() if "Pickle and" in each.text]
            elsewhere.forget(F("key") == gone.key)
        conversation.turn(url, 3)
    before, after = (json.dumps(each.json["messages"]) for each in stub.received[-2:])
    assert gone.text in before
    assert gone.text not in after
    assert "is called Biscuit and sleeps" in after


def test_a_user_gets_no_block_of_another(memory: Memory, stub: Upstream) -> None:
    with proxy(memory, stub) as url:
        conversation = Conversation(stub)
        conversation.turns(url, 2)
        conversation.turn(url, 2, user="somebody else")
    assert stub.received[-1].json["messages"] == conversation.said[:-1]


def test_an_edited_history_gets_no_block_of_what_it_was(memory: Memory, stub: Upstream) -> None:
    with proxy(memory, stub) as url:
        conversation = Conversation(stub)
        conversation.turns(url, 3)
        conversation.said[3]["content"] = "Good morning."
        conversation.turn(url, 3)
        edited = stub.received[-1].json["messages"]
        assert [edited[3], edited[5]] == [conversation.said[3], conversation.said[5]]
        assert "Biscuit and sleeps" in edited[1]["content"]


def test_the_tokens_that_are_the_same_are_counted(memory: Memory, stub: Upstream) -> None:
    conversation = Conversation(stub)
    with proxy(memory, stub) as url:
        told = [int(conversation.turn(url, turn)["x-remem-repeated-tokens"]) for turn in range(6)]
        text = httpx.get(f"{url}/metrics").text
    assert told[0] == 0
    # A quarter of the bytes of what the upstream got again, less what is not of the words.
    words = [
        sum(len(each["content"].encode()) for each in request.json["messages"])
        for request in stub.received
    ]
    assert told[1:] == [pytest.approx(each / 4, abs=each / 40) for each in words[:-1]]
    counted = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(counted["remem_repeated_prompt_tokens_total"]) == sum(told)
    assert float(counted["remem_prompt_tokens_total"]) > sum(told)


def test_a_model_on_this_machine_keeps_its_own_place_for_memories(memory: Memory) -> None:
    settings = ServeSettings(generator="echo", placement="tool")
    with served(create_app(memory, settings)) as url:
        question = {"role": "user", "content": "What is the greyhound of Ben called?"}
        messages = [question, {"role": "assistant", "content": "Pickle."}, question]
        for asked in (messages[:1], messages):
            reply = httpx.post(f"{url}/v1/chat/completions", json={"messages": asked})
            said = reply.json()["choices"][0]["message"]["content"]
            assert "is called Pickle and sleeps" in said.rpartition("user: ")[2]
            assert "tool" not in said
            assert "x-remem-repeated-tokens" not in reply.headers


@pytest.mark.parametrize("placement", ["message", "tool"])
def test_a_client_with_memory_keeps_its_prefix_too(
    memory: Memory, stub: Upstream, placement: str
) -> None:
    stub.answer = "So it is called."
    said: list[dict[str, Any]] = []
    with openai.OpenAI(base_url=stub.url, api_key="none", max_retries=0) as client:
        with_memory(client, memory, placement=placement)
        for name in NAMES:
            said.append({"role": "user", "content": f"What is the greyhound of {name} called?"})
            reply = client.chat.completions.create(model="stub", messages=said)
            assert memory_of(reply).exchange.measure.repeated or len(said) == 1
            said.append({"role": "assistant", "content": stub.answer})
    assert min(shares(stub)) >= 0.95
    assert holds_the_facts(stub)


def test_nothing_that_was_recalled_is_remembered_again(memory: Memory, stub: Upstream) -> None:
    for placement in ("message", "system", "tool"):
        with proxy(memory, stub, placement=placement) as url:
            Conversation(stub).turns(url, 4)
            # A front end that keeps what was sent, and so sends the blocks with what it says next.
            kept = [*stub.received[-1].json["messages"], {"role": "assistant", "content": "Yes."}]
            asked = [*kept, {"role": "user", "content": f"Thanks for {placement}"}]
            httpx.post(f"{url}/v1/chat/completions", json={"messages": asked})
    texts = [record.text for record in memory.scan()]
    assert {f"Thanks for {placement}" for placement in ("message", "system", "tool")} <= {*texts}
    assert not any("<memories>" in text for text in texts)
