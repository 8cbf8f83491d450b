"""Small worlds in which keys, words, times and vectors meet often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from hypothesis import strategies as st

from remem.store.conformance.naming import NAMES, VALUES
from remem.store.conformance.samples import SPACE
from remem.store.filters import F, Filter
from remem.store.types import Batch, Dense, Entry, Leg, Record, Text, Vector, View

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
EAST = timezone(timedelta(hours=5, minutes=30))

_printable = st.characters(codec="utf-8", exclude_categories=["Cc"])
_awkward = st.sampled_from("'\"\\%_[]{}$ a\u0301\u202e𠮷😀")
names = st.sampled_from([*NAMES.values()]) | (
    st.text(_printable | _awkward, min_size=1).filter(lambda name: not name.isspace())
)
"""Whatever may be the name of something."""

labels = st.sampled_from([*VALUES.values()]) | st.text(st.characters(codec="utf-8") | _awkward)
"""Whatever may be the name of a speaker, or a name or a string in metadata."""

_few_names = st.shared(st.lists(names, min_size=4, max_size=4, unique=True), key="names")
_few_labels = st.shared(st.lists(labels, min_size=3, max_size=3, unique=True), key="labels")


def _or_drawn(plain: Sequence[Any], few: st.SearchStrategy[list[str]] = _few_names) -> Any:
    """One of a few plain names, or of the few others that were drawn for this world: so that the
    same ones come again and again."""
    return st.sampled_from(plain) | few.flatmap(st.sampled_from)


namespaces = _or_drawn(["ana"])
keys = _or_drawn([f"k{i}" for i in range(8)])
sources = _or_drawn(["s1", "s2"])
texts = st.lists(
    st.sampled_from(
        ["tea", "cakes", "hiking", "hiked", "the", "北京烤鸭", "서울에서", "4711", "…"]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
times = st.integers(0, 20).map(
    lambda hours: (START + timedelta(hours=hours)).astimezone(EAST if hours % 2 else timezone.utc)
)
values: st.SearchStrategy[Any] = st.one_of(
    st.integers(-2, 3),
    st.sampled_from([2**63 - 1, 2**63, -(2**70)]),
    st.sampled_from([0.5, 1.0, -2.5, 1e300]),
    st.booleans(),
    _or_drawn(["", "a", "b", "1"], _few_labels),
)
metadata = st.dictionaries(
    _or_drawn(["x", "y", "x.y"], _few_labels),
    st.recursive(
        st.none() | values,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.just("y"), inner, max_size=1)
        ),
        max_leaves=3,
    ),
    max_size=2,
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record; two drawn with the same key have the same text more often than not."""
    key = draw(keys)
    usual = st.just(f"tea and cake {key} 北京烤鸭")
    return Record(
        key=key,
        source=draw(sources),
        position=draw(st.integers(-1, 4)),
        text=draw(usual | usual | texts),
        kind=draw(st.sampled_from(["turn", "note"])),
        role=draw(st.sampled_from([None, "user"])),
        speaker=draw(_or_drawn([None, "Ana", "Zoë", ""], _few_labels)),
        said_at=draw(st.none() | times),
        expires_at=draw(st.none() | st.none() | times),
        metadata=draw(metadata),
        origin=draw(st.sampled_from([None, "web", "person"])),
    )


def vectors(dim: int) -> st.SearchStrategy[Vector]:
    """One of a few directions, so that ties are common, at any length."""
    return st.builds(
        lambda seed, length: (
            np.random.default_rng(seed).standard_normal(dim).astype(np.float32) * length
        ),
        st.integers(0, 9),
        st.sampled_from([1e-6, 1, 1e6]),
    )


def views(dim: int) -> st.SearchStrategy[dict[str, View]]:
    """All views of a record."""
    return st.fixed_dictionaries(
        {name: st.builds(View, texts, vectors(dim)) for name in SPACE.views}
    )


def entries(dim: int) -> st.SearchStrategy[Entry]:
    """A record with all its views."""
    return st.builds(Entry, records(), views(dim))


def batches(dim: int) -> st.SearchStrategy[Batch]:
    """Small batches that do a little of everything; some of them are refused."""
    return st.builds(
        Batch,
        add=st.lists(entries(dim), max_size=4),
        refresh=st.dictionaries(keys, views(dim), max_size=2),
        supersede=st.dictionaries(keys, keys, max_size=2),
        delete=st.lists(keys, max_size=3),
    )


def legs(dim: int) -> st.SearchStrategy[Sequence[Leg]]:
    """Some questions to both indexes of both views."""
    view = st.sampled_from(SPACE.views)
    questions = texts | _few_labels.flatmap(st.sampled_from)
    return st.lists(
        st.builds(Dense, view, vectors(dim)) | st.builds(Text, view, questions),
        min_size=1,
        max_size=3,
    )


_metadata_fields = (
    _or_drawn(["x", "y", "x.y", "z"], _few_labels).filter(bool).map("metadata.{}".format)
)
_plain_strings = ["", "Ana", "Zoë", "user", "note", "s1", "k3", "k7", "web"]
_strings = _or_drawn(_plain_strings) | _few_labels.flatmap(st.sampled_from)


def _ranges(fields: st.SearchStrategy[str], bounds: st.SearchStrategy[Any]) -> Any:
    return (
        st.builds(lambda field, low: F(field) >= low, fields, bounds)
        | st.builds(lambda field, high: F(field) <= high, fields, bounds)
        | st.builds(lambda field, low: F(field).between(low, low), fields, bounds)
        | st.builds(lambda field, some: F(field).in_(some), fields, st.lists(bounds, max_size=3))
        | st.builds(lambda field: F(field).exists(), fields)
    )


conditions: st.SearchStrategy[Filter] = st.one_of(
    _ranges(st.sampled_from(["key", "source", "kind", "role", "speaker", "origin"]), _strings),
    _ranges(st.just("position"), st.integers(-2, 5)),
    _ranges(st.sampled_from(["said_at", "stored_at"]), times),
    _ranges(_metadata_fields, values),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    conditions,
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | inner.map(lambda a: ~a)
    ),
    max_leaves=4,
)
