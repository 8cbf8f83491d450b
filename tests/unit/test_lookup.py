"""Which row holds a record, while records come, change and go; and arrays that grow in place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remem.store.arrays import extended
from remem.store.embedded import partition
from remem.store.embedded.partition import Lookup

changes = st.lists(
    st.tuples(st.booleans(), st.sets(st.integers(0, 30), min_size=1, max_size=6)), max_size=30
)


@pytest.mark.parametrize("tail", [1, 8, 1000])
@given(changes=changes)
def test_every_record_is_found_in_its_last_row(
    tail: int, changes: list[tuple[bool, set[int]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_TAIL", tail)
        found, rows = Lookup(), dict[int, int]()
        ids, live = np.empty(0, np.int64), np.empty(0, np.bool_)
        for stays, changed in changes:
            for each in changed & set(rows):
                live[rows.pop(each)] = False
            if stays:
                rows |= {each: len(ids) + i for i, each in enumerate(changed)}
                ids = extended(ids, np.array([*changed], np.int64))
                live = extended(live, np.ones(len(changed), np.bool_))
            wanted = np.arange(32)[::-1]
            expected = [rows[each] for each in wanted.tolist() if each in rows]
            assert found.rows(wanted, ids, live).tolist() == expected


@given(st.lists(st.lists(st.integers(-5, 5), max_size=20), max_size=12))
def test_an_extended_array_is_the_same_as_a_concatenated_one(parts: list[list[int]]) -> None:
    whole = np.empty(0, np.int32)
    for part in parts:
        whole = extended(whole, np.array(part, np.int32))
    assert whole.tolist() == [value for part in parts for value in part]


def test_an_array_that_was_a_slice_of_another_does_not_write_into_it() -> None:
    other = np.arange(10)
    assert extended(other[3:5], np.array([7])).tolist() == [3, 4, 7]
    assert other.tolist() == list(range(10))
