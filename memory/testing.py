"""Stand-ins that need no model, for the tests of applications that use remem.

``Memory(url, encoder=HashEncoder())`` remembers and recalls in milliseconds; ``EchoGenerator``
answers with the prompt that it was given, so that a test can see what a model would have read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from memory.attach.layout import Layout, Prompt, block_before_question
from memory.recall.prompt import estimate_tokens
from store.tokens import tokenize

__all__ = ["EchoGenerator", "HashEncoder"]


class HashEncoder:
    """An ``Encoder`` without a model: texts that share words (or their stems) are near each other.

    Each word has a fixed pseudo-random direction; a text is the sum of its words. Deterministic,
    on every machine.

    Args:
        dim: Length of the vectors.
    """

    def __init__(self, dim: int = 64) -> None:
        self._dim = dim

    @property
    def fingerprint(self) -> str:
        """Tells hash encoders of different length apart."""
        return f"hash:{self._dim}"

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._dim

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        rows = [self.encode_query(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self._dim), dtype=np.float32)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""
        total = np.sum([self._direction(token) for token in tokenize(text) or [""]], axis=0)
        unit: NDArray[np.float32] = (total / np.linalg.norm(total)).astype(np.float32)
        return unit

    def _direction(self, token: str) -> NDArray[np.float64]:
        seed = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self._dim)


class EchoGenerator:
    """A ``Generator`` that answers with its messages, one ``role: content`` block for each.

    Args:
        layout: How the prompt becomes messages.
    """

    def __init__(self, layout: Layout = block_before_question) -> None:
        self.layout = layout

    def generate(self, prompt: Prompt) -> str:
        """The messages that a model would have been given."""
        return "\n\n".join(f"{message.role}: {message.content}" for message in self.layout(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The same answer, a word at a time."""
        words = self.generate(prompt).split(" ")
        yield words[0]
        for word in words[1:]:
            yield f" {word}"

    def count_tokens(self, text: str) -> int:
        """An estimate, as for a model whose tokenizer is not at hand."""
        return estimate_tokens(text)
