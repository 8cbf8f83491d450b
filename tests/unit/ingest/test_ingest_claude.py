from datetime import datetime, timezone


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
