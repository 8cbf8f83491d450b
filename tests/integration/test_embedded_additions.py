"""What a process has just written is indexed without being read back, and no differently."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from remem.store import Batch
from remem.store.conformance.samples import SPACE, batch, dense, entry, keys, turn, words
from remem.store.embedded import EmbeddedStore, changes
from remem.store.embedded.changes import Addition, Additions


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A store whose index has followed one record."""
    with EmbeddedStore(tmp_path / "memories") as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("first", "plums")))
        store.search("ana", [words("plums")], 1)
        yield store


def other(store: EmbeddedStore) -> EmbeddedStore:
    """Another process, as far as the store can tell."""
    return EmbeddedStore(Path(store.url))


def found(store: EmbeddedStore, text: str) -> set[str]:
    """The keys of what both kinds of search find."""
    hits = store.search("ana", [dense(text), words(text)], 1)
    assert keys(hits[0]) == keys(hits[1])
    return {*keys(hits[0])}


def test_what_was_just_written_is_not_read_back(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("second", "apples")))
    connection = sqlite3.connect(Path(store.url) / "records.sqlite3")
    for table in ("texts", "vectors_1"):
        connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()
    assert found(store, "apples") == {"second"}


def test_what_another_process_wrote_in_between_is_found(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("second", "apples")))
    with other(store) as elsewhere:
        elsewhere.write("ana", batch(turn("third", "pears")))
    store.write("ana", batch(turn("fourth", "cherries")))
    assert found(store, "apples") == {"second"}
    assert found(store, "pears") == {"third"}
    assert found(store, "cherries") == {"fourth"}
    assert store.verify().ok


def test_what_another_process_deleted_at_once_is_not_found(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("second", "apples")))
    with other(store) as elsewhere:
        elsewhere.write("ana", Batch(delete=["second"]))
    assert keys(store.search("ana", [words("apples")], 5)[0]) == []
    assert keys(store.search("ana", [dense("apples")], 5)[0]) == ["first"]
    assert store.verify().ok


def test_what_was_refreshed_at_once_is_found_by_its_new_view(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("second", "apples")))
    store.write("ana", Batch(refresh={"second": entry(turn("second", "pears")).views}))
    assert keys(store.search("ana", [words("apples")], 5)[0]) == []
    assert found(store, "pears") == {"second"}


def test_one_batch_that_adds_supersedes_and_deletes(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("old", "apples")))
    store.write(
        "ana",
        Batch(
            add=[entry(turn("new", "red apples")), entry(turn("second", "pears"))],
            supersede={"old": "new", "second": "new"},
            delete=["first"],
        ),
    )
    assert keys(store.search("ana", [dense("red apples")], 5)[0]) == ["new"]
    assert keys(store.search("ana", [words("apples pears plums")], 5)[0]) == ["new"]
    assert store.verify().ok


def test_history_that_is_imported_is_not_found(store: EmbeddedStore) -> None:
    store.write("ana", batch(turn("old", "apples", superseded_by="new"), turn("new", "pears")))
    assert {*keys(store.search("ana", [dense("apples")], 5)[0])} == {"new", "first"}
    assert keys(store.search("ana", [words("apples")], 5)[0]) == []


def test_more_than_is_kept_is_read(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_MOST", 3)
    for i in range(8):
        store.write("ana", batch(turn(f"{i}", f"apples {i}", position=i)))
    assert [found(store, f"apples {i}") for i in range(8)] == [{f"{i}"} for i in range(8)]


def test_a_namespace_takes_its_own_up_to_a_change_and_once() -> None:
    kept = Additions()
    later, sooner, others = addition(1, 5), addition(1, 2), addition(2, 3)
    for each in (later, sooner, others):
        kept.keep(each)
    assert kept.take(1, 4) == [sooner]
    kept.keep(addition(1, 7))
    assert [each.first for each in kept.take(1, 9)] == [5, 7]
    assert kept.take(1, 9) == []
    assert kept.take(2, 9) == [others]


def addition(namespace: int, change: int) -> Addition:
    nothing = np.empty((1, 2, 16), np.float16)
    return Addition(namespace, 1, change, change, np.array([change]), nothing, {})
