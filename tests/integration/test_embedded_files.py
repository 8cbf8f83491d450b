"""What only a store of files and threads can get wrong."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from remem.store import F, InvalidInput, RememError, StoreClosed, StoreLocked
from remem.store.conformance.samples import SPACE, batch, dense, keys, turn, words
from remem.store.embedded import EmbeddedStore, partitions
from remem.store.embedded.database import Database
from remem.store.embedded.slots import Slot
from remem.store.errors import DamagedRecord
from remem.store.fulltext.index import TextIndex
from remem.store.types import Batch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with EmbeddedStore(tmp_path / "memories") as store:
        store.adopt(SPACE)
        store.write("ana", batch(*[turn(f"k{i}", f"fact {i}", position=i) for i in range(50)]))
    return tmp_path / "memories"


def test_an_index_that_was_interrupted_is_not_used_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(index: TextIndex, texts: list[str]) -> None:
        raise KeyboardInterrupt

    with EmbeddedStore(folder) as store:
        store.search("ana", [words("fact")], 1)
        store.write("ana", batch(turn("new", "apples")))
        with monkeypatch.context() as patch:
            patch.setattr(TextIndex, "add", interrupted)
            with pytest.raises(KeyboardInterrupt):
                store.search("ana", [words("apples")], 1)
        assert keys(store.search("ana", [words("apples")], 1)[0]) == ["new"]
        store.snapshot()
    with EmbeddedStore(folder) as store:
        assert keys(store.search("ana", [dense("apples")], 1)[0]) == ["new"]
        assert store.verify().ok


def test_an_index_saved_with_other_tokens_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(folder) as store, monkeypatch.context() as patch:
        patch.setattr("remem.store.embedded.snapshot.TOKENIZER", -1)
        patch.setattr("remem.store.fulltext.vocabulary._tokens", lambda run: [run[::-1]])
        store.write("ana", batch(turn("k", "apples")))
        store.snapshot()
    with EmbeddedStore(folder) as store:
        assert keys(store.search("ana", [words("apples")], 1)[0]) == ["k"]
        assert store.verify().ok


def test_a_store_stays_where_it_is_when_the_process_changes_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with EmbeddedStore(Path("memories")) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("k", "apples"), turn("l", "pears")))
        scan = store.scan("ana")  # keeps no connection, so the next one may be new
        monkeypatch.chdir(tmp_path / "there")
        assert [record.key for record in scan] == ["k", "l"]
        store.snapshot()
    assert not (tmp_path / "there" / "memories").exists()


def test_closing_while_others_search_ends_in_an_error_of_ours(folder: Path) -> None:
    failures: list[BaseException] = []
    started = threading.Barrier(4)

    def search() -> None:
        started.wait()
        try:
            while True:
                store.search("ana", [words("fact"), dense("fact 3")], 5)
        except StoreClosed:
            pass
        except BaseException as error:
            failures.append(error)

    store = EmbeddedStore(folder)
    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    store.close()
    for thread in threads:
        thread.join(20)
    assert failures == []


def test_a_store_that_another_process_is_creating_is_waited_for(tmp_path: Path) -> None:
    with closing(
        sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")  # SQLite does not wait for this to become a log
        ending = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        ending.start()
        with EmbeddedStore(tmp_path) as store:
            store.adopt(SPACE)
        ending.join()


def test_a_store_that_another_process_never_ends_creating_is_one_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = Database(tmp_path / "records.sqlite3", busy_seconds=0.2)
        with pytest.raises(StoreLocked, match="try again later"), database.reading():
            pass


def test_an_index_that_another_process_replaces_while_it_is_checked_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path) as one, EmbeddedStore(tmp_path) as other:
        one.adopt(SPACE)
        one.write("ana", batch(turn("a")))
        one.snapshot()
        digest_of = partitions.file_digest

        def late(path: Path) -> str:
            monkeypatch.undo()
            other.write("ana", batch(turn("b")))
            other.snapshot()
            return digest_of(path)

        monkeypatch.setattr(partitions, "file_digest", late)
        assert one.verify().problems == ()


def test_files_of_others_in_the_index_folder_are_left_alone(folder: Path) -> None:
    note, subfolder = folder / "index" / "notes.txt", folder / "index" / "old"
    note.write_text("mine", encoding="utf-8")
    subfolder.mkdir()
    with EmbeddedStore(folder) as store:
        store.rebuild()
    assert note.exists()
    assert subfolder.exists()


def test_a_store_of_an_earlier_version_learns_to_look_back(folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        store.write("ana", Batch(supersede={"k1": "k2"}))
    with closing(sqlite3.connect(folder / "records.sqlite3")) as connection, connection:
        connection.execute("DROP INDEX records_by_successor")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm002_successors'")
    with EmbeddedStore(folder) as store:
        assert [record.key for record in store.predecessors("ana", ["k2"])] == ["k1"]
    with closing(sqlite3.connect(folder / "records.sqlite3")) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        assert "records_by_successor" in {name for (name,) in names}


def test_memory_stays_under_its_bound(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path, max_index_bytes=1) as store:
        store.adopt(SPACE)
        for namespace in "abc":
            store.write(namespace, batch(turn("k")))
            store.search(namespace, [words("k")], 1)
        store.rebuild()
        largest = store.stats().bytes_in_memory
        store.search("a", [words("k")], 1)
        assert store.stats().bytes_in_memory <= largest
        assert len(store._partitions._items()) <= 3


def test_a_namespace_that_is_used_while_it_is_let_go_of_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path, max_index_bytes=1) as store:
        store.adopt(SPACE)
        for namespace in "ab":
            store.write(namespace, batch(turn("k")))
        store.search("a", [words("k")], 1)
        partitions_of = store._partitions
        save = partitions_of._save_if_dear

        def used_meanwhile(namespace: str, slot: Slot) -> None:
            monkeypatch.setattr(partitions_of, "_save_if_dear", save)
            save(namespace, slot)
            with partitions_of._guard:  # as another thread does that finds it changed
                partitions_of._budget.hold(namespace, slot.nbytes)

        monkeypatch.setattr(partitions_of, "_save_if_dear", used_meanwhile)
        store.search("b", [words("k")], 1)
        assert {name for name, slot in partitions_of._items() if slot.partition} >= {"a"}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("a\0b", "no name for a folder"), ("\ud800", "no name"), ("x" * 300, "cannot write")],
)
def test_a_path_that_cannot_be_is_one_sentence(tmp_path: Path, path: str, sentence: str) -> None:
    with pytest.raises(RememError, match=sentence):
        EmbeddedStore(tmp_path / path)


def test_half_a_character_in_a_filter_is_refused() -> None:
    with pytest.raises(InvalidInput, match="half a character"):
        F("speaker") == "\ud800"  # noqa: B015


def test_what_follows_the_records_empties_the_log_too(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_BEHIND", 100)
    deadline = time.monotonic() + 60
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(*[turn(f"more {i}", "apples") for i in range(200)]))
        while records_outside_the_log(folder, tmp_path) < 250:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def records_outside_the_log(folder: Path, tmp_path: Path) -> int:
    """How many are in the database's own file."""
    copied = tmp_path / "copied.sqlite3"
    shutil.copy(folder / "records.sqlite3", copied)
    with closing(sqlite3.connect(copied)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
        except sqlite3.DatabaseError:  # copied while it was being written
            return 0


def before_digests(folder: Path) -> None:
    """Make the tables what they were in versions without digests."""
    with closing(sqlite3.connect(folder / "records.sqlite3")) as connection, connection:
        for table in ("records", "texts", "vectors_1"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN digest")
        connection.execute("DELETE FROM meta WHERE name = 'identity'")
        connection.execute("UPDATE meta SET value = 1 WHERE name = 'format'")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_digest'")
    (folder / "acknowledged").unlink()


def test_a_store_of_an_earlier_version_gets_its_digests(folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        store.write("ana", Batch(supersede={"k1": "k2"}))
        written, entries = list(store.scan("ana")), store.entries("ana", ["k1", "k3"])
    before_digests(folder)
    with EmbeddedStore(folder) as store:
        assert list(store.scan("ana")) == written
        assert [each.record for each in store.entries("ana", ["k1", "k3"])] == [
            each.record for each in entries
        ]
        assert store.verify().problems == ()


def test_what_was_damaged_before_there_were_digests_stays_damaged(folder: Path) -> None:
    before_digests(folder)
    with closing(sqlite3.connect(folder / "records.sqlite3")) as connection, connection:
        connection.execute("UPDATE records SET text = CAST(x'61FF' AS TEXT) WHERE key = 'k1'")
        connection.execute("UPDATE records SET metadata = '{' WHERE key = 'k2'")
    with EmbeddedStore(folder) as store:
        for key in ("k1", "k2"):
            with pytest.raises(DamagedRecord, match=f"'{key}'"):
                store.get("ana", [key])
        assert len(store.verify().problems) == 2


def test_opening_a_store_that_is_up_to_date_loads_no_tool_of_migrations(tmp_path: Path) -> None:
    code = (
        "import sys; from remem.store import open_store; open_store(sys.argv[1]).close(); "
        "print('sqlite_utils' in sys.modules)"
    )
    opened = [
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
        for _ in range(2)
    ]
    assert [done.stdout for done in opened] == ["True\n", "False\n"]


def test_what_is_damaged_or_changed_after_it_was_found_is_read_anew(folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        found = keys(store.search("ana", [words("fact 7")], 2)[0])
        assert found[0] == "k7"
        with closing(sqlite3.connect(folder / "records.sqlite3")) as other:
            other.execute("UPDATE records SET text = 'lies' WHERE key = 'k7'")
            other.commit()
        assert "k7" not in keys(store.search("ana", [words("fact 7")], 50)[0])
        store.write("ana", Batch(supersede={"k8": "k9"}))
        assert "k8" not in keys(store.search("ana", [words("fact 8")], 50)[0])
        [stored] = store.get("ana", ["k8"])
        assert stored is not None
        assert stored.superseded_by == "k9"
