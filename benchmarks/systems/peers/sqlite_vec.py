"""sqlite-vec: https://alexgarcia.xyz/sqlite-vec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remem.benchmarks.systems.base import package
from remem.benchmarks.systems.engine import (
    SHARES,
    Condition,
    Engine,
    FolderEngine,
    Query,
    Rows,
    fused,
)
from remem.store.fulltext.tokens import content_words


@dataclass(frozen=True, slots=True)
class SqliteVec:
    """A ``vec0`` table of cosine distance with metadata columns, and FTS5 beside it.

    Exact search. Written in WAL mode, safe against loss of power as remem is; a batch is one
    transaction. Both rankings are fused by reciprocal rank, as its author shows. Through apsw,
    because not every Python's own sqlite3 can load an extension.
    """

    name: str = "sqlite-vec"
    packages: Sequence[str] = ("apsw", "sqlite_vec")
    batch: int = 1000

    @contextmanager
    def open(self, folder: Path) -> Iterator[Engine]:
        """A database in the folder."""
        connection = package("apsw").Connection(str(folder / "memories.sqlite3"))
        with closing(connection):
            connection.enable_load_extension(True)
            connection.load_extension(package("sqlite_vec").loadable_path())
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            yield _Engine(folder, connection)


@dataclass(slots=True)
class _Engine(FolderEngine):
    connection: Any

    def add(self, rows: Rows) -> None:
        self._create(rows.vector.shape[1])
        columns = rows.fields.values()
        blobs = [vector.tobytes() for vector in rows.vector]
        texts = zip(rows.numbers, rows.text, strict=True)
        marks = ", ".join("?" * (2 + len(columns)))
        with self.connection:
            self.connection.executemany(
                f"INSERT INTO vectors VALUES ({marks})",
                zip(rows.numbers, blobs, *columns, strict=True),
            )
            self.connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", texts)

    def dense(self, asked: Query, k: int, where: Condition | None) -> list[int]:
        sql = "SELECT number FROM vectors WHERE vector MATCH ? AND k = ?"
        values: tuple[object, ...] = (asked.vector.tobytes(), k)
        if where is not None:
            sql += f" AND {where.field} = ?"
            values += (where.value,)
        return self._numbers(f"{sql} ORDER BY distance", values)

    def hybrid(self, asked: Query, k: int) -> list[int]:
        match = " OR ".join(f'"{word}"' for word in content_words(asked.text).values())
        sql = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
        found = self._numbers(sql, (match, k)) if match else []
        return fused([self.dense(asked, k, None), found], k)

    def delete(self, numbers: Sequence[int]) -> None:
        with self.connection:
            for sql in (
                "DELETE FROM vectors WHERE number = ?",
                "DELETE FROM texts WHERE rowid = ?",
            ):
                self.connection.executemany(sql, ((number,) for number in numbers))

    def _create(self, dim: int) -> None:
        fields = "".join(f", {name} INTEGER" for name in SHARES)
        self.connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS vectors USING vec0(number INTEGER PRIMARY KEY, "
            f"vector float[{dim}] distance_metric=cosine{fields})"
        )
        self.connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(text, tokenize='porter')"
        )

    def _numbers(self, sql: str, values: Sequence[object]) -> list[int]:
        return [number for (number,) in self.connection.execute(sql, values)]
