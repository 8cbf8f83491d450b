"""A full-text index is the same however many postings are merged, or compacted, at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.embedded import postings
from store.embedded.text import TextIndex
from store.embedded.vocabulary import Vocabulary

words = st.lists(st.sampled_from(["tea", "cake", "jam", "salt", "rye"]), max_size=5)


@given(batches=st.lists(st.lists(words, max_size=6), max_size=8), data=st.data())
def test_the_size_of_a_piece_changes_nothing(
    batches: list[list[list[str]]], data: st.DataObject
) -> None:
    count = sum(map(len, batches))
    live = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_)
    arrays = []
    for piece in (1, 3, postings._PIECE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postings, "_PIECE", piece)
            index = TextIndex(Vocabulary())
            for batch in batches:
                index.add([" ".join(each) for each in batch])
            arrays.append({**index.arrays(), "compacted": index.compacted(live).arrays()})
    for other in arrays[1:]:
        np.testing.assert_equal(other, arrays[0])
