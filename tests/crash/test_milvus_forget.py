"""After a purge, no file of Milvus Lite holds a trace of what was purged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, entry, keys, turn, words
from remem.store.milvus import MilvusStore
from remem.store.types import Batch, View
from tests.crash.test_forget import OTHERS, SECRETS, secret_record
from tests.crash.traces import traces


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MilvusStore]:
    with MilvusStore(str(tmp_path / "memories.db")) as store:
        store.adopt(SPACE)
        store.write("ana", Batch(add=OTHERS))
        store.write("ana", Batch(add=[entry(secret_record())]))
        store.write("ana", Batch(add=[entry(turn("last"))]))
        yield store


def test_the_scan_finds_what_is_there(store: MilvusStore, tmp_path: Path) -> None:
    assert traces(tmp_path, [SECRETS["key"], SECRETS["text"]]) == {SECRETS["key"], SECRETS["text"]}


def test_a_purged_record_leaves_no_trace(store: MilvusStore, tmp_path: Path) -> None:
    store.purge("ana", Batch(delete=[SECRETS["key"]]))
    assert traces(tmp_path, SECRETS.values()) == set()
    assert keys(store.search("ana", [words("last")], 9)[0]) == ["last"]
    store.close()
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_record_deleted_before_goes_with_the_next_purge(
    store: MilvusStore, tmp_path: Path
) -> None:
    store.write("ana", Batch(delete=[SECRETS["key"]]))
    store.purge("ana", Batch(delete=["last"]))
    assert traces(tmp_path, SECRETS.values()) == set()


def test_old_views_go_with_what_they_quoted(store: MilvusStore, tmp_path: Path) -> None:
    vector = entry(turn("last")).views["turn"].vector
    quoting = {name: View(f"last {SECRETS['text']}", vector) for name in SPACE.views}
    plain = {name: View("last", vector) for name in SPACE.views}
    store.write("ana", Batch(refresh={"last": quoting}))
    store.purge("ana", Batch(delete=[SECRETS["key"]], refresh={"last": plain}))
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_namespace_that_was_purged_empty_leaves_no_name(
    store: MilvusStore, tmp_path: Path
) -> None:
    store.write("qzxvperson", batch(turn("a"), turn("b", "long " * 20_000)))
    store.purge("qzxvperson", Batch(delete=["a", "b"]))
    assert traces(tmp_path, ["qzxvperson"]) == set()
    assert store.search("qzxvperson", [dense("a")], 1) == [[]]


def test_a_purge_that_was_interrupted_is_finished_when_the_store_is_opened(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(held: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("remem.store.milvus.rebuild.renew", stop)
        with pytest.raises(KeyboardInterrupt):
            store.purge("ana", Batch(delete=[SECRETS["key"]]))
    store.close()
    assert traces(tmp_path, SECRETS.values())
    with MilvusStore(str(tmp_path / "memories.db")) as again:
        assert traces(tmp_path, SECRETS.values()) == set()
        assert again.count("ana") == len(OTHERS) + 1
        assert again.verify().problems == ()
