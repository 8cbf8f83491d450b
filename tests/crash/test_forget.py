"""After a purge, no file of the store holds a trace of what was purged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from remem.store.conformance.samples import (
    SPACE,
    batch,
    dense,
    direction,
    embed,
    entry,
    keys,
    turn,
    words,
)
from remem.store.embedded import EmbeddedStore
from remem.store.embedded.database import Database
from remem.store.errors import RememError, StoreFull, StoreLocked
from remem.store.types import Batch, Entry, Record, View
from tests.crash.traces import traces

SECRETS = {
    "text": "qzxvtext",
    "text in Chinese": "龘靐",
    "speaker": "qzxvspeaker",
    "role": "qzxvrole",
    "kind": "qzxvkind",
    "metadata": "qzxvvalue",
    "name in metadata": "qzxvname",
    "list in metadata": "qzxvlist",
    "key": "qzxvkey",
    "source": "qzxvsource",
}
OTHERS = [entry(turn(f"other {i}", f"an ordinary fact {i} " * 20)) for i in range(60)]


def secret_record(key: str = SECRETS["key"]) -> Record:
    return Record(
        key=key,
        source=SECRETS["source"],
        position=3,
        text=f"The word is {SECRETS['text']}, or {SECRETS['text in Chinese']}.",
        kind=SECRETS["kind"],
        role=SECRETS["role"],
        speaker=SECRETS["speaker"],
        metadata={
            SECRETS["name in metadata"]: {"in": SECRETS["metadata"]},
            "list": [SECRETS["list in metadata"]],
        },
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path) as store:
        store.adopt(SPACE)
        store.write("ana", Batch(add=OTHERS))
        store.write("ana", Batch(add=[entry(secret_record())]))
        store.write("ana", Batch(add=[entry(turn("last"))]))
        store.search("ana", [dense("last"), words("last")], 9)
        store.snapshot()
        yield store


def test_the_scan_finds_what_is_there(store: EmbeddedStore, tmp_path: Path) -> None:
    assert traces(tmp_path, SECRETS.values()) == set(SECRETS.values())


def test_a_purged_record_leaves_no_trace(store: EmbeddedStore, tmp_path: Path) -> None:
    store.purge("ana", Batch(delete=[SECRETS["key"]]))
    assert traces(tmp_path, SECRETS.values()) == set()
    store.search("ana", [dense("last"), words("last")], 9)
    store.snapshot()
    assert traces(tmp_path, SECRETS.values()) == set()
    store.close()
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_large_text_leaves_no_trace(store: EmbeddedStore, tmp_path: Path) -> None:
    words_of_it = [f"qzxv{i}z" for i in range(20_000)]
    store.write("ana", batch(turn("large", " ".join(words_of_it))))
    store.search("ana", [words("qzxv7z")], 1)
    store.snapshot()
    assert traces(tmp_path, words_of_it[::500]) == set(words_of_it[::500])
    store.purge("ana", Batch(delete=["large"]))
    assert traces(tmp_path, words_of_it[::500]) == set()


def test_a_superseded_record_can_be_purged(store: EmbeddedStore, tmp_path: Path) -> None:
    store.write("ana", Batch(supersede={SECRETS["key"]: "last"}))
    store.search("ana", [words("last")], 9)
    store.snapshot()
    store.purge("ana", Batch(delete=[SECRETS["key"]]))
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_record_deleted_before_goes_with_the_next_purge(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.write("ana", Batch(delete=[SECRETS["key"]]))
    store.purge("ana", Batch(delete=["last"]))
    assert traces(tmp_path, SECRETS.values()) == set()


def test_what_neighbours_quoted_is_purged_with_their_old_views(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    quoting = {
        "turn": View("last", direction(1)),
        "window": View(f"{secret_record().text}\nlast", direction(1)),
    }
    plain = {name: View("last", direction(1)) for name in SPACE.views}
    store.write("ana", Batch(refresh={"last": quoting}))
    store.search("ana", [words(SECRETS["text"], "window")], 9)
    store.snapshot()
    store.purge("ana", Batch(delete=[SECRETS["key"]], refresh={"last": plain}))
    assert traces(tmp_path, SECRETS.values()) == set()
    store.search("ana", [words("last")], 9)
    store.snapshot()
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_namespace_that_was_purged_empty_leaves_no_name(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.write("qzxvperson", Batch(add=[entry(turn("a")), entry(turn("b"))]))
    store.search("qzxvperson", [words("a")], 1)
    store.snapshot()
    assert traces(tmp_path, ["qzxvperson"]) == {"qzxvperson"}
    store.purge("qzxvperson", Batch(delete=["a", "b"]))
    assert traces(tmp_path, ["qzxvperson"]) == set()
    assert store.search("qzxvperson", [words("a")], 1) == [[]]


def test_a_second_handle_brings_nothing_back(store: EmbeddedStore, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as second:
        assert keys(second.search("ana", [words(SECRETS["text"])], 9)[0]) == [SECRETS["key"]]
        reading = second.scan("ana")
        next(reading)
        store.purge("ana", Batch(delete=[SECRETS["key"]]))
        assert traces(tmp_path, SECRETS.values()) == set()
        second.snapshot()
        assert traces(tmp_path, SECRETS.values()) == set()
        assert second.search("ana", [words(SECRETS["text"])], 9) == [[]]
        second.snapshot()
    assert traces(tmp_path, SECRETS.values()) == set()


def test_a_purge_in_the_middle_of_a_reindex_reaches_the_new_vectors(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    again = Entry(secret_record("qzxvagain"), entry(secret_record()).views)
    store.write("ana", Batch(add=[again]))

    def purge_and_stop(done: int, total: int) -> None:
        store.purge("ana", Batch(delete=[SECRETS["key"], "qzxvagain"]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.reindex(replace(SPACE, fingerprint="another"), embed, purge_and_stop)
    assert traces(tmp_path, [*SECRETS.values(), "qzxvagain"]) == set()
    assert store.verify().ok


def interrupted_purge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge that was committed, by a process that ended before the files were cleaned."""

    def end(database: Database) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, EmbeddedStore(folder) as store:
        patch.setattr(Database, "scrub", end)
        with pytest.raises(KeyboardInterrupt):
            store.purge("ana", Batch(delete=[SECRETS["key"]]))


@pytest.mark.parametrize("error", [StoreFull, StoreLocked])
def test_a_store_opens_though_an_interrupted_purge_cannot_be_finished_now(
    store: EmbeddedStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[RememError],
) -> None:
    def fail(database: Database) -> None:
        raise error("make space")

    interrupted_purge(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "scrub", fail)
        with EmbeddedStore(tmp_path) as opened:
            assert opened.get("ana", [SECRETS["key"], "last"])[0] is None
    assert "make space" in caplog.text
    with EmbeddedStore(tmp_path):
        assert traces(tmp_path, SECRETS.values()) == set()


@pytest.mark.parametrize("seed", range(3))
def test_no_copy_is_left_where_rows_moved_between_pages(tmp_path: Path, seed: int) -> None:
    """SQLite copies rows when its pages fill and empty; what it leaves behind must go too."""
    random = Random(seed)
    with EmbeddedStore(tmp_path) as store:
        store.adopt(SPACE)
        alive: list[str] = []
        purged: list[str] = []
        for _ in range(8):
            new = ["zq" + "".join(random.choices("abcdefghijklm", k=12)) for _ in range(30)]
            texts = [f"{word} " * random.choice([1, 3, 40, 300]) for word in new]
            added = [turn(word, text) for word, text in zip(new, texts, strict=True)]
            store.write("ana", batch(*added))
            alive += new
            random.shuffle(alive)
            gone, alive = alive[:20], alive[20:]
            store.purge("ana", Batch(delete=gone))
            purged += gone
            assert traces(tmp_path, purged) == set()
