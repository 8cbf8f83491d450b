"""One system at one size: filled in one process, asked in another that opens it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from remem.benchmarks.corpus import DIM, Corpus
from remem.benchmarks.machine import seconds, timed
from remem.benchmarks.scale.figures import (
    FILTERED,
    Condition,
    Figures,
    latency_figures,
    recall_at_k,
)
from remem.benchmarks.scale.making import Asked, K, Material, Rows
from remem.benchmarks.scale.system import Engine, System, Unsupported
from remem.benchmarks.systems.base import package
from remem.store import Batch, Dense, Entry, Leg, Space, Text, open_store

T = TypeVar("T")
Answer = TypeVar("Answer")

Notes = dict[str, str]

PATIENCE = 30.0
"""Seconds after which no further question of a kind is asked."""

_DELETED = Condition("hundredth", 7)


def fill(system: System, folder: Path, material: Material) -> tuple[Figures, Notes]:
    """Store all records, until the first search is answered; then close, for which a system may
    have to finish what it does in the background."""
    _load(system)
    batches = _Clocked(material.batches(system.batch))
    question = material.questions()[0]

    def fill_and_answer(engine: Engine) -> None:
        engine.fill(batches)
        engine.dense(question, K, None)

    def until_closed() -> float:
        with system.open(folder) as engine:
            return seconds(lambda: fill_and_answer(engine))

    filled, closed = timed(until_closed)
    records = material.shape.records
    figures = {
        "ingest, records/s": records / (filled - batches.seconds),
        "filled and closed after, s": closed - batches.seconds,
    }
    return figures, {}


def ask(system: System, folder: Path, material: Material) -> tuple[Figures, Notes]:
    """Open what was filled; search, add and delete."""
    _load(system)
    questions = material.questions()
    figures: Figures = {}
    notes: Notes = {}
    start = time.perf_counter()
    with system.open(folder) as engine:
        engine.dense(questions[0], K, None)
        figures["open and answer, s"] = time.perf_counter() - start
        figures["bytes on disk a record"] = engine.bytes_on_disk() / material.shape.records
        measured = [
            _asked("dense", lambda asked: engine.dense(asked, K, None), questions, ""),
            *(_filtered(engine, questions, field) for field in FILTERED),
            _asked("hybrid", lambda asked: engine.hybrid(asked, K), questions, None),
            _additions(engine, material.more(), questions[0]),
            _deletion(engine, material.chosen(_DELETED), questions[0]),
        ]
    for found, said in measured:
        figures |= found
        notes |= said
    return figures, notes


def _filtered(engine: Engine, questions: Sequence[Asked], field: str) -> tuple[Figures, Notes]:
    def search(asked: Asked) -> list[int]:
        return engine.dense(asked, K, asked.conditions[field])

    return _asked(FILTERED[field], search, questions, field)


def _asked(
    name: str,
    search: Callable[[Asked], list[int]],
    questions: Sequence[Asked],
    exact: str | None,
) -> tuple[Figures, Notes]:
    """Latency, and recall against the exact answers of that name where there are any."""
    try:
        answers = list(patiently(search, questions))
    except Unsupported as reason:
        return {}, {f"{name} {figure}": str(reason) for figure in ("p50, ms", "p95, ms")}
    figures = latency_figures(name, [spent for _, spent in answers])
    if exact is not None:
        figures[f"{name} recall@10"] = recall_at_k(
            [found for found, _ in answers],
            [asked.exact[exact] for asked in questions[: len(answers)]],
        )
    return figures, {}


def _additions(engine: Engine, more: Iterable[Rows], any_question: Asked) -> tuple[Figures, Notes]:
    """One record after the other: written, and found by its own vector."""

    def add(rows: Rows) -> bool:
        engine.add(rows)
        own = replace(any_question, vector=rows.vector[0])
        return rows.numbers[0] in engine.dense(own, K, None)

    answers = list(patiently(add, more))
    name = "add one and find it p50, ms"
    times = [spent for _, spent in answers[1:] or answers]
    missed = sum(not found for found, _ in answers)
    notes = {name: f"{missed} of {len(answers)} were not found by their own vector"}
    return {name: 1000 * float(np.median(times))}, notes if missed else {}


def _deletion(engine: Engine, gone: Sequence[int], question: Asked) -> tuple[Figures, Notes]:
    """Some records at once, until a search is answered without them."""

    def delete() -> list[int]:
        engine.delete(gone)
        return engine.dense(question, K, None)

    found, spent = timed(delete)
    name = "delete 1 %, s"
    return {name: spent}, {name: "deleted records were still found"} if {*gone} & {*found} else {}


def patiently(
    call: Callable[[T], Answer], arguments: Iterable[T], patience: float = PATIENCE
) -> Iterator[tuple[Answer, float]]:
    """What each call returns and the seconds it takes, until so many seconds are spent in all."""
    left = patience
    for argument in arguments:
        result, spent = timed(lambda argument=argument: call(argument))  # type: ignore[misc]
        yield result, spent
        left -= spent
        if left < 0:
            return


def _load(system: System) -> None:
    for name in system.packages:
        package(name)


class _Clocked:
    """Batches, and the seconds that it took to come by them."""

    def __init__(self, batches: Iterator[Rows]) -> None:
        self.seconds = 0.0
        self._batches = batches

    def __iter__(self) -> Iterator[Rows]:
        while True:
            rows, spent = timed(lambda: next(self._batches, None))
            self.seconds += spent
            if rows is None:
                return
            yield rows


# Many small namespaces, opened at random.

_AGAIN = 200


def fill_namespaces(where: str | Path, count: int, each: int, views: Sequence[str]) -> Figures:
    """Fill so many namespaces, one after the other, each with one write."""
    spent = 0.0
    with open_store(where) as store:
        store.adopt(Space("the scale benchmark", DIM, tuple(views)))
        for number, entries in enumerate(Corpus(count * each, batch=each).batches()):
            batch = Batch(add=[_with_views(entry, views) for entry in entries])
            spent += seconds(partial(store.write, _name(number), batch))
        size = store.stats().bytes_on_disk
    return {
        "ingest, records/s": count * each / spent,
        "bytes on disk a record": size / count / each,
    }


def open_at_random(where: str | Path, count: int, each: int, views: Sequence[str]) -> Figures:
    """Search every namespace once, in random order while patience lasts, and the last ones again.

    A search has all legs: vectors and text of each view.
    """
    order = np.random.default_rng(9).permutation(count).tolist()
    questions = Corpus(count * each).questions(100)

    def legs(number: int) -> list[Leg]:
        text, vector = questions[number % len(questions)]
        return [Dense(view, vector) for view in views] + [Text(view, text) for view in views]

    with open_store(where) as store:

        def search(number: int) -> object:
            return store.search(_name(number), legs(number), K)

        opened = seconds(lambda: search(order[0]))
        cold = [spent for _, spent in patiently(search, order[1:], 2 * 60)]
        warm = [spent for _, spent in patiently(search, order[: len(cold)][-_AGAIN:])]
        in_memory = store.stats().bytes_in_memory
    return {
        "namespaces opened": len(cold) + 1,
        "first search of all, ms": 1000 * opened,
        **latency_figures("first search in a namespace", cold),
        **latency_figures("search in it again", warm),
        "indexes in memory, MB": in_memory / 1e6,
    }


def _name(number: int) -> str:
    return f"person-{number}"


def _with_views(entry: Entry, views: Sequence[str]) -> Entry:
    return Entry(entry.record, {view: entry.views[view] for view in views})
