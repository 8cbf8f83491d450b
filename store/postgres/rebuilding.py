"""The full-text index of a namespace, made again from the texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from store.postgres import postings
from store.postgres.checking import texts_of
from store.postgres.driver import Connection
from store.postgres.meta import lock_namespace

__all__ = ["rebuild_text"]

T = TypeVar("T")

_TEXTS = 4_000
"""Texts indexed at a time; memory does not grow with the namespace."""


def rebuild_text(connection: Connection[Any], namespace: int) -> None:
    """Throw the index away and make it again; searches see the old one until it is done."""
    lock_namespace(connection, namespace)
    for table in ("postings", "totals"):
        connection.execute(f"DELETE FROM remem.{table} WHERE namespace = %s", [namespace])
    for texts in _chunks(texts_of(connection, namespace), _TEXTS):
        postings.add(connection, namespace, dict(texts))


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
