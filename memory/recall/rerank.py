"""Another order of the best of a ranking, by a model that reads question and memory together.

For those who have a cross-encoder and the time for it: it finds more than vectors can, and takes
its time for each memory anew. Importing this module loads no model and no torch.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from remem.encoders.models import (
    fast_dtype,
    first_line,
    model_folder,
    not_unicode,
    quiet_loading,
    vector_files,
)
from remem.recall.recollection import Recollection
from remem.store.errors import InvalidInput, RememError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

MOST_CANDIDATES = 50
"""Deeper pools cost time and bring in texts that only resemble an answer."""


class Reranker(Protocol):
    """Says how well texts answer a question, reading both together. Thread-safe."""

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts),), each in [0, 1], in the order of texts."""


def reranked(
    ranking: Sequence[Recollection], scores: Sequence[float], weight: float
) -> list[Recollection]:
    """A ranking with a reranker's scores mixed in, best first. Pure.

    The mix is convex: ``(1 - weight) * score + weight * reranker's score``. Whoever was not scored
    gets nothing from the reranker, and so stays behind all that were. Cut to k afterwards, never
    before: what the reranker raises is often far down.

    Args:
        ranking: Best first.
        scores: Of its first candidates, in [0, 1].
        weight: Of the reranker, in [0, 1].

    Raises:
        InvalidInput: the weight is not in [0, 1].
        ValueError: there are more scores than candidates.
    """
    if not 0.0 <= weight <= 1.0:
        raise InvalidInput(f"the weight of the reranker is between 0 and 1, not {weight}")
    if len(scores) > len(ranking):
        raise ValueError(f"{len(scores)} scores for {len(ranking)} candidates")
    mixed = [
        _mixed(one, float(score), weight)
        for one, score in zip(ranking, chain(scores, repeat(0.0)), strict=False)
    ]
    # Among equals the first stage decides, which also keeps those without a score behind.
    return sorted(mixed, key=lambda one: -one.score)


def _mixed(one: Recollection, score: float, weight: float) -> Recollection:
    parts = {name: (1.0 - weight) * part for name, part in one.parts.items()}
    return replace(
        one,
        score=(1.0 - weight) * one.score + weight * score,
        parts={**parts, "reranker": weight * score},
    )


class CrossEncoderReranker:
    """Any cross-encoder that sentence-transformers can load, of one output.

    Args:
        model: A name on the Hugging Face hub with its organisation, such as
            ``"cross-encoder/ms-marco-MiniLM-L6-v2"`` (downloaded once, then read from the local
            cache), or a folder.
        device: A torch device such as ``"cuda"``; None: an accelerator if there is one.
        batch_size: How many texts go through the model at once.

    Raises:
        RememError: when the model is first needed and cannot be found, read, or is not what it
            should be; the sentence says what to do.
    """

    def __init__(
        self, model: str | Path, *, device: str | None = None, batch_size: int = 32
    ) -> None:
        self._name = model
        self._device = device
        self._batch_size = batch_size
        self._one_at_a_time = threading.Lock()  # its tokenizer changes its state

    def __repr__(self) -> str:
        return f"CrossEncoderReranker({str(self._name)!r})"

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Score of each text as an answer to the question: the model's output through a sigmoid.

        Returns:
            float32 array of shape (len(texts),), each in [0, 1], in the order of texts.

        Raises:
            InvalidInput: a text is not valid Unicode.
            RememError: the model cannot be loaded, or computes what is not a number.
        """
        if not texts:
            return np.empty(0, dtype=np.float32)
        with self._one_at_a_time:
            model = self._model
            # Tokenizing megabytes takes seconds only to be cut off behind the first tokens.
            limit = _MOST_CHARACTERS_A_TOKEN * (model.max_seq_length or _USUAL_TOKENS)
            pairs = [(query[:limit], text[:limit]) for text in texts]
            try:
                outputs = model.predict(pairs, batch_size=self._batch_size, show_progress_bar=False)
            except TypeError as error:
                raise not_unicode() from error
        if not np.isfinite(outputs).all():
            raise RememError(f"{self._name} gives scores that are no numbers: use another model")
        return np.asarray(outputs, dtype=np.float32)

    @cached_property
    def _model(self) -> CrossEncoder:
        folder = model_folder(self._name)
        vector_files(folder)  # refuses a folder without weights
        _require_pairs(folder, self._name)
        with quiet_loading():
            import torch
            from sentence_transformers import CrossEncoder
            from sentence_transformers.util import get_device_name

            device = self._device or get_device_name()
            try:
                model: CrossEncoder = CrossEncoder(
                    str(folder),
                    device=device,
                    model_kwargs={"dtype": fast_dtype(device)},
                    activation_fn=torch.nn.Sigmoid(),
                )
            except Exception as error:
                raise RememError(
                    f"{self._name} cannot be loaded as a cross-encoder on {device}: "
                    f"{first_line(error)}"
                ) from error
        if model.num_labels != 1:
            raise RememError(
                f"{self._name} gives {model.num_labels} numbers for a text where one is needed: "
                f"{_SUGGESTION}"
            )
        return model


_SUGGESTION = "name a cross-encoder for ranking, such as cross-encoder/ms-marco-MiniLM-L6-v2"
_MOST_CHARACTERS_A_TOKEN = 64
_USUAL_TOKENS = 512
_READS_PAIRS = ("ForSequenceClassification", "ForCausalLM")


def _require_pairs(folder: Path, name: str | Path) -> None:
    """Refuse a model without an output for pairs: it would be given one, with random weights."""
    kind = _json(folder / "config_sentence_transformers.json").get("model_type")
    architectures = _json(folder / "config.json").get("architectures") or ()
    if kind != "CrossEncoder" and not any(a.endswith(_READS_PAIRS) for a in architectures):
        raise RememError(f"{name} is no model that compares two texts: {_SUGGESTION}")


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RememError(f"{file} is damaged: download the model again") from error
    return content if isinstance(content, dict) else {}
