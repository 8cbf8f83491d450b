"""Speed and memory use of the embedded store.

Each part runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import click
import numpy as np
import tantivy

from remem import BundledEncoder, Memory
from remem.benchmarks import options
from remem.benchmarks.corpus import DIM, Corpus
from remem.benchmarks.machine import (
    Latency,
    apart,
    latency_of,
    peak_megabytes,
    seconds,
    spent_by,
)
from remem.benchmarks.tables import Target, print_figures
from remem.store import Batch, Dense, F, Filter, Leg, Space, Text
from remem.store.embedded import EmbeddedStore
from remem.store.fulltext.tokens import content_words, tokenize

_VIEWS = ("turn", "window")
_SPACE = Space(BundledEncoder().fingerprint, DIM, _VIEWS)
_NAMESPACE = "benchmark"
_QUESTIONS = 103  # three warm up
_K = 50
_COLD = 5  # processes; one warms up

Figures = dict[str, float]

TARGETS = {
    "ingest, records/s": Target(20_000, at_least=True),
    "text search p50, ms": Target(3),
    "hybrid search p50, ms": Target(40),
    **{f"hybrid, filter keeps {share} % p50, ms": Target(40) for share in ("50", "10", "0.1")},
    "open and answer, s": Target(1),
    "peak memory, ingest, MB": Target(900),
    "peak memory, search, MB": Target(900),
    "end to end p50, ms": Target(12),
    "cold search, CPU s": Target(1.5),
    "cold search, MB": Target(250),
}


@click.command()
@options.count("--records", 100_000, "Records in the store")
@options.count("--encoded", 2_000, "Records to encode, for ingest with it")
@options.as_json
def latency(records: int, encoded: int, as_json: bool) -> None:
    """Ingest, search, filter, open and memory at 100,000 records of two views, 384 dimensions."""
    with tempfile.TemporaryDirectory() as name:
        figures: Figures = {}
        for part in (ingest, search, end_to_end, encoding, cold, text_engines):
            found, _ = apart(part, Path(name), encoded if part is encoding else records)
            figures |= found
    title = f"{records:,} records x 2 views x {DIM}"
    print_figures(figures, TARGETS, records, title, as_json)


def ingest(folder: Path, records: int) -> Figures:
    """Text and vectors in, durable and searchable."""
    corpus = Corpus(records)
    spent = 0.0
    with EmbeddedStore(folder / "store") as store:
        store.adopt(_SPACE)
        for entries in corpus.batches():
            batch = Batch(add=entries)
            spent += seconds(lambda batch=batch: store.write(_NAMESPACE, batch))  # type: ignore[misc]
        text, vector = corpus.questions(1)[0]
        spent += seconds(lambda: store.search(_NAMESPACE, _hybrid(text, vector), _K))
        size = store.stats().bytes_on_disk
    return {
        "ingest, records/s": records / spent,
        "peak memory, ingest, MB": peak_megabytes(),
        "bytes on disk a record": size / records,
    }


def search(folder: Path, records: int) -> Figures:
    """Searches over a store that was closed and is opened again."""
    corpus = Corpus(records)
    questions = corpus.questions(_QUESTIONS)
    text, vector = questions[0]

    def open_and_answer() -> None:
        with EmbeddedStore(folder / "store") as store:
            store.search(_NAMESPACE, _hybrid(text, vector), _K)

    figures = {"open and answer, s": seconds(open_and_answer)}
    with EmbeddedStore(folder / "store") as store:

        def ask(legs: Callable[..., list[Leg]], where: Filter | None = None) -> Latency:
            return latency_of(
                lambda question: store.search(_NAMESPACE, legs(*question), _K, where), questions
            )

        asked = {
            "text search": ask(lambda text, _: [Text("turn", text)]),
            "text search, both views": ask(lambda text, _: [Text(view, text) for view in _VIEWS]),
            "dense search": ask(lambda _, vector: [Dense("turn", vector)]),
            "hybrid search": ask(_hybrid),
            "hybrid, filter keeps 50 %": ask(_hybrid, F("speaker") == "Ana"),
            "hybrid, filter keeps 10 %": ask(_hybrid, F("metadata.topic") == 3),
            "hybrid, filter keeps 0.1 %": ask(_hybrid, F("metadata.thread") == 3),
        }
    for name, found in asked.items():
        figures[f"{name} p50, ms"] = found.p50
        figures[f"{name} p95, ms"] = found.p95
    return figures | {"peak memory, search, MB": peak_megabytes()}


def end_to_end(folder: Path, records: int) -> Figures:
    """A question as text, memories ranked and judged: the encoder and everything else.

    Over the store of the other parts, whose vectors are made up: encoding all its texts would take
    an hour, and how long a search takes does not depend on what the vectors say. The encoder uses
    torch, as in a server, and then NumPy, as in a program that asks now and then.
    """
    texts = [text for text, _ in Corpus(records).questions(_QUESTIONS)]
    unhurried = latency_of(BundledEncoder().encode_query, texts)
    with Memory(folder / "store", _NAMESPACE, encoder=_with_torch()) as memory:
        asked = latency_of(lambda text: memory.search(text), texts)
        dated = latency_of(lambda text: memory.search(f"{text} last month"), texts)
        encoded = latency_of(memory.encoder.encode_query, texts)
    return {
        "end to end p50, ms": asked.p50,
        "end to end p95, ms": asked.p95,
        "of which the encoder p50, ms": encoded.p50,
        "the encoder without torch p50, ms": unhurried.p50,
        "end to end, with a date p50, ms": dated.p50,
    }


def encoding(folder: Path, records: int) -> Figures:
    """Text in, encoded, durable and searchable."""
    corpus = Corpus(records)
    with Memory(folder / "memory", _NAMESPACE, encoder=_with_torch()) as memory:
        added = seconds(
            lambda: memory.add_records(
                entry.record for entries in corpus.batches() for entry in entries
            )
        )
    return {"ingest with encoding, records/s": records / added}


def _with_torch() -> BundledEncoder:
    encoder = BundledEncoder()
    encoder.use_torch()
    return encoder


def cold(folder: Path, records: int) -> Figures:  # noqa: ARG001 - of a small store
    """A question from the command line, in processes that have nothing loaded."""
    remem = [sys.executable, "-c", "from remem.cli import main; raise SystemExit(main())"]
    remem += ["--store", str(folder / "cold")]
    spent_by([*remem, "add", "The spare key is under the blue pot."])
    asked = [spent_by([*remem, "search", "Where is the spare key?"]) for _ in range(_COLD)]
    processor, memory = np.median(asked[1:], axis=0)
    return {"cold search, CPU s": float(processor), "cold search, MB": float(memory)}


def text_engines(folder: Path, records: int) -> Figures:
    """The same turns and questions through other full-text engines."""
    corpus = Corpus(records)
    questions = [text for text, _ in corpus.questions(_QUESTIONS)]
    figures: Figures = {}
    for name, engine in ENGINES.items():
        with engine(folder) as (add, find):
            spent = 0.0
            for entries in corpus.batches():
                texts = [entry.views["turn"].text for entry in entries]
                spent += seconds(lambda texts=texts: add(texts))  # type: ignore[misc]
            found = latency_of(find, questions)
        figures[f"{name} text search p50, ms"] = found.p50
        figures[f"{name} ingest, rows/s"] = records / spent
    return figures


def _hybrid(text: str, vector: object) -> list[Leg]:
    dense: list[Leg] = [Dense(view, vector) for view in _VIEWS]  # type: ignore[arg-type]
    return dense + [Text(view, text) for view in _VIEWS]


# Full text by SQLite's FTS5 and by Tantivy, for comparison with ours; same texts, top 50.

Search = Callable[[str], object]
Add = Callable[[Sequence[str]], None]
Engine = Callable[[Path], AbstractContextManager[tuple[Add, Search]]]


@contextmanager
def fts5(folder: Path) -> Iterator[tuple[Add, Search]]:
    """SQLite FTS5 with its Porter tokenizer, durable."""
    connection = sqlite3.connect(folder / "fts5.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize='porter')")
    added = 0

    def add(texts: Sequence[str]) -> None:
        nonlocal added
        connection.execute("BEGIN")
        rows = ((added + i, text) for i, text in enumerate(texts))
        connection.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        added += len(texts)

    def search(query: str) -> object:
        words = (re.sub(r"\W", " ", word) for word in content_words(query).values())
        match = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT rowid, bm25(t) FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 50"
        return connection.execute(sql, (match,)).fetchall()

    yield add, search
    connection.close()


@contextmanager
def tantivy_index(folder: Path) -> Iterator[tuple[Add, Search]]:
    """Tantivy over our tokens, one commit a batch."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", stored=False, tokenizer_name="whitespace")
    schema.add_unsigned_field("id", stored=True)
    built = schema.build()
    (folder / "tantivy").mkdir()
    index = tantivy.Index(built, str(folder / "tantivy"))
    writer = index.writer(heap_size=50_000_000, num_threads=1)
    added = 0

    def add(texts: Sequence[str]) -> None:
        nonlocal added
        for text in texts:
            document = tantivy.Document(text=" ".join(tokenize(text)))
            document.add_unsigned("id", added)
            writer.add_document(document)
            added += 1
        writer.commit()

    def search(query: str) -> object:
        index.reload()
        searcher = index.searcher()
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(built, "text", token))
            for token in content_words(query)
        ]
        return searcher.search(tantivy.Query.boolean_query(terms), 50).hits

    yield add, search


ENGINES: dict[str, Engine] = {"SQLite FTS5": fts5, "Tantivy": tantivy_index}
