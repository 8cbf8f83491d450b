"""``remem bench load``: searches and chats over HTTP, on loopback, against targets."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from remem import Memory, SentenceTransformerEncoder
from remem.benchmarks.corpus import DIM, Corpus
from remem.benchmarks.load.attacks import ATTACKS, attacking
from remem.benchmarks.load.turns import Signals, chat, count, remem_server, running, upstream_server
from remem.benchmarks.machine import describe
from remem.store import Batch, Space
from remem.store.embedded import EmbeddedStore

_NAMESPACE = "benchmark"
_VIEWS = ("turn", "window")
_FIRST_TOKENS = 100
_MOST_ATTACK_SECONDS = 120.0

_SOME = click.IntRange(min=1)

Figures = dict[str, float]

TARGETS = {
    "searches/s": (">=", 100),
    "search p95, ms": ("<=", 120),
    "search errors": ("<=", 0),
    "added to the first token p50, ms": ("<=", 40),
    "turns missing": ("<=", 0),
    "turns repeated": ("<=", 0),
    "turns in a wrong namespace": ("<=", 0),
    **{f"search p95 under {name}, ms": ("<=", 1000) for name in ATTACKS},
    **{f"search errors under {name}": ("<=", 0) for name in ATTACKS},
}


@click.command()
@click.option(
    "--records", type=_SOME, default=100_000, show_default=True, help="Records in the store"
)
@click.option(
    "--searches", "asked", type=_SOME, default=2_000, show_default=True, help="Searches over HTTP"
)
@click.option(
    "--clients", type=_SOME, default=8, show_default=True, help="Clients that search at once"
)
@click.option(
    "--turns", type=_SOME, default=10_000, show_default=True, help="Chat turns through the proxy"
)
@click.option(
    "--chatters", type=_SOME, default=32, show_default=True, help="Clients that chat at once"
)
@click.option(
    "--attack",
    "attacks",
    type=click.Choice(list(ATTACKS)),
    multiple=True,
    help="Also search while somebody attacks the server like this; may be given several times",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table")
def load(
    records: int,
    asked: int,
    clients: int,
    turns: int,
    chatters: int,
    attacks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Searches and chats over HTTP on loopback; the chats while the server is stopped and killed.

    The records have made-up vectors: how long a search takes does not depend on what they say. The
    chats are encoded, recalled and stored as always, in a store of their own.
    """
    with tempfile.TemporaryDirectory() as name, running(upstream_server()) as upstream:
        figures = _searching(Path(name) / "large", upstream.url, records, asked, clients, attacks)
        figures |= _chatting(Path(name) / "chats", upstream.url, turns, chatters)
    if as_json:
        print(json.dumps({"machine": describe(), "records": records, "figures": figures}))
    else:
        _show(figures, records, clients, chatters)


def _searching(
    folder: Path, upstream: str, records: int, asked: int, clients: int, attacks: Sequence[str]
) -> Figures:
    corpus = Corpus(records)
    with EmbeddedStore(folder) as store:
        store.adopt(Space(SentenceTransformerEncoder().fingerprint, DIM, _VIEWS))
        for entries in corpus.batches():
            store.write(_NAMESPACE, Batch(add=entries))
    questions = [text for text, _ in corpus.questions(WARM_UP + max(asked, _FIRST_TOKENS))]
    openings = questions[: WARM_UP + _FIRST_TOKENS]
    with running(remem_server(folder, _NAMESPACE, upstream)) as server:
        found = searches(server.url, questions[: WARM_UP + asked], clients)
        through = first_tokens(server.url, openings)
        attacked = _attacked(server.url, openings, clients, attacks)
    direct = first_tokens(upstream, openings)
    return {
        "searches/s": found.rate,
        "search p50, ms": found.quantile(50),
        "search p95, ms": found.quantile(95),
        "search errors": found.errors,
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
            found = searches_of_newcomers(url, questions, clients)
        figures[f"search p95 under {name}, ms"] = found.quantile(95)
        figures[f"search errors under {name}"] = found.errors
    return figures


def _chatting(folder: Path, upstream: str, turns: int, clients: int) -> Figures:
    exchanges = math.ceil(turns / 2 / clients)
    total = clients * exchanges
    signals: Signals = {total // 3: signal.SIGTERM, 2 * total // 3: signal.SIGKILL}
    # A fixed port, so that clients find the server again after it was started anew.
    server = remem_server(folder, _NAMESPACE, upstream, _free_port())
    with running(server), _progress(total) as tick:
        retries, seconds = chat(server, clients, exchanges, signals, tick)
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


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("exchanges", total=total)
        yield lambda: bar.advance(task)


def _show(figures: Figures, records: int, clients: int, chatters: int) -> None:
    table = Table(title=f"{records:,} records, {clients} searching and {chatters} chatting clients")
    table.add_column("measured")
    table.add_column("figure", justify="right")
    table.add_column("target", justify="right")
    for name, value in figures.items():
        sign, bound = TARGETS.get(name, ("", None))
        met = bound is None or (value >= bound if sign == ">=" else value <= bound)
        target = "" if bound is None else f"{sign} {bound:,g}"
        table.add_row(name, f"{value:,.1f}", target, style=None if met else "bold red")
    console = Console()
    console.print(table)
    console.print(describe())


# Closed-loop clients: each sends its next request when it has the answer to the last one.

WARM_UP = 24
"""How many of the first requests do not count."""


@dataclass(frozen=True, slots=True)
class Load:
    """What several clients got.

    Attributes:
        milliseconds: Of each request, in the order of their ends.
        errors: How many requests got something else than an answer.
        seconds: From the first request to the last answer.
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


def searches(url: str, questions: Sequence[str], clients: int) -> Load:
    """Ask all questions with so many clients at once; the first ones warm up and do not count."""
    return _warm_search(url, questions, clients, httpx.Limits())


def searches_of_newcomers(url: str, questions: Sequence[str], clients: int) -> Load:
    """The same, each on a new connection."""
    return _warm_search(url, questions, clients, httpx.Limits(max_keepalive_connections=0))


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
            body = _chat(question)
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


def _chat(question: str) -> dict[str, Any]:
    return {
        "model": "stub",
        "stream": True,
        "messages": [{"role": "user", "content": question}],
    }


def _warm_search(url: str, questions: Sequence[str], clients: int, limits: httpx.Limits) -> Load:
    asyncio.run(_search(url, questions[:WARM_UP], clients, limits))
    return asyncio.run(_search(url, questions[WARM_UP:], clients, limits))


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
