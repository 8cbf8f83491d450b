"""What was typed in earlier chats, for the arrow keys; kept in a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import IO

from memory.cli.screen import complain

__all__ = ["History"]

_MOST = 1000


class History:
    """Lines that were typed, in the line editor (where there is one) and in a file.

    Every line is written at once, behind those of other chats that run at the same time.

    Args:
        path: The file; None keeps no line longer than the chat.
        may_keep: Whether a line may be written, and is no secret.
    """

    def __init__(self, path: Path | None, may_keep: Callable[[str], bool] = lambda _: True) -> None:
        self._path = path
        self._may_keep = may_keep
        self._editor = _line_editor()
        lines = self._lines()
        if len(lines) > _MOST:
            self._write(lines[-_MOST:])
        if self._editor:
            for line in lines[-_MOST:]:
                self._editor.add_history(line)

    def add(self, line: str) -> None:
        """Keep a line that was typed; the line editor knows it already."""
        with self._writing() as path:
            if path and self._may_keep(line):
                path.parent.mkdir(parents=True, exist_ok=True)
                with _private(path, os.O_APPEND) as file:
                    file.write(f"{line}\n")

    def forget(self, texts: Collection[str]) -> None:
        """Drop the lines that said one of these texts, alone or behind a command."""
        if self._editor:
            for place in range(self._editor.get_current_history_length(), 0, -1):
                line = self._editor.get_history_item(place)
                if line is not None and _says(line, texts):
                    self._editor.remove_history_item(place - 1)
        lines = self._lines()
        kept = [line for line in lines if not _says(line, texts)]
        if len(kept) < len(lines):
            self._write(kept)

    def _lines(self) -> list[str]:
        with suppress(OSError):  # there is none yet
            return self._path.read_text("utf-8", "replace").split("\n")[:-1] if self._path else []
        return []

    def _write(self, lines: Iterable[str]) -> None:
        with self._writing() as path:
            if path:
                new = path.with_name(f"{path.name}.new")
                with _private(new, os.O_TRUNC) as file:
                    file.writelines(f"{line}\n" for line in lines)
                new.replace(path)

    @contextmanager
    def _writing(self) -> Iterator[Path | None]:
        """The file; if it cannot be written, that is said once and there is none from then on."""
        try:
            yield self._path
        except OSError as error:
            complain(f"what is typed cannot be written to {self._path}: {error.strerror}")
            self._path = None


def _line_editor() -> ModuleType | None:
    """Once it is imported, ``input`` edits lines with it and keeps them."""
    try:
        import readline
    except ImportError:  # as on Windows
        return None
    readline.clear_history()
    return readline


def _says(line: str, texts: Collection[str]) -> bool:
    _, _, behind_command = line.partition(" ")
    return line.strip() in texts or (line.startswith("/") and behind_command.strip() in texts)


def _private(path: Path, how: int) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    return open(descriptor, "w", encoding="utf-8", errors="replace")  # noqa: PTH123
