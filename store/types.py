"""The values that travel between an application, remem and a store. All of them are immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


def in_short(text: str) -> str:
    """The beginning of a text, in quotes and in one line, as a ``repr`` shows it."""
    return repr(text if len(text) <= _SHORT else f"{text[:_SHORT]}…")


_SHORT = 60


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One thing that was said or read, word for word.

    Attributes:
        key: Identity inside a namespace; stable across stores, exports and imports.
        source: The session or document that the record belongs to.
        position: Place in the source; a source is read in the order of ``(position, key)``.
        text: What was said, unaltered.
        kind: ``"turn"`` (said in a conversation), ``"passage"`` (read in a document) or
            ``"note"`` (told to remem directly); other kinds are allowed.
        role: ``"user"``, ``"assistant"``, ``"system"``, ``"tool"`` or None.
        speaker: Name of the person or bot who said it.
        said_at: When it was said (timezone-aware), if known; the UTC offset is kept.
        stored_at: When it was stored (UTC); set by the store unless an import brings it along.
        expires_at: From this moment on the record is no longer found (timezone-aware).
        metadata: JSON values; scalars, lists of scalars and nested objects can be filtered on.
        superseded_by: Key of the record that replaced this one, if any.
        valid_to: When it was replaced.
        origin: Where the words come from: ``"person"``, ``"assistant"``, ``"tool"``,
            ``"document"`` or ``"web"``; others are allowed. Left out, ``remem.store.types`` gives
            it; None where that cannot know.
    """

    key: str
    source: str
    position: int
    text: str
    kind: str = "turn"
    role: str | None = None
    speaker: str | None = None
    said_at: datetime | None = None
    stored_at: datetime | None = None
    expires_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    superseded_by: str | None = None
    valid_to: datetime | None = None
    origin: str | None = None

    def __post_init__(self) -> None:
        if self.origin is None:
            object.__setattr__(self, "origin", origin_of(self.kind, self.role))

    def __repr__(self) -> str:
        said = f", {self.said_at:%Y-%m-%d %H:%M}" if self.said_at else ""
        return f"Record({self.key!r}, {self.speaker or self.kind}{said}: {in_short(self.text)})"


@dataclass(frozen=True, slots=True)
class View:
    """One way in which a record can be found: a text for full-text search, a vector for dense.

    Attributes:
        text: The text that this view indexes (not shown to anyone).
        vector: float32, shape ``(dim,)``; any length but zero, the store normalises it.
    """

    text: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with all its views, ready to be written. The view names are the store's."""

    record: Record
    views: Mapping[str, View]


@dataclass(frozen=True, slots=True)
class Span:
    """Positions ``first..last`` of a source, and up to ``radius`` records on either side."""

    source: str
    first: int
    last: int
    radius: int

    @property
    def bounds(self) -> dict[str, Any]:
        """By name, for a statement in SQL."""
        return {name: getattr(self, name) for name in Span.__slots__}


@dataclass(frozen=True, slots=True)
class Neighborhood(Span):
    """Result of ``Store.neighbors`` for a span: whole records, because a key may stand for other
    words by the time a batch is written."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that one transaction makes: all of them or none.

    Attributes:
        add: New records. One whose key is stored with the same text is left as it is.
        refresh: New views, by key, for records that are already stored; their text stays.
            Unknown keys are ignored (the record was deleted meanwhile).
        supersede: Key of an older record -> key of its successor.
        delete: Keys of records to remove; unknown keys are ignored.
        space: Whose vectors the views hold; None: the store's. Refused if the store was re-encoded
            since they were made.
        expects: What the batch was planned on: it is written only if it still holds.
        expects_records: The same, by key: the record that ``Store.get`` returned, all of its fields
            counting; None for a key that there was not.
    """

    add: Sequence[Entry] = ()
    refresh: Mapping[str, Mapping[str, View]] = field(default_factory=dict)
    supersede: Mapping[str, str] = field(default_factory=dict)
    delete: Sequence[str] = ()
    space: Space | None = None
    expects: Sequence[Neighborhood] = ()
    expects_records: Mapping[str, Record | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Changes that a write made.

    ``added`` and ``unchanged`` together are the keys of ``Batch.add``.

    Attributes:
        at: When it was: ``stored_at`` of what was added without one. Makes no difference when two
            are compared.
    """

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Dense:
    """A question to the vectors of one view: float32, shape ``(dim,)``.

    Attributes:
        space: Whose vector it is; None: the store's. Refused if the store was re-encoded since it
            was made.
    """

    view: str
    vector: Vector
    space: Space | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A question to the words of one view."""

    view: str
    query: str


Leg = Dense | Text


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that answers a leg. Dense scores are cosines, text scores BM25; higher is better."""

    record: Record
    score: float


@dataclass(frozen=True, slots=True)
class Space:
    """Space of comparable vectors: their encoder, their length, and the views that they are of.

    Attributes:
        fingerprint: Of the encoder.
        encoder: A name by which the application opens the encoder again; "" if it has none. The
            vectors do not depend on it.
        reading: The application's name of the way in which it makes vectors of texts; "" if it
            has but one.
    """

    fingerprint: str
    dim: int
    views: tuple[str, ...]
    encoder: str = field(default="", compare=False)
    reading: str = ""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A session or document: its number of records, and when the first and last were said."""

    source: str
    records: int
    first_said_at: datetime | None
    last_said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stats:
    """Size of a store. ``records`` counts by namespace, superseded ones included."""

    url: str
    space: Space | None
    records: Mapping[str, int]
    bytes_on_disk: int
    bytes_in_memory: int


@dataclass(frozen=True, slots=True)
class Verification:
    """Outcome of ``verify``: what was checked, and one sentence for each thing found wrong."""

    records: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True if nothing was found wrong."""
        return not self.problems


# The origin of a record's words, and the one rule for those of which nobody told it. Pure.

PERSON = "person"
ASSISTANT = "assistant"
TOOL = "tool"
DOCUMENT = "document"
WEB = "web"

_BY_ROLE = {"user": PERSON, "assistant": ASSISTANT, "tool": TOOL, "function": TOOL}
_BY_KIND = {"passage": DOCUMENT, "turn": PERSON, "note": PERSON}


def origin_of(kind: str, role: str | None) -> str | None:
    """The origin of a record of which only its kind and role are known; None if they do not tell:
    other roles (``"system"``), and other kinds without a role, may be anybody's."""
    table, name = (_BY_KIND, kind) if role is None else (_BY_ROLE, role)
    return table.get(name) if isinstance(name, str) else None  # the store refuses what is no text
