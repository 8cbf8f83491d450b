from datetime import datetime, timezone

import pytest


def message(text, sender="human", uuid="m1", **more):
    return {
        "uuid": uuid,
        "text": text,
        "sender": sender,
        "created_at": "2024-03-01T10:00:00.123456Z",
    } | more


def export(*messages):
    return [{"uuid": "c1", "name": "Garden", "chat_messages": list(messages)}]


def test_messages_keep_words_sender_time_and_title(read, write):
    path = write(
        "conversations.json",
        export(message("When do tulips bloom?"), message("In April.", "assistant", "m2")),
    )
    reading = read(path)
    assert reading.format == "Claude export"
    question, answer = reading.records
    assert (question.role, question.text) == ("user", "When do tulips bloom?")
    assert (answer.role, answer.text) == ("assistant", "In April.")
    assert question.key == "claude/c1#m1"
    assert question.said_at == datetime(2024, 3, 1, 10, 0, 0, 123456, timezone.utc)
    assert question.metadata == {"title": "Garden"}


def test_text_parts_win_over_the_summary_of_tools_in_text(read, write):
    content = [
        {"type": "thinking", "thinking": "let me see"},
        {"type": "text", "text": "First."},
        {"type": "tool_use", "name": "search"},
        {"type": "text", "text": "Then."},
    ]
    path = write("conversations.json", export(message("First. <tool> Then.", content=content)))
    assert read(path).texts == ["First.\nThen."]


def test_an_attached_text_is_a_document_of_its_own(read, write):
    attachment = {"file_name": "plan.md", "extracted_content": "# May\n\nPlant beans."}
    path = write("conversations.json", export(message("See this", attachments=[attachment])))
    _, passage = read(path).records
    assert passage.source == "claude/c1/m1/1"
    assert passage.kind == "passage"
    assert passage.text == "# May\n\nPlant beans."
    assert passage.metadata["headings"] == ["plan.md", "May"]
    assert passage.said_at == datetime(2024, 3, 1, 10, 0, 0, 123456, timezone.utc)


def test_an_empty_message_is_skipped_quietly_and_a_broken_one_is_reported(read, write):
    path = write("conversations.json", export(message(" "), 7, message("kept", uuid="m3")))
    reading = read(path)
    assert reading.texts == ["kept"]
    assert [p.reason for p in reading.problems] == [
        "message 2 of conversation 1 was skipped: it is not an object"
    ]


def exported(*parts, text="", sender="assistant"):
    message = {"uuid": "m", "sender": sender, "text": text, "content": list(parts)}
    return [{"uuid": "k", "name": "Garden", "chat_messages": [message]}]


PLACEHOLDER = "```\nThis block is not supported on your current device yet.\n```"


@pytest.mark.parametrize(
    ("parts", "text", "said"),
    [
        ([{"type": "tool_use", "name": "search"}], PLACEHOLDER, []),
        ([{"type": "text", "text": f"Look:\n{PLACEHOLDER}"}], "", ["Look:\n"]),
        ([{"type": "voice_note", "text": "water the beans"}], "", ["water the beans"]),
        ([], f"{PLACEHOLDER}\nDone.", ["\nDone."]),
    ],
)
def test_words_of_the_app_are_nobodys(read, write, parts, text, said):
    assert read(write("conversations.json", exported(*parts, text=text))).texts == said


@pytest.mark.parametrize(
    "call",
    [
        {"id": "t", "title": "Plan", "command": "create", "content": "Sow beans."},
        {"title": "Plan", "content": "Sow beans."},
        {"path": "/plan.md", "file_text": "Sow beans."},
    ],
)
def test_what_the_model_wrote_beside_its_answer_is_a_document(read, write, call):
    name = "create_file" if "path" in call else "artifacts"
    parts = [
        {"type": "text", "text": "Here."},
        {"type": "tool_use", "name": name, "input": call},
        {"type": "tool_use", "name": "bash", "input": call},
    ]
    assert read(write("conversations.json", exported(*parts))).texts == ["Here.", "Sow beans."]


def test_projects_and_memories_of_the_export_are_read(read, write):
    write("e/conversations.json", exported({"type": "text", "text": "hi"}))
    project = {"uuid": "p", "name": "House", "prompt_template": "Be brief.", "docs": []}
    project["docs"].append({"uuid": "d", "filename": "lease.md", "content": "The rent is 700."})
    write("e/projects/p.json", project)
    memories = {"conversations_memory": "Likes figs.", "project_memories": {"p": "In Faro."}}
    folder = write("e/memories.json", [memories]).parent
    texts = ["hi", "Be brief.", "The rent is 700.", "Likes figs.", "In Faro."]
    assert read(folder).texts == texts
