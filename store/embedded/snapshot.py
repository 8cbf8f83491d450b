"""A partition as one file, so that opening does not have to build it again.

The file is a JSON header in one line, then the bytes of each array the header names, in its order.
The SHA-256 of the whole file is kept in SQLite: a file that is missing, cut short or has one bit
flipped is noticed before anything in it is used. No pickle: reading a file runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import Halves, Mask
from store.embedded.blocks import Blocks
from store.embedded.coarse import Coarse
from store.embedded.index import DenseIndex
from store.embedded.partition import Partition
from store.embedded.text import TextIndex
from store.embedded.vocabulary import Vocabulary
from store.tokens import TOKENIZER

__all__ = ["file_digest", "load_partition", "save_partition"]

_HALVES = "<f2"

_CHUNK = 16_384
"""Vectors in one piece. A second copy of all would be the largest thing in memory."""

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
        "learned": _learned(partition),
        "arrays": [[name, array.kind, array.shape] for name, array in arrays.items()],
    }
    digest = hashlib.sha256()
    with path.open("wb") as file:
        first = memoryview(json.dumps(header).encode() + b"\n")
        chunks = (_bytes(chunk) for array in arrays.values() for chunk in array.chunks)
        for part in chain([first], chunks):
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


@dataclass(frozen=True, slots=True)
class _Array:
    """An array that is written piece by piece."""

    kind: str
    shape: tuple[int, ...]
    chunks: Iterable[NDArray[Any]]

    @classmethod
    def whole(cls, array: NDArray[Any]) -> _Array:
        """In one piece."""
        return cls(array.dtype.str, array.shape, [array])


def _arrays(partition: Partition) -> dict[str, _Array]:
    live = partition.live
    vocabulary, text = partition.compacted_text()
    words = "\n".join(vocabulary.tokens).encode()  # a token holds no line break
    arrays = {
        "ids": _Array.whole(partition.ids[live]),
        "vocabulary": _Array.whole(np.frombuffer(words, np.uint8)),
    }
    for view, index in partition.dense.items():
        vectors = index.vectors
        shape = int(np.count_nonzero(live)), vectors.dim
        arrays[f"dense/{view}"] = _Array(_HALVES, shape, _live_chunks(vectors, live))
        if index.coarse is not None:
            for name, array in index.coarse.compacted_arrays(live).items():
                arrays[f"coarse/{view}/{name}"] = _Array.whole(array)
        for name, array in text[view].arrays().items():
            arrays[f"text/{view}/{name}"] = _Array.whole(array)
    return arrays


def _live_chunks(vectors: Blocks, live: Mask) -> Iterator[Halves]:
    start = 0
    for piece in vectors.pieces():
        yield piece[live[start : start + len(piece)]]
        start += len(piece)


def _learned(partition: Partition) -> dict[str, int]:
    return {
        view: index.coarse.learned
        for view, index in partition.dense.items()
        if index.coarse is not None
    }


def _bytes(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _read(path: Path) -> Partition | None:
    with path.open("rb") as file:
        header = json.loads(file.readline())
        if header.get("tokenizer") != TOKENIZER or "learned" not in header:
            _log.info("index file %s is of another version; making it again", path)
            return None
        dense, arrays = dict[str, DenseIndex](), dict[str, NDArray[Any]]()
        for name, kind, shape in header["arrays"]:
            what, _, view = name.partition("/")
            if what == "dense":
                dense[view] = _read_dense(file, *shape)
            else:
                arrays[name] = np.fromfile(file, np.dtype(kind), math.prod(shape)).reshape(shape)
    return _partition(header, dense, arrays)


def _read_dense(file: BinaryIO, rows: int, dim: int) -> DenseIndex:
    index = DenseIndex(dim)
    for start in range(0, rows, _CHUNK):
        count = min(_CHUNK, rows - start)
        index.add(np.fromfile(file, _HALVES, count * dim).reshape(count, dim))
    return index


def _partition(
    header: dict[str, Any], dense: dict[str, DenseIndex], arrays: dict[str, NDArray[Any]]
) -> Partition:
    partition = Partition(header["namespace"], (), 0, header["generation"])
    partition.seq = header["seq"]
    partition.ids = arrays["ids"]
    partition.live = np.ones(len(partition.ids), np.bool_)
    partition.vocabulary = Vocabulary(_tokens(arrays["vocabulary"]))
    for view in header["views"]:
        partition.dense[view] = dense[view]
        if view in header["learned"]:
            partition.dense[view].coarse = Coarse.from_arrays(
                {name: arrays[f"coarse/{view}/{name}"] for name in Coarse.ARRAYS},
                header["learned"][view],
            )
        partition.text[view] = TextIndex.from_arrays(
            partition.vocabulary,
            {name: arrays[f"text/{view}/{name}"] for name in TextIndex.ARRAYS},
        )
    return partition


def _tokens(vocabulary: NDArray[Any]) -> Sequence[str]:
    words = vocabulary.tobytes().decode()
    return words.split("\n") if words else ()
