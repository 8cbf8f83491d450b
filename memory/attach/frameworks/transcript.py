"""A session that a framework keeps in a memory: each item whole and in order, its words recalled.

What the user and the assistant said is a turn like any other; the item around it is kept in the
turn's metadata, without the words. What nobody said (a call of a tool and its result, a reasoning
item, a system message) is a record that expired before it came: it is listed, exported and
forgotten with its session, and never found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from remem.dates import now
from remem.memory import Memory
from remem.messages import Place, placed, said_by, texts_in, words
from remem.recall.recollection import Recollection
from remem.store import Conflict, F, InvalidInput, Record
from remem.store.types import TOOL
from remem.transfer import record_json

NEVER_FOUND = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The expiry of a record that is kept and never recalled."""

KEPT = "kept_for"
"""The field of the metadata that holds what frameworks want back, by their names."""

_AT_ONCE = 256
"""No more than a memory stores in one transaction."""

_SAID_BY = frozenset({"user", "assistant"})


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a framework wants back as it was.

    Attributes:
        value: Of dicts with string keys, lists, strings, numbers, booleans and None.
        role: ``"user"`` and ``"assistant"`` say things; any other does not.
        text: The words; empty if there are none.
        place: Where in the value exactly these words stand; None: nowhere.
        speaker: Name of the person or bot.
    """

    value: Any
    role: str
    text: str = ""
    place: Place | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The items of one session. Any number of threads and processes may use it.

    Attributes:
        memory: Where it is kept.
        session: The source of its records.
        framework: Whose items they are. Turns of the session that came another way are part of
            it; what other frameworks keep and nobody said is not.
    """

    memory: Memory
    session: str
    framework: str

    def append(self, items: Sequence[Item]) -> None:
        """Add items at the end, 256 at once.

        Raises:
            InvalidInput: an item is not JSON.
        """
        left = [self._record(item) for item in items]
        while left:
            end = self._end()
            given = placed(left[:_AT_ONCE], end)
            try:
                taken = set(self.memory.add_records(given).unchanged)
            except Conflict:
                if self._end() == end:
                    raise
                continue  # another writer was faster: behind what it wrote
            # A place that another writer took meanwhile for an item that says the same.
            left[:_AT_ONCE] = [record for record in given if record.key in taken]

    def records(self, last: int | None = None) -> list[Record]:
        """The items in order, as records.

        Args:
            last: Only so many, from the end; None: all.
        """
        if last is None:
            return [record for record in self._from(None) if self._belongs(record)]
        if last <= 0:
            return []
        said = self.memory.last(self.session, last)
        if len(said) == last:
            end = [record for record in self._from(said[0].position) if self._belongs(record)]
            if len(end) >= last:  # less if some were taken away meanwhile
                return end[-last:]
        return self.records()[-last:]

    def value(self, record: Record) -> Any | None:
        """The item that a record was made from; None: the turn came another way."""
        if not self._is_own(record):
            return None
        [[text, place]] = record.metadata[KEPT][self.framework]
        value = json.loads(text)
        return value if place is None else _with(value, place, record.text)

    def pop(self) -> Record | None:
        """Take away the last item and return it; None if there is none."""
        while last := self.records(1):
            if self.memory.delete(last[0].key):
                return last[0]
        return None

    def clear(self) -> None:
        """Take away the whole session."""
        self.memory.delete(*(record.key for record in self._from(None)))

    def _record(self, item: Item) -> Record:
        text = said_by(item.role, item.text)
        said = item.role in _SAID_BY and bool(text.strip())
        place = item.place if said and text == item.text else None
        kept = _dumped(item.value if place is None else _with(item.value, place, None))
        return Record(
            key=f"{self.session}#0",
            source=self.session,
            position=0,
            # Two items that nobody said are the same only if all of them is.
            text=text if said else f"{item.role} {hashlib.sha256(kept.encode()).hexdigest()[:12]}",
            kind="turn" if said else "item",
            role=item.role,
            speaker=item.speaker,
            said_at=now(),
            expires_at=None if said else NEVER_FOUND,
            # A list in a list is no facet: nobody filters on items, and some are megabytes long.
            metadata={KEPT: {self.framework: [[kept, None if place is None else list(place)]]}},
            origin=TOOL if item.role.endswith("_output") else None,
        )

    def _belongs(self, record: Record) -> bool:
        current = record.superseded_by is None
        return current and (record.expires_at is None or self._is_own(record))

    def _is_own(self, record: Record) -> bool:
        return self.framework in record.metadata.get(KEPT, ())

    def _from(self, position: int | None) -> list[Record]:
        """All records of the session from a position on; None: from its beginning."""
        session = F("source") == self.session
        where = session if position is None else session & (F("position") >= position)
        return list(self.memory.scan(where))

    def _end(self) -> int:
        """The position after all records, also after those that are never found."""
        said = self.memory.last(self.session, 1)
        rest = self._from(said[0].position if said else None)
        return max((record.position for record in [*said, *rest]), default=-1) + 1


def words_of(content: Any) -> tuple[str, Place | None]:
    """The words of a message's content, and the place in it where they stand, if it is one."""
    said = words(content)
    return said, next((place for place, text in texts_in(content) if text == said), None)


def _with(value: Any, place: Sequence[str | int], text: str | None) -> Any:
    """The value with another text in a place; what was given is not changed."""
    if not place:
        return text
    name, *rest = place
    changed: Any = dict(value) if isinstance(value, Mapping) else list(value)
    changed[name] = _with(value[name], rest, text)
    return changed


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"an item cannot be kept, because it is not JSON ({error}): "
            "give strings, numbers, booleans, None, lists and dicts with string keys"
        ) from None


# What a framework is told about a memory that was found, besides its text.


def details(one: Recollection) -> dict[str, Any]:
    """JSON values: the memory's own metadata, and where it comes from."""
    record = one.record
    own = {name: value for name, value in record.metadata.items() if name != KEPT}
    values = record_json(record)
    names = ("key", "source", "kind", "role", "speaker", "origin", "said_at")
    return own | {name: values[name] for name in names} | {"relevance": one.relevance}
