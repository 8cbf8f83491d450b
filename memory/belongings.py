"""Belongings of remem on this machine: where they are, how large, and how they go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from remem.folders import (
    cache_folder,
    config_file,
    data_folder,
    history_file,
    installed_file,
    ledger_file,
    pending_folder,
    unanswered_file,
)
from remem.store.open import folder_of

_OF_A_STORE = (
    "records.sqlite3*",
    "acknowledged*",
    "departed*",
    "keys.sqlite3*",
    "index/*.snapshot*",
)
"""Files that remem makes in the folder of a store; others in it are somebody else's."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """A store, file or folder that remem keeps.

    Attributes:
        what: In a few words.
        place: Its file, folder or address.
        files: All its files; none of what is on a server.
        folders: Folders that go with the files if nothing else is in them; the inner first.
    """

    what: str
    place: str
    files: Sequence[Path] = ()
    folders: Sequence[Path] = ()

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(map(_size, self.files))

    @property
    def is_elsewhere(self) -> bool:
        """True of what is on a server, which only its owner can remove."""
        return "://" in self.place

    def remove(self) -> None:
        """Delete its files, and its folders where they are empty then.

        Raises:
            OSError: a file cannot be deleted.
        """
        for file in self.files:
            file.unlink(missing_ok=True)
        for folder in self.folders:
            with suppress(OSError):  # it has something else in it
                folder.rmdir()


def belongings(url: str) -> list[Belonging]:
    """The store with this address, and what is kept beside it."""
    whole = [
        ("converted models, made again when needed", cache_folder()),
        ("sessions that are to be stored", pending_folder()),
    ]
    departed = sorted(data_folder().glob("remem-departed-*"))
    running = sorted(data_folder().glob("remem-serve-*.json"))
    single = [
        ("what was typed in 'remem chat'", history_file()),
        ("questions that found nothing", unanswered_file()),
        ("transcripts of coding agents that were imported", ledger_file()),
        ("what 'remem install' put where", installed_file()),
        ("settings", config_file()),
        *(("digests of what was deleted on a server", path) for path in departed),
        *(("where 'remem serve' listens", path) for path in running),
    ]
    found = [
        _store(url),
        *(_folder(what, path) for what, path in whole),
        *(_file(what, path) for what, path in single),
    ]
    return [each for each in found if each.files or each.is_elsewhere]


def _file(what: str, file: Path) -> Belonging:
    own = [file.parent] if file.parent.name == "remem" else []
    return Belonging(what, str(file), _existing([file]), own)


def _store(url: str) -> Belonging:
    folder = folder_of(url)
    if folder is None:
        files = [] if "://" in url else _existing([Path(url)])
        return Belonging("memories", without_password(url), files)
    files = [file for pattern in _OF_A_STORE for file in sorted(folder.glob(pattern))]
    return Belonging("memories", str(folder), _existing(files), [folder / "index", folder])


def without_password(url: str) -> str:
    """The address of a store as it may be shown."""
    return _PASSWORD.sub("", url) if "://" in url else url


_PASSWORD = re.compile(
    r"(?<=[^/:@]):[^/@]*(?=@)|(?<=[?&])(?:password|token)=[^&]*&?", re.IGNORECASE
)


def _folder(what: str, folder: Path) -> Belonging:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink()]
    inner = (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    deepest_first = sorted(inner, key=lambda path: -len(path.parts))
    return Belonging(what, str(folder), files, [*deepest_first, folder])


def _existing(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if file.is_file()]


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0
