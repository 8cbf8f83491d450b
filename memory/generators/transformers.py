"""A generator that runs here: any causal language model that transformers can load."""

from __future__ import annotations

import io
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from remem.encoders.models import (
    fast_dtype,
    first_line,
    loaded_once,
    model_folder,
    quiet_loading,
    sha256,
)
from remem.folders import cache_folder
from remem.generators.prompts import Layout, Message, Prompt, block_before_question
from remem.store.errors import InvalidInput, RememError, UpstreamError

logger = logging.getLogger(__name__)


class TransformersGenerator:
    """A causal language model on this machine; loaded when it is first needed. Thread-safe.

    Args:
        model: A name on the Hugging Face hub, a folder, or a GGUF file (converted once, into the
            user's cache).
        layout: How notes, question and earlier turns become messages.
        max_new_tokens: The longest answer.
        temperature: 0 always takes the likeliest token, so that equal prompts get equal answers.
        device: A torch device; None: an accelerator if there is one.

    Raises:
        RememError: when the model is first needed and cannot be found or loaded.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        layout: Layout = block_before_question,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        device: str | None = None,
    ) -> None:
        self.layout = layout
        self._name = model
        self._max_new_tokens = max_new_tokens
        self._sampling: dict[str, Any] = (
            {"do_sample": True, "temperature": temperature}
            if temperature > 0
            # None, so that settings published with the model draw no warning.
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        self._device = device

    def __repr__(self) -> str:
        return f"TransformersGenerator({self._name})"

    def generate(self, prompt: Prompt) -> str:
        """The whole answer; raises as ``stream``."""
        return "".join(self.stream(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The answer in pieces, as they come; closing the iterator stops the model.

        Raises:
            InvalidInput: the prompt is longer than what the model can read.
            UpstreamError: the model failed on the way, for example for want of memory.
        """
        tokenizer, model = self._tokenizer, self._model
        inputs = self._tokenize(self.layout(prompt)).to(model.device)
        length = inputs["input_ids"].shape[1]
        window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        if window and length >= window:
            raise InvalidInput(
                f"the prompt has {length} tokens and {self._name} reads at most {window}: "
                "give the memories a smaller budget, or keep fewer earlier turns"
            )
        longest = min(self._max_new_tokens, window - length) if window else self._max_new_tokens
        return self._run(
            {
                **inputs,
                **self._sampling,
                "max_new_tokens": longest,
                # Only one answer is made at a time, so that any token serves where there is none.
                "pad_token_id": (
                    tokenizer.eos_token_id
                    if tokenizer.pad_token_id is None
                    else tokenizer.pad_token_id
                ),
            }
        )

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text; loads the model's tokenizer, not its weights."""
        return len(self._tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def _run(self, arguments: dict[str, Any]) -> Iterator[str]:
        """The model in a thread of its own, its words through a queue."""
        import torch
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        closed = threading.Event()

        def is_closed(ids: torch.Tensor, _scores: torch.Tensor, **_: Any) -> torch.Tensor:
            return torch.full((ids.shape[0],), closed.is_set(), device=ids.device)

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="remem-generator") as pool:
            answer = pool.submit(
                self._model.generate,
                **arguments,
                streamer=streamer,
                stopping_criteria=StoppingCriteriaList([is_closed]),
            )
            # A failure ends the stream too; without this the reader would wait forever.
            answer.add_done_callback(lambda _: streamer.text_queue.put(streamer.stop_signal))
            try:
                yield from filter(None, streamer)
            finally:
                closed.set()
            if error := answer.exception():
                raise UpstreamError(
                    f"{self._name} failed while answering: {first_line(error)}"
                ) from error

    def _tokenize(self, messages: list[Message]) -> Any:
        tokenizer = self._tokenizer
        if not tokenizer.chat_template:  # a model that was never taught to chat continues a script
            script = [f"{message.role.capitalize()}: {message.content}" for message in messages]
            return tokenizer("\n\n".join([*script, "Assistant:"]), return_tensors="pt")
        from jinja2 import TemplateError

        try:
            return tokenizer.apply_chat_template(
                [{"role": message.role, "content": message.content} for message in messages],
                add_generation_prompt=True,
                return_dict=True,
                return_tensors="pt",
            )
        except TemplateError as error:
            raise InvalidInput(
                f"the chat template of {self._name} refuses these messages ({error}): "
                "leave out the instructions, or let turns of user and assistant alternate"
            ) from error

    @loaded_once
    def _folder(self) -> Path:
        path = Path(self._name).expanduser()
        return converted(path) if path.is_file() else model_folder(self._name)

    @loaded_once
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return self._load(AutoTokenizer.from_pretrained)

    @loaded_once
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForCausalLM

        accelerator = torch.accelerator.current_accelerator(check_available=True)
        device = self._device or str(accelerator or "cpu")
        loaded = self._load(AutoModelForCausalLM.from_pretrained, dtype=fast_dtype(device))
        return loaded.to(device).eval()

    def _load(self, from_pretrained: Any, **options: Any) -> Any:
        folder = self._folder
        with quiet_loading():
            try:
                return from_pretrained(str(folder), **options)
            except Exception as error:
                raise RememError(
                    f"{self._name} cannot be loaded as a causal language model: {first_line(error)}"
                ) from error


# GGUF files, converted once to what transformers loads in a moment, and kept in a cache.


def converted(file: Path) -> Path:
    """The folder with the weights (bfloat16) and tokenizer of a GGUF file.

    Made on first use and named after the file's content, so that it is found again wherever the
    file moves. Several processes may ask at once: the folder appears complete or not at all.

    Raises:
        RememError: the file cannot be read or converted, or the cache cannot be written.
    """
    try:
        digest = sha256(file)
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
