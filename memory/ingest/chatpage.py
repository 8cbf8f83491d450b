"""Pages of HTML that hold a chat, read piece by piece: the part that all programs' pages share.

A ``Page`` takes one apart while it comes in. A subclass says which elements begin a message and
what the text in one is, by the classes of the elements around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import READ_ERRORS, Files
from remem.ingest.parsing import checked, linked
from remem.ingest.stamps import Stamps
from remem.store import Record

_ENDINGS = (".html", ".htm")
_CHUNK = 1 << 16
_DEEPEST = 1000  # elements in each other, on a page that was made to have many
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


ReadTime = Callable[[str], datetime]


@dataclass(slots=True)
class Said:
    """Parts of one message on a page.

    Attributes:
        identity: Its own name on the page, if it has one.
        time: As it stands there.
        text: Its words.
        notes: All else, by a name of the page's own.
    """

    identity: str = ""
    name: str = ""
    time: str = ""
    text: str = ""
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    classes: frozenset[str]
    link: str
    begins: int  # the length of the words so far


class Page(HTMLParser):
    """Takes a page apart; holds no more than one message and its parents."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: Said | None = None
        self._open: list[_Element] = []
        self._done: list[Said] = []

    def taken(self) -> Iterator[Said]:
        """The messages that are complete, once."""
        done, self._done = self._done, []
        yield from done

    def begins(self, classes: frozenset[str], values: dict[str, str]) -> None:
        """An element begins; subclasses call ``begin`` and ``finish``."""

    def hears(self, data: str) -> None:
        """Text stands somewhere; subclasses look where with ``within``."""

    def within(self, *names: str) -> bool:
        """True if an element of one of these classes is open."""
        return any(not element.classes.isdisjoint(names) for element in self._open)

    def begin(self, identity: str = "") -> None:
        """A message begins, and the one before it is complete."""
        self.finish()
        self.said = Said(identity)

    def finish(self) -> None:
        """The message is complete, if there is one."""
        if self.said:
            self._done.append(self.said)
        self.said = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        values = {name: value or "" for name, value in attrs}
        classes = frozenset(values.get("class", "").split())
        self.begins(classes, values)
        if tag in _VOID:
            self.hears("\n" if tag == "br" else "")
        elif len(self._open) < _DEEPEST:
            link = values.get("href", "") if tag == "a" else ""
            size = len(self.said.text) if self.said else 0
            self._open.append(_Element(tag, classes, link, size))

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser; closes what was left open inside the element as well."""
        depth = next((n for n in range(len(self._open), 0, -1) if self._open[n - 1].tag == tag), 0)
        if not depth:
            return
        element = self._open[depth - 1]
        if self.said and "://" in element.link and element.begins < len(self.said.text):
            # Only words were said: the link of a time or of a name is none of them.
            words = self.said.text[element.begins :]
            self.said.text = self.said.text[: element.begins] + linked(words, element.link)
        del self._open[depth - 1 :]

    def handle_data(self, data: str) -> None:
        """Called by the parser."""
        self.hears(data)

    def close(self) -> None:
        """The page is over."""
        super().close()
        self.finish()


class PageReader:
    """Reads a program's pages. Subclasses say what they are, and what a message on one is."""

    name = ""
    _page: Callable[[], Page]

    def is_own(self, path: Path, head: str) -> bool:
        """True if a page that begins like this is of the program."""
        raise NotImplementedError

    def records(self, said: Said, page: Any, path: Path, time: ReadTime) -> Iterator[Record]:
        """The records of a message; raises ``ValueError`` if it is broken."""
        raise NotImplementedError

    def times(self, path: Path) -> tuple[ReadTime | None, str]:
        """The function that reads times of the page, None if they make no sense; and the doubt or
        the reason, for people."""
        stamps = Stamps(
            said.time
            for said, _ in self.pieces(Files(path))
            if isinstance(said, Said) and said.time
        )
        return (None, stamps.refusal) if stamps.refusal else (stamps.time, stamps.doubt)

    def detect(self, path: Path) -> bool:
        """True if it is a page with the marks of the program."""
        files = Files(path)
        if not files.is_single or path.suffix.lower() not in _ENDINGS:
            return False
        return self.is_own(path, files.head(path.name))

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages of the page."""
        time, doubt = self.times(path)
        if doubt:
            yield Problem(path, doubt)
        if time is None:
            return
        number = 0
        for one, page in self.pieces(Files(path, on_bytes)):
            if isinstance(one, Problem):
                yield one
                continue
            number += 1
            place = f"message {number}"
            try:
                for record in self.records(one, page, path, time):
                    yield from checked(partial(_same, record), path, place)
            except ValueError as error:
                yield Problem(path, f"{place} was skipped: {error}")

    def pieces(self, files: Files) -> Iterator[tuple[Said | Problem, Page]]:
        """The messages with the page as it is then; damage ends them with a ``Problem``."""
        page = type(self)._page()
        try:
            with files.open_text(files.path.name) as (text, warning):
                if warning:
                    yield warning, page
                while chunk := text.read(_CHUNK):
                    page.feed(chunk)
                    for said in page.taken():
                        yield said, page
            page.close()
        except READ_ERRORS as error:
            reason = f"the file cannot be read any further ({error})"
            yield Problem(files.path, reason), page
        for said in page.taken():
            yield said, page


def _same(record: Record) -> Record:
    return record
