"""What was typed in earlier chats, for the arrow keys; kept in a file that only its owner reads."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import IO

from memory.cli.screen import complain

__all__ = ["ELSEWHERE", "History", "forget_lines"]

ELSEWHERE = "Exports, backups and run files that you made may still hold the words."
"""A reminder for whoever forgets something."""

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
        """Drop the lines that hold one of these texts."""
        wanted = _folded(texts)
        if self._editor:
            for place in range(self._editor.get_current_history_length(), 0, -1):
                line = self._editor.get_history_item(place)
                if line is not None and _holds(line, wanted):
                    self._editor.remove_history_item(place - 1)
        with self._writing() as path:
            if path:
                forget_lines(path, texts)

    def _lines(self) -> list[str]:
        return _read(self._path) if self._path else []

    def _write(self, lines: Iterable[str]) -> None:
        with self._writing() as path:
            if path:
                _replace(path, lines)

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


def forget_lines(path: Path, texts: Collection[str]) -> int:
    """Wipe the lines that hold one of these texts out of a file of them; returns how many.

    Raises:
        OSError: it cannot be written.
    """
    new = _new(path)
    if new.exists():  # left by a process that was killed
        _wipe(new)
        new.unlink()
    lines, wanted = _read(path), _folded(texts)
    kept = [line for line in lines if not _holds(line, wanted)]
    if len(kept) < len(lines):
        _replace(path, kept)
    return len(lines) - len(kept)


def _folded(texts: Collection[str]) -> list[str]:
    """Parts of lines that hold one of the texts, whatever their case and spaces.

    Words stand between spaces, so that none is found inside another; but not every script parts
    them.
    """
    spaced = [f" {words} " for text in texts if (words := " ".join(_words(text)))]
    return spaced + [text.casefold().strip() for text in texts if not text.isascii()]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _holds(line: str, wanted: Collection[str]) -> bool:
    words = f" {' '.join(_words(line))} {line.casefold()}"
    return any(each in words for each in wanted)


def _read(path: Path) -> list[str]:
    with suppress(OSError):  # there is none yet
        return path.read_text("utf-8", "replace").split("\n")[:-1]
    return []


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _replace(path: Path, lines: Iterable[str]) -> None:
    """Put lines in the place of all that the file holds, and leave no copy of that on the disk."""
    new = _new(path)
    with _private(new, os.O_TRUNC) as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    with path.open("r+b") if path.exists() else nullcontext() as old:
        new.replace(path)
        if old:
            _overwrite(old)


def _wipe(path: Path) -> None:
    with path.open("r+b") as file:
        _overwrite(file)


def _overwrite(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    file.write(bytes(size))
    file.flush()
    os.fsync(file.fileno())


def _private(path: Path, how: int) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    return open(descriptor, "w", encoding="utf-8", errors="replace")  # noqa: PTH123
