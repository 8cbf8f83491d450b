"""Many chats at once through the proxy, whose server is stopped and killed on the way."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from remem import Memory
from remem.benchmarks.load.upstream import answer_to

_EXCHANGES = 10  # of one conversation
_PAUSE = 0.05  # seconds until a client tries again
_TRIES = 2000

Signals = dict[int, signal.Signals]
"""How many exchanges are complete when the server gets a signal and is started again."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What is stored, against what was said.

    Attributes:
        turns: Said, by users and by the model.
        missing: Not stored.
        repeated: Stored more than once.
        strange: Stored in a namespace in which nobody said them.
        retries: Requests that were sent again.
        seconds: What it took.
    """

    turns: int
    missing: int
    repeated: int
    strange: int
    retries: int
    seconds: float


def chat(
    server: Server, clients: int, exchanges: int, signals: Signals, tick: Callable[[], object]
) -> tuple[int, float]:
    """Let clients talk, each in a namespace of its own, until each had so many exchanges.

    Returns:
        How many requests were sent again, and the seconds that all took.
    """
    return asyncio.run(_chat(server, clients, exchanges, signals, tick))


def count(memory: Memory, clients: int, exchanges: int, retries: int, seconds: float) -> Tally:
    """Look for every turn in the namespaces of all clients."""
    missing = repeated = strange = 0
    names = [name_of(client) for client in range(clients)]
    for client, name in enumerate(names):
        stored = Counter((turn.role, turn.text) for turn in memory.in_namespace(name).scan())
        said = {
            turn
            for number in range(exchanges)
            for turn in (
                ("user", text_of(client, number)),
                ("assistant", answer_to(text_of(client, number))),
            )
        }
        missing += len(said - stored.keys())
        repeated += sum(stored[turn] - 1 for turn in said & stored.keys())
        strange += sum(number for turn, number in stored.items() if turn not in said)
    others = set(memory.namespaces()) - set(names)
    strange += sum(memory.in_namespace(name).count() for name in others)
    return Tally(2 * clients * exchanges, missing, repeated, strange, retries, seconds)


def name_of(client: int) -> str:
    """The namespace in which a client talks."""
    return f"client-{client}"


def text_of(client: int, number: int) -> str:
    """What a client says in its exchange of this number: every text is said once."""
    return (
        f"This is client {client} with remark {number}: the {_THINGS[number % len(_THINGS)]} of "
        f"house {number // len(_THINGS)} is painted {_COLOURS[(client + number) % len(_COLOURS)]}."
    )


_THINGS = ("door", "gate", "fence", "roof", "shed", "porch", "stair", "bench", "well", "barn")
_COLOURS = ("red", "blue", "green", "white", "black", "yellow", "brown", "grey")


async def _chat(
    server: Server, clients: int, exchanges: int, signals: Signals, tick: Callable[[], object]
) -> tuple[int, float]:
    retries = done = 0
    start = time.perf_counter()

    async def talk(client: int, http: httpx.AsyncClient) -> None:
        nonlocal retries, done
        messages: list[dict[str, str]] = []
        for number in range(exchanges):
            if number % _EXCHANGES == 0:
                messages = []
            messages.append({"role": "user", "content": text_of(client, number)})
            body: dict[str, Any] = {"model": "stub", "user": name_of(client), "messages": messages}
            body["stream"] = number % 2 == 1
            for _ in range(_TRIES):
                if (answer := await _send(http, body)) is not None:
                    break
                retries += 1
                await asyncio.sleep(_PAUSE)
            else:
                raise RuntimeError(f"there was no answer to {text_of(client, number)!r}")
            messages.append({"role": "assistant", "content": answer})
            done += 1
            tick()
            if done in signals:
                await asyncio.to_thread(_restart, server, signals[done])

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=server.url, timeout=120, limits=limits) as http:
        await asyncio.gather(*(talk(client, http) for client in range(clients)))
    return retries, time.perf_counter() - start


def _restart(server: Server, number: signal.Signals) -> None:
    server.stop(number)
    server.start()


async def _send(http: httpx.AsyncClient, body: dict[str, Any]) -> str | None:
    """The answer, None if it did not come to its end."""
    try:
        if not body["stream"]:
            answer = await http.post("/v1/chat/completions", json=body)
            if not answer.is_success or "x-remem-problem" in answer.headers:
                return None
            return str(answer.json()["choices"][0]["message"]["content"])
        return await _stream(http, body)
    except httpx.HTTPError:
        return None


async def _stream(http: httpx.AsyncClient, body: dict[str, Any]) -> str | None:
    text = ""
    async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        if not answer.is_success or "x-remem-problem" in answer.headers:
            return None
        async for line in answer.aiter_lines():
            data = line.removeprefix("data: ")
            if data == "[DONE]":
                return text
            if line:
                text += json.loads(data)["choices"][0]["delta"].get("content") or ""
    return None


# The processes that are put under load.

_REMEM = ("-c", "import sys; from remem.cli import main; sys.exit(main())")


@dataclass
class Server:
    """A server in a process of its own.

    Attributes:
        command: What starts it, after the name of the interpreter.
        url: Where it listens.
    """

    command: Sequence[str]
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            RuntimeError: it ended instead.
        """
        self.process = subprocess.Popen(
            [sys.executable, *self.command], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.wait()}")
        self.url = json.loads(told)["url"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait for its end."""
        assert self.process
        with self.process as process:  # which also closes the pipe
            process.send_signal(number)


def upstream_server() -> Server:
    """The model that answers at once."""
    return Server(("-m", "remem.benchmarks.load.upstream"))


def remem_server(store: Path, namespace: str, upstream: str, port: int = 0) -> Server:
    """``remem serve`` over a store, as the command line starts it."""
    where = ("--store", str(store), "--namespace", namespace, "--json")
    limits = ("--generations", "64", "--quiet")
    return Server(
        (*_REMEM, *where, "serve", "--upstream", f"{upstream}/v1", "--port", str(port), *limits)
    )


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server from its start to its end."""
    server.start()
    try:
        yield server
    finally:
        server.stop()
