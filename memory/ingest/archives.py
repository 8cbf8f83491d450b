"""Exports of many files in one: ``.zip``, ``.tar`` and ``.tgz``, read as the folder inside.

What has words is unpacked into a folder that is gone afterwards; pictures and films are not.
"""

from __future__ import annotations

import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from remem.ingest.base import Found, OnBytes, Problem, Reader, ignore_bytes
from remem.ingest.files import READ_ERRORS, CountedFile, Unpacking, limits
from remem.ingest.folders import MEDIA, NO_READER, VAULT, FolderReader

_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz")
_WITHOUT_WORDS = MEDIA | frozenset(
    ".css .js .map .svg .ico .ttf .woff .woff2 .exe .dll .apk .tif .tiff .bmp .avif".split()
)
_CHUNK = 1 << 16
_MOST_FILES = 200_000
_LONGEST_PATH = 200  # characters of a name; file systems take 255 bytes for each part
_SHOWN = 5
_READ_ERRORS = (*READ_ERRORS, tarfile.TarError)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in an archive, and the function that opens it."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


class ArchiveReader:
    """All that is in an archive, as if it had been unpacked into a folder of its name.

    Args:
        folders: The reader of what comes out; archives in archives are not read.
    """

    name = "archive"

    def __init__(self, folders: FolderReader) -> None:
        self._folders = folders

    def detect(self, path: Path) -> bool:
        """True if it is an archive, and a file in it may have words."""
        if not path.is_file() or not path.name.lower().endswith(_ENDINGS):
            return False
        try:
            return any(_may_have_words(name) for name in _names(path))
        except _READ_ERRORS:
            return False

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The records of one file or export in it after the other."""
        return self.read_as(_stem(path), path, on_bytes)

    def read_as(self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The same, under another name than the file's."""
        with tempfile.TemporaryDirectory(prefix="remem-") as above:
            folder = Path(above, _stem(path) or "archive")
            folder.mkdir()
            try:
                _unpack(path, folder, on_bytes)
            except _READ_ERRORS as error:
                yield Problem(path, f"it cannot be unpacked any further ({error})")
            yield from _as_in(path, folder, self._read(source, folder))

    def _read(self, source: str, folder: Path) -> Iterator[Found]:
        whole: Reader | None = self._folders.reader_of_whole(folder)
        return whole.read(folder) if whole else self._folders.read_as(source, folder)


def _as_in(path: Path, folder: Path, found: Iterator[Found]) -> Iterator[Found]:
    """Records and digests, with problems told of the archive, all files left out in one of them."""
    left: list[str] = []
    is_empty = True
    for one in found:
        if not isinstance(one, Problem):
            is_empty = False
            yield one
            continue
        inside = one.path.relative_to(folder) if one.path.is_relative_to(folder) else Path()
        if one.reason == NO_READER:
            left.append(inside.as_posix())
        else:
            reason = one.reason.replace(str(folder), str(path))
            yield replace(one, path=path / inside, reason=reason)
    if left:
        names = ", ".join(left[:_SHOWN]) + (", ..." if len(left) > _SHOWN else "")
        yield Problem(path, f"files without a conversation or document were left out: {names}")
    elif is_empty:
        yield Problem(path, "there is nothing in it that can be read")


def _stem(path: Path) -> str:
    ending = next((each for each in reversed(_ENDINGS) if path.name.lower().endswith(each)), "")
    return path.name[: len(path.name) - len(ending)]


def _names(path: Path) -> Iterator[str]:
    """The names of the files in an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (info.filename for info in archive.infolist() if _is_file(info))
    else:
        with tarfile.open(path) as tar:
            yield from (each.name for each in tar if each.isfile())


def _may_have_words(name: str) -> bool:
    """True if a file may be one that is read: no picture, not hidden, of a name that is safe."""
    place = PurePosixPath(name.replace("\\", "/"))
    if not place.name or place.is_absolute() or ".." in place.parts or len(name) > _LONGEST_PATH:
        return False
    hidden = any(part.startswith(".") for part in place.parts if part != VAULT)
    return (
        not hidden and "__MACOSX" not in place.parts and place.suffix.lower() not in _WITHOUT_WORDS
    )


def _unpack(path: Path, folder: Path, on_bytes: OnBytes) -> None:
    """Write the files that may have words, as far as they are within the limits.

    Raises:
        InvalidInput: it unpacks to far more than it weighs.
        OSError, zipfile.BadZipFile, tarfile.TarError: it is damaged, locked, or the disk is full.
    """
    unpacking = Unpacking(path, limits().streamed)
    with CountedFile(path, on_bytes) as raw:
        members = _of_zip(raw) if zipfile.is_zipfile(path) else _of_tar(raw)
        for _, member in zip(range(_MOST_FILES), members, strict=False):
            target = folder / PurePosixPath(member.name.replace("\\", "/"))
            if not _may_have_words(member.name) or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as inside, target.open("wb") as out:
                while chunk := inside.read(_CHUNK):
                    unpacking.count(len(chunk))
                    out.write(chunk)


def _of_zip(raw: IO[bytes]) -> Iterator[_Member]:
    with zipfile.ZipFile(raw) as archive:
        for info in archive.infolist():
            if _is_file(info):
                yield _Member(info.filename, partial(archive.open, info))


def _is_file(info: zipfile.ZipInfo) -> bool:
    return not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)


def _of_tar(raw: IO[bytes]) -> Iterator[_Member]:
    with tarfile.open(fileobj=raw) as archive:
        for info in archive:
            if info.isfile() and (inside := archive.extractfile(info)):
                yield _Member(info.name, partial(closing, inside))
