"""Where remem's store is during the benchmark: on a server, or in a folder that goes again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.stores import check_empty
from store import Batch, InvalidInput, Store, open_store

__all__ = ["Place", "empty", "place_for"]

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where to measure.

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
    if store is None or not ("://" in store or store.endswith(".db")):
        folder = Path(store).expanduser() if store else None
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            yield Place(Path(work))
        return
    check_empty(store)
    with tempfile.TemporaryDirectory() as work:
        yield Place(Path(work), store)


def empty(url: str) -> None:
    """Delete all records of a store."""
    with open_store(url) as store:
        for namespace in store.namespaces():
            while keys := _some_keys(store, namespace):
                store.write(namespace, Batch(delete=keys))


def _some_keys(store: Store, namespace: str) -> list[str]:
    return [record.key for record in islice(store.scan(namespace), _BATCH)]
