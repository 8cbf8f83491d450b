from datetime import datetime, timezone
from zipfile import ZipFile

import pytest


def node(name, parent, text, role="user", **message):
    said = {"id": name, "author": {"role": role}, "create_time": 1700000000.5} | message
    content = {"content_type": "text", "parts": [text]}
    return name, {
        "id": name,
        "parent": parent,
        "children": [],
        "message": {"content": content, **said},
    }


def conversation(*nodes, current, **more):
    mapping = {"root": {"id": "root", "parent": None, "children": [], "message": None}}
    mapping.update(nodes)
    return {
        "title": "Trip",
        "mapping": mapping,
        "current_node": current,
        "conversation_id": "c1",
    } | more


def test_the_branch_that_ends_at_the_current_node_is_read(read, write):
    path = write(
        "conversations.json",
        [
            conversation(
                node("a", "root", "Where shall I go?"),
                node("b1", "a", "Rome", role="assistant"),
                node("b2", "a", "Lisbon", role="assistant"),
                current="b2",
            )
        ],
    )
    reading = read(path)
    assert reading.format == "ChatGPT export"
    assert [(r.role, r.text) for r in reading.records] == [
        ("user", "Where shall I go?"),
        ("assistant", "Lisbon"),
    ]
    assert reading.keys == ["chatgpt/c1#a", "chatgpt/c1#b2"]
    first = reading.records[0]
    assert first.said_at == datetime(2023, 11, 14, 22, 13, 20, 500000, timezone.utc)
    assert first.metadata == {"title": "Trip"}
    assert first.kind == "turn"


def test_without_a_current_node_the_newest_leaf_ends_the_branch(read, write):
    path = write(
        "conversations.json",
        [
            conversation(
                node("old", "root", "old words", create_time=1.0),
                node("new", "root", "new words", create_time=2.0),
                current=None,
            )
        ],
    )
    assert read(path).texts == ["new words"]


def test_a_cycle_of_parents_ends(read, write):
    path = write(
        "conversations.json",
        [conversation(node("a", "b", "one"), node("b", "a", "two"), current="a")],
    )
    assert read(path).texts == ["two", "one"]


def test_hidden_system_and_reasoning_messages_are_left_out_quietly(read, write):
    thoughts = {"content_type": "thoughts", "thoughts": [{"content": "hm"}]}
    profile = {"content_type": "user_editable_context", "user_profile": "I am ..."}
    path = write(
        "conversations.json",
        [
            conversation(
                node("s", "root", "be helpful", role="system"),
                node("p", "s", "", content=profile),
                node("h", "p", "unseen", metadata={"is_visually_hidden_from_conversation": True}),
                node("t", "h", "", role="assistant", content=thoughts),
                node("e", "t", "", role="tool"),
                node("u", "e", "Hello"),
                current="u",
            )
        ],
    )
    reading = read(path)
    assert reading.texts == ["Hello"]
    assert reading.problems == []


def test_words_beside_images_and_spoken_words_are_kept(read, write):
    mixed = {
        "content_type": "multimodal_text",
        "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"},
            "What is this?",
            {"content_type": "audio_transcription", "text": "said aloud"},
        ],
    }
    path = write(
        "conversations.json", [conversation(node("a", "root", "", content=mixed), current="a")]
    )
    assert read(path).texts == ["What is this?\nsaid aloud"]


def test_a_content_type_nobody_knows_is_reported(read, write):
    strange = {"content_type": "hologram", "voxels": "..."}
    path = write(
        "conversations.json", [conversation(node("a", "root", "", content=strange), current="a")]
    )
    (problem,) = read(path).problems
    assert "hologram" in problem.reason
    assert "message 2 of conversation 1" in problem.reason


def test_a_broken_conversation_does_not_hide_the_next(read, write):
    good = conversation(node("a", "root", "hi"), current="a")
    path = write("conversations.json", [good, "oops", good | {"mapping": 3, "id": "x"}, good])
    reading = read(path)
    assert reading.texts == ["hi", "hi"]
    assert [p.reason.split(" was ")[0] for p in reading.problems] == [
        "conversation 2",
        "conversation 3",
    ]


def test_a_wrong_time_is_reported_and_the_other_messages_are_read(read, write):
    path = write(
        "conversations.json",
        [
            conversation(
                node("a", "root", "first", create_time="yesterday"),
                node("b", "a", "second"),
                current="b",
            )
        ],
    )
    reading = read(path)
    assert reading.texts == ["second"]
    assert "'yesterday' is not a time" in reading.problems[0].reason


def test_the_zip_the_folder_and_numbered_files_are_read_like_the_file(read, write, tmp_path):
    one = [conversation(node("a", "root", "one"), current="a")]
    two = [conversation(node("a", "root", "two"), current="a", conversation_id="c2")]
    write("export/conversations-000.json", one)
    write("export/conversations-001.json", two)
    write("export/user.json", {})
    archive = tmp_path / "export.zip"
    with ZipFile(archive, "w") as target:
        for file in (tmp_path / "export").iterdir():
            target.write(file, file.name)
    for path in (tmp_path / "export", archive):
        reading = read(path)
        assert reading.format == "ChatGPT export"
        assert reading.texts == ["one", "two"]


def test_half_of_a_surrogate_pair_costs_only_its_message(read, write):
    path = write(
        "conversations.json",
        [conversation(node("a", "root", "broken \ud83d"), node("b", "a", "whole 😀"), current="b")],
    )
    reading = read(path)
    assert reading.texts == ["whole 😀"]
    assert "surrogate" in reading.problems[0].reason


def test_a_file_that_is_cut_short_gives_its_whole_conversations_and_one_problem(read, write):
    whole = write("conversations.json", [conversation(node("a", "root", "hi"), current="a")] * 3)
    text = whole.read_text()
    reading = read(write("conversations.json", text[: len(text) - 40]))
    assert reading.texts == ["hi", "hi"]
    assert len(reading.problems) == 1
    assert "cut short" in reading.problems[0].reason


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("At nine.\ue200cite\ue202turn0search1\ue201", "At nine."),
        ("At nine【4†source】 or ten【12:0†menu.pdf】.", "At nine or ten."),
        ("See \ue200url\ue202the menu\ue202turn0search1\ue201.", "See the menu."),
        ('Ask \ue200entity\ue202["people","Ana","x"]\ue201.', "Ask Ana."),
        ("So \ue203this\ue204 is \ue200navlist\ue202a\ue202b\ue201it.", "So this is it."),
    ],
)
def test_marks_of_citations_are_not_words(read, write, written, seen):
    node = {"message": {"author": {"role": "assistant"}, "content": {"parts": [written]}}}
    assert read(write("conversations.json", [{"mapping": {"a": node}}])).texts == [seen]


ONE = {"id": "c", "mapping": {"a": {"message": {"author": {}, "content": {"parts": ["hi"]}}}}}


@pytest.mark.parametrize("content", [ONE, {"conversations": [ONE]}, {"data": [ONE]}, [ONE]])
def test_one_conversation_or_a_list_in_a_field_is_read(read, write, content):
    reading = read(write("chat.json", content))
    assert (reading.format, reading.texts) == ("ChatGPT export", ["hi"])


def test_an_empty_first_part_hides_no_other(read, write):
    write("e/conversations-000.json", [])
    folder = write("e/conversations-001.json", [ONE]).parent
    reading = read(folder)
    assert (reading.format, reading.texts) == ("ChatGPT export", ["hi"])


def test_the_export_of_deepseek_is_its_own(read, write):
    def node(parent, kind, *more):
        fragments = [*more, {"type": kind, "content": kind.lower()}]
        message = {"inserted_at": "2025-03-30T04:49:37+08:00", "fragments": fragments}
        return {"parent": parent, "children": [], "message": message}

    nodes = {
        "root": {"parent": None, "children": ["1"], "message": None},
        "1": node("root", "REQUEST") | {"children": ["2"]},
        "2": node("1", "RESPONSE", {"type": "THINK", "content": "hm"}),
    }
    exported = [{"id": "d", "title": "Soup", "inserted_at": "2025-03-30", "mapping": nodes}]
    reading = read(write("conversations.json", exported))
    assert reading.format == "DeepSeek export"
    assert [(r.role, r.text) for r in reading.records] == [
        ("user", "request"),
        ("assistant", "response"),
    ]
    assert reading.records[0].said_at.isoformat() == "2025-03-30T04:49:37+08:00"


def test_an_old_export_of_deepseek_names_no_roles(read, write):
    nodes = {
        "1": {"parent": None, "children": ["2"], "message": {"content": "hello"}},
        "2": {
            "parent": "1",
            "children": [],
            "message": {"content": "hi", "reasoning_content": "x"},
        },
    }
    exported = [{"id": "d", "inserted_at": "2025-03-30T04:49:37Z", "mapping": nodes}]
    records = read(write("conversations.json", exported)).records
    assert [(r.role, r.text) for r in records] == [("user", "hello"), ("assistant", "hi")]
