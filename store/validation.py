"""Checks of all that enters a store, done once at the boundary and the same for every store.

Each check returns its argument in the form that stores work with (vectors: float32 of length 1) or
raises ``InvalidInput`` with a sentence that names the record and says what to do. A record with two
vectors of 384 dimensions costs about ten microseconds: vectors are stacked and checked at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remem.store.errors import Conflict, DimensionMismatch, InvalidInput, InvalidVector
from remem.store.filters import Filter
from remem.store.rows import to_micros
from remem.store.spaces import check_same
from remem.store.types import (
    Batch,
    Dense,
    Entry,
    Leg,
    Record,
    Space,
    Text,
    Vector,
    View,
)

MAX_TEXT = 100_000_000
"""Most bytes of UTF-8 in one text: ten times the largest message anyone should send."""

MAX_NAME = 1024
"""Most characters in a key, a source, a namespace and other names."""

MAX_DEPTH = 64
"""Most levels of objects and lists inside metadata."""

_INT64 = range(-(2**63), 2**63)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_batch(batch: Batch, space: Space | None) -> Batch:
    """A batch that can be written: entries with the same key and text collapsed into the first,
    all views present, and all vectors float32 of shape ``(space.dim,)`` and length 1. Those that
    are so already are the caller's own: a store keeps copies.

    Raises:
        Conflict: two entries of ``batch.add`` have one key and different texts.
        InvalidInput, DimensionMismatch, InvalidVector: something in it cannot be stored.
        EncoderMismatch: its vectors are of another space.
    """
    entries = _distinct(batch.add)
    for entry in entries:
        check_record(entry.record)
    _check_changes(batch)
    if not entries and not batch.refresh:
        return batch
    if space is None:
        raise InvalidInput("the store does not know its vectors yet; call adopt(space) first")
    if batch.space is not None:
        check_same(space, batch.space)
    given = {entry.record.key: entry.views for entry in entries}
    added = _unit_views(given, space)
    if added is not given:
        entries = [Entry(entry.record, added[entry.record.key]) for entry in entries]
    return replace(batch, add=tuple(entries), refresh=_unit_views(batch.refresh, space))


def check_space(space: Space) -> Space:
    """A space with a fingerprint, at least one dimension and at least one view, all distinct."""
    check_name(space.fingerprint, "fingerprint")
    if _integer(space.dim, "dim") < 1:
        raise InvalidInput(f"vectors have at least one dimension, got {space.dim}")
    for view in space.views:
        check_name(view, "view")
    if not space.views or len(set(space.views)) < len(space.views):
        raise InvalidInput(f"name at least one view and each only once, got {space.views}")
    return space


def check_leg(leg: Leg, space: Space) -> Leg:
    """A leg whose view the store has; the vector of a dense one gets length 1.

    Raises:
        EncoderMismatch: its vector is of another space.
    """
    check_view(leg.view, space)
    if isinstance(leg, Dense):
        if leg.space is not None:
            check_same(space, leg.space)
        return Dense(leg.view, unit(leg.vector, space.dim))
    return Text(leg.view, _check_string(leg.query, "query"))


def check_view(view: str, space: Space | None) -> str:
    """A view that the store has; before it has a space, any."""
    if space and view not in space.views:
        raise InvalidInput(f"unknown view {view!r}; the store has {', '.join(space.views)}")
    return view


def check_k(k: int, name: str = "k") -> int:
    """A number of results: 1 or more; more than there are records is allowed."""
    if _integer(k, name) < 1:
        raise InvalidInput(f"{name} is the number of results and must be at least 1, got {k}")
    return k


def check_span(first: int, last: int, radius: int) -> tuple[int, int, int]:
    """Positions ``first..last`` of a source, and how many records around them."""
    if not _INT64[0] <= _integer(first, "first") <= _integer(last, "last") <= _INT64[-1]:
        raise InvalidInput(f"positions go from the first to the last, got {first} to {last}")
    if _integer(radius, "radius") < 0:
        raise InvalidInput(f"radius counts records and cannot be negative, got {radius}")
    return first, last, min(radius, _INT64[-1])


def check_edges(edges: object) -> list[int]:
    """Moments between which records are counted, in microseconds since 1970.

    Raises:
        InvalidInput: they are not two or more, ascending and timezone-aware.
    """
    given = list(edges) if isinstance(edges, Sequence) else []
    aware = all(isinstance(each, datetime) and each.tzinfo is not None for each in given)
    micros = [to_micros(each) for each in given] if aware else []
    if len(micros) < 2 or any(low >= high for low, high in pairwise(micros)):
        raise InvalidInput(
            "records are counted between two or more moments: give timezone-aware datetimes, each "
            "later than the one before"
        )
    return micros


def check_filter(where: Filter | None) -> Filter | None:
    """A filter or None; most of all not a dict, which ``parse_filter`` reads."""
    if where is not None and not isinstance(where, Filter):
        raise InvalidInput(
            f"a filter is made with F(...) or parse_filter(...), got {type(where).__name__}"
        )
    return where


def check_keys(keys: Sequence[str]) -> Sequence[str]:
    """Several keys: a list or tuple of strings that could be stored, and not one bare string."""
    if isinstance(keys, str):
        raise InvalidInput(f"keys come as a list; write [{keys!r}] for a single one")
    for key in keys:
        _check_string(key, "key")
    return keys


def check_name(name: str, what: str) -> str:
    """A name that people and programs can handle: 1 to 1,024 characters, not only white space,
    no control characters."""
    if not isinstance(name, str):
        raise InvalidInput(f"the {what} must be a string, got {type(name).__name__}")
    return _check_spelling(name, what)


@lru_cache(maxsize=4096)  # sources and kinds repeat
def _check_spelling(name: str, what: str) -> str:
    _check_string(name, what)
    if not name or name.isspace():
        raise InvalidInput(f"the {what} is empty; give it at least one character")
    if len(name) > MAX_NAME:
        raise InvalidInput(f"the {what} has {len(name):,} characters; at most {MAX_NAME:,} go in")
    control = _CONTROL.search(name)
    if control:
        raise InvalidInput(
            f"the {what} {name!r} has a control character at {control.start()}; remove it"
        )
    return name


def check_text(text: str, what: str = "text") -> str:
    """A text that can be stored word for word: not only white space, valid Unicode, at most
    100 MB. Control characters, NUL included, are kept."""
    _check_string(text, what)
    if not text or text.isspace():
        raise InvalidInput(f"the {what} is empty; leave the record out or give it words")
    return text


def unit(vector: ArrayLike, dim: int) -> Vector:
    """The vector as float32 of shape ``(dim,)`` and length 1."""
    rows = unit_rows(stacked_rows([vector], dim, _query), _query)
    return rows.reshape(dim)


def unit_rows(rows: NDArray[Any], name: Callable[[int], str] = "row {}".format) -> Vector:
    """Vectors of length 1 in the directions of ``rows``, shape (n, dim), as float32.

    Args:
        rows: Shape (n, dim), any real dtype.
        name: What row ``i`` belongs to, for the message.

    Raises:
        InvalidVector: a row holds NaN or infinity, or is all zeros.
    """
    # Squares of float32 fit float64, so neither huge nor tiny vectors lose their direction.
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if bad.size:
        row = int(bad[0])
        what = "is all zeros" if lengths[row] == 0 else "holds NaN or infinity"
        raise InvalidVector(f"{name(row)}: the vector {what}; check the encoder that made it")
    # What half precision made of a length of 1 is one: a vector read back and written again stays.
    lengths[np.abs(lengths - 1) <= EPSILON] = 1
    if np.all(lengths == 1):  # as encoders return them
        return rows.astype(np.float32)
    units: Vector = (rows / lengths[:, np.newaxis]).astype(np.float32)
    return units


def check_encoded(rows: ArrayLike, count: int, dim: int) -> Vector:
    """Check an ``Embed``'s result for ``count`` texts: float32, shape (count, dim), length 1."""
    array = np.asarray(rows)
    if array.shape != (count, dim):
        raise DimensionMismatch(
            f"the encoder returned an array of shape {array.shape} for {count} texts of {dim} "
            "dimensions; check that it is the one that the space describes"
        )
    return unit_rows(array, "text {}".format)


def _distinct(entries: Sequence[Entry]) -> list[Entry]:
    first: dict[str, Entry] = {}
    for entry in entries:
        key = check_name(entry.record.key, "key")
        if first.setdefault(key, entry).record.text != entry.record.text:
            raise Conflict(
                f"key {key!r} comes twice in one batch with different texts; give each its own key",
                (key,),
            )
    return list(first.values())


def _check_changes(batch: Batch) -> None:
    check_keys(list(batch.expects_records))
    for key in check_keys(batch.delete):
        check_name(key, "key to delete")
    for key in batch.refresh:
        check_name(key, "key to refresh")
    for older, successor in batch.supersede.items():
        check_name(older, "superseded key")
        check_name(successor, "key of the successor")
        if older == successor:
            raise InvalidInput(f"record {older!r} cannot supersede itself; give the newer key")


def _query(_: int) -> str:
    return "the query"


def check_record(record: Record) -> None:
    """A record that can be stored: text, names, times, position and metadata are what they should.

    Raises:
        InvalidInput: something is not; the message names the record.
    """
    try:
        check_text(record.text)
        check_name(record.source, "source")
        check_name(record.kind, "kind")
        _check_label(record.role, "role")
        _check_label(record.speaker, "speaker")
        if record.origin is not None:
            check_name(record.origin, "origin")
        if record.superseded_by is not None:
            check_name(record.superseded_by, "superseded_by")
        _check_time(record.said_at, "said_at")
        _check_time(record.stored_at, "stored_at")
        _check_time(record.expires_at, "expires_at")
        _check_time(record.valid_to, "valid_to")
        if _integer(record.position, "position") not in _INT64:
            raise InvalidInput(f"the position {record.position} does not fit 64 bits")
        if not isinstance(record.metadata, Mapping):
            raise InvalidInput(f"metadata must be a dict, got {type(record.metadata).__name__}")
        if record.metadata:
            _check_json(dict(record.metadata), ("metadata",), MAX_DEPTH)
    except InvalidInput as error:
        raise InvalidInput(f"record {record.key!r}: {error}") from None


def _integer(number: int, what: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidInput(f"{what} must be an int, got {type(number).__name__}")
    return number


def _check_label(label: str | None, what: str) -> None:
    if label is not None and len(_check_string(label, what)) > MAX_NAME:
        raise InvalidInput(f"the {what} has {len(label):,} characters; at most {MAX_NAME:,} go in")


def _check_string(text: str, what: str) -> str:
    if not isinstance(text, str):
        raise InvalidInput(f"the {what} must be a string, got {type(text).__name__}")
    if text.isascii():
        size = len(text)
    else:
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"the {what} has a lone surrogate (half a character) at {error.start}; "
                "decode it again with the right encoding, or replace it"
            ) from None
    if size > MAX_TEXT:
        raise InvalidInput(f"the {what} has {size:,} bytes; split it, at most {MAX_TEXT:,} go in")
    return text


def _check_time(time: datetime | None, what: str) -> None:
    if time is None:
        return
    if not isinstance(time, datetime):
        raise InvalidInput(f"{what} must be a datetime, got {type(time).__name__}")
    if time.tzinfo is timezone.utc:
        return
    offset = time.utcoffset()
    if offset is None:
        raise InvalidInput(f"{what} {time} has no time zone; pass one, such as tzinfo=timezone.utc")
    if offset.microseconds:
        raise InvalidInput(f"the UTC offset of {what} must be in whole seconds, got {offset}")
    try:
        time.astimezone(timezone.utc)
    except OverflowError:
        raise InvalidInput(f"{what} {time} lies outside the years 1 to 9999 in UTC") from None


def _check_json(value: Any, place: tuple[str, ...], depth: int) -> None:
    """``place``: the names that lead to the value. They are put together only for a message: that
    took as long as all other checks of a record."""
    if depth == 0:
        raise InvalidInput(f"metadata is nested more than {MAX_DEPTH} levels deep; flatten it")
    if isinstance(value, dict):
        for name, item in value.items():
            if not _is_plain(name):
                _check_string(name, f"name of an item of {'.'.join(place)}")
            _check_json(item, (*place, name), depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_json(item, place, depth - 1)
    elif isinstance(value, str):
        if not _is_plain(value):
            _check_string(value, ".".join(place))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInput(
                f"{'.'.join(place)} is {value}, which JSON cannot hold; leave it out"
            )
    elif isinstance(value, int):
        if value.bit_length() > 1023:
            raise InvalidInput(f"{'.'.join(place)} is too large a number; store it as a string")
    elif value is not None:
        raise InvalidInput(
            f"{'.'.join(place)} is a {type(value).__name__}, which is not JSON; use strings, "
            "numbers, booleans, None, lists and dicts"
        )


def _is_plain(text: Any) -> bool:
    """True for an ASCII string that is not too long: ``_check_string`` need not look at it."""
    return isinstance(text, str) and text.isascii() and len(text) <= MAX_TEXT


def _unit_views(
    entries: Mapping[str, Mapping[str, View]], space: Space
) -> Mapping[str, Mapping[str, View]]:
    """The views with vectors of length 1; the very same ones if all are, as encoders return them:
    a record takes a microsecond then, and ten to make its views anew."""
    names = set(space.views)
    for key, views in entries.items():
        if views.keys() != names:
            raise InvalidInput(
                f"record {key!r} needs exactly the views {', '.join(space.views)}; "
                f"got {', '.join(views) or 'none'}"
            )
        try:
            for view in views.values():
                check_text(view.text, "view text")
        except InvalidInput as error:
            raise InvalidInput(f"record {key!r}: {error}") from None
    if are_unit([view.vector for views in entries.values() for view in views.values()], space.dim):
        return entries
    places = [(key, view) for key in entries for view in space.views]

    def name(row: int) -> str:
        return "record {!r}, view {!r}".format(*places[row])

    stacked = stacked_rows([entries[key][view].vector for key, view in places], space.dim, name)
    vectors = iter(unit_rows(stacked, name))
    return {
        key: {view: View(views[view].text, next(vectors)) for view in space.views}
        for key, views in entries.items()
    }


# Vectors that come one by one, as one array.

EPSILON = float(np.finfo(np.float16).eps)
"""Most by which a length of 1, or its square, may differ from it: half precision makes it so."""

_SINGLE = np.dtype(np.float32)
_DTYPE, _SHAPE = attrgetter("dtype"), attrgetter("shape")

_AT_ONCE = 512
"""Vectors that are looked at together: a copy of so many stays in the cache."""


def stacked_rows(
    vectors: Sequence[ArrayLike], dim: int, name: Callable[[int], str]
) -> NDArray[np.float32]:
    """The vectors as rows of an array of their own, float32, shape (len(vectors), dim).

    Args:
        name: What vector ``i`` belongs to, for the message.

    Raises:
        InvalidVector, DimensionMismatch: one of them is no vector of ``dim`` real numbers.
    """
    if vectors and _are_rows(vectors, dim):  # as encoders return them
        return np.concatenate(vectors).reshape(len(vectors), dim)
    rows = np.empty((len(vectors), dim), np.float32)
    with np.errstate(over="ignore"):  # a value too large for float32 is infinite and reported so
        for row, vector in enumerate(vectors):
            rows[row] = _vector(vector, dim, row, name)
    return rows


def are_unit(vectors: Sequence[ArrayLike], dim: int) -> bool:
    """True if all are float32 arrays of shape (dim,) and length 1 already, as encoders return them.
    False also if the length differs from 1 by a rounding error."""
    for start in range(0, len(vectors), _AT_ONCE):
        some = vectors[start : start + _AT_ONCE]
        if not _are_rows(some, dim):
            return False
        rows = np.concatenate(some).reshape(len(some), dim)
        squares = np.einsum("ij,ij->i", rows, rows)
        if not np.all(np.abs(squares - 1) <= EPSILON):  # nor where one is NaN
            return False
    return True


def _are_rows(vectors: Sequence[ArrayLike], dim: int) -> TypeGuard[Sequence[NDArray[np.float32]]]:
    # Whole columns of attributes: a loop over vectors took as long as to look at their lengths.
    return (
        {*map(type, vectors)} <= {np.ndarray}
        and {*map(id, map(_DTYPE, vectors))} <= {id(_SINGLE)}
        and {*map(_SHAPE, vectors)} <= {(dim,)}
    )


def _vector(vector: ArrayLike, dim: int, row: int, name: Callable[[int], str]) -> NDArray[Any]:
    try:
        array = np.asarray(vector)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu":
        raise InvalidVector(f"{name(row)}: the vector must be an array of real numbers")
    if array.shape != (dim,):
        raise DimensionMismatch(
            f"{name(row)}: the vector has shape {array.shape} but the store holds vectors of "
            f"{dim} dimensions; use the encoder that the store was made with"
        )
    return array
