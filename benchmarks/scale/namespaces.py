"""Many small namespaces, opened at random."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.corpus import DIM, Corpus
from benchmarks.scale.figures import Figures, latency_figures
from benchmarks.scale.making import K
from benchmarks.scale.measuring import patiently
from benchmarks.timing import seconds
from store import Batch, Dense, Entry, Leg, Space, Text, open_store

__all__ = ["fill_namespaces", "open_at_random"]

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
