"""Opening what people hand over: a file, a folder, a .zip or a .gz, in whatever encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

from charset_normalizer import from_bytes

from remem.ingest.base import OnBytes, Problem, ignore_bytes
from remem.ingest.encodings import likely_encoding
from remem.store import InvalidInput

READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, UnicodeError)
"""Errors of reading a damaged, cut or password-protected file, .gz or .zip."""

# Members of a .zip and .gz are no subclass of it, but have all of its methods.
_Buffered: TypeAlias = "io.BufferedReader[Any]"

_GZ = b"\x1f\x8b"
_CHUNK = 1 << 16
_HEAD = 1 << 19
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_ESCAPES = {b"\x1b$B": "iso2022_jp", b"\x1b$@": "iso2022_jp", b"\x1b$)C": "iso2022_kr"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text file, without its line end; ``number`` counts from 1."""

    number: int
    text: str


class Files:
    """The files behind one path: the file itself, or the members of a folder or .zip.

    Members are named by their path inside, with forward slashes. A .gz is opened as what it holds.
    """

    def __init__(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> None:
        self.path = path
        self._on_bytes = on_bytes
        # A .docx is a .zip too, but one that its reader opens as a whole.
        self._checked = set[Path]()
        self._is_zip = path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)

    @property
    def is_single(self) -> bool:
        """True if the path is one file that is no .zip."""
        return self.path.is_file() and not self._is_zip

    def members(self, *patterns: str) -> list[str]:
        """The single file whatever its name, else the sorted members that match a pattern.

        A ``*`` or ``?`` stays within one folder.
        """
        if self.is_single:
            return [self.path.name]
        if self._is_zip:
            wanted = _of_patterns(patterns)
            return sorted(name for name in _names_in_zip(self.path) if wanted.fullmatch(name))
        found = {file for pattern in patterns for file in self.path.glob(pattern) if file.is_file()}
        return sorted(file.relative_to(self.path).as_posix() for file in found)

    def locate(self, member: str) -> Path:
        """Path of a member, for people to read."""
        return self.path if self.is_single else self.path / member

    def version(self, member: str) -> tuple[int, int]:
        """Time and size of the file behind a member: another pair when it has changed."""
        stat = self._on_disk(member).stat()
        return stat.st_mtime_ns, stat.st_size

    def head(self, member: str, size: int = _HEAD) -> str:
        """The first characters of a member, of about so many bytes; empty if it is unreadable."""
        try:
            data = b""
            with self._open(member, ignore_bytes) as stream:
                for chunk in _readable(stream):
                    data += chunk
                    if len(data) >= size:
                        break
            return data.decode(_marked_encoding(data) or "utf-8", "replace")
        except READ_ERRORS:
            return ""

    @contextmanager
    def open(self, member: str) -> Iterator[_Buffered]:
        """The bytes of a member, unpacked, for who takes it apart as a whole.

        Raises:
            InvalidInput: it unpacks to far more than it weighs.
        """
        self._check_size(member, limits().whole)
        with self._open(member, self._on_bytes) as stream:
            yield stream

    @contextmanager
    def open_text(self, member: str) -> Iterator[tuple[IO[str], Problem | None]]:
        """The text of a member, and a warning if its encoding had to be guessed.

        Line ends are translated to ``\\n``. What cannot be decoded comes out as a lone surrogate,
        so that only the record that holds it is lost, and reported.

        Raises:
            InvalidInput: it unpacks to far more than it weighs.
        """
        self._check_size(member, limits().streamed)
        with self._open(member, ignore_bytes) as stream:
            encoding, certain = _encoding(stream)
        warning = None
        if not certain:
            warning = Problem(
                self.locate(member),
                f"the file is not UTF-8 and was read as {encoding}; if words look wrong, "
                "forget them, convert the file to UTF-8 and import it again",
            )
        with self._open(member, self._on_bytes) as stream:
            errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
            yield io.TextIOWrapper(stream, encoding=encoding, errors=errors), warning

    def _check_size(self, member: str, least: int) -> None:
        """Before anything of it is remembered: count what comes out, all members together."""
        path = self._on_disk(member)
        if path in self._checked:
            return
        unpacking = Unpacking(path, least)
        if zipfile.is_zipfile(path):
            # Of a member that says too little, no more than that is read.
            unpacking.count(sum(info.file_size for info in _members_of_zip(path)))
        elif _is_gz(path):
            with self._open(member, ignore_bytes) as stream:
                for chunk in _readable(stream):
                    unpacking.count(len(chunk))
        self._checked.add(path)

    def _on_disk(self, member: str) -> Path:
        return self.path / member if self.path.is_dir() else self.path

    @contextmanager
    def _open(self, member: str, on_bytes: OnBytes) -> Iterator[_Buffered]:
        with io.BufferedReader(CountedFile(self._on_disk(member), on_bytes)) as raw:
            if self._is_zip:
                with zipfile.ZipFile(raw) as archive, archive.open(member) as inside:
                    yield cast("_Buffered", inside)
            elif raw.peek(2)[:2] == _GZ:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast("_Buffered", unpacked)
            else:
                yield raw


def text_lines(files: Files, member: str) -> Iterator[Line | Problem]:
    """The lines of a text file one by one; damage ends them with a ``Problem``."""
    number = 0
    try:
        with files.open_text(member) as (text, warning):
            if warning:
                yield warning
            for number, line in enumerate(text, start=1):
                yield Line(number, line.removesuffix("\n"))
    except READ_ERRORS as error:
        reason = f"the file cannot be read any further ({error}); what comes before was read"
        yield Problem(files.locate(member), reason, number + 1)


def lines_apart(files: Files, member: str, problems: list[Problem]) -> Iterator[Line]:
    """The lines of a text file; what is wrong with it is left in ``problems``, anew each time."""
    problems.clear()
    for line in text_lines(files, member):
        if isinstance(line, Problem):
            problems.append(line)
        else:
            yield line


class CountedFile(io.FileIO):
    """A file that tells how many bytes were read from it."""

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        super().__init__(path)
        self._on_bytes = on_bytes

    def readinto(self, buffer: Any) -> int | None:
        """Read into the buffer, and tell how many bytes."""
        count = super().readinto(buffer)
        self._on_bytes(count or 0)
        return count

    def readall(self) -> bytes:
        """Read up to the end, and tell how many bytes."""
        data = super().readall()
        self._on_bytes(len(data))
        return data


def _names_in_zip(path: Path) -> list[str]:
    return [info.filename for info in _members_of_zip(path) if not info.is_dir()]


def _members_of_zip(path: Path) -> list[zipfile.ZipInfo]:
    """Members of a .zip; none if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except READ_ERRORS:
        return []


def _is_gz(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_GZ)) == _GZ


def _of_patterns(patterns: Sequence[str]) -> re.Pattern[str]:
    """One for all: a .zip may have hundreds of thousands of members, each reader asks for its own,
    and to take each name apart for each pattern took minutes."""
    escaped = "|".join(map(re.escape, patterns))
    either = escaped.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.compile(rf"(?:\./)?(?:{either})", re.DOTALL)


def _readable(stream: _Buffered) -> Iterator[bytes]:
    """The bytes of a stream up to its end or to where it is damaged."""
    try:
        while chunk := stream.read1(_CHUNK):
            yield chunk
    except READ_ERRORS:
        return


def _marked_encoding(head: bytes) -> str | None:
    """The encoding that the first bytes give away: a byte order mark, or zeros between letters."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\0" in head[:2]:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return None


def _encoding(stream: _Buffered) -> tuple[str, bool]:
    """Name of the encoding of a text, and whether that is certain. Reads up to the first doubt."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_first, has_proper = True, False
    for chunk in _readable(stream):
        if is_first and (stateful := _with_escapes(chunk)):
            return stateful, True
        if is_first and (marked := _marked_encoding(chunk)):
            return marked, True
        try:
            has_proper = not decoder.decode(chunk).isascii() or has_proper
        except UnicodeDecodeError:
            return ("utf-8", True) if has_proper else _guess(chunk)
        is_first = False
    return "utf-8", True


def _with_escapes(head: bytes) -> str | None:
    """The encoding of seven bits that switches to another script by an escape sequence."""
    name = next((name for mark, name in _ESCAPES.items() if mark in head), None)
    if name is None or not head.isascii():
        return None
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return None
    return name


def _guess(sample: bytes) -> tuple[str, bool]:
    """The encoding of bytes that are not clean UTF-8.

    A few damaged bytes among many proper UTF-8 sequences are damage, not another encoding.
    """
    text = sample.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    proper = sum(character > "\x7f" for character in text) - broken
    if proper > broken:
        return "utf-8", True
    if likely := likely_encoding(sample):
        return likely, False
    best = from_bytes(sample).best()
    return (best.encoding if best else "cp1252"), False


# Limits of what comes out of a file, so that a small one cannot fill the memory or take hours.
#
# A file that unpacks to far more than it weighs was made to do that, or by mistake. The sizes are
# bytes; measured peaks are those of a process that imports it.


@dataclass(frozen=True, slots=True)
class Limit:
    """The sizes beyond which a file is refused.

    Attributes:
        ratio: What unpacks to more than so many times its size. Chats and pages of text unpack to
            3 to 30 times, zeros to 1,000.
        streamed: Unless it is no more than this. What is read piece by piece takes little memory.
        whole: The same of a document, which is taken apart as a whole: 40 times its text.
        elements: Documents with more elements of HTML or XML: 0.6 KB each, and 20 microseconds.
    """

    ratio: int = 50
    streamed: int = 16 << 20
    whole: int = 2 << 20
    elements: int = 500_000


DEFAULT = Limit()

_ANY = 1 << 62
_NONE = Limit(_ANY, _ANY, _ANY, _ANY)

_present: ContextVar[Limit] = ContextVar("limit", default=DEFAULT)


def limits() -> Limit:
    """The limit in force."""
    return _present.get()


@contextmanager
def limited(limit: Limit | None) -> Iterator[None]:
    """Read files under another limit while the block runs; under none, if it is None."""
    token = _present.set(limit or _NONE)
    try:
        yield
    finally:
        _present.reset(token)


class Unpacking:
    """Counts what comes out of a file.

    Args:
        path: The file; what it weighs is its size.
        least: How much may always come out.
    """

    def __init__(self, path: Path, least: int) -> None:
        self._path = path
        self._most = max(least, limits().ratio * path.stat().st_size)
        self._count = 0

    def count(self, size: int) -> None:
        """So much more has come out.

        Raises:
            InvalidInput: that is too much.
        """
        self._count += size
        if self._count > self._most:
            raise _too_large(
                self._path, f"it unpacks to more than {self._most:,} bytes, far more than it weighs"
            )


def check_elements(path: Path, count: int) -> None:
    """Refuse a document of too many elements.

    Raises:
        InvalidInput: it has.
    """
    most = limits().elements
    if count > most:
        raise _too_large(path, f"it has more than {most:,} elements of HTML or XML")


def _too_large(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"{path} was not read because {why}; if you know what it is, use remem import --allow-large"
    )
