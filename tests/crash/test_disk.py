"""Full disks, read-only folders, damaged files: one sentence each, and nothing lost."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from remem.store.conformance.samples import SPACE, batch, dense, keys, turn, words
from remem.store.embedded import EmbeddedStore
from remem.store.embedded.snapshot import file_digest, load_partition
from remem.store.errors import (
    CorruptStore,
    EncoderMismatch,
    InvalidInput,
    RememError,
    StoreFull,
    StoreReadOnly,
)
from remem.store.types import Batch
from tests.crash.processes import elsewhere

DATABASE = "records.sqlite3"


def filled(folder: Path, records: int = 20) -> Path:
    """A store with some records, closed."""
    with EmbeddedStore(folder) as store:
        store.adopt(SPACE)
        store.write("ana", batch(*[turn(f"k{i}", f"fact {i}") for i in range(records)]))
        store.search("ana", [dense("fact 1")], 1)
        store.snapshot()
    return folder


def message_of(call: Callable[[], object], expected: type[RememError]) -> str:
    with pytest.raises(expected) as error:
        call()
    return str(error.value)


def write_until_full(folder: Path, largest_file: int) -> tuple[list[str], str]:
    """Where no file may grow beyond a size: the keys acknowledged, and what the error says."""
    acknowledged: list[str] = []
    with EmbeddedStore(folder) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
        try:
            while len(acknowledged) < 100_000:
                new = [f"n{len(acknowledged) + i}" for i in range(20)]
                store.write("ana", batch(*[turn(key, f"fact {key} " * 20) for key in new]))
                acknowledged += new
        except StoreFull as error:
            found = keys(store.search("ana", [words("fact")], 1_000_000)[0])
            assert set(acknowledged) <= set(found), "reading goes on"
            return acknowledged, str(error)
    raise AssertionError("the disk never was full")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories")
    acknowledged, message = elsewhere(write_until_full, folder, 1_000_000)
    assert acknowledged
    assert "space" in message
    with EmbeddedStore(folder) as store:
        stored = {record.key for record in store.scan("ana")}
        assert stored == set(acknowledged) | {f"k{i}" for i in range(20)}
        assert set(keys(store.search("ana", [words("fact")], 1_000_000)[0])) == stored
        assert store.verify().ok
        store.write("ana", batch(turn("room again")))
        assert keys(store.search("ana", [dense("room again")], 1)[0]) == ["room again"]


def save_where_nothing_fits(folder: Path) -> str:
    """Save the indexes where no file may be written at all: what the error says, if any. Closing
    saves too, and must not fail: an index that is not saved is only slower to open."""
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(*[turn(f"n{i}") for i in range(2000)]))
        store.search("ana", [words("n1")], 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            store.snapshot()
        except StoreFull as error:
            return str(error)
    return ""


def test_an_index_that_does_not_fit_harms_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories")
    elsewhere(save_where_nothing_fits, folder)
    assert not list(folder.rglob("*.tmp"))
    with EmbeddedStore(folder) as store:
        assert store.count("ana") == 2020
        assert keys(store.search("ana", [words("n7")], 1)[0]) == ["n7"]
        assert store.verify().ok


def give_up_rights() -> None:
    """Be a user who may read and not write."""
    if os.geteuid() == 0:
        os.setuid(65534)


def open_without_rights(folder: Path) -> str:
    give_up_rights()
    return message_of(lambda: EmbeddedStore(folder).close(), StoreReadOnly)


def read_without_rights(folder: Path) -> tuple[int, str]:
    give_up_rights()
    with EmbeddedStore(folder) as store:
        assert store.search("ana", [words("fact")], 1)[0]
        return store.count("ana"), message_of(
            lambda: store.write("ana", Batch(delete=["k7"])), StoreReadOnly
        )


@contextmanager
def read_only() -> Iterator[Path]:
    """A folder with a store in it that others may read."""
    # Not in tmp_path, whose parents another user may not even enter.
    with TemporaryDirectory() as parent:
        filled(Path(parent) / "memories")
        paths = [Path(parent), *Path(parent).rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            yield Path(parent)
        finally:
            for path in paths:
                path.chmod(0o755 if path.is_dir() else 0o644)
        with EmbeddedStore(Path(parent) / "memories") as store:
            assert store.count("ana") == 20


def test_no_store_is_made_in_a_read_only_folder() -> None:
    with read_only() as parent:
        assert "write" in elsewhere(open_without_rights, parent / "memories/new/folder")


def test_a_store_that_may_only_be_read_is_read() -> None:
    with read_only() as parent:
        count, message = elsewhere(read_without_rights, parent / "memories")
    assert count == 20
    assert "can be searched but not changed" in message


def test_a_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a folder")
    assert "folder" in message_of(lambda: EmbeddedStore(path), InvalidInput)


def test_another_encoder_is_refused_at_the_door(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories")
    message = message_of(lambda: EmbeddedStore(folder, "another"), EncoderMismatch)
    assert "another" in message
    assert "reindex" in message
    with EmbeddedStore(folder, SPACE.fingerprint) as store:
        assert store.count("ana") == 20


@pytest.mark.parametrize("damage", ["garbage", "cut short"])
def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path, damage: str) -> None:
    folder = filled(tmp_path / "memories", 2000)
    path = folder / DATABASE
    if damage == "garbage":
        path.write_bytes(b"this is no database " * 5000)
    else:
        os.truncate(path, path.stat().st_size // 2)

    def use() -> None:
        with EmbeddedStore(folder) as store:
            list(store.scan("ana"))

    message = message_of(use, CorruptStore)
    assert DATABASE in message
    assert "restore" in message


def problems(folder: Path) -> list[str]:
    """What opening and verifying finds wrong."""
    try:
        with EmbeddedStore(folder) as store:
            return list(store.verify().problems)
    except CorruptStore as error:
        return [str(error)]


def test_a_damaged_page_is_noticed_by_verify(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories", 2000)
    content = bytearray((folder / DATABASE).read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    (folder / DATABASE).write_bytes(content)
    assert problems(folder)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("vectors_1", "'k7' lacks its vectors; 'remem reindex'"),
        ("texts", "'k7' lacks the text of a view; delete and add it again"),
    ],
)
def test_a_record_that_lost_its_views_is_named_with_what_to_do(
    tmp_path: Path, table: str, sentence: str
) -> None:
    folder = filled(tmp_path / "memories")
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute(
            f"DELETE FROM {table} WHERE record = (SELECT id FROM records WHERE key = 'k7')"
        )
    with EmbeddedStore(folder) as store:
        assert len(store.entries("ana", ["k6", "k8"])) == 2
        assert sentence in message_of(lambda: store.entries("ana", ["k6", "k7"]), CorruptStore)


def test_a_future_format_is_named(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories")
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("UPDATE meta SET value = 999 WHERE name = 'format'")
    message = message_of(lambda: EmbeddedStore(folder), CorruptStore)
    assert "999" in message
    assert "upgrade" in message


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection, connection:
        connection.execute("CREATE TABLE songs (title)")
    assert "another program" in message_of(lambda: EmbeddedStore(tmp_path), CorruptStore)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


@pytest.mark.parametrize("harm", ["cut short", "flipped", "emptied", "missing", "text"])
def test_a_damaged_index_file_is_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    folder = filled(tmp_path / "memories")
    [path] = (folder / "index").glob("*.snapshot")
    content = bytearray(path.read_bytes())
    if harm == "flipped":
        content[len(content) * 3 // 4] ^= 4
    replaced = {"cut short": content[:99], "emptied": bytearray(), "text": bytearray(b"{}\n")}
    path.write_bytes(replaced.get(harm, content))
    if harm == "missing":
        path.unlink()
    with EmbeddedStore(folder) as store:
        nearest, by_word = store.search("ana", [dense("fact 7"), words("7")], 1)
        assert keys(nearest) == keys(by_word) == ["k7"]
        assert "rebuilding" in caplog.text
        assert not store.verify().ok
        store.rebuild()
        assert store.verify().ok


def test_no_flipped_bit_of_an_index_file_goes_unnoticed(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories", 3)
    [path] = (folder / "index").glob("*.snapshot")
    whole, digest = path.read_bytes(), file_digest(path)
    assert load_partition(path, digest) is not None
    for bit in range(8 * len(whole)):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        assert load_partition(path, digest) is None


def test_an_emptied_records_file_is_no_new_store(tmp_path: Path) -> None:
    folder = filled(tmp_path / "memories", 3)
    for name in ("records.sqlite3", "records.sqlite3-wal"):
        (folder / name).write_bytes(b"")
    with pytest.raises(CorruptStore, match="restore a backup"):
        EmbeddedStore(folder)
