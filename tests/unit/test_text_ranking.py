"""Ranking by postings leaves out what cannot count, and finds what adding everything up finds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from remem.store.arrays import Mask, Rows
from remem.store.fulltext import ranking
from remem.store.fulltext.ranking import Statistics, Term, best_rows, contributions, idf, limit

ROWS = 20_000
EVERY: Mask = np.ones(ROWS, np.bool_)


def statistics(rng: np.random.Generator) -> Statistics:
    lengths = rng.integers(3, 40, ROWS).astype(np.int32)
    return Statistics(lengths, float(lengths.mean()))


def term(rng: np.random.Generator, share: float) -> Term:
    rows = np.flatnonzero(rng.random(ROWS) < share).astype(np.int32)
    frequencies = rng.geometric(0.8, len(rows)).astype(np.uint16)
    return Term(rows, frequencies, idf(ROWS, len(rows)))


def added_up(terms: list[Term], known: Statistics, k: int, allowed: Mask) -> dict[int, float]:
    """The k best, and what ties with the last of them, by brute force."""
    scores = np.zeros(ROWS)
    for one in sorted(terms, key=lambda one: -one.weight):
        lengths = known.lengths[one.rows]
        scores[one.rows] += contributions(one.frequencies, lengths, known.average, one.weight)
    rows = np.flatnonzero((scores > 0) & allowed)
    single = scores[rows].astype(np.float32)
    last = np.sort(single)[-k] if len(rows) > k else np.float32(0)
    best = single >= last
    return dict(zip(rows[best].tolist(), single[best].tolist(), strict=True))


@pytest.mark.parametrize("at_once", [0, ranking._AT_ONCE])
@pytest.mark.parametrize("k", [1, 10, 300, 30_000])
@pytest.mark.parametrize("allowed_share", [1, 0.5, 0.05, 0.001, 0])
@pytest.mark.parametrize(
    "shares",
    [
        (0.0002,),
        (0.6,),
        (0.0005, 0.3, 0.6),  # a rare word decides
        (0.0002, 0.004, 0.01, 0.1, 0.1),
        (0.6, 0.55, 0.5, 0.5),  # nothing but common words
        (0.01, 0),
    ],
)
def test_the_best_are_those_of_adding_everything_up(
    shares: tuple[float, ...],
    allowed_share: float,
    k: int,
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranking, "_AT_ONCE", at_once)
    monkeypatch.setattr(ranking, "_PIECE", 1000)
    rng = np.random.default_rng(len(shares) + k)
    known = statistics(rng)
    terms = [term(rng, share) for share in shares]
    allowed = rng.random(ROWS) < allowed_share
    rows, scores = best_rows(terms, known, k, allowed)
    assert dict(zip(rows.tolist(), scores.tolist(), strict=True)) == added_up(
        terms, known, k, allowed
    )
    assert (np.diff(scores) <= 0).all()


def test_words_that_cannot_lift_an_unseen_row_are_read_only_where_they_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranking, "_AT_ONCE", 0)
    rng = np.random.default_rng(1)
    asked: list[Rows] = []
    added = Statistics.added

    def counted(self: Statistics, rows: Rows, frequencies: np.ndarray, weight: float) -> object:
        asked.append(rows)
        return added(self, rows, frequencies, weight)

    monkeypatch.setattr(Statistics, "added", counted)
    rare, common = term(rng, 0.003), term(rng, 0.6)
    best_rows([common, rare], statistics(rng), 10, EVERY)
    assert sum(map(len, asked)) <= 2 * len(rare.rows)


def test_asking_for_far_more_than_there_are_takes_no_memory_for_them() -> None:
    rng = np.random.default_rng(1)
    one, known = term(rng, 0.6), statistics(rng)
    tracemalloc.start()
    try:
        rows, _ = best_rows([one], known, 10**9, EVERY)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sorted(rows.tolist()) == one.rows.tolist()
    assert peak < 200 * ROWS


def test_no_term_finds_nothing() -> None:
    rows, scores = best_rows([], statistics(np.random.default_rng(1)), 10, EVERY)
    assert len(rows) == len(scores) == 0


def test_no_record_scores_more_by_a_token_than_its_limit() -> None:
    frequencies = np.array([1, 5, 60_000], np.uint16)
    for average in (1e-9, 1.0, 1e6):
        scored = contributions(frequencies, np.array([1, 5, 60_000]), average, 3.5)
        assert (scored <= limit(3.5)).all()
