"""``remem bench load`` and ``page``: searches, views and chats over HTTP, against targets."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import numpy as np
from rich.progress import MofNCompleteColumn

from remem import Memory, SentenceTransformerEncoder
from remem.benchmarks import options
from remem.benchmarks.corpus import DIM, Corpus
from remem.benchmarks.load.attacks import ATTACKS, attacking
from remem.benchmarks.load.upstream import answer_to
from remem.benchmarks.load.views import view_times
from remem.benchmarks.tables import Target, print_figures
from remem.cli.screen import progress_bar
from remem.store import Batch, Space
from remem.store.embedded import EmbeddedStore

_NAMESPACE = "benchmark"
_VIEWS = ("turn", "window")
_FIRST_TOKENS = 100
_MOST_ATTACK_SECONDS = 120.0

Figures = dict[str, float]

VIEW_TARGETS = {
    "page, first view p50, ms": Target(300),
    "page, search p50, ms": Target(100),
    "page, timeline p50, ms": Target(500),
}
TARGETS = {
    "searches/s": Target(100, at_least=True),
    "search p95, ms": Target(120),
    "search errors": Target(0),
    **VIEW_TARGETS,
    "added to the first token p50, ms": Target(40),
    "turns missing": Target(0),
    "turns repeated": Target(0),
    "turns in a wrong namespace": Target(0),
    **{f"search p95 under {name}, ms": Target(1000) for name in ATTACKS},
    **{f"search errors under {name}": Target(0) for name in ATTACKS},
}


@click.command()
@options.count("--records", 100_000, "Records in the store")
@options.count("--searches", 2_000, "Searches over HTTP")
@options.count("--clients", 8, "Clients that search at once")
@options.count("--turns", 10_000, "Chat turns through the proxy")
@options.count("--chatters", 32, "Clients that chat at once")
@click.option(
    "--attack",
    "attacks",
    type=click.Choice(list(ATTACKS)),
    multiple=True,
    help="Also search while somebody attacks the server like this; may be given several times",
)
@options.as_json
def load(
    records: int,
    searches: int,
    clients: int,
    turns: int,
    chatters: int,
    attacks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Searches, the page's views and chats over HTTP on loopback; the chats while the server is
    stopped and killed.

    The records have made-up vectors: how long a search takes does not depend on what they say. The
    chats are encoded, recalled and stored as always, in a store of their own.
    """
    with tempfile.TemporaryDirectory() as name, running(upstream_server()) as upstream:
        figures = _searching(
            Path(name) / "large", upstream.url, records, searches, clients, attacks
        )
        figures |= _chatting(Path(name) / "chats", upstream.url, turns, chatters)
    title = f"{records:,} records, {clients} searching and {chatters} chatting clients"
    print_figures(figures, TARGETS, records, title, as_json)


@click.command()
@options.count("--records", 1_000_000, "Records in the store")
@options.as_json
def page(records: int, as_json: bool) -> None:
    """The views of the page alone, over a store of any size.

    A million made-up records take some three minutes, and 5 GB of disk until it is done.
    """
    with tempfile.TemporaryDirectory() as name, running(upstream_server()) as upstream:
        questions = _filled(Path(name), records, 2 * WARM_UP)
        with running(remem_server(Path(name), _NAMESPACE, upstream.url)) as server:
            figures = dict(view_times(server.url, questions))
    print_figures(figures, VIEW_TARGETS, records, f"the page over {records:,} records", as_json)


def _filled(folder: Path, records: int, asked: int) -> list[str]:
    """Fill a store with made-up records; returns so many questions about them."""
    corpus = Corpus(records)
    with EmbeddedStore(folder) as store:
        store.adopt(Space(SentenceTransformerEncoder().fingerprint, DIM, _VIEWS))
        for entries in corpus.batches():
            store.write(_NAMESPACE, Batch(add=entries))
    return [text for text, _ in corpus.questions(asked)]


def _searching(
    folder: Path, upstream: str, records: int, asked: int, clients: int, attacks: Sequence[str]
) -> Figures:
    questions = _filled(folder, records, WARM_UP + max(asked, _FIRST_TOKENS))
    openings = questions[: WARM_UP + _FIRST_TOKENS]
    with running(remem_server(folder, _NAMESPACE, upstream)) as server:
        found = ask_all(server.url, questions[: WARM_UP + asked], clients, httpx.Limits())
        views = view_times(server.url, questions[WARM_UP:])
        through = first_tokens(server.url, openings)
        attacked = _attacked(server.url, openings, clients, attacks)
    direct = first_tokens(upstream, openings)
    return {
        "searches/s": found.rate,
        "search p50, ms": found.quantile(50),
        "search p95, ms": found.quantile(95),
        "search errors": found.errors,
        **views,
        "first token, upstream alone p50, ms": float(np.median(direct)),
        "first token through the proxy p50, ms": float(np.median(through)),
        "added to the first token p50, ms": float(np.median(through) - np.median(direct)),
        **attacked,
    }


def _attacked(url: str, questions: Sequence[str], clients: int, attacks: Sequence[str]) -> Figures:
    """Searches during each attack, every one on a connection of its own: the harder case, since
    who is connected has his place."""
    figures: Figures = {}
    for name in attacks:
        with attacking(name, int(urlsplit(url).port or 0), _MOST_ATTACK_SECONDS):
            anew = httpx.Limits(max_keepalive_connections=0)
            found = ask_all(url, questions, clients, anew)
        figures[f"search p95 under {name}, ms"] = found.quantile(95)
        figures[f"search errors under {name}"] = found.errors
    return figures


def _chatting(folder: Path, upstream: str, turns: int, clients: int) -> Figures:
    exchanges = math.ceil(turns / 2 / clients)
    total = clients * exchanges
    signals: Signals = {total // 3: signal.SIGTERM, 2 * total // 3: signal.SIGKILL}
    # A fixed port, so that clients find the server again after it was started anew.
    server = remem_server(folder, _NAMESPACE, upstream, _free_port())
    with running(server), progress_bar("exchanges", MofNCompleteColumn(), total=total) as move:
        retries, seconds = chat(server, clients, exchanges, signals, partial(move, advance=1))
    with Memory(folder) as memory:
        tally = count(memory, clients, exchanges, retries, seconds)
    return {
        "turns": tally.turns,
        "turns/s": tally.turns / tally.seconds,
        "turns missing": tally.missing,
        "turns repeated": tally.repeated,
        "turns in a wrong namespace": tally.strange,
        "requests sent again": tally.retries,
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# Closed-loop clients: each sends its next request when it has the answer to the last one.

WARM_UP = 24
"""Number of first requests that warm the server up and are not measured."""


@dataclass(frozen=True, slots=True)
class Load:
    """Times and failures of the requests that some clients sent at once.

    Attributes:
        milliseconds: Time of each request, in the order in which they ended.
        errors: Number of requests that failed or found nothing.
        seconds: From the first request to the end of the last.
    """

    milliseconds: tuple[float, ...]
    errors: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second; what was no answer does not count."""
        return (len(self.milliseconds) - self.errors) / self.seconds

    def quantile(self, percent: float) -> float:
        """Milliseconds that so many percent of the requests took at most."""
        return float(np.percentile(self.milliseconds, percent))


def ask_all(url: str, questions: Sequence[str], clients: int, limits: httpx.Limits) -> Load:
    """Ask all questions with so many clients at once; the first ones warm up and do not count."""
    asyncio.run(_search(url, questions[:WARM_UP], clients, limits))
    return asyncio.run(_search(url, questions[WARM_UP:], clients, limits))


def first_tokens(url: str, questions: Sequence[str]) -> tuple[float, ...]:
    """Milliseconds to the first piece of each streamed answer, one question after the other.

    The first ones warm up and do not count.

    Raises:
        httpx.HTTPError: a request failed.
        RuntimeError: an answer came without memory, which would be quicker than it should be.
    """
    times = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for question in questions:
            body = _completion(question)
            start = time.perf_counter()
            with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                answer.raise_for_status()
                if "x-remem-problem" in answer.headers:
                    raise RuntimeError(f"memory failed: {answer.headers['x-remem-problem']}")
                lines = answer.iter_lines()
                next(line for line in lines if line.startswith("data:"))
                times.append(1000 * (time.perf_counter() - start))
                for _ in lines:
                    pass
    return tuple(times[WARM_UP:])


def _completion(question: str) -> dict[str, Any]:
    return {
        "model": "stub",
        "stream": True,
        "messages": [{"role": "user", "content": question}],
    }


async def _search(url: str, questions: Sequence[str], clients: int, limits: httpx.Limits) -> Load:
    waiting = iter(questions)
    times: list[float] = []
    errors = 0

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal errors
        for question in waiting:  # shared: nobody gets a question that somebody else has
            start = time.perf_counter()
            answer = await client.post("/api/v1/search", json={"query": question})
            times.append(1000 * (time.perf_counter() - start))
            errors += not (answer.is_success and answer.json()["hits"])

    start = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        await asyncio.gather(*(ask(client) for _ in range(clients)))
    return Load(tuple(times), errors, time.perf_counter() - start)


_EXCHANGES = 10  # of one conversation
_PAUSE = 0.05  # seconds until a client tries again
_TRIES = 2000

Signals = dict[int, signal.Signals]
"""Number of complete exchanges -> signal that the server then gets, before it is started again."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of turns that are stored, missing or wrong after a chat, against those that were said.

    Attributes:
        repeated: Stored more than once.
        strange: Stored in a namespace in which nobody said them.
        retries: Requests that were sent again.
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
    """The client's words in its exchange of this number; no two exchanges have the same."""
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
