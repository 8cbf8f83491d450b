"""A folder of documents and chat exports: each file is read by the reader that knows it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from memory.ingest.base import Item, NamedByFile, OnBytes, Problem, Reader, ignore_bytes
from store import RememError

__all__ = ["FolderReader"]


class FolderReader:
    """All files in a folder and the folders inside it, in sorted order; hidden ones are left out.

    A document is named by its path from the folder on: "notes/2024/travel.md".
    """

    name = "folder of documents"

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers

    def detect(self, path: Path) -> bool:
        """Whether it is a folder."""
        return path.is_dir()

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The records of one file after the other."""
        name = path.resolve().name
        for file in _walk(path):
            source = f"{name}/{file.relative_to(path).as_posix()}"
            try:
                yield from self._read_file(source, file, on_bytes)
            except (RememError, OSError) as error:
                yield Problem(file, f"the file was skipped: {error}")

    def _read_file(self, source: str, file: Path, on_bytes: OnBytes) -> Iterator[Item | Problem]:
        reader = next((reader for reader in self._readers if reader.detect(file)), None)
        if reader is None:
            yield Problem(file, "there is no reader for this kind of file")
        elif isinstance(reader, NamedByFile):
            yield from reader.read_as(source, file, on_bytes)
        else:
            yield from reader.read(file, on_bytes)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent, name)
