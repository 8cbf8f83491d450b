"""One namespace's derived indexes in memory: a dense and a text index for each view.

A record is a row, the same one in all of them. Rows are only appended; a row whose record changed
or went away is dead: never returned, never counted, and dropped by ``compacted``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from store.embedded.arrays import Halves, Ids, Mask, Rows, Scores, extended
from store.embedded.index import DenseIndex
from store.embedded.lookup import Lookup
from store.embedded.matches import Matches
from store.embedded.text import TextIndex
from store.embedded.vocabulary import Vocabulary

__all__ = ["Partition"]


class Partition:
    """Not thread-safe for writers.

    Attributes:
        namespace: Id of the namespace that it follows.
        seq: The change up to which this partition has followed the records.
        purged: The last change of the newest purge that it has followed.
        generation: The generation of vectors that it holds.
        ids: Record id of each row, int64, shape (n,).
        live: Which rows are current, bool, shape (n,).
        vocabulary: The numbers of the tokens in ``text``.
        dense, text: The indexes by view.
        matches: Which rows fulfil the conditions of earlier searches.
    """

    def __init__(self, namespace: int, views: Sequence[str], dim: int, generation: int) -> None:
        self.namespace = namespace
        self.seq = 0
        self.purged = 0
        self.generation = generation
        self.ids: Ids = np.empty(0, np.int64)
        self.live: Mask = np.empty(0, np.bool_)
        self.vocabulary = Vocabulary()
        self.dense = {view: DenseIndex(dim) for view in views}
        self.text = {view: TextIndex(self.vocabulary) for view in views}
        self.matches = Matches()
        self._lookup = Lookup()

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        indexes = sum(index.nbytes for index in self.dense.values())
        indexes += sum(index.nbytes for index in self.text.values())
        indexes += self.vocabulary.nbytes + self.matches.nbytes
        return indexes + self.ids.nbytes + self.live.nbytes

    @property
    def dead(self) -> int:
        """Number of rows that are no longer current."""
        return len(self.live) - int(np.count_nonzero(self.live))

    @property
    def outgrown(self) -> list[str]:
        """Views whose dense index has outgrown what it has learned."""
        return [view for view, index in self.dense.items() if index.outgrown]

    def remove(self, ids: Ids) -> None:
        """Let the rows of these records die; unknown ids are ignored."""
        if len(self.ids) and len(ids):
            self.live[self.rows_of(ids)] = False

    def add(self, ids: Ids, vectors: Halves, texts: Mapping[str, Sequence[str]]) -> None:
        """Append records that have no live row.

        Args:
            ids: Shape (n,).
            vectors: Unit vectors, float16, shape (n, views, dim).
            texts: For each view n texts.
        """
        self.ids = extended(self.ids, ids)
        self.live = extended(self.live, np.ones(len(ids), np.bool_))
        for i, index in enumerate(self.dense.values()):
            index.add(vectors[:, i])
        for view, text_index in self.text.items():
            text_index.add(texts[view])

    def follow_purge(self, purged: int) -> None:
        """Forget what was learned from vectors that may have been purged since, as of which a copy
        could be saved: searches are exact until it is learned again."""
        self.purged = purged
        for index in self.dense.values():
            index.forget_learned(purged)

    def rows_of(self, ids: Ids) -> Rows:
        """The live rows of those ids that have one, in the order of ``ids``."""
        return self._lookup.rows(ids, self.ids, self.live)

    def mask_of(self, ids: Ids) -> Mask:
        """Which rows are the live rows of these ids, shape (n,)."""
        mask: Mask = np.zeros(len(self.ids), np.bool_)
        mask[self.rows_of(ids)] = True
        return mask

    def by_id(self) -> tuple[Ids, Rows]:
        """All live ids in ascending order, and their rows."""
        rows = np.flatnonzero(self.live)
        order = np.argsort(self.ids[rows], kind="stable")
        return self.ids[rows][order], rows[order]

    def search_dense(self, view: str, query: Scores, k: int, allowed: Mask) -> tuple[Ids, Scores]:
        """Ids and cosines of the best k, and of all that tie with the last of them."""
        rows, scores = self.dense[view].search(query, k, allowed)
        return self.ids[rows], scores

    def search_text(
        self, view: str, tokens: Sequence[str], k: int, live: Mask, allowed: Mask
    ) -> tuple[Ids, Scores]:
        """Ids and BM25 scores of the best k, and of all that tie with the last of them."""
        rows, scores = self.text[view].search(tokens, k, live, allowed)
        return self.ids[rows], scores

    def compacted(self) -> Partition:
        """The same content without dead rows; no word or vector of theirs is left in it."""
        result = Partition(self.namespace, (), 0, self.generation)
        result.seq, result.purged = self.seq, self.purged
        result.ids = self.ids[self.live]
        result.live = np.ones(len(result.ids), np.bool_)
        for view, index in self.dense.items():
            result.dense[view] = index.compacted(self.live)
        result.vocabulary, numbers = self.kept_words()
        for view, text in self.text.items():
            result.text[view] = text.compacted(self.live, result.vocabulary, numbers)
        return result

    def kept_words(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """A vocabulary without the words of dead rows, and the new number of each old one."""
        held = (text.terms(self.live) for text in self.text.values())
        return self.vocabulary.kept(reduce(np.union1d, held))
