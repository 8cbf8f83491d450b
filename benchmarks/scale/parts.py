"""One system at one size: filled in one process, asked in another that opens it again.

Each part of a measurement runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from remem.benchmarks.corpus import DIM, Corpus
from remem.benchmarks.machine import apart, seconds, timed
from remem.benchmarks.running import check_empty
from remem.benchmarks.scale.figures import FILTERED, Figures, latency_figures, recall_at_k
from remem.benchmarks.scale.making import K, Material, encode
from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import (
    Condition,
    Engine,
    Forgetting,
    Growing,
    Query,
    Rows,
    Unsupported,
)
from remem.benchmarks.systems.peers import GROWING
from remem.benchmarks.systems.remem import Stores
from remem.encoders.opening import open_encoder
from remem.store import (
    Batch,
    Dense,
    Entry,
    InvalidInput,
    Leg,
    MissingDependency,
    RememError,
    Space,
    Text,
    open_store,
)
from remem.store.errors import UpstreamError

T = TypeVar("T")
Answer = TypeVar("Answer")

Notes = dict[str, str]

PATIENCE = 30.0
"""Seconds after which no further question of a kind is asked."""

_DELETED = Condition("hundredth", 7)
_FORGOTTEN = Condition("hundredth", 8)
_FORGOTTEN_ONES = 5


def fill(system: Growing, folder: Path, material: Material) -> tuple[Figures, Notes]:
    """Store all records, until the first search is answered; then close, for which a system may
    have to finish what it does in the background."""
    _load(system)
    batches = _Clocked(material.batches(system.batch))
    question = material.questions()[0]

    start = time.perf_counter()
    with system.open(folder) as engine:
        opened = time.perf_counter()
        engine.fill(batches)
        engine.dense(question, K, None)
        filled = time.perf_counter() - opened
    closed = time.perf_counter() - start
    return {
        "ingest, records/s": material.shape.records / (filled - batches.seconds),
        "filled and closed after, s": closed - batches.seconds,
    }, {}


def ask(system: Growing, folder: Path, material: Material) -> tuple[Figures, Notes]:
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
            _asked("dense", partial(_dense, engine, ""), questions, ""),
            *(
                _asked(name, partial(_dense, engine, field), questions, field)
                for field, name in FILTERED.items()
            ),
            _asked("hybrid", lambda asked: engine.hybrid(asked, K), questions, None),
            _additions(engine, material.more(), questions[0]),
            _deletion(engine, material.chosen(_DELETED), questions[0]),
            _forgetting(engine, material.chosen(_FORGOTTEN)[:_FORGOTTEN_ONES], questions),
        ]
    for found, said in measured:
        figures |= found
        notes |= said
    return figures, notes


def _dense(engine: Engine, field: str, asked: Query) -> list[int]:
    return engine.dense(asked, K, asked.conditions.get(field))


def _asked(
    name: str,
    search: Callable[[Query], list[int]],
    questions: Sequence[Query],
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


def _additions(engine: Engine, more: Iterable[Rows], any_question: Query) -> tuple[Figures, Notes]:
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


def _deletion(engine: Engine, gone: Sequence[int], question: Query) -> tuple[Figures, Notes]:
    """Some records at once, until a search is answered without them."""

    def delete() -> list[int]:
        engine.delete(gone)
        return engine.dense(question, K, None)

    found, spent = timed(delete)
    name = "delete 1 %, s"
    return {name: spent}, {name: "deleted records were still found"} if {*gone} & {*found} else {}


def _forgetting(
    engine: Engine, gone: Sequence[int], questions: Sequence[Query]
) -> tuple[Figures, Notes]:
    """One record after the other, gone from all files too, and a search right after each."""
    forgetting, searching = "forget one p50, s", "search after it p50, ms"
    if not isinstance(engine, Forgetting):
        reason = "it leaves what was deleted in its files"
        return {}, {forgetting: reason, searching: reason}
    forgot, searched = list[float](), list[float]()
    for number, question in zip(gone, questions, strict=False):
        forgot.append(seconds(partial(engine.forget, number)))
        searched.append(seconds(partial(engine.dense, question, K, None)))
    return {
        forgetting: float(np.median(forgot)),
        searching: 1000 * float(np.median(searched)),
    }, {}


def patiently(
    call: Callable[[T], Answer], arguments: Iterable[T], patience: float = PATIENCE
) -> Iterator[tuple[Answer, float]]:
    """Result and seconds of each call, until ``patience`` seconds are spent in all."""
    left = patience
    for argument in arguments:
        result, spent = timed(lambda argument=argument: call(argument))  # type: ignore[misc]
        yield result, spent
        left -= spent
        if left < 0:
            return


def _load(system: Growing) -> None:
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


REMEM = Stores().name
_BATCH = 1000


def encode_all(folder: Path, data: Sequence[Path], views: Sequence[str]) -> None:
    """Encode data sets with the bundled encoder, once for all sizes."""
    encode(folder, data, views, open_encoder(None))


def require(peers: Iterable[str]) -> None:
    """See to it that all packages are there, before anything is measured.

    Raises:
        MissingDependency: one is not.
    """
    for name in peers:
        for needed in GROWING[name].packages:
            if find_spec(needed.partition(".")[0]) is None:
                raise MissingDependency(f"the peer {name}", "'remem[peers]'")


def chosen(name: str, url: str | None) -> Growing:
    """The system of a name; a url is for remem's."""
    return Stores(url) if name == REMEM else GROWING[name]


def run(who: str, call: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    """Do a part of the measurement in a process of its own.

    Args:
        who: Name of the system that is measured, for messages.

    Returns:
        The result of the call, and the most memory that its process had, in MB.

    Raises:
        UpstreamError: it failed.
    """
    try:
        return apart(call, *arguments)
    except Exception as error:
        if not isinstance(error, RememError):  # more than a sentence, for whoever mends it
            traceback.print_exception(error)
        raise UpstreamError(
            f"{who} failed to {call.__name__.replace('_', ' ')}: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to work in, and the store to measure.

    Attributes:
        work: A folder for everything that is made on the way.
        url: Of the server's store; None: the embedded store, in the folder.
    """

    work: Path
    url: str | None = None


@contextmanager
def place_for(store: str | None) -> Iterator[Place]:
    """The place that ``--store`` names.

    Args:
        store: A folder to work in, the url of an empty store, or None: a temporary folder.

    Raises:
        InvalidInput: the store holds records, or is in the memory of one process.
        RememError: it cannot be opened.
    """
    if store == ":memory:":
        raise InvalidInput("':memory:' is gone with its process: give a folder or a server's url")
    url = store if store and ("://" in store or store.endswith(".db")) else None
    folder = Path(store).expanduser() if store and not url else None
    if url:
        check_empty(url)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        yield Place(Path(work), url)


def empty(url: str) -> None:
    """Delete all records of a store."""
    with open_store(url) as store:
        for namespace in store.namespaces():
            while keys := [record.key for record in islice(store.scan(namespace), _BATCH)]:
                store.write(namespace, Batch(delete=keys))
