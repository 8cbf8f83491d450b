import json
import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from remem.ingest import READERS, detect_reader
from remem.store import InvalidInput


def test_nothing_at_the_path_is_said_so(tmp_path):
    with pytest.raises(InvalidInput, match="there is no file or folder"):
        detect_reader(tmp_path / "missing")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.json", {"some": "thing"}),
        ("data.json", "[]"),
        ("data.bin", b"\x00\xff" * 1000),
        ("data.zip", b"PK not a zip"),
        ("empty.json", ""),
    ],
)
def test_an_unknown_file_is_refused_and_the_known_formats_are_named(write, name, content):
    with pytest.raises(InvalidInput) as refused:
        detect_reader(write(name, content))
    assert all(reader.name in str(refused.value) for reader in READERS)


def test_the_content_decides_and_not_the_name(write):
    conversation = [{"uuid": "c", "name": "", "chat_messages": []}]
    assert detect_reader(write("result.json", conversation)).name == "Claude export"


def test_a_folder_reads_each_file_with_its_own_reader_in_sorted_order(read, write):
    write("notes/b.md", "bees")
    write("notes/a/chat.jsonl", json.dumps({"role": "user", "content": "hi"}))
    write("notes/a/notes.txt", "ants")
    write("notes/.hidden/c.md", "hidden")
    write("notes/.d.md", "hidden")
    folder = write("notes/photo.jpg", b"\xff\xd8").parent
    reading = read(folder)
    assert reading.format == "folder"
    assert [(r.source, r.text) for r in reading.records] == [
        ("notes/b.md", "bees"),
        ("notes/a/chat.jsonl", "hi"),
        ("notes/a/notes.txt", "ants"),
    ]
    assert [(p.path.name, p.reason) for p in reading.problems] == [
        ("photo.jpg", "there is no reader for this kind of file")
    ]


MESSAGE = {"role": "user", "content": "from a chat"}
TELEGRAM = {
    "name": "Ana",
    "type": "personal_chat",
    "id": 1,
    "messages": [{"id": 1, "type": "message", "date": "2024-01-01T10:00:00", "text": "telegram"}],
}
CLAUDE = [
    {"uuid": "c", "chat_messages": [{"uuid": "m", "sender": "human", "text": "claude"}]},
]


def test_in_a_mixed_folder_no_export_hides_another(read, write):
    write("mix/WhatsApp Chat with Ana.txt", "31/12/23, 23:59 - Ana: whatsapp")
    write("mix/chat.json", [MESSAGE])
    write("mix/conversations.json", CLAUDE)
    record = {"namespace": "n", "key": "k", "source": "s", "position": 0, "text": "backup"}
    write("mix/backup.jsonl", '{"remem_export": 1}\n' + json.dumps(record))
    write("mix/phone/result.json", TELEGRAM)
    write("mix/work/users.json", [{"id": "U1", "name": "ana"}])
    write("mix/work/general/2024-01-01.json", [{"ts": "1704099600.0001", "text": "slack"}])
    reading = read(write("mix/notes.md", "notes").parent)
    assert sorted(reading.texts) == [
        *("backup", "claude", "from a chat", "notes", "slack", "telegram", "whatsapp")
    ]
    assert reading.problems == []


def test_a_folder_that_is_one_export_is_read_as_that(read, write):
    write("claude/users.json", [{"uuid": "u"}])
    reading = read(write("claude/conversations.json", CLAUDE).parent)
    assert (reading.format, reading.texts, reading.problems) == ("Claude export", ["claude"], [])


def test_a_folder_that_may_not_be_read_is_reported(read, write, monkeypatch):
    closed = write("notes/closed/a.md", "ants").parent
    folder = write("notes/b.md", "bees").parent
    scandir = os.scandir

    def denied(path="."):  # root may read everything, so the operating system has to be played
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return scandir(path)

    monkeypatch.setattr("os.scandir", denied)
    reading = read(folder)
    assert reading.texts == ["bees"]
    assert [(problem.path, problem.reason) for problem in reading.problems] == [
        (closed, "the folder was skipped: Permission denied")
    ]


def test_files_of_one_name_in_two_folders_are_two_sources(read, write):
    write("notes/a/x.md", "same")
    folder = write("notes/b/x.md", "same").parents[1]
    assert len(set(read(folder).keys)) == 2


def test_a_file_without_its_library_does_not_stop_the_folder(read, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    write("notes/a.pdf", b"%PDF-1.4")
    reading = read(write("notes/b.md", "bees").parent)
    assert reading.texts == ["bees"]
    assert "pip install" in reading.problems[0].reason


@pytest.mark.parametrize(
    ("name", "head", "element", "end"),
    [
        ("big.jsonl", "", '{"role": "user", "content": "%s"}\n', ""),
        ("big.json", "[", '{"role": "user", "content": "%s"},\n', "{}]"),
        ("WhatsApp.txt", "", "31/12/23, 23:59 - Ana: %s\n", ""),
        ("big.md", "", "%s\n\n", ""),
    ],
)
def test_memory_does_not_grow_with_the_file(write, name, head, element, end):
    def peak(count):
        text = "words-with-hyphens-are-long-words-too. " * 50
        path = write(name, head + element % text * count + end)
        reader = detect_reader(path)
        tracemalloc.start()
        seen = sum(1 for _ in reader.read(path))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen >= count / 5
        return most

    # Both are larger than the head that is looked at to detect the format.
    few, many = peak(400), peak(1_600)
    assert many < few + 500_000  # of 2,300,000 more bytes


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
def test_a_pipe_in_a_folder_is_reported_and_not_waited_for(read, write):
    folder = write("notes/b.md", "bees").parent
    os.mkfifo(folder / "a.txt")
    (folder / "c.md").symlink_to("/dev/zero")
    (folder / "d.md").symlink_to("nowhere")
    reading = read(folder)
    assert reading.texts == ["bees"]
    assert [problem.path.name for problem in reading.problems] == ["a.txt", "c.md", "d.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
def test_a_pipe_or_a_device_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(InvalidInput, match="neither a file nor a folder"):
            detect_reader(path)
