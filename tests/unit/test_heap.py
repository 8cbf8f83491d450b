"""Memory that was freed goes back to the system."""

from __future__ import annotations

import psutil
import pytest

from remem.store.embedded import partitions
from remem.store.embedded.partitions import give_back


@pytest.mark.skipif(partitions._trim is None, reason="this C library gives memory back unasked")
def test_what_lies_between_things_that_stay_is_given_back() -> None:
    def used() -> int:
        return int(psutil.Process().memory_info().rss)

    many = [bytes(2000) for _ in range(20_000)]
    stays = many[::50]  # one in 100 KB
    before = used()
    del many
    give_back()
    assert used() < before - 20_000_000
    assert len(stays) == 400


def test_where_nothing_has_to_be_asked_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_trim", None)
    give_back()
