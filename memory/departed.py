"""Notes of what was deleted or forgotten, so that the next import of an export leaves it away.

No word is kept: of each record a digest of what it said, who said it and in which minute, with a
salt of its file. Whoever has the file can test a guess, so only its owner may read it. The names of
files and chats do not count, because the next export may have others.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
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
    """Digests of what went, and the salt that they were made with; empty if nothing did."""

    salt: str
    digests: frozenset[str]

    def hold(self, namespace: str, record: Record) -> bool:
        """True if the record went once."""
        return bool(self.digests) and self.of(namespace, record) in self.digests

    def without(self, memory: Held, records: Sequence[Record]) -> list[Record]:
        """The records but those that went and are not there again."""
        gone = {each.key for each in records if self.hold(memory.namespace, each)}
        stored = memory.get_many(sorted(gone)) if gone else ()
        gone -= {each.key for each in stored if each is not None}
        return [each for each in records if each.key not in gone]

    def of(self, namespace: str, record: Record) -> str:
        """The digest of a record: a turn is known by its minute, all else by its file."""
        said = record.said_at if record.kind == "turn" else None
        place = minute_of(said).isoformat() if said else record.source.rpartition("/")[2]
        named = "\0".join((namespace, original_name_of(record), place, record.text))
        data = named.encode("utf-8", "surrogatepass")
        return blake2b(data, key=self.salt.encode(), digest_size=_BYTES).hexdigest()


@dataclass(slots=True)
class Departed:
    """Notes of what went from one store.

    Attributes:
        path: The file that they stand in, a salt and then a digest a line; None: they last as long
            as the process.
    """

    path: Path | None = None
    _lines: list[str] = field(default_factory=list)

    def note(self, namespace: str, records: Iterable[Record]) -> None:
        """Note that records went. Where that cannot be written, the log says so."""
        try:
            if not (gone := list(records)):
                return
            salt, *digests = self._read() or self._begun()
            known = Digests(salt, frozenset(digests))
            named = dict.fromkeys(known.of(namespace, each) for each in gone)
            self._append([each for each in named if each not in known.digests])
        except OSError as error:  # it is gone, and that was what had to be done
            logger.warning("the next import may bring back what went: %s", error)

    def known(self) -> Digests:
        """The notes as they are now."""
        salt, *digests = self._read() or [""]
        return Digests(salt, frozenset(digests))

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

    def _append(self, new: Sequence[str]) -> None:
        if self.path is None:
            self._lines += new
        else:
            with self.path.open("a", encoding="ascii") as file:
                file.write("".join(f"{each}\n" for each in new))


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
