"""Comparison of an import with what is stored: the same chat, another one, or a changed one.

An export names a chat after a contact or a file, and a message often by its time alone. So the name
may be that of another chat, the file may lie in another folder now, dates may have been read the
other way round, a message may have been edited since, and another program may have written the same
chat in another form, in which a message has another key. All of it is decided by comparing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Protocol

from remem.departed import minute_of, original_name_of
from remem.store import F, Filter, Record, SourceInfo

_ENOUGH = 3
"""Messages of a time at which others are stored, from which on it is another chat."""

_NEARLY = 0.9
_MOST_NAMESAKES = 20
_MOST_OF_A_FAMILY = 1000
"""Sources of one program, up to which those of other names are compared by when they were said."""

_MOST_OF_A_FILE = 1000
"""Sources that end alike, such as README.md in many folders, which are compared by what they say
first."""

_ORDINAL = re.compile(r"(.*-)(\d{1,4})")
_STAMP = re.compile(r"(.*#\d{4}-)(\d\d)-(\d\d)(T[\d:]+-\d+)")


class Stored(Protocol):
    """The part of ``Memory`` that tells what is stored."""

    def get_many(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """The records with these keys."""

    def history(self, key: str) -> Sequence[Record]:
        """All versions of a memory, the present one last."""

    def sources(self) -> Sequence[SourceInfo]:
        """The sessions and documents there are."""

    def count(self, where: Filter | None = None) -> int:
        """The number of records that match."""

    def scan(self, where: Filter | None = None) -> Iterator[Record]:
        """The records that match, superseded ones too."""


@dataclass(slots=True)
class Names:
    """The names that the sources of one import have in a namespace.

    Attributes:
        memory: Where they are stored.
        known: The sources that were there when the import began, by their names.
        began: That moment: what was stored since then is no earlier state of anything.
        chosen: Name in the file -> name in the memory, for those that came up.
    """

    memory: Stored
    known: Mapping[str, SourceInfo]
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    chosen: dict[str, str] = field(default_factory=dict)
    _by_file: Mapping[str, Sequence[str]] = field(init=False)
    _by_family: Mapping[str, Sequence[str]] = field(init=False)

    def __post_init__(self) -> None:
        # Once: a box of mail has as many sources as threads, and each of them is looked for.
        names = sorted(self.known)
        self._by_file, self._by_family = _grouped(names, _file), _grouped(names, _family)

    def named(self, records: Sequence[Record]) -> list[Record]:
        """The records under the names of their sources in the memory."""
        for source in dict.fromkeys(record.source for record in records):
            if source not in self.chosen:
                first = [record for record in records if record.source == source]
                self.chosen[source] = self._name(source, first)
        return [moved(record, self.chosen[record.source]) for record in records]

    def _name(self, source: str, records: Sequence[Record]) -> str:
        namesakes = [source, *(f"{source} ({n})" for n in range(2, _MOST_NAMESAKES))]
        for name in namesakes:
            if name not in self.known or not self._is_other(records, name):
                break
        else:
            name = namesakes[-1]
        return name if name in self.known else self._elsewhere(source, records) or name

    def _elsewhere(self, source: str, records: Sequence[Record]) -> str | None:
        """Name of the source that says the same, though its file was moved or renamed."""
        namesakes = self._by_file.get(_file(source), ())[:_MOST_OF_A_FILE]
        firsts = [moved(records[0], other) for other in namesakes if other != source]
        stored = self.memory.get_many([each.key for each in firsts]) if firsts else ()
        for found, first in zip(stored, firsts, strict=True):
            if _says_the_same(found, first) and self._is_same(records, first.source):
                return first.source
        tries = 0
        family = self._by_family.get(_family(source), ())
        if len(family) > _MOST_OF_A_FAMILY or not all(map(_is_turn, records)):
            return None
        for other in family:
            both = [] if other == source else _between(records, self.known[other])
            if len(both) < _ENOUGH:
                continue
            if self._is_nearly_same(both, other):
                return other
            tries += 1
            if tries == _MOST_NAMESAKES:
                break
        return None

    def _is_nearly_same(self, records: Sequence[Record], name: str) -> bool:
        """True if a source of another name says what these say, but for a few that were edited."""
        there = self._there(records, name)
        alike = sum(map(_says_the_same, there, records))
        told = self.told([moved(record, name) for record in records], name)
        return alike + len(told) >= _NEARLY * len(records)

    def _is_same(self, records: Sequence[Record], name: str) -> bool:
        """True if a source of another name says just what these records say."""
        there = self._there(records, name)
        return all(map(_says_the_same, there, records))

    def _is_other(self, records: Sequence[Record], name: str) -> bool:
        """True if a source of that name has other messages at the time of these."""
        turns = [record for record in records if record.kind == "turn" and record.said_at]
        if any(map(_says_the_same, self._there(records, name), records)):
            return False
        if self.told([moved(record, name) for record in turns], name):
            return False
        if len(turns) < _ENOUGH or self.twins(turns, name):
            return False
        times = sorted(turn.said_at for turn in turns if turn.said_at)
        there = F("source").in_([name]) & F("said_at").between(_before(times[0]), times[-1])
        return self.memory.count(there) >= _ENOUGH

    def told(self, records: Sequence[Record], name: str) -> set[str]:
        """Keys of the records that a source has under other keys: a message is known by its minute,
        its speaker and its words, each time that it was said.

        Args:
            records: Under that name.
        """
        spoken = [each for each in records if _is_turn(each)]
        if name not in self.known or not (within := _between(spoken, self.known[name])):
            return set()
        there = self.memory.get_many([each.key for each in within])
        new = [each for each, known in zip(within, there, strict=True) if known is None]
        if not new:
            return set()
        own = {each.key for each in spoken}
        said = Counter(
            _said(each)
            for each in self.memory.scan(F("source").in_([name]) & _minutes_of(new))
            if each.key not in own and not (each.stored_at and each.stored_at >= self.began)
        )
        found = set()
        for each in new:
            if said[_said(each)]:
                said[_said(each)] -= 1
                found.add(each.key)
        return found

    def twins(self, records: Sequence[Record], name: str) -> dict[str, str]:
        """Keys of the records that are stored with day and month the other way round, each with
        the key that they have there; of a source that was there before."""
        if name not in self.known:
            return {}
        pairs = [(record, swapped(moved(record, name))) for record in records]
        keys = [twin.key for _, twin in pairs if twin]
        stored = dict(zip(keys, self.memory.get_many(keys), strict=True))
        return {
            record.key: twin.key
            for record, twin in pairs
            if twin and _says_the_same(stored[twin.key], record)
        }

    def _there(self, records: Sequence[Record], name: str) -> Sequence[Record | None]:
        return self.memory.get_many([moved(record, name).key for record in records])


def _file(source: str) -> str:
    return source.rpartition("/")[2]


def _family(source: str) -> str:
    return source.partition("/")[0]


def _grouped(names: Iterable[str], group: Callable[[str], str]) -> Mapping[str, Sequence[str]]:
    """The names of each group, in their order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[group(name)].append(name)
    return found


def _between(records: Sequence[Record], info: SourceInfo) -> list[Record]:
    """The records of the minutes in which there are records in a source."""
    if info.first_said_at is None or info.last_said_at is None:
        return []
    first, last = minute_of(info.first_said_at), info.last_said_at
    times = [each.said_at and minute_of(each.said_at) for each in records]
    return [each for each, at in zip(records, times, strict=True) if at and first <= at <= last]


def _minutes_of(records: Sequence[Record]) -> Filter:
    """The condition that something was said in the minutes of these records, or between them."""
    times = [minute_of(each.said_at) for each in records if each.said_at]
    return F("said_at").between(min(times), _before(max(times) + timedelta(minutes=1)))


def _before(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=1)


def _is_turn(record: Record) -> bool:
    return record.kind == "turn" and record.said_at is not None


def _said(record: Record) -> tuple[datetime | None, str, str]:
    """The minute, the speaker and the words: all that two forms of an export have in common."""
    words = " ".join(record.text.split())
    return record.said_at and minute_of(record.said_at), original_name_of(record), words


def moved(record: Record, source: str) -> Record:
    """The record in a source of another name."""
    if record.source == source:
        return record
    rest = record.key.removeprefix(record.source)
    return replace(record, source=source, key=f"{source}{rest}")


def _says_the_same(stored: Record | None, record: Record) -> bool:
    return stored is not None and stored.text == record.text


def swapped(record: Record) -> Record | None:
    """The record as it would be with day and month the other way round, as far as its key and time
    tell; None if that is no other date."""
    match = _STAMP.fullmatch(record.key)
    said = record.said_at
    if match is None or said is None or said.day > 12 or said.day == said.month:
        return None
    begin, month, day, rest = match.groups()
    key = f"{begin}{day}-{month}{rest}"
    return replace(record, key=key, said_at=said.replace(month=said.day, day=said.month))


@dataclass(frozen=True, slots=True)
class Settled:
    """Decision about a record whose key is stored with another text.

    Attributes:
        known: It is stored, under this key or another one.
        edits: Key of the version that it takes the place of.
        record: As it is to be added, under a key that is free.
    """

    known: bool = False
    edits: str | None = None
    record: Record | None = None


def settled(memory: Stored, record: Record, began: datetime) -> Settled:
    """Decide what becomes of a record whose key is stored with another text.

    A message that was edited takes the place of what it said. Of several in one minute, each is
    found by its words, because one that was deleted moves the others up.

    Args:
        began: When the import began: what was stored since then is no earlier state of anything.
    """
    versions = memory.history(record.key)
    if any(version.text == record.text for version in versions):
        return Settled(known=True)
    if any(each.stored_at and each.stored_at >= began for each in versions):
        return Settled()
    match = _ORDINAL.fullmatch(record.key)
    if match and record.kind == "turn":
        return _among(memory, record, match.group(1))
    return Settled(edits=versions[-1].key)


def _among(memory: Stored, record: Record, stamp: str) -> Settled:
    """Of a message that is known by its time and its number among those of that time."""
    keys = [f"{stamp}{number}" for number in range(1, 32)]
    stored = memory.get_many(keys)
    if any(_says_the_same(each, record) for each in stored):
        return Settled(known=True)
    at = stored[keys.index(record.key)] if record.key in keys else None
    if at is not None and at.speaker == record.speaker:
        return Settled(edits=memory.history(record.key)[-1].key)
    free = next((key for key, each in zip(keys, stored, strict=True) if each is None), None)
    return Settled(record=replace(record, key=free)) if free else Settled()
