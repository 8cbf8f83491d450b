"""Notes of what was deleted or forgotten, so that the next import of an export leaves it away.

No word is kept: of each record a digest of what it said, who said it and in which minute, with a
salt of its file. Whoever has the file can test a guess, so only its owner may read it. The names of
files and chats do not count, because the next export may have others.

Digests cannot be made anew, without the words: those that come from another store, by
``remem migrate`` or in a backup, keep the salt that they were made with.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from remem.store import Record
from remem.store.open import folder_of

logger = logging.getLogger("remem")

FILE = "departed"
"""Name of the file in the folder of a store."""

_BYTES = 16

BEFORE = "speaker_before"
"""The field of a record's metadata that holds the name that it came with."""


class Held(Protocol):
    """The part of ``Memory`` that tells what is there."""

    @property
    def namespace(self) -> str:
        """The name of whose memories they are."""

    def get_many(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """The records with these keys."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of what went, by the salts that they were made with; empty if nothing did."""

    by_salt: Mapping[str, frozenset[str]]

    def hold(self, namespace: str, record: Record) -> bool:
        """True if the record went once."""
        return any(
            _digest(salt, namespace, record) in digests for salt, digests in self.by_salt.items()
        )

    def without(self, memory: Held, records: Sequence[Record]) -> list[Record]:
        """The records but those that went and are not there again."""
        gone = {each.key for each in records if self.hold(memory.namespace, each)}
        stored = memory.get_many(sorted(gone)) if gone else ()
        gone -= {each.key for each in stored if each is not None}
        return [each for each in records if each.key not in gone]


def _digest(salt: str, namespace: str, record: Record) -> str:
    """The digest of a record: a turn is known by its minute, all else by its file."""
    said = record.said_at if record.kind == "turn" else None
    place = minute_of(said).isoformat() if said else record.source.rpartition("/")[2]
    named = "\0".join((namespace, original_name_of(record), place, record.text))
    data = named.encode("utf-8", "surrogatepass")
    return blake2b(data, key=salt.encode(), digest_size=_BYTES).hexdigest()


@dataclass(slots=True)
class Departed:
    """Notes of what went from one store.

    Attributes:
        path: The file that they stand in: a salt and then a digest a line, behind its own salt and
            a space if it came from another store; None: they last as long as the process.
    """

    path: Path | None = None
    _lines: list[str] = field(default_factory=list)

    def note(self, namespace: str, records: Iterable[Record]) -> None:
        """Note that records went. Where that cannot be written, the log says so."""
        if gone := list(records):
            with _warned():
                salt, *lines = self._read() or self._begun()
                known = _digests(salt, lines)
                new = [each for each in gone if not known.hold(namespace, each)]
                self._append(dict.fromkeys(_digest(salt, namespace, each) for each in new))

    def adopt(self, digests: Mapping[str, Collection[str]]) -> None:
        """Note what went from another store, by the salts of its digests. Where that cannot be
        written, the log says so."""
        if any(digests.values()):
            with _warned():
                own, *lines = self._read() or self._begun()
                known = _digests(own, lines).by_salt
                self._append(
                    each if salt == own else f"{salt} {each}"
                    for salt, theirs in digests.items()
                    for each in sorted(set(theirs).difference(known.get(salt, ())))
                )

    def known(self) -> Digests:
        """The notes as they are now."""
        salt, *lines = self._read() or [""]
        return _digests(salt, lines)

    def _read(self) -> list[str]:
        if self.path is None:
            return list(self._lines)
        try:
            return self.path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return []

    def _begun(self) -> list[str]:
        """A salt, in a new file that only its owner may read; that of another process, if it was
        faster."""
        salt = secrets.token_hex(_BYTES)
        if self.path is None:
            self._lines = [salt]
            return [salt]
        with suppress(FileExistsError):
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{salt}\n")
        return self._read() or [salt]

    def _append(self, new: Iterable[str]) -> None:
        if self.path is None:
            self._lines += new
        else:
            with self.path.open("a", encoding="ascii") as file:
                file.write("".join(f"{each}\n" for each in new))


def _digests(own: str, lines: Iterable[str]) -> Digests:
    """The digests of a file, where those that name no salt have its own."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        salt, _, digest = line.rpartition(" ")
        found[salt or own].add(digest)
    return Digests({salt: frozenset(found[salt]) for salt in sorted(found)})


@contextmanager
def _warned() -> Iterator[None]:
    """Go on where notes cannot be written: what they are of is gone, or copied, and that was what
    had to be done."""
    try:
        yield
    except OSError as error:
        logger.warning("the next import may bring back what went: %s", error)


def departed_from(url: str | Path) -> Departed:
    """The notes in the folder of an embedded store; those of another store last as long as the
    process, unless somebody names a file for them."""
    folder = folder_of(url)
    return Departed(folder and folder.absolute() / FILE)


def original_name_of(record: Record) -> str:
    """The name that a record came with, before names were merged; its role, if it has none."""
    return str(record.metadata.get(BEFORE, record.speaker) or record.role or "")


def minute_of(moment: datetime) -> datetime:
    """The minute of a moment, in UTC: some exports of a chat have seconds, others have none."""
    return moment.astimezone(timezone.utc).replace(second=0, microsecond=0)
