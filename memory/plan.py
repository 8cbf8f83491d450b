"""From records to what one write does: the neighbourhoods that it touches, the windows that are
stale afterwards, and their vectors.

A write removes and adds records and keeps all windows true. A neighbour whose stored window is not
what it should read now is encoded again, so that nothing removed lives on in it; what is history,
or expired, gets a window of its own line only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from types import MappingProxyType

import numpy as np

from remem.encoders.reading import WHOLE, reading_of
from remem.encoders.sentence_transformer import Encoder, Vectors
from remem.recall.reading.sentences import passages
from remem.store import (
    Batch,
    DamagedRecord,
    Entry,
    F,
    Neighborhood,
    Reader,
    Record,
    Vector,
    View,
)
from remem.versions import LAST, despite_damage, is_current
from remem.views import (
    REACH,
    TURN,
    VIEWS,
    WINDOW,
    is_never_quoted,
    line,
    one_line,
    space_of,
    stands_alone,
    window_texts,
)

_RADIUS = 2 * REACH
"""A new record changes windows up to REACH away, and those see REACH further."""


@dataclass(frozen=True, slots=True)
class Change:
    """The work of one write.

    Attributes:
        add: New records.
        remove: Stored records to delete; of damaged ones, what remains.
        supersede: Key of a stored record -> key of its successor.
        superseded: Those of these records that there are.
        read: What the change was decided on, by key; None for a key that no record has.
    """

    add: Sequence[Record] = ()
    remove: Sequence[Record] = ()
    supersede: Mapping[str, str] = field(default_factory=dict)
    superseded: Sequence[Record] = ()
    read: Mapping[str, Record | None] = field(default_factory=dict)

    @property
    def leaving(self) -> list[Record]:
        """Stored records that are current no more afterwards."""
        return [*self.remove, *self.superseded]

    @property
    def removed(self) -> set[str]:
        """Keys of the records to delete."""
        return {record.key for record in self.remove}


@dataclass(frozen=True, slots=True)
class Around:
    """A source as a change finds it.

    Attributes:
        neighborhood: The current records around those that change.
        past: Records that are superseded or expired, whose windows may quote what changes.
        views: What is stored of all of these, by key; none of what is damaged.
    """

    neighborhood: Neighborhood
    past: Sequence[Record]
    views: Mapping[str, Mapping[str, View]]


@dataclass(frozen=True, slots=True)
class Lines:
    """The texts of a record's two views: its own line, and its window."""

    turn: str
    window: str


def neighborhoods(reader: Reader, namespace: str, change: Change) -> list[Around]:
    """Read each source whose windows a change may touch."""
    by_source = _by_source([*change.add, *change.leaving])
    by_source.pop("", None)  # damage has left nothing of it
    arounds = [
        _around(reader, namespace, source, touched, change) for source, touched in by_source.items()
    ]
    return [around for around in arounds if around is not None]


def stale_lines(change: Change, arounds: Iterable[Around]) -> dict[str, Lines]:
    """The views that a change has to write, by key: of what is new, and of what reads otherwise
    now. Pure."""
    found = {record.key: Lines(line(record), line(record)) for record in change.add}
    for around in arounds:
        found |= _stale_around(change, around)
    return found


def batch_of(change: Change, arounds: Sequence[Around], encoder: Encoder) -> Batch:
    """The batch that carries out a change; encodes.

    It says what it was planned on: if another writer changes a neighbourhood, or what is removed
    or superseded, before it is written, the store refuses it as ``Stale``.
    """
    known = known_vectors(reading_of(encoder), arounds)
    views = _encoded(encoder, stale_lines(change, arounds), known)
    new = {record.key for record in change.add}
    return Batch(
        add=[Entry(record, views[record.key]) for record in change.add],
        refresh={key: view for key, view in views.items() if key not in new},
        supersede=change.supersede,
        delete=[record.key for record in change.remove],
        space=space_of(encoder) if views else None,
        expects=[around.neighborhood for around in arounds],
        # What remains of a damaged record, which has no text, is compared with nothing.
        expects_records={record.key: record for record in change.leaving if record.text}
        | dict(change.read),
    )


def place_behind(reader: Reader, namespace: str, source: str) -> int:
    """The position after the last record of a source, for what is said next."""
    if last := reader.neighbors(namespace, source, LAST, LAST, 1):
        return last[-1].position + 1
    # What is damaged may not know its place any more, so each of it is left one.
    damaged: list[DamagedRecord] = []
    whole = reader.scan(namespace, F("source") == source, damaged.append)
    return max((record.position for record in whole), default=-1) + len(damaged) + 1


def free_position(reader: Reader, namespace: str, session: str) -> int:
    """The position after the last record, also if that is expired and so no neighbour."""
    position = place_behind(reader, namespace, session)
    while reader.get(namespace, [f"{session}#{position}"])[0] is not None:
        position += 1
    return position


def _around(
    reader: Reader, namespace: str, source: str, touched: Sequence[Record], change: Change
) -> Around | None:
    """A source around the records of it that change; None if they touch no window but their own."""
    past = _past(reader, namespace, source, touched, change)
    if not past and all(map(stands_alone, touched)):
        return None
    positions = [record.position for record in touched]
    span = (min(positions), max(positions), _RADIUS)
    around = tuple(reader.neighbors(namespace, source, *span))
    stored = _whole(reader, namespace, [record.key for record in (*around, *past)])
    views = {entry.record.key: entry.views for entry in stored}
    return Around(Neighborhood(source, *span, around), past, views)


def _past(
    reader: Reader, namespace: str, source: str, touched: Sequence[Record], change: Change
) -> list[Record]:
    """Superseded and expired records of a source whose windows may quote what changes: those that
    this change supersedes and, if it removes a record, all others."""
    removed = change.removed
    past = [
        record for record in touched if record.key in change.supersede and not stands_alone(record)
    ]
    if any(record.key in removed and not is_never_quoted(record) for record in touched):
        all_of_it = reader.scan(namespace, F("source") == source)
        past += [record for record in all_of_it if not is_current(record)]
    return [record for record in past if record.key not in removed]


def _whole(reader: Reader, namespace: str, keys: Sequence[str]) -> list[Entry]:
    """Entries without those whose views are damaged: these are made again."""
    return despite_damage(keys, partial(reader.entries, namespace), lambda _: [])


def _stale_around(change: Change, around: Around) -> dict[str, Lines]:
    """The views of one source that are not stored as they should read after a change."""
    neighborhood = around.neighborhood
    gone = change.removed | change.supersede.keys()
    coming = [
        record
        for record in change.add
        if record.source == neighborhood.source and is_current(record)
    ]
    staying = [record for record in neighborhood.records if record.key not in gone]
    after = sorted((*coming, *staying), key=lambda record: (record.position, record.key))
    windows = window_texts(after) | {record.key: line(record) for record in around.past}
    lines = {record.key: line(record) for record in (*after, *around.past)}
    new = {record.key for record in change.add}
    return {
        key: Lines(lines[key], window)
        for key, window in windows.items()
        if key in new or key not in around.views or around.views[key][WINDOW].text != window
    }


def known_vectors(way: str, arounds: Iterable[Around]) -> dict[Reading, Vector]:
    """The vectors that neighbours have already, by what was read for them."""
    known: dict[Reading, Vector] = {}
    for around in arounds:
        for views in around.views.values():
            read = readings(way, Lines(views[TURN].text, views[WINDOW].text))
            known |= {read[name]: view.vector for name, view in views.items()}
    return known


def _encoded(
    encoder: Encoder, lines: Mapping[str, Lines], known: Mapping[Reading, Vector]
) -> dict[str, dict[str, View]]:
    """The views of records by key; what is known is not encoded again."""
    way = reading_of(encoder)
    read = {key: readings(way, each) for key, each in lines.items()}
    wanted = {each for of in read.values() for each in of.values()}
    vectors = {**known, **encoded(encoder, wanted - known.keys(), known)}
    return {
        key: {
            TURN: View(each.turn, vectors[read[key][TURN]]),
            WINDOW: View(each.window, vectors[read[key][WINDOW]]),
        }
        for key, each in lines.items()
    }


def _by_source(records: Iterable[Record]) -> dict[str, list[Record]]:
    ordered = sorted(records, key=lambda record: record.source)
    return {source: list(group) for source, group in groupby(ordered, lambda r: r.source)}


# The vectors of views: of a view's text, of the lines of a window, of the passages of a long text.

Reading = tuple[str, ...]
"""The texts whose vectors, added up, point where the vector of a view does."""


def readings(way: str, lines: Lines) -> dict[str, Reading]:
    """The texts that an encoder reads of the views of a record.

    A text that is longer than encoders read is read in passages. The vector of its line is that of
    the first, or in the way of before of as much as the encoder reads; that of its window is of
    all, which reaches every word.

    Args:
        way: See ``remem.encoders.reading``.
    """
    if way == WHOLE:
        return {TURN: (lines.turn,), WINDOW: tuple(passages(lines.window))}
    own = _passages(lines.turn)
    if lines.window == lines.turn:
        return {TURN: own[:1], WINDOW: own}
    each = map(_passages, lines.window.split("\n"))
    return {TURN: own[:1], WINDOW: tuple(chain.from_iterable(each))}


def _passages(text: str) -> Reading:
    """The passages of a text, each in one line: that of a record is also read in its neighbours'
    windows, where it stands in one."""
    return tuple(map(one_line, passages(text)))


def encoded(
    encoder: Encoder,
    wanted: Collection[Reading],
    known: Mapping[Reading, Vector] = MappingProxyType({}),
) -> dict[Reading, Vector]:
    """The vector of each reading, of length 1; a text that several have is encoded once, and one
    that is known not at all."""
    vectors = {read[0]: vector for read, vector in known.items() if len(read) == 1}
    texts = sorted(set(chain.from_iterable(wanted)) - vectors.keys())
    if texts:
        vectors |= zip(texts, encoder.encode_documents(texts), strict=True)
    return {each: _direction([vectors[text] for text in each]) for each in wanted}


def embed_views(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """The vectors of the texts of whole records, given record by record, in the order of views."""
    way = reading_of(encoder)
    read = [readings(way, Lines(*of)) for of in zip(texts[::2], texts[1::2], strict=True)]
    flat = [of[name] for of in read for name in VIEWS]
    vectors = encoded(encoder, set(flat))
    return np.stack([vectors[each] for each in flat])


def _direction(vectors: Sequence[Vector]) -> Vector:
    if len(vectors) == 1:
        return vectors[0]
    # Rounded as stores round: the sum is the same whether a line was stored before or comes now.
    rounded = np.asarray(vectors, np.float16)
    total: Vector = np.sum(rounded, axis=0, dtype=np.float32)
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length > 0 else vectors[0]
