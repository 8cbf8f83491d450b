"""Imported again after something was deleted: it stays away, and the report says so."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.contents import merge_speakers
from remem.departed import FILE, Departed
from remem.ingest import import_path
from remem.store import F
from remem.testing import HashEncoder

Write = Callable[[str, Any], Path]

CHAT = "\n".join(
    (
        "20/07/2024, 12:00 - Ana: the pot is blue",
        "20/07/2024, 12:07 - Ben: and the lid is red",
        "20/07/2024, 12:14 - Ana: come at nine",
    )
)
NAME = "WhatsApp Chat with Ana.txt"


def opened(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "store", encoder=HashEncoder())


def key_of(memory: Memory, text: str) -> str:
    [key] = [record.key for record in memory.scan() if record.text == text]
    return key


def texts(memory: Memory) -> set[str]:
    return {record.text for record in memory.scan()}


@pytest.mark.parametrize("way", ["delete", "forget"])
def test_what_went_stays_away_from_the_next_import_which_counts_it(
    tmp_path: Path, write: Write, way: str
) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        key = key_of(memory, "and the lid is red")
        assert (memory.delete(key) if way == "delete" else memory.forget(F("key") == key)) == 1
    with opened(tmp_path) as memory:  # another process knows it, too
        report = import_path(memory, path)
        assert (report.added, report.unchanged) == ({"default": 0}, {"default": 2})
        assert report.stayed_away == {"default": 1}
        assert "and the lid is red" not in texts(memory)


def test_it_comes_back_when_asked_for_and_is_then_known(tmp_path: Path, write: Write) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        memory.delete(key_of(memory, "come at nine"))
        assert import_path(memory, path, bring_back=True).added == {"default": 1}
        again = import_path(memory, path)
        assert (again.unchanged, again.stayed_away) == ({"default": 3}, {})


def test_no_word_of_it_is_kept_where_only_its_owner_reads(tmp_path: Path, write: Write) -> None:
    with opened(tmp_path) as memory:
        import_path(memory, write(NAME, CHAT))
        memory.forget(F("speaker") == "Ben")
    kept = tmp_path / "store" / FILE
    written = kept.read_text()
    assert len(written.split()) == 2  # a salt, a digest
    assert not {"lid", "red", "Ben", "default"} & set(written.split())
    assert kept.stat().st_mode & 0o077 == 0


def test_a_corrected_memory_stays_away_in_all_its_versions(tmp_path: Path, write: Write) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        memory.delete(memory.update(key_of(memory, "come at nine"), "come at ten").key)
        assert import_path(memory, path).stayed_away == {"default": 1}


def test_what_was_said_under_a_merged_name_stays_away(tmp_path: Path, write: Write) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        merge_speakers(memory, "Ben", "Benjamin", lambda *_: None)
        memory.delete(key_of(memory, "and the lid is red"))
        assert import_path(memory, path).stayed_away == {"default": 1}


def test_a_passage_stays_away_from_its_document_and_from_no_other(
    tmp_path: Path, write: Write
) -> None:
    lease = write("lease.md", "# Rent\n\nThe rent is due on the first.\n")
    other = write("other.md", "# Rent\n\nThe rent is due on the first.\n")
    with opened(tmp_path) as memory:
        import_path(memory, lease)
        [key] = [record.key for record in memory.scan()]
        memory.delete(key)
        assert import_path(memory, lease).stayed_away == {"default": 1}
        assert import_path(memory, other).added == {"default": 1}


def test_one_namespace_knows_nothing_of_what_went_from_another(
    tmp_path: Path, write: Write
) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        memory.forget(F("source").exists())
        assert import_path(memory.in_namespace("other"), path).added == {"other": 3}


def test_a_backup_is_for_its_owner_to_read_only(tmp_path: Path) -> None:
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        memory.add("The key is under the mat.")
        memory.backup(tmp_path / "backup.jsonl")
    assert (tmp_path / "backup.jsonl").stat().st_mode & 0o077 == 0


def test_a_backup_brings_nothing_back_unasked(tmp_path: Path, write: Write) -> None:
    backup = tmp_path / "backup.jsonl"
    with opened(tmp_path) as memory:
        import_path(memory, write(NAME, CHAT))
        memory.export(backup)
        memory.delete(key_of(memory, "the pot is blue"))
        assert import_path(memory, backup).stayed_away == {"default": 1}
        assert import_path(memory, backup, bring_back=True).added == {"default": 1}


def test_notes_that_cannot_be_written_hinder_no_deletion(
    tmp_path: Path, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Departed(tmp_path / "no such folder" / FILE)
    with Memory(":memory:", encoder=HashEncoder(), departed=nowhere) as memory:
        import_path(memory, write(NAME, CHAT))
        assert memory.delete(key_of(memory, "the pot is blue")) == 1
    assert "may bring back" in caplog.text


def test_a_store_without_a_folder_knows_it_as_long_as_it_is_open(write: Write) -> None:
    path = write("chat.json", json.dumps([{"role": "user", "content": "the pot is blue"}]))
    with Memory(":memory:", encoder=HashEncoder()) as memory:
        import_path(memory, path)
        memory.forget(F("source").exists())
        assert import_path(memory, path).stayed_away == {"default": 1}


def test_the_summary_speaks_of_what_is_there(tmp_path: Path, write: Write) -> None:
    path = write(NAME, CHAT)
    with opened(tmp_path) as memory:
        import_path(memory, path)
        memory.forget(F("speaker") == "Ben")
        assert import_path(memory, path).people == {"Ana": 2}


def forgetting(tmp_path: Path, path: Path) -> Path:
    """A backup of a store that forgot a part of a chat."""
    backup = tmp_path / "backup.jsonl"
    with opened(tmp_path) as memory:
        import_path(memory, path)
        memory.forget(F("speaker") == "Ben")
        memory.backup(backup)
    return backup


@pytest.mark.parametrize("way", ["import_path", "import_"])
def test_a_backup_brings_along_what_went(tmp_path: Path, write: Write, way: str) -> None:
    path = write(NAME, CHAT)
    backup = forgetting(tmp_path, path)
    with Memory(tmp_path / "other", encoder=HashEncoder()) as memory:
        import_path(memory, backup) if way == "import_path" else memory.import_(backup)
        report = import_path(memory, path)
        assert (report.added, report.stayed_away) == ({"default": 0}, {"default": 1})


@pytest.mark.parametrize("way", ["folder", "zip", "zip in a folder"])
def test_a_backup_inside_of_something_brings_along_what_went(
    tmp_path: Path, write: Write, way: str
) -> None:
    path = write(NAME, CHAT)
    backup = forgetting(tmp_path, path)
    given = tmp_path / "given"
    given.mkdir()
    if way == "folder":
        shutil.copy(backup, given)
    else:
        with zipfile.ZipFile(given / "backup.zip", "w") as archive:
            archive.write(backup, backup.name)
    with Memory(tmp_path / "other", encoder=HashEncoder()) as memory:
        brought = import_path(memory, given / "backup.zip" if way == "zip" else given)
        assert (brought.added, brought.problem_count) == ({"default": 2}, 0)
        assert import_path(memory, path).stayed_away == {"default": 1}


def test_what_came_along_is_in_the_next_backup_once(tmp_path: Path, write: Write) -> None:
    backup = forgetting(tmp_path, write(NAME, CHAT))
    again = tmp_path / "again.jsonl"
    with Memory(tmp_path / "other", encoder=HashEncoder()) as memory:
        for _ in range(2):
            assert not import_path(memory, backup).problems
        memory.backup(again)
    assert again.read_text() == backup.read_text()


def test_what_was_brought_back_is_restored_from_a_backup(tmp_path: Path, write: Write) -> None:
    path = write(NAME, CHAT)
    forgetting(tmp_path, path)
    with opened(tmp_path) as memory:
        import_path(memory, path, bring_back=True)
        memory.backup(tmp_path / "backup.jsonl")
    with Memory(tmp_path / "other", encoder=HashEncoder()) as memory:
        assert import_path(memory, tmp_path / "backup.jsonl").added == {"default": 3}


def test_who_opens_only_some_namespaces_brings_along_nothing_that_went(
    tmp_path: Path, write: Write
) -> None:
    path = write(NAME, CHAT)
    backup = forgetting(tmp_path, path)
    with Memory(tmp_path / "other", encoder=HashEncoder()) as memory:
        import_path(memory, backup, in_namespace=memory.in_namespace)
        assert import_path(memory, path).added == {"default": 1}


def test_an_export_of_one_namespace_tells_nothing_of_what_went(
    tmp_path: Path, write: Write
) -> None:
    forgetting(tmp_path, write(NAME, CHAT))
    with opened(tmp_path) as memory:
        memory.export(tmp_path / "export.jsonl")
    assert "departed" not in (tmp_path / "export.jsonl").read_text()


@pytest.mark.parametrize("told", ['{"a": ["b"]}', '{"\\n": []}', "[]", '{"": ["x"]}'])
def test_digests_that_are_none_are_a_problem(tmp_path: Path, write: Write, told: str) -> None:
    backup = write("backup.jsonl", f'{{"remem_export": 1}}\n{{"departed": {told}}}\n')
    with opened(tmp_path) as memory:
        assert [each.line for each in import_path(memory, backup).problems] == [2]
        assert not memory.departed.known().by_salt
