"""A full-text index is the same however many postings are merged, or saved, at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from remem.store.arrays import Mask, Saved
from remem.store.fulltext import postings
from remem.store.fulltext.index import TextIndex
from remem.store.fulltext.vocabulary import Vocabulary
from tests.stored import stored

words = st.lists(st.sampled_from(["tea", "cake", "jam", "salt", "rye"]), max_size=5)


@given(batches=st.lists(st.lists(words, max_size=6), max_size=8), data=st.data())
def test_the_size_of_a_piece_changes_nothing(
    batches: list[list[list[str]]], data: st.DataObject
) -> None:
    count = sum(map(len, batches))
    live = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_)
    for piece in (1, 3, postings._PIECE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postings, "_PIECE", piece)
            index = TextIndex(Vocabulary())
            for batch in batches:
                index.add([" ".join(each) for each in batch])
            for rows in (np.ones(count, np.bool_), live):
                for one in saved_of(index, rows):
                    np.testing.assert_equal(one, expected(batches, rows))


def expected(batches: list[list[list[str]]], live: Mask) -> dict[str, NDArray[Any]]:
    """The arrays, by counting."""
    texts = [text for batch in batches for text in batch]
    known = [*dict.fromkeys(word for text in texts for word in text)]
    kept = [text for text, lives in zip(texts, live, strict=True) if lives]
    held = [
        (known.index(word), row, text.count(word))
        for row, text in enumerate(kept)
        for word in set(text)
    ]
    terms, rows, frequencies = np.array(sorted(held), np.int64).reshape(-1, 3).T
    distinct, counts = np.unique(terms, return_counts=True)
    return {
        "lengths": np.array([*map(len, kept)], np.int32),
        "terms": distinct.astype(np.int32),
        "starts": np.concatenate([[0], np.cumsum(counts)]),
        "rows": rows.astype(np.int32),
        "frequencies": frequencies.astype(np.uint16),
    }


def saved_of(index: TextIndex, live: Mask) -> list[dict[str, NDArray[Any]]]:
    """The arrays that are saved of an index, of what comes of them, and of the compacted one."""
    vocabulary = Vocabulary(["tea", "cake", "jam", "salt", "rye"])
    numbers = np.arange(5, dtype=np.int32)
    every = np.ones(int(live.sum()), np.bool_)
    again = TextIndex.restored(vocabulary, stored(index.saved(live, numbers)))
    compacted = index.compacted(live, vocabulary, numbers)
    return [
        arrays(index.saved(live, numbers)),
        arrays(again.saved(every, numbers)),
        arrays(compacted.saved(every, numbers)),
    ]


def arrays(saved: dict[str, Saved]) -> dict[str, NDArray[Any]]:
    """What is in a file of these."""
    file = stored(saved)
    return {name: file.read(name) for name in saved}
