"""Several processes share one store."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, embed, entry, keys, turn, words
from remem.store.embedded import EmbeddedStore
from remem.store.errors import EncoderMismatch
from remem.store.types import Batch, Space
from tests.crash.processes import context, elsewhere
from tests.crash.traces import traces

ROUNDS = 20


def write_and_search(folder: Path, name: int) -> list[str]:
    """Write, and find each thing written at once; returns the keys that must be left."""
    kept = []
    with EmbeddedStore(folder) as store:
        store.adopt(SPACE)
        for number in range(ROUNDS):
            mine = [f"p{name}r{number}i{i}" for i in range(3)]
            store.write("ana", batch(*[turn(key, f"fact {key}") for key in mine]))
            store.write(f"own{name}", batch(turn(mine[0])))
            nearest, by_word = store.search("ana", [dense(f"fact {mine[1]}"), words(mine[1])], 1)
            assert keys(nearest) == keys(by_word) == [mine[1]]
            (store.purge if number % 2 == 0 else store.write)("ana", Batch(delete=mine[:1]))
            assert store.search("ana", [words(mine[0])], 1) == [[]]
            if number % 7 == 0:
                store.snapshot()
            kept += mine[1:]
    return kept


def test_four_processes_write_and_search_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "memories"
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        kept = sorted(
            key for part in pool.map(write_and_search, [folder] * 4, range(4)) for key in part
        )
    with EmbeddedStore(folder) as store:
        assert sorted(record.key for record in store.scan("ana")) == kept
        for leg in (dense("anything"), words("fact")):
            assert sorted(keys(store.search("ana", [leg], 1000)[0])) == kept
        assert store.namespaces() == ["ana", *(f"own{name}" for name in range(4))]
        assert all(store.count(f"own{name}") == ROUNDS for name in range(4))
        assert store.verify().problems == ()


def add(folder: Path, key: str) -> None:
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(turn(key)))


def delete(folder: Path, key: str) -> None:
    with EmbeddedStore(folder) as store:
        store.write("ana", Batch(delete=[key]))


def test_an_open_store_sees_what_others_write(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("mine")))
        assert keys(store.search("ana", [dense("mine")], 9)[0]) == ["mine"]
        elsewhere(add, tmp_path, "theirs")
        assert keys(store.search("ana", [words("theirs")], 9)[0]) == ["theirs"]
        elsewhere(delete, tmp_path, "mine")
        assert keys(store.search("ana", [dense("mine")], 9)[0]) == ["theirs"]
        assert store.verify().ok


def encode_again(folder: Path, space: Space) -> None:
    with EmbeddedStore(folder) as store:
        store.reindex(space, lambda texts: embed(texts, space.dim))


def test_an_open_store_notices_that_another_process_re_encoded_it(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("tea")))
        elsewhere(encode_again, tmp_path, replace(SPACE, fingerprint="another"))
        with pytest.raises(EncoderMismatch):
            store.search("ana", [dense("tea")], 1)
        with pytest.raises(EncoderMismatch):
            store.write("ana", batch(turn("cake")))
        assert keys(store.search("ana", [words("tea")], 1)[0]) == ["tea"]
        assert store.write("ana", Batch(delete=["tea"])).deleted == ("tea",)


def forget(folder: Path, key: str) -> set[str]:
    """Purge, and say whether a trace was left when the purge returned."""
    with EmbeddedStore(folder) as store:
        store.purge("ana", Batch(delete=[key]))
        return traces(folder, [key])


def test_a_purge_reaches_the_files_of_other_processes(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.adopt(SPACE)
        store.write("ana", Batch(add=[entry(turn("qzxvsecret")), entry(turn("kept"))]))
        store.search("ana", [dense("kept")], 9)
        store.snapshot()
        assert traces(tmp_path, ["qzxvsecret"]) == {"qzxvsecret"}
        assert elsewhere(forget, tmp_path, "qzxvsecret") == set()
        assert traces(tmp_path, ["qzxvsecret"]) == set()
        store.snapshot()
        assert traces(tmp_path, ["qzxvsecret"]) == set()
        assert keys(store.search("ana", [dense("kept")], 9)[0]) == ["kept"]
        store.snapshot()
    assert traces(tmp_path, ["qzxvsecret"]) == set()
