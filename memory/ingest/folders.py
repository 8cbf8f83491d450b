"""Folders of documents and chat exports: each file is read by the reader that knows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from remem.ingest.base import Found, NamedByFile, OnBytes, Problem, Reader, ignore_bytes
from remem.ingest.whatsapp import WhatsAppReader
from remem.store import RememError

MEDIA = frozenset(
    ".jpg .jpeg .png .gif .webp .heic .mp4 .mov .3gp .avi .mkv .opus .ogg .m4a .aac .mp3 .amr .wav"
    " .was".split()
)

"""Endings of pictures, films and sounds, which have no words."""

VAULT = ".obsidian"
"""Folder by which notes of Obsidian are known."""

NO_READER = "there is no reader for this kind of file"
_COMPANIONS = frozenset(
    "archive_browser.html channel.json export_results.html group_info.json user_info.json"
    " index.json".split()
)
"""Files that exports have beside those with words, to say what they are or to show them."""


class FolderReader:
    """All that is in a folder and the folders inside it, in sorted order, but hidden files.

    A folder inside it that is one export as a whole, such as Slack's, is read as that. A document
    is named by its path from the folder on: "notes/2024/travel.md".

    Args:
        layouts: Readers of exports that may be a folder.
        exports: Readers of all exports, ``layouts`` among them, as they are to be asked.
        others: Readers of what is no export.
    """

    name = "folder"

    def __init__(
        self, layouts: Sequence[Reader], exports: Sequence[Reader], others: Sequence[Reader]
    ) -> None:
        self._layouts = layouts
        self._exports = exports
        self._readers = (*exports, *others)

    def detect(self, path: Path) -> bool:
        """True if it is a folder."""
        return path.is_dir()

    def reader_of_whole(self, folder: Path) -> Reader | None:
        """The reader to which the folder belongs as a whole, None if it is a mixed one.

        It is the innermost folder in the layout of an export, without files of other exports, so
        that an export never hides what lies beside it.
        """
        reader = _first(self._layouts, folder)
        if reader is None:
            return None
        inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if any(reader.detect(path) for path in inside if path.is_dir()):
            return None
        known = (_first(self._exports, path) for path in inside if path.is_file())
        return reader if all(each in (None, reader) for each in known) else None

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The records of one file or export after the other."""
        return self.read_as(path.resolve().name, path, on_bytes)

    def read_as(self, name: str, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The same, of a folder that is called otherwise."""
        unreadable: list[OSError] = []
        for part, reader in self._parts(path, unreadable.append):
            source = f"{name}/{part.relative_to(path).as_posix()}"
            try:
                if reader is None:
                    yield Problem(part, NO_READER)
                elif isinstance(reader, NamedByFile):
                    yield from reader.read_as(source, part, on_bytes)
                else:
                    yield from reader.read(part, on_bytes)
            except (RememError, OSError) as error:
                yield Problem(part, f"the file was skipped: {error}")
        for failure in unreadable:
            yield Problem(Path(failure.filename), f"the folder was skipped: {failure.strerror}")

    def _parts(
        self, path: Path, on_error: Callable[[OSError], None]
    ) -> Iterator[tuple[Path, Reader | None]]:
        """Files, and folders that belong together, each with its reader."""
        has_notes = (path / VAULT).is_dir()
        for parent, folders, files in os.walk(path, onerror=on_error):
            # A pipe would be waited for, and a device read for ever.
            found = [
                (file, _first(self._readers, file) if file.is_file() else None)
                for file in _visible(parent, files)
                if file.name not in _COMPANIONS
            ]
            has_chat = has_notes or any(isinstance(each, WhatsAppReader) for _, each in found)
            for file, reader in found:
                # What was sent in a chat, or is shown in a note, lies beside it, without words.
                if reader is not None or not (has_chat and file.suffix.lower() in MEDIA):
                    yield file, reader
            mixed = []
            for folder in _visible(parent, folders):
                if reader := self.reader_of_whole(folder):
                    yield folder, reader
                else:
                    mixed.append(folder.name)
            folders[:] = mixed


def _first(readers: Sequence[Reader], path: Path) -> Reader | None:
    return next((reader for reader in readers if reader.detect(path)), None)


def _visible(parent: str, names: Sequence[str]) -> list[Path]:
    return [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
