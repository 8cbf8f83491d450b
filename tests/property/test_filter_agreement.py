"""A filter selects the same records as a predicate, in SQL and in Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from remem.store.conformance.samples import SPACE, batch, dense
from remem.store.embedded import EmbeddedStore
from remem.store.filters import Filter
from remem.store.reference import ReferenceStore
from remem.store.store import Store
from remem.store.types import Record
from tests.property.strategies import filters, records

many_records = st.lists(records(), max_size=12, unique_by=lambda record: record.key)


@contextmanager
def both_stores() -> Iterator[tuple[Store, Store]]:
    with (
        TemporaryDirectory() as folder,
        EmbeddedStore(Path(folder)) as embedded,
        ReferenceStore() as reference,
    ):
        yield embedded, reference


@settings(max_examples=60)
@given(many_records, st.lists(filters, min_size=1, max_size=8))
def test_stores_filter_as_the_predicate_does(records: list[Record], wheres: list[Filter]) -> None:
    with both_stores() as stores:
        for store in stores:
            store.adopt(SPACE)
            store.write("ana", batch(*records))
            stored = list(store.scan("ana"))
            for where in wheres:
                expected = {record.key for record in stored if where.matches(record)}
                assert {record.key for record in store.scan("ana", where)} == expected
                assert store.count("ana", where) == len(expected)
                current = {r.key for r in stored if r.key in expected and r.expires_at is None}
                [hits] = store.search("ana", [dense("anything")], 100, where)
                assert {hit.record.key for hit in hits} == current


@settings(max_examples=300)
@given(records(), filters)
def test_a_condition_or_its_negation_holds(record: Record, where: Filter) -> None:
    assert where.matches(record) != (~where).matches(record)
