"""Archives of exports: many conversations and documents in one file."""

import io
import json
import tarfile

import pytest

from remem.ingest import detect_reader, import_path
from remem.memory import Memory
from remem.store import InvalidInput
from remem.testing import HashEncoder
from tests import export_samples as made
from tests.export_samples import as_json, zipped
from tests.unit.ingest import test_ingest_formats as formats


def thread(name, words, number=1):
    message = {"sender_name": name, "timestamp_ms": formats.MS + number, "content": words}
    return as_json(
        {
            "participants": [{"name": name}],
            "messages": [message],
            "title": name,
            "thread_path": f"inbox/{name.lower()}_{number}",
        }
    )


INBOX = "your_activity_across_facebook/messages/inbox"
INSTAGRAM = "your_instagram_activity/messages/inbox"
TAKEOUT = "Takeout/My Activity/Gemini Apps/MyActivity.html"
ARCHIVES = {
    "facebook-bo.zip": (
        {
            f"{INBOX}/ana_1/message_1.json": thread("Ana", "I moved to Faro"),
            f"{INBOX}/ana_1/photos/1.jpg": b"\xff\xd8",
            f"{INBOX}/cy_2/message_1.json": thread("Cy", "Hi", 2),
        },
        {("Ana", "I moved to Faro"), ("Cy", "Hi")},
    ),
    "instagram-bo.zip": (
        {
            f"{INSTAGRAM}/ana_1/message_1.json": thread("Ana", "I moved to Faro"),
            f"{INSTAGRAM}/cy_2/message_1.json": thread("Cy", "Hi", 2),
        },
        {("Ana", "I moved to Faro"), ("Cy", "Hi")},
    ),
    "facebook-html.zip": (
        {
            f"{INBOX}/ana_1/message_1.html": made.MESSENGER_PAGE,
            f"{INBOX}/cy_2/message_1.html": made.MESSENGER_PAGE.replace("Ana Lima", "Cy"),
            "search/your_searches.html": made.MESSENGER_PAGE,
        },
        {("Ana Lima", made.ANA), ("Cy", made.ANA), ("Bo", made.BO)},
    ),
    "package.zip": (
        {
            "messages/index.json": as_json({"2": "general"}),
            "messages/c2/channel.json": as_json({"id": "2", "type": 0, "name": "general"}),
            "messages/c2/messages.json": as_json(made.DISCORD_PACKAGE),
        },
        {("Me", made.ANA), ("Me", made.BO)},
    ),
    "discord.zip": (
        {
            "Home - general [2].html": made.DISCORD_PAGE,
            "Home - general [2].html_Files/a.png": b"\x89PNG",
            "Home - other [3].json": as_json(formats.discord(id="31", content="Olá")),
        },
        {
            ("Ana", "I moved to\nFaro\nby the station"),
            ("Bo", made.BO),
            ("Bo", "Sim <3\nThe menu (https://cafe.example/menu)\nSoup and\nbread"),
            ("Ana", "Olá"),
        },
    ),
    "takeout-20240702.zip": (
        {
            "Takeout/archive_browser.html": "<html><body>Your archive</body></html>",
            "Takeout/Google Chat/Groups/DM a/messages.json": as_json(formats.GOOGLE_CHAT),
            "Takeout/Google Chat/Groups/DM a/group_info.json": as_json({"name": "a"}),
            TAKEOUT: made.GEMINI_PAGE,
        },
        {
            ("Ana", "I moved to Faro"),
            ("user", "Where is Faro?"),
            ("assistant", "In the\n\nAlgarve."),
        },
    ),
    "ChatExport_2024-07-02.zip": (
        {
            "ChatExport_2024-07-02/messages.html": formats.TELEGRAM,
            "ChatExport_2024-07-02/css/style.css": "a{}",
            "ChatExport_2024-07-02/js/script.js": "x",
        },
        {("Ana", "The menu (https://cafe.example/menu)\nis\nhere & now"), ("Ana", "bye")},
    ),
    "grok.zip": (
        {"ttl/30d/export_data/u/prod-grok-backend.json": as_json(made.GROK)},
        {("user", "Where is Faro?"), ("assistant", "In the\nAlgarve.")},
    ),
    "chats.zip": (
        {f"chat-{n}.json": as_json(made.LE_CHAT).replace(b"c1", n.encode()) for n in "ab"},
        {("user", "Where is Faro?"), ("assistant", "In the\nAlgarve.")},
    ),
}


@pytest.mark.parametrize(("name", "case"), ARCHIVES.items(), ids=list(ARCHIVES))
def test_all_conversations_of_an_archive_are_read(tmp_path, write, read, name, case):
    members, said = case
    reading = read(write(name, zipped(members)))
    assert {(each.speaker or each.role, each.text) for each in reading.records} == said
    assert reading.problems == []
    with Memory(tmp_path / "memory", encoder=HashEncoder()) as memory:
        first, second = (import_path(memory, tmp_path / name) for _ in range(2))
        assert sum(first.added.values()) == len(reading.records)
        assert sum(second.added.values()) == 0


def test_an_archive_is_what_its_folder_is(write, read):
    members = {"a/one.md": "# Lease\n\nrent", "two.txt": "boat"}
    packed = read(write("notes.zip", zipped(members)))
    for name, content in members.items():
        path = write(f"notes/{name}", content)
    assert packed.keys == read(path.parent).keys


@pytest.mark.parametrize(("name", "mode"), [("8_live_bo.tar", "w"), ("takeout.tgz", "w:gz")])
def test_a_tar_is_read_as_a_zip_is(write, read, name, mode):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        data = as_json(made.TEAMS)
        info = tarfile.TarInfo("messages.json")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("passwd.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    reading = read(write(name, stream.getvalue()))
    assert [record.speaker for record in reading.records] == ["bo", "Ana Lima"]
    assert reading.problems == []


def test_files_of_no_known_format_are_told_in_one_problem(write, read):
    members = {f"ads/{n}.json": json.dumps({"a": n}) for n in range(9)} | {"a.txt": "boat"}
    reading = read(write("x.zip", zipped(members)))
    (problem,) = reading.problems
    assert reading.texts == ["boat"]
    assert "ads/0.json, ads/1.json" in problem.reason
    assert problem.path.name == "x.zip"


def test_an_archive_of_folders_and_pictures_is_none_of_words(write):
    path = write("x.zip", zipped({"album/": b"", "album/2024/": b"", "album/2024/1.jpg": b"\xff"}))
    with pytest.raises(InvalidInput, match="no known format"):
        detect_reader(path)


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt"])
def test_nothing_is_written_outside(tmp_path, write, read, name):
    path = write("in/x.zip", zipped({name: "evil", "good.txt": "boat"}))
    assert read(path).texts == ["boat"]
    assert [each.name for each in tmp_path.rglob("*evil*")] == []


def test_a_damaged_file_in_an_archive_is_told_as_in_the_archive(write, read):
    broken = zipped({"a.json": b'{"messages": [{"sender_name": "Ana", "timestamp_ms": 1,'})
    reading = read(write("x.zip", broken))
    assert reading.records == []
    assert all(
        str(problem.path).startswith(str(write("x.zip", broken))) for problem in reading.problems
    )


def test_an_archive_that_unpacks_to_far_more_than_it_weighs_is_refused(write, read):
    with pytest.raises(Exception, match="far more than it weighs"):
        read(write("x.zip", zipped({"a.txt": "a" * 40_000_000})))


def test_archives_in_archives_are_not_read(write, read):
    inner = zipped({"a.txt": "boat"})
    reading = read(write("x.zip", zipped({"inner.zip": inner, "b.txt": "tree"})))
    assert reading.texts == ["tree"]
    assert "inner.zip" in reading.problems[0].reason


def test_no_unpacked_file_stays(tmp_path, write, read, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    reader_of = read(write("x.zip", zipped({"a.txt": "boat"})))
    assert reader_of.texts == ["boat"]
    assert list(folder.iterdir()) == []
