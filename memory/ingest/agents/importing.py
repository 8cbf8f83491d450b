"""Import of all transcripts that lie on a machine, each project into its namespace.

What was read is noted by size and time, so that to do it again looks at no more than that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from remem.ingest.agents.places import AGENT_READERS, Place
from remem.ingest.base import Found, Item, OnBytes, Reader, ignore_bytes
from remem.ingest.files import DEFAULT, Limit
from remem.ingest.run import ImportReport, Progress, Target, import_path
from remem.projects import project_of
from remem.store import Record

_VERSION = 1


class Holding(Target, Protocol):
    """A memory that tells what it holds."""

    def in_namespace(self, namespace: str) -> Holding:
        """The same memory, with another namespace."""

    def get(self, key: str) -> Record | None:
        """The record with this key, None if there is none."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A file, or a folder, of what an agent keeps.

    Attributes:
        version: Size in bytes and time of the last change, of all of its files together.
    """

    agent: str
    path: Path
    version: tuple[int, int]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return self.version[0]


def found_at(places: Sequence[Place]) -> list[Transcript]:
    """The transcripts at these places; what vanishes meanwhile is none."""
    result: list[Transcript] = []
    for place in places:
        for path in place.paths():
            if (found := transcript_at(place.agent, path)) is not None:
                result.append(found)
    return result


def transcript_at(agent: str, path: Path) -> Transcript | None:
    """The transcript at a path, None if there is none any more."""
    try:
        return Transcript(agent, path, _version(path))
    except OSError:
        return None


def _version(path: Path) -> tuple[int, int]:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    # What is committed to a database may stand in the log beside it for days.
    files += [log for file in files if (log := file.with_name(f"{file.name}-wal")).exists()]
    stats = [file.stat() for file in files]
    return sum(each.st_size for each in stats), max((each.st_mtime_ns for each in stats), default=0)


class Noticing:
    """A reader that gives each record the namespace of its project, and notices the last one.

    Attributes:
        last: Its namespace and key.
    """

    def __init__(self, reader: Reader, namespace: str | None) -> None:
        self.name = reader.name
        self.last: tuple[str, str] | None = None
        self._reader = reader
        self._namespace = namespace

    def detect(self, path: Path) -> bool:
        """See ``Reader.detect``."""
        return self._reader.detect(path)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """See ``Reader.read``."""
        for one in self._reader.read(path, on_bytes):
            if isinstance(one, Item):
                namespace = self._namespace or project_of(one.record.metadata)
                self.last = (namespace, one.record.key)
                yield Item(one.record, namespace)
            else:
                yield one


def reader_of(path: Path, namespace: str | None) -> Noticing | None:
    """The agent's reader that knows a transcript, None if it is of another layout.

    Args:
        namespace: Where all of it goes; None: each project into its own.
    """
    reader = next((each for each in AGENT_READERS if each.detect(path)), None)
    return Noticing(reader, namespace) if reader else None


class Ledger:
    """Notes of the transcripts that a store holds, in a file beside all stores.

    A store may be removed and made anew under its name: the notes count only as long as the store
    holds one of the records that they name.

    Args:
        path: The file; it need not exist.
        url: Address of the store. It may hold a password, so a digest of it is written.
    """

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._store = blake2b(url.encode(), digest_size=16).hexdigest()
        self._noted = _read(path).get(self._store, {})

    def new(self, memory: Holding, transcripts: Sequence[Transcript]) -> list[Transcript]:
        """The transcripts that are not noted, or have changed since."""
        noted = self._noted if self._is_of(memory) else {}
        return [
            each for each in transcripts if noted.get(str(each.path), [])[:2] != list(each.version)
        ]

    def note(self, transcript: Transcript, witness: tuple[str, str] | None) -> None:
        """Note that a transcript was read; ``witness`` is a record of it, by namespace and key."""
        self._noted[str(transcript.path)] = [*transcript.version, *(witness or ())]

    def save(self) -> None:
        """Write the file, all of it or nothing; other stores' notes stay as another process may
        have written them meanwhile."""
        everything = {**_read(self._path), self._store: self._noted}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        new.write_text(json.dumps({"version": _VERSION, "stores": everything}), "utf-8")
        new.replace(self._path)

    def _is_of(self, memory: Holding) -> bool:
        witnesses = [map(str, each[2:]) for each in self._noted.values() if len(each) == 4]
        return any(memory.in_namespace(space).get(key) for space, key in witnesses)


def _read(path: Path) -> dict[str, dict[str, list[int | str]]]:
    """The notes of all stores; none where the file is damaged: then all is looked at again."""
    try:
        noted = json.loads(path.read_text("utf-8"))
        if noted["version"] != _VERSION:
            return {}
        return {store: dict(files) for store, files in noted["stores"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def import_transcripts(
    memory: Holding,
    transcripts: Sequence[Transcript],
    ledger: Ledger,
    *,
    namespace: str | None = None,
    report: Callable[[Progress], None] | None = None,
    limit: Limit | None = DEFAULT,
    bring_back: bool = False,
) -> Iterator[tuple[Transcript, ImportReport]]:
    """Store what transcripts hold, one after the other; each is noted once it is stored.

    May be interrupted at any moment, and then goes on with the first that is not noted.

    Args:
        namespace: Where all of it goes; None: each project into its own.
        report: Called after each batch, with the sums over all transcripts.
        limit, bring_back: Those of ``import_path``.

    Raises:
        RememError: the store failed; see ``remem.store.errors``.
    """
    total = sum(each.size for each in transcripts)
    records = size = 0
    try:
        for each in transcripts:
            reader = reader_of(each.path, namespace)
            if reader is None:
                ledger.note(each, None)
                continue

            def told(step: Progress, before: int = records, read: int = size) -> None:
                if report:
                    report(Progress(before + step.records, read + step.bytes_read, total))

            done = import_path(
                memory,
                each.path,
                reader=reader,
                report=told,
                limit=limit,
                bring_back=bring_back,
            )
            records += sum(done.added.values()) + sum(done.unchanged.values())
            size += each.size
            ledger.note(each, reader.last)
            yield each, done
    finally:
        ledger.save()


def sizes(transcripts: Sequence[Transcript]) -> Mapping[str, tuple[int, int]]:
    """Number and bytes of the transcripts of each agent."""
    result: dict[str, tuple[int, int]] = {}
    for each in transcripts:
        count, size = result.get(each.agent, (0, 0))
        result[each.agent] = (count + 1, size + each.size)
    return result
