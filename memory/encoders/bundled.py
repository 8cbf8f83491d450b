"""The encoder that remem brings along: NumPy for a question, torch for much."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np

from remem.encoders.minilm import MiniLM, Tokens
from remem.encoders.models import bundled_folder, encoded_once, loaded_once
from remem.encoders.sentence_transformer import Combiner, SentenceTransformerEncoder, Vectors
from remem.store import Vector

_FEW = 32
"""Texts that a call may have and yet be no part of an import: a turn or a note."""

_MUCH = 8_192
"""Tokens, some 200 turns of a chat. NumPy takes as long for them as loading torch takes, and torch
needs a third of the time from there on."""

_MUCH_BIT_BY_BIT = 4 * _MUCH
"""The same of smaller calls, which are rather a person's than a program's: who waits for one of
them would notice the seconds, and may never have as many as would make up for them."""


class _Model(Protocol):
    def vectors(self, texts: Sequence[Tokens]) -> Vectors:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""


class BundledEncoder:
    """all-MiniLM-L6-v2 (English, 384 dimensions), which needs no network. Thread-safe.

    NumPy encodes questions, and documents until they had 8,192 tokens in all, or four times as
    many if no call had more than 32 texts. Then torch is loaded, which takes seconds, and encodes
    everything from there on, in a third of the time. The vectors of both belong together (cosine
    .9999), and the fingerprint is the same.

    Raises:
        RememError: when the model is first needed and is missing or damaged; the sentence says
            what to do.
    """

    def __init__(self) -> None:
        self._uses_torch = False
        self._encoded = 0  # tokens of documents
        self._queries: Combiner[str, Vector] = Combiner(self._encode_queries)
        self._documents: Combiner[Sequence[Tokens], Vectors] = Combiner(self._encode_lists)

    def __repr__(self) -> str:
        return "BundledEncoder()"

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the files that decide the vectors: weights, configuration, tokenizer."""
        return SentenceTransformerEncoder().fingerprint

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return 384

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode what is to be remembered; equal texts are encoded once.

        Returns:
            float32 array of shape (len(texts), dim), rows of length 1, in the order of texts.
        """
        return encoded_once(texts, self._encode)

    def encode_query(self, text: str) -> Vector:
        """Encode a question: float32 array of shape (dim,), length 1."""
        return self._queries(text)

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Encode some questions together, each as ``encode_query`` does."""
        self._numpy  # noqa: B018 - one that cannot be loaded fails once, and not for each text
        return self._queries.all(texts)

    def use_torch(self) -> None:
        """Load torch now and encode everything with it, for a server: a question takes half the
        time."""
        self._torch  # noqa: B018 - loads it; whoever asks meanwhile is answered by NumPy
        self._uses_torch = True

    def _encode(self, texts: Sequence[str]) -> Vectors:
        tokens = self._numpy.tokens(texts)
        if not self._uses_torch:
            self._encoded += sum(map(len, tokens))
            if self._encoded > (_MUCH if len(texts) > _FEW else _MUCH_BIT_BY_BIT):
                self.use_torch()
        return self._documents(tokens)

    def _encode_lists(self, lists: Sequence[Sequence[Tokens]]) -> list[Vectors]:
        vectors = self._model.vectors(list(chain.from_iterable(lists)))
        ends = np.cumsum([len(one) for one in lists])
        return np.split(vectors, ends[:-1])

    def _encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        return list(self._model.vectors(self._numpy.tokens(texts)))

    @property
    def _model(self) -> _Model:
        return self._torch if self._uses_torch else self._numpy

    @loaded_once
    def _numpy(self) -> MiniLM:
        self.fingerprint  # noqa: B018 - refuses a damaged model before it is used
        return MiniLM(bundled_folder())

    @loaded_once
    def _torch(self) -> _Model:
        from remem.encoders.minilm_torch import in_torch

        return in_torch(self._numpy, bundled_folder())
