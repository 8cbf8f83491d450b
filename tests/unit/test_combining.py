"""Work of several threads done together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from remem.encoders.sentence_transformer import Combiner


def test_one_caller_is_served_at_once() -> None:
    double: Combiner[int, int] = Combiner(lambda items: [2 * item for item in items])
    assert double(4) == 8


def test_who_has_several_items_gets_their_results_in_order() -> None:
    batches: list[list[int]] = []

    def work(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        return [2 * item for item in items]

    combiner: Combiner[int, int] = Combiner(work, most=2)
    assert combiner.all([3, 1, 2]) == [6, 2, 4]
    assert batches == [[3, 1], [2]]


def test_one_bad_item_of_several_fails_them() -> None:
    def work(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise ValueError("thirteen")
        return items

    combiner: Combiner[int, int] = Combiner(work)
    with pytest.raises(ValueError, match="thirteen"):
        combiner.all([1, 13])


def test_what_arrives_during_a_call_is_one_batch() -> None:
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> Sequence[int]:
        batches.append(list(items))
        if items == [0]:
            begun.set()
            go_on.wait()
        return items

    combiner: Combiner[int, int] = Combiner(work)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(combiner, 0)
        begun.wait()
        others = [pool.submit(combiner, number) for number in (1, 2, 3)]
        while len(combiner._waiting) < 3:
            pass
        go_on.set()
    assert first.result() == 0
    assert [other.result() for other in others] == [1, 2, 3]
    assert [sorted(batch) for batch in batches] == [[0], [1, 2, 3]]


def test_a_batch_has_a_limit() -> None:
    sizes: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        begun.set()
        go_on.wait()
        return items

    combiner: Combiner[int, int] = Combiner(work, most=2)
    with ThreadPoolExecutor(8) as pool:
        pool.submit(combiner, 0)
        begun.wait()
        for number in range(1, 6):
            pool.submit(combiner, number)
        while len(combiner._waiting) < 5:
            pass
        go_on.set()
    assert sizes == [1, 2, 2, 1]


def test_a_bad_item_fails_its_own_caller_only() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[int]) -> Sequence[int]:
        begun.set()
        go_on.wait()
        if 13 in items:
            raise ValueError("thirteen")
        return items

    combiner: Combiner[int, int] = Combiner(work)
    with ThreadPoolExecutor() as pool:
        pool.submit(combiner, 0)
        begun.wait()
        good, bad = pool.submit(combiner, 1), pool.submit(combiner, 13)
        while len(combiner._waiting) < 2:
            pass
        go_on.set()
    assert good.result() == 1
    with pytest.raises(ValueError, match="thirteen"):
        bad.result()


def test_everybody_gets_the_result_of_their_own_item() -> None:
    combiner: Combiner[int, int] = Combiner(lambda items: [item * item for item in items], most=3)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(combiner, range(500))) == [n * n for n in range(500)]
