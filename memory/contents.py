"""Contents of a namespace, read as they are: nothing is encoded, searched or changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remem.dates import now
from remem.departed import BEFORE
from remem.lookup import Spelled
from remem.plan import Change, neighborhoods, stale_lines
from remem.recall.names import shown_key, title_of
from remem.recall.order.truth import BESIDE, Supersession, supersessions
from remem.recall.recollection import Recollection
from remem.store import (
    F,
    Filter,
    InvalidInput,
    OnDamage,
    Reader,
    Record,
    SourceInfo,
    Stats,
    Store,
    log_damage,
    parse_filter,
)
from remem.versions import LAST, all_versions, history, is_current, whatever_matches

if TYPE_CHECKING:
    from remem.memory import Memory


Where = Filter | Mapping[str, Any]
"""A filter made with ``remem.store.F``, or its JSON form (see ``remem.store.parse_filter``)."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """The records that go when something is forgotten.

    Attributes:
        records: What matches, with all versions.
        rewritten: Keys of memories nearby, which are indexed again without them.
    """

    records: Sequence[Record]
    rewritten: Sequence[str]


class Contents(ABC):
    """The memories of one namespace of a store.

    Attributes:
        namespace: Whose they are, as the store spells it.
    """

    namespace = Spelled()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, namespace={self.namespace!r})"

    @property
    def url(self) -> str:
        """The address at which the memories are kept."""
        return self._store.url

    def namespaces(self) -> list[str]:
        """Names of all namespaces of the store that hold something."""
        return self._store.namespaces()

    def pinned(self, where: Where | None = None) -> list[Record]:
        """Records that are in every prompt, the newest first; see ``remem.contents``."""
        return pinned(self._store, self.namespace, as_filter(where))

    def get(self, key: str) -> Record | None:
        """The record with this key, None if there is none."""
        return self._store.get(self.namespace, [key])[0]

    def get_many(self, keys: Sequence[str]) -> list[Record | None]:
        """The records with these keys, in the order asked; None where there is none."""
        return self._store.get(self.namespace, keys)

    def history(self, key: str) -> list[Record]:
        """All versions of a memory, the present one last; empty if the key is unknown."""
        return history(self._store, self.namespace, key)

    def supersessions(self, where: Where | None = None) -> list[Supersession]:
        """The statements that a newer one supersedes, as a search sees them, oldest first; see
        ``remem.recall.order.truth``. ``Memory.undo`` takes one back.

        Args:
            where: Only among these.
        """
        return supersessions(filter(is_current, self.scan(where)))

    def neighbors(self, key: str, radius: int = 2) -> list[Record]:
        """A record with up to ``radius`` records said before and after it, in order."""
        at = self._stored(key)
        return self._store.neighbors(self.namespace, at.source, at.position, at.position, radius)

    def last(self, source: str, count: int) -> list[Record]:
        """The last records of a session or document, in order."""
        return self._store.neighbors(self.namespace, source, LAST, LAST, count)

    def scan(
        self, where: Where | None = None, *, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """All records by source and position, superseded ones too; streamed.

        Args:
            damaged: Called with each record that is damaged, and so left out.
        """
        return self._store.scan(self.namespace, as_filter(where), damaged)

    def sources(self) -> list[SourceInfo]:
        """The sessions and documents of this namespace."""
        return self._store.sources(self.namespace)

    def title(self, source: str) -> str:
        """The title of a session or document, as its last record has it, in a line; empty if it
        has none."""
        last = self.last(source, 1)
        return title_of(last[0]) if last else ""

    def tally(self, edges: Sequence[datetime]) -> dict[str | None, tuple[int, ...]]:
        """Numbers of current records that each speaker said from each of some moments until the
        next; see ``remem.store.Store.tally``.

        Raises:
            InvalidInput: the moments are not two or more, ascending and timezone-aware.
        """
        return self._store.tally(self.namespace, edges)

    def count(self, where: Where | None = None) -> int:
        """The number of records that match, superseded ones included."""
        return self._store.count(self.namespace, as_filter(where))

    def doomed(self, where: Where) -> Doomed:
        """The records that ``forget(where)`` would remove, and those that it would touch."""

        def read(reader: Reader) -> Doomed:
            chosen = whatever_matches(reader, self.namespace, _given(where))
            records = list(all_versions(reader, self.namespace, chosen).values())
            change = Change(remove=records)
            arounds = neighborhoods(reader, self.namespace, change)
            return Doomed(records, tuple(stale_lines(change, arounds)))

        return self._store.reading(read)

    def stats(self) -> Stats:
        """Numbers of records and bytes, over all namespaces."""
        return self._store.stats()

    def _stored(self, key: str) -> Record:
        if record := self.get(key):
            return record
        raise InvalidInput(f"no memory has the key {key!r} in namespace {self.namespace!r}")

    @property
    @abstractmethod
    def _store(self) -> Store: ...


def _given(where: Where) -> Filter:
    return where if isinstance(where, Filter) else parse_filter(where)


def as_filter(where: Where | None) -> Filter | None:
    """The filter that is meant; None: there is none, and everything matches."""
    return where if where is None or isinstance(where, Filter) else parse_filter(where)


# Pinned memories: those that are in every prompt, whatever it is about.
#
# A memory is pinned by its metadata, ``{"pinned": True}``, so that it is exported, filtered and
# forgotten like any other, and holds in all sessions of its namespace.

_PINNED = F("metadata.pinned") == True  # noqa: E712
_MOST = 100


def pinned(reader: Reader, namespace: str, where: Filter | None) -> list[Record]:
    """The pinned memories, the newest first; at most 100."""
    records = reader.find(namespace, _PINNED if where is None else _PINNED & where, _MOST)
    return sorted(records, key=lambda record: (str(record.stored_at), record.key), reverse=True)


def with_pinned(pins: list[Record], found: list[Recollection]) -> list[Recollection]:
    """The memories found for a question, behind what is pinned; each memory once."""
    first = [Recollection(record, 1.0, 1.0, {"pinned": 1.0}) for record in pins]
    keys = {record.key for record in pins}
    return [*first, *(one for one in found if one.record.key not in keys)]


def pin(memory: Memory, key: str) -> Record:
    """Put a memory in every prompt from now on; returns its present version.

    Raises:
        InvalidInput: no memory has the key.
    """
    return _changed(memory, key, lambda present: _labelled(present, "pinned", True))


def unpin(memory: Memory, key: str) -> Record:
    """Let a memory be recalled only where it matters again; returns its present version.

    Raises:
        InvalidInput: no memory has the key, or it is not pinned.
    """

    def without(present: Record) -> Record:
        if not present.metadata.get("pinned"):
            raise InvalidInput(f"the memory {key!r} is not pinned")
        return _labelled(present, "pinned", None)

    return _changed(memory, key, without)


def beside(memory: Memory, key: str) -> Record:
    """Let a memory be true beside the newer ones that supersede it; returns its present version.

    Raises:
        InvalidInput: no memory has the key, or nothing supersedes it.
    """

    def with_newer(present: Record) -> Record:
        newer = [one.newer.key for one in memory.supersessions() if one.older.key == present.key]
        if not newer:
            message = f"nothing supersedes the memory {key!r}; 'remem history' lists what is"
            raise InvalidInput(message)
        return _labelled(present, BESIDE, [*present.metadata.get(BESIDE, []), *newer])

    return _changed(memory, key, with_newer)


def restore(memory: Memory, key: str) -> Record:
    """Take back that a memory has expired, or that newer ones supersede it; returns its present
    version.

    Raises:
        InvalidInput: no memory has the key, or there is nothing to take back.
    """
    versions = memory.history(key)
    ends = versions[-1].expires_at if versions else None
    return expire(memory, key, None) if ends and ends <= now() else beside(memory, key)


def restored(memory: Memory, key: str) -> tuple[Record, str]:
    """Take that back; returns the present version, and a sentence on what it is from now on.

    Raises:
        InvalidInput: no memory has the key, or there is nothing to take back.
    """
    was_found = any(map(is_current, memory.history(key)[-1:]))
    record = restore(memory, key)
    state = "true beside the newer statements" if was_found else "found again"
    return record, f"{shown_key(record.key)} is {state}."


def expire(memory: Memory, key: str, at: datetime | None) -> Record:
    """Let a memory be found until a moment and no longer; returns its present version.

    Args:
        at: That moment; None: it does not expire.

    Raises:
        InvalidInput: no memory has the key, or the moment has no time zone.
    """
    return _changed(memory, key, lambda present: replace(present, expires_at=at))


def _labelled(record: Record, label: str, value: Any) -> Record:
    others = {name: each for name, each in record.metadata.items() if name != label}
    return replace(record, metadata=others if value is None else {**others, label: value})


def _changed(memory: Memory, key: str, change: Callable[[Record], Record]) -> Record:
    """Put a changed record in the place of the present version of a memory."""
    versions = memory.history(key)
    if not versions:
        raise InvalidInput(f"no memory has the key {key!r} in namespace {memory.namespace!r}")
    new = replace(change(versions[-1]), stored_at=None)
    memory.put_records([new])
    return new


# Two names of one person, made one. The name that each record came with stays in its metadata, so
# that this can be taken back, whatever was merged into what meanwhile.

_AT_ONCE = 256


def merge_speakers(
    memory: Memory, name: str, into: str, progress: Callable[[int, int], None]
) -> int:
    """Make what one speaker said another one's, who is the same person; returns how much it was.

    Args:
        progress: Called with records done and records in all.

    Raises:
        InvalidInput: the names are the same, or nobody has the first.
    """
    if name == into:
        raise InvalidInput("the two names are the same; give the other name of the person")

    def renamed(record: Record) -> Record:
        metadata = {BEFORE: record.speaker, **record.metadata}
        return replace(record, speaker=into, metadata=metadata)

    return _rewritten(memory, F("speaker") == name, renamed, progress)


UNNAMED = (F("role") == "user") & ~F("speaker").exists()
"""The words that a person said to an assistant whose export does not name them."""


def name_user(memory: Memory, into: str, progress: Callable[[int, int], None]) -> int:
    """Make what a person said to assistants, under no name, what somebody of that name said;
    returns how much it was. ``split_speaker`` of the name "" takes it back.

    Raises:
        InvalidInput: there is none.
    """

    def named(record: Record) -> Record:
        return replace(record, speaker=into, metadata={BEFORE: "", **record.metadata})

    return _rewritten(memory, UNNAMED, named, progress)


def split_speaker(memory: Memory, name: str, progress: Callable[[int, int], None]) -> int:
    """Give what was said under a name that was merged into another that name back; returns how
    much it was.

    Raises:
        InvalidInput: the name was not merged.
    """

    def named(record: Record) -> Record:
        metadata = {field: value for field, value in record.metadata.items() if field != BEFORE}
        return replace(record, speaker=name or None, metadata=metadata)

    return _rewritten(memory, F(f"metadata.{BEFORE}") == name, named, progress)


def _rewritten(
    memory: Memory,
    where: Filter,
    change: Callable[[Record], Record],
    progress: Callable[[int, int], None],
) -> int:
    """Put changed records in the place of all current ones that match, some at a time."""
    keys = [record.key for record in memory.scan(where) if is_current(record)]
    if not keys:
        raise InvalidInput("nobody has that name here; look at the list of people again")
    for start in range(0, len(keys), _AT_ONCE):
        found = memory.get_many(keys[start : start + _AT_ONCE])
        memory.put_records([change(record) for record in found if record is not None])
        progress(min(start + _AT_ONCE, len(keys)), len(keys))
    return len(keys)
