"""What the commands that put questions share: where a run is written, and how far it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.progress import MofNCompleteColumn

from benchmarks.datasets.base import Haystack
from benchmarks.measuring import Progress
from memory.cli.screen import progress_bar, safe
from store import InvalidInput

__all__ = ["questions_bar", "run_file"]


@contextmanager
def run_file(out: Path | None) -> Iterator[Path]:
    """Where a run is written: for a while, if nobody wants to keep it.

    Raises:
        InvalidInput: the folder cannot be made.
    """
    name = "run.sqlite"
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                f"{out} cannot be made ({error.strerror}); choose another folder for --out"
            ) from error
        yield out / name
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


@contextmanager
def questions_bar(dataset: str) -> Iterator[Progress]:
    """A progress bar over the questions of one haystack after the other."""
    with progress_bar(dataset, MofNCompleteColumn()) as move:

        def follow(haystack: Haystack, questions: int) -> Callable[[], object]:
            title = safe(f"{dataset}, {haystack.namespace}")
            move(description=title, total=questions, completed=0)
            return partial(move, advance=1)

        yield follow
