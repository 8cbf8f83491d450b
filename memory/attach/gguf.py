"""GGUF files, converted once to what transformers loads in a moment, and kept in a cache."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
from contextlib import redirect_stderr
from pathlib import Path

from memory.models import first_line, quiet_loading
from store.errors import RememError

__all__ = ["cache_folder", "converted"]

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/remem`` or ``~/.cache/remem``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remem"


def converted(file: Path) -> Path:
    """The folder with the weights (bfloat16) and tokenizer of a GGUF file.

    Made on first use and named after the file's content, so that it is found again wherever the
    file moves. Several processes may ask at once: the folder appears complete or not at all.

    Raises:
        RememError: the file cannot be read or converted, or the cache cannot be written.
    """
    try:
        with file.open("rb") as stream:
            digest = _sha256(stream)
    except OSError as error:
        raise RememError(f"the model file {file} cannot be read: {error.strerror}") from error
    folder = cache_folder() / "models" / f"{file.stem}-{digest[:16]}"
    if not folder.is_dir():
        logger.info("Converting %s, once; this takes a moment.", file.name)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".converting-", dir=folder.parent) as scratch:
                complete = Path(scratch) / "model"
                _convert(file, complete)
                _publish(complete, folder)
        except OSError as error:
            raise RememError(
                f"the converted model cannot be written to {folder.parent} ({error.strerror}): "
                "make room there, or set XDG_CACHE_HOME to another folder"
            ) from error
    return folder


def _convert(file: Path, folder: Path) -> None:
    import torch
    import transformers

    # Newer versions of transformers can leave weights packed, which cannot be saved.
    options = (
        {"quantization_config": transformers.GgufConfig(dequantize=True)}
        if hasattr(transformers, "GgufConfig")
        else {}
    )
    source, name = str(file.parent), file.name
    # The conversion draws a progress bar that no setting of transformers hides.
    with quiet_loading(), redirect_stderr(io.StringIO()):
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(source, gguf_file=name)
            loaded = transformers.AutoModelForCausalLM.from_pretrained(
                source, gguf_file=name, dtype=torch.bfloat16, **options
            )
        except Exception as error:
            raise RememError(
                f"{file} is not a GGUF model that transformers can read: {first_line(error)}"
            ) from error
        # A model that came from a GGUF file refuses to be saved; a plain one that takes over its
        # weights (``assign``: without a copy) does not.
        with torch.device("meta"):
            plain = transformers.AutoModelForCausalLM.from_config(loaded.config)  # type: ignore[no-untyped-call]
        plain.load_state_dict(loaded.state_dict(), assign=True)
        plain.tie_weights()
        plain.generation_config = loaded.generation_config
        plain.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _publish(complete: Path, folder: Path) -> None:
    """Rename a folder into place; a crash leaves all of it or nothing."""
    for file in complete.iterdir():
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
    try:
        complete.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster, with the same content
            raise


def _sha256(stream: io.BufferedReader) -> str:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
