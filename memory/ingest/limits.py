"""Limits of what comes out of a file, so that a small one cannot fill the memory or take hours.

A file that unpacks to far more than it weighs was made to do that, or by mistake. The sizes are
bytes; measured peaks are those of a process that imports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from store import InvalidInput

__all__ = ["DEFAULT", "Limit", "Unpacking", "check_elements", "limited", "limits"]


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
