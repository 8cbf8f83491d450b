"""Closed-loop clients: each sends its next request when it has the answer to the last one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

__all__ = ["WARM_UP", "Load", "first_tokens", "searches", "searches_of_newcomers"]

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
