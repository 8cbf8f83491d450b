"""Commits that were acknowledged and are gone are missed when the store is opened."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from remem.store.conformance.samples import SPACE, batch, keys, turn, words
from remem.store.embedded import EmbeddedStore
from remem.store.embedded.folder import Note
from remem.store.errors import CorruptStore
from remem.store.types import Batch
from tests.crash.processes import context

DATABASE = "records.sqlite3"
WAL = f"{DATABASE}-wal"
NOTE = "acknowledged"
FRAME = 24 + 8192


def write_and_be_killed(folder: Path, count: int) -> None:
    """Fill a store, close it, write to it again and end without closing it."""
    with EmbeddedStore(folder) as store:
        store.adopt(SPACE)
        store.write("ana", batch(turn("first")))
    store = EmbeddedStore(folder)
    for i in range(count):
        store.write("ana", batch(turn(f"k{i}")))
    store.write("ana", Batch(delete=["k0"]))
    os._exit(0)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "memories"
    process = context.Process(target=write_and_be_killed, args=(folder, 5))
    process.start()
    process.join()
    return folder


@pytest.fixture
def folder(tmp_path: Path, killed: Path) -> Path:
    return Path(shutil.copytree(killed, tmp_path / "memories"))


def found_in(folder: Path) -> list[str]:
    with EmbeddedStore(folder) as store:
        return [record.key for record in store.scan("ana")]


ALL = ["first", "k1", "k2", "k3", "k4"]


def test_a_log_that_is_there_is_carried_out_as_ever(folder: Path) -> None:
    assert found_in(folder) == ALL
    assert found_in(folder) == ALL


def test_a_missing_log_is_said_when_the_store_is_opened(folder: Path) -> None:
    (folder / WAL).unlink()
    with pytest.raises(
        CorruptStore,
        match=r"lacks changes that were acknowledged \(the last 6\).*records\.sqlite3-wal",
    ):
        EmbeddedStore(folder)


def test_a_log_cut_at_any_frame_is_said_when_the_store_is_opened(
    tmp_path: Path, killed: Path
) -> None:
    frames = ((killed / WAL).stat().st_size - 32) // FRAME
    assert frames > 20
    for frame in range(frames):
        folder = tmp_path / str(frame)
        shutil.copytree(killed, folder)
        os.truncate(folder / WAL, 32 + frame * FRAME + FRAME // 2)
        with pytest.raises(CorruptStore, match="were acknowledged"):
            EmbeddedStore(folder)


def test_an_older_database_in_the_place_of_the_newer_is_said(folder: Path, tmp_path: Path) -> None:
    found_in(folder)
    shutil.copy(folder / DATABASE, tmp_path / "older")
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(turn("newest")))
    shutil.copy(tmp_path / "older", folder / DATABASE)
    with pytest.raises(CorruptStore, match=r"lacks changes.*the last 1.*an older copy"):
        EmbeddedStore(folder)


def test_what_was_missing_can_be_put_back(folder: Path, tmp_path: Path) -> None:
    (folder / WAL).rename(tmp_path / "wal")
    for _ in range(2):
        with pytest.raises(CorruptStore):
            EmbeddedStore(folder)
    (tmp_path / "wal").rename(folder / WAL)
    assert found_in(folder) == ALL


def test_who_deletes_the_note_goes_on_without_what_is_missing(folder: Path) -> None:
    (folder / WAL).unlink()
    with pytest.raises(CorruptStore, match=rf"delete {folder / NOTE} to go on"):
        EmbeddedStore(folder)
    (folder / NOTE).unlink()
    assert found_in(folder) == ["first"]
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(turn("after")))
    assert found_in(folder) == ["after", "first"]


def test_another_database_in_the_folder_is_said(folder: Path, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "other") as store:
        store.adopt(SPACE)
        store.write("ana", batch(*(turn(f"o{i}") for i in range(50))))
    for name in (WAL, f"{DATABASE}-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "other" / DATABASE, folder / DATABASE)
    with pytest.raises(CorruptStore, match="is not the database that was in this folder"):
        EmbeddedStore(folder)


def test_a_missing_database_is_no_new_store(folder: Path) -> None:
    for path in folder.glob(f"{DATABASE}*"):
        path.unlink()
    with pytest.raises(CorruptStore, match="is empty though records were written to it"):
        EmbeddedStore(folder)


def test_a_whole_backup_is_taken_as_it_is(folder: Path, tmp_path: Path) -> None:
    found_in(folder)
    shutil.copytree(folder, tmp_path / "backup")
    with EmbeddedStore(folder) as store:
        store.purge("ana", Batch(add=batch(turn("new")).add, delete=["k1", "k2"]))
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    assert found_in(folder) == ALL


def test_a_copy_by_sqlite_alone_is_taken_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with (
        closing(sqlite3.connect(folder / DATABASE)) as old,
        closing(sqlite3.connect(tmp_path / "copy" / DATABASE)) as new,
    ):
        old.backup(new)
    assert found_in(tmp_path / "copy") == ALL


@pytest.mark.parametrize(
    "damage",
    [b"", b"nonsense", b"\xff" * 72, None],
    ids=["emptied", "nonsense", "no text", "another number"],
)
def test_a_damaged_note_tells_nothing_and_is_written_again(
    folder: Path, damage: bytes | None
) -> None:
    whole = (folder / NOTE).read_bytes()
    before = Note.from_bytes(whole)
    assert before is not None
    (folder / NOTE).write_bytes(whole.replace(b"6", b"7") if damage is None else damage)
    with EmbeddedStore(folder) as store:
        store.write("ana", batch(turn("again")))
        [hits] = store.search("ana", [words("again")], 1)
        assert keys(hits) == ["again"]
    assert Note.from_bytes((folder / NOTE).read_bytes()) == replace(before, change=8)


def write_some(folder: Path, name: str) -> None:
    with EmbeddedStore(folder) as store:
        for i in range(30):
            store.write("ana", batch(turn(f"{name}{i}")))
            if i % 10 == 0:
                store.purge("ana", Batch(delete=[f"{name}{i}"]))


def test_writers_of_several_processes_raise_no_false_alarm(folder: Path) -> None:
    processes = [context.Process(target=write_some, args=(folder, name)) for name in "xyz"]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        found_in(folder)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(found_in(folder)) == len(ALL) + 3 * 27
