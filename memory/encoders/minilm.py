"""all-MiniLM-L6-v2 in NumPy: vectors without a training framework.

``import sentence_transformers`` takes 6 s of a processor and 600 MB; here the first vector takes a
fifth of a second and 100 MB. In bulk torch is faster; see ``remem.encoders.bundled``.

Importing this module loads no model.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remem.encoders.models import keep_freed_memory, not_unicode

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]
Tokens = Sequence[int]

HEADS = 12
EPSILON = np.float32(1e-12)

_MOST_CHARACTERS_A_TOKEN = 64
"""No token of ordinary text is longer: what stands beyond this many a token is never read."""

_PACK = 512
"""Tokens that go through the layers together: what they widen to (3 MB) stays near a processor."""

_GELU_ROWS = 8
"""Tokens whose activations (48 KB) and what is made on the way stay in the nearest cache."""


_limiting = threading.Lock()
"""Held by who limits the threads of the process. Of two who did so at once, the last to go would
put back what the first had set."""


class MiniLM:
    """A BERT with mean pooling, of which each text takes as much work as it has tokens.

    Texts are not padded: those of a pack stand behind each other in one matrix. Thread-safe.

    Args:
        folder: Of the model: its weights, its tokenizer, and what says how they are used.
    """

    def __init__(self, folder: Path) -> None:
        from threadpoolctl import ThreadpoolController

        keep_freed_memory()
        self.max_tokens: int = _json(folder / "sentence_bert_config.json")["max_seq_length"]
        self._tokenizer = _tokenizer(folder, self.max_tokens)
        tensors = tensors_of(folder)
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = (
            tensors["embeddings.position_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _Norm.of(tensors, "embeddings.LayerNorm")
        self._layers = [_Layer.of(tensors, f"encoder.layer.{n}") for n in range(layers_of(folder))]
        self._libraries = ThreadpoolController().select(user_api="blas")

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._words.shape[1])

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of texts, as many as the model reads.

        Raises:
            InvalidInput: a text holds half of a surrogate pair.
        """
        # Tokenizing 10 MB takes 13 s only to be cut off behind the first tokens.
        limit = _MOST_CHARACTERS_A_TOKEN * self.max_tokens
        try:
            found = self._tokenizer.encode_batch([text[:limit] for text in texts])
        except TypeError as error:
            raise not_unicode() from error
        return [one.ids for one in found]

    def vectors(self, texts: Sequence[Tokens]) -> Floats:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        chosen = list(packs(texts))
        vectors = np.empty((len(texts), self.dim), np.float32)
        with self._one_thread_a_product(), ThreadPoolExecutor(_processors()) as pool:
            compute = pool.map if len(chosen) > 1 else map
            found = compute(self._pack, [[texts[number] for number in pack] for pack in chosen])
            for pack, rows in zip(chosen, found, strict=True):
                vectors[pack] = rows
        return vectors

    @contextmanager
    def _one_thread_a_product(self) -> Iterator[None]:
        """Give each processor texts of its own.

        The threads of a BLAS wait for each other by spinning: beside another busy process they took
        five times as long.
        """
        if not _limiting.acquire(blocking=False):
            yield  # under the limit of whoever computes already
            return
        try:
            with self._libraries.limit(limits=1):
                yield
        finally:
            _limiting.release()

    def _pack(self, texts: Sequence[Tokens]) -> Floats:
        """Vectors of texts that stand in the order of their lengths."""
        lengths = lengths_of(texts)
        states = self._words[np.concatenate(texts)]
        states += self._places[np.concatenate([np.arange(length) for length in lengths])]
        self._norm(states)
        runs = runs_of(lengths)
        for layer in self._layers:
            states = layer(states, runs)
        sums: Floats = np.add.reduceat(states, np.cumsum(lengths) - lengths)
        # The mean has the same direction.
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), EPSILON)
        return sums


@dataclass(frozen=True, slots=True)
class _Linear:
    """``x @ weights + bias``; weights have the shape (in, out)."""

    weights: Floats
    bias: Floats

    @staticmethod
    def of(tensors: Mapping[str, Floats], *names: str) -> _Linear:
        """Layers that are applied to the same, as one."""
        weights = [tensors[f"{name}.weight"] for name in names]
        bias = [tensors[f"{name}.bias"] for name in names]
        return _Linear(np.concatenate(weights).T, np.concatenate(bias))

    def __call__(self, states: Floats) -> Floats:
        result: Floats = states @ self.weights
        result += self.bias
        return result


@dataclass(frozen=True, slots=True)
class _Norm:
    """Each row to mean 0 and variance 1, then scaled and moved; in place."""

    scale: Floats
    shift: Floats

    @staticmethod
    def of(tensors: Mapping[str, Floats], name: str) -> _Norm:
        return _Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def __call__(self, states: Floats) -> None:
        states -= states.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", states, states) / np.float32(states.shape[1])
        states /= np.sqrt(variance + EPSILON)[:, np.newaxis]
        states *= self.scale
        states += self.shift


@dataclass(frozen=True, slots=True)
class Run:
    """Texts of one length that stand behind each other."""

    rows: slice
    texts: int


@dataclass(frozen=True, slots=True)
class _Layer:
    """Attention, then two products with an activation between; each added to what came in."""

    queries_keys_values: _Linear
    mixed: _Linear
    first_norm: _Norm
    widened: _Linear
    narrowed: _Linear
    second_norm: _Norm

    @staticmethod
    def of(tensors: Mapping[str, Floats], name: str) -> _Layer:
        own = f"{name}.attention.self"
        return _Layer(
            _Linear.of(tensors, f"{own}.query", f"{own}.key", f"{own}.value"),
            _Linear.of(tensors, f"{name}.attention.output.dense"),
            _Norm.of(tensors, f"{name}.attention.output.LayerNorm"),
            _Linear.of(tensors, f"{name}.intermediate.dense"),
            _Linear.of(tensors, f"{name}.output.dense"),
            _Norm.of(tensors, f"{name}.output.LayerNorm"),
        )

    def __call__(self, states: Floats, runs: Sequence[Run]) -> Floats:
        """Of shape (tokens, dim), like ``states``."""
        three = self.queries_keys_values(states)
        looked_at = np.concatenate([_attention(three[run.rows], run.texts) for run in runs])
        between = self.mixed(looked_at)
        between += states
        self.first_norm(between)
        wide = self.widened(between)
        for start in range(0, len(wide), _GELU_ROWS):
            _gelu(wide[start : start + _GELU_ROWS])
        result = self.narrowed(wide)
        result += between
        self.second_norm(result)
        return result


def _attention(three: Floats, texts: int) -> Floats:
    """Attention: what each token finds in the others of its text, heads side by side.

    Args:
        three: Queries, keys and values, of shape (texts * tokens, 3 * dim).
    """
    # (3, texts, heads, tokens, dim of a head), each matrix in one piece, as a BLAS wants it
    apart = three.reshape(texts, -1, 3, HEADS, three.shape[1] // (3 * HEADS))
    queries, keys, values = np.ascontiguousarray(apart.transpose(2, 0, 3, 1, 4))
    queries *= np.float32(queries.shape[-1] ** -0.5)
    weights: Floats = queries @ keys.swapaxes(2, 3)
    weights -= weights.max(axis=3, keepdims=True)
    np.exp(weights, out=weights)
    found: Floats = weights @ values
    found /= weights.sum(axis=3, keepdims=True)
    beside: Floats = found.swapaxes(1, 2).reshape(len(three), -1)
    return beside


# x/2 (1 + erf(x/sqrt 2)), with erf by formula 7.1.26 of Abramowitz and Stegun, "Handbook of
# Mathematical Functions" (1964), which is off by 1.5e-7 at most; NumPy has none.
_ERF_SLOPE = np.float32(0.3275911 / 2**0.5)
_ERF = [
    np.float32(value)
    for value in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
]


def _gelu(states: Floats) -> None:
    """The activation of BERT, in place."""
    size = np.abs(states)
    inverse = np.reciprocal(size * _ERF_SLOPE + np.float32(1))
    tail = inverse * _ERF[0]
    for factor in _ERF[1:]:
        tail += factor
        tail *= inverse
    np.multiply(size, size, out=inverse)
    inverse *= np.float32(-0.5)
    np.exp(inverse, out=inverse)
    tail *= inverse
    tail *= size
    tail *= np.float32(-0.5)
    np.maximum(states, 0, out=states)
    states += tail


def packs(texts: Sequence[Tokens]) -> Iterator[list[int]]:
    """Numbers of texts in the order of their lengths, about as many together as make a pack."""
    pack: list[int] = []
    size = 0
    for number in sorted(range(len(texts)), key=lambda number: -len(texts[number])):
        if pack and size + len(texts[number]) > _PACK:
            yield pack
            pack, size = [], 0
        pack.append(number)
        size += len(texts[number])
    if pack:
        yield pack


def lengths_of(texts: Sequence[Tokens]) -> NDArray[np.int64]:
    """Number of tokens of each text."""
    return np.array([len(text) for text in texts])


def runs_of(lengths: NDArray[np.int64]) -> list[Run]:
    """Texts of the same length, which stand behind each other, taken together."""
    runs: list[Run] = []
    start = 0
    for length, same in groupby(lengths):
        texts = len(list(same))
        end = start + texts * int(length)
        runs.append(Run(slice(start, end), texts))
        start = end
    return runs


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _tokenizer(folder: Path, most: int) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return tokenizer


def layers_of(folder: Path) -> int:
    """Number of layers of a model."""
    return _json(folder / "config.json")["num_hidden_layers"]


def tensors_of(folder: Path) -> dict[str, Floats]:
    """The float32 tensors of a model, mapped: what is not used is not read.

    The format: the length of a header, eight bytes, little-endian; the header, in JSON; the data.
    """
    file = folder / "model.safetensors"
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    data = np.memmap(file, np.uint8, "r", offset=8 + length)
    return {
        name: data[slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def _json(file: Path) -> dict[str, int]:
    """The facts of a configuration."""
    facts: dict[str, int] = json.loads(file.read_text("utf-8"))
    return facts
