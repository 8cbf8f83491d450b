"""A partition as one file, so that opening does not have to build it again.

The file is a JSON header in one line, then the bytes of each array the header names, in its order.
The SHA-256 of the whole file is kept in SQLite: a file that is missing, cut short or has one bit
flipped is noticed before anything in it is used. No pickle: reading a file runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import Halves, Mask, Saved, Stored
from remem.store.embedded.dense import DenseIndex
from remem.store.embedded.partition import Partition
from remem.store.embedded.vectors import Blocks, Ivf
from remem.store.fulltext.index import TextIndex
from remem.store.fulltext.tokens import TOKENIZER
from remem.store.fulltext.vocabulary import Vocabulary

_HALVES = "<f2"

_CHUNK = 4096
"""Vectors that are read at a time."""

_log = logging.getLogger(__name__)


def save_partition(partition: Partition, path: Path) -> str:
    """Write the live rows of a partition; on disk when this returns. Returns the SHA-256."""
    arrays = _arrays(partition)
    header = {
        "namespace": partition.namespace,
        "seq": partition.seq,
        "generation": partition.generation,
        "tokenizer": TOKENIZER,
        "views": list(partition.dense),
        "means at": _learned_at(partition),
        "arrays": [[name, array.kind, array.shape] for name, array in arrays.items()],
    }
    digest = hashlib.sha256()
    with path.open("wb") as file:
        first = memoryview(json.dumps(header).encode() + b"\n")
        for part in chain([first], *(array.chunks for array in arrays.values())):
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def load_partition(path: Path, digest: str) -> Partition | None:
    """The partition in a file, or None (and a line in the log) if it is not what was saved."""
    try:
        if file_digest(path) == digest:  # before anything in the file is believed
            return _read(path)
        _log.warning("index file %s is damaged; rebuilding it from the records", path)
    except OSError as error:
        _log.warning("index file %s: %s; rebuilding it from the records", path, error.strerror)
    return None


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _arrays(partition: Partition) -> dict[str, Saved]:
    live = partition.live
    vocabulary, numbers = partition.kept_words()
    words = "\n".join(vocabulary.tokens).encode()  # a token holds no line break
    arrays = {
        "ids": Saved.whole(partition.ids[live]),
        "vocabulary": Saved.whole(np.frombuffer(words, np.uint8)),
    }
    for view, index in partition.dense.items():
        shape = int(np.count_nonzero(live)), index.vectors.dim
        arrays[f"dense/{view}"] = Saved(_HALVES, shape, _live_pieces(index.vectors, live))
        if (ivf := _learned(partition, index)) is not None:
            saved = ivf.saved(live)
            arrays |= {f"coarse/{view}/{name}": array for name, array in saved.items()}
        text = partition.text[view].saved(live, numbers)
        arrays |= {f"text/{view}/{name}": array for name, array in text.items()}
    return arrays


def _live_pieces(vectors: Blocks, live: Mask) -> Iterator[Halves]:
    start = 0
    for piece in vectors.pieces():
        yield piece[live[start : start + len(piece)]]
        start += len(piece)


def _learned_at(partition: Partition) -> dict[str, tuple[int, int, list[int]]]:
    return {
        view: (ivf.learned, ivf.seq, ivf.outlived(partition.live))
        for view, index in partition.dense.items()
        if (ivf := _learned(partition, index)) is not None
    }


def _learned(partition: Partition, index: DenseIndex) -> Ivf | None:
    """The learned part of an index, if nothing in it may be made of what was purged."""
    return None if index.holds_purged(partition.purged) else index.ivf


def _read(path: Path) -> Partition | None:
    with path.open("rb") as file:
        header = json.loads(file.readline())
        if header.get("tokenizer") != TOKENIZER or "means at" not in header:
            _log.info("index file %s is of another version; making it again", path)
            return None
        return _partition(header, Stored.behind(file, header["arrays"]))


def _partition(header: dict[str, Any], stored: Stored) -> Partition:
    partition = Partition(header["namespace"], (), 0, header["generation"])
    partition.seq = header["seq"]
    partition.ids = stored.read("ids")
    partition.live = np.ones(len(partition.ids), np.bool_)
    partition.vocabulary = Vocabulary(_tokens(stored.read("vocabulary")))
    for view in header["views"]:
        index = partition.dense[view] = _dense(stored, f"dense/{view}")
        if view in header["means at"]:
            learned, seq, outlived = header["means at"][view]
            index.ivf = Ivf.restored(learned, seq, outlived, stored.under(f"coarse/{view}/"))
        text = stored.under(f"text/{view}/")
        partition.text[view] = TextIndex.restored(partition.vocabulary, text)
    return partition


def _dense(stored: Stored, name: str) -> DenseIndex:
    rows, dim = stored.shape(name)
    index = DenseIndex(dim)
    for start in range(0, rows, _CHUNK):
        index.add(stored.read(name, start, start + _CHUNK))
    return index


def _tokens(vocabulary: NDArray[Any]) -> Sequence[str]:
    words = vocabulary.tobytes().decode()
    return words.split("\n") if words else ()
