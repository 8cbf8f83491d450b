"""The indexes, made again from the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from store.postgres import indexes, postings
from store.postgres.checking import texts_of
from store.postgres.database import Database
from store.postgres.driver import Connection
from store.postgres.meta import lock_namespace, namespaces, read_meta

__all__ = ["rebuild"]

T = TypeVar("T")

_TEXTS = 4_000
"""Texts indexed at a time; memory does not grow with the namespace."""


def rebuild(database: Database) -> None:
    """See ``Store.rebuild``. Searches go on meanwhile, exact where an index is being built."""
    for _, number in database.read(namespaces):
        database.write(partial(_rebuild_text, namespace=number))
    generation = database.read(read_meta).generation
    for place in database.read(partial(indexes.all_indexed, generation=generation)):
        indexes.rebuild(database, place)


def _rebuild_text(connection: Connection[Any], namespace: int) -> None:
    """Make the full-text index again; searches see the old one until it is done."""
    lock_namespace(connection, namespace)
    for table in ("postings", "totals"):
        connection.execute(f"DELETE FROM remem.{table} WHERE namespace = %s", [namespace])
    for texts in _chunks(texts_of(connection, namespace), _TEXTS):
        postings.add(connection, namespace, dict(texts))


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
