"""Full text by SQLite's FTS5 and by Tantivy, for comparison with ours; same texts, top 50."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import tantivy

from store.tokens import content_words, tokenize

__all__ = ["ENGINES", "Engine"]

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
