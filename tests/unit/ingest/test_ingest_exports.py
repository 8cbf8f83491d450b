"""Exports in the structure of the programs that write them: people, words, times and order."""

import json
from datetime import timezone

import pytest

from remem.ingest import detect_reader, import_path
from remem.memory import Memory
from remem.testing import HashEncoder
from tests import export_samples as made
from tests.export_samples import SAMPLES, moment

each_sample = pytest.mark.parametrize(
    "sample", SAMPLES, ids=[f"{sample.format}: {sample.file}" for sample in SAMPLES]
)


@each_sample
def test_who_said_what_and_when(read, tmp_path, sample):
    reading = read(sample.write(tmp_path))
    assert reading.format == sample.format
    records = sorted(reading.records, key=lambda record: record.position)
    found = [
        (
            each.speaker or each.role,
            each.said_at and each.said_at.astimezone(timezone.utc),
            each.text,
        )
        for each in records
    ]
    assert found == [(who, moment(when), words) for who, when, words in sample.rows]
    assert reading.problems == []


@each_sample
def test_importing_again_adds_nothing(tmp_path, sample):
    path = sample.write(tmp_path / "export")
    with Memory(tmp_path / "memory", encoder=HashEncoder()) as memory:
        first, second = (import_path(memory, path) for _ in range(2))
        assert (sum(first.added.values()), first.problem_count) == (len(sample.rows), 0)
        assert (sum(second.added.values()), sum(second.changed.values())) == (0, 0)
        assert memory.count() == len(sample.rows)


@each_sample
def test_no_byte_is_counted_twice(tmp_path, sample):
    path = sample.write(tmp_path / "export")
    counts: list[int] = []
    for _ in detect_reader(path).read(path, counts.append):
        pass
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    assert 0 < sum(counts) <= sum(each.stat().st_size for each in files)


def test_of_several_answers_the_last_one_is_the_conversation(read, write):
    reading = read(write("Trip.json", made.LIBRECHAT_TREE))
    assert not any("Spain" in text for text in reading.texts)


def test_a_regenerated_answer_of_grok_takes_the_place_of_the_one_before(read, write):
    data = json.loads(json.dumps(made.GROK))
    responses = data["conversations"][0]["responses"]
    other = json.loads(json.dumps(responses[1]))
    other["response"] |= {"_id": "r3", "message": "In the south."}
    responses.append(other)
    assert read(write("g.json", data)).texts == ["Where is Faro?", "In the south."]


@pytest.mark.parametrize(
    "quoted",
    [
        '<blockquote itemscope itemtype="http://schema.skype.example/Reply"><p>old</p></blockquote>',
        '<quote author="bo"><legacyquote>[1] bo: </legacyquote>old<legacyquote>&lt;</legacyquote>'
        "</quote>",
    ],
)
def test_the_words_of_others_that_teams_quotes_are_not_said_again(read, write, quoted):
    data = json.loads(json.dumps(made.TEAMS))
    data["conversations"][0]["MessageList"][2]["content"] = f"{quoted}<p>new</p>"
    assert read(write("messages.json", data)).texts[-1] == "new"


def test_rooms_of_google_chat_do_not_share_a_source(read, write):
    message = {
        "creator": {"name": "Ana"},
        "created_date": "Monday, July 1, 2024 at 2:00:00\u202fPM UTC",
        "text": "hi",
    }
    for room in ("DM a", "Space b"):
        write(f"Takeout/Google Chat/Groups/{room}/group_info.json", {"name": room})
        path = write(f"Takeout/Google Chat/Groups/{room}/messages.json", {"messages": [message]})
        (record,) = read(path).records
        assert (record.source, record.metadata["title"]) == (f"google-chat/{room}", room)


def test_a_channel_of_discord_is_called_as_beside_its_messages(read, write):
    write("c2/channel.json", {"id": "2", "name": "general", "guild": {"id": "1", "name": "Home"}})
    records = read(write("c2/messages.json", made.DISCORD_PACKAGE)).records
    assert {record.source for record in records} == {"discord/2"}
    assert records[0].metadata == {"title": "general", "server": "Home"}


def test_a_channel_is_the_same_source_in_json_and_in_html(read, write):
    (record, *_) = read(write("Home - general [2].html", made.DISCORD_PAGE)).records
    assert (record.key, record.metadata) == (
        "discord/2#11",
        {"title": "general", "server": "Home"},
    )


@pytest.mark.parametrize("size", [5, 127, 128, 255, 70_000])
def test_an_archived_text_of_any_length_is_whole(size):
    from remem.ingest.imessage import archived

    text = "\u00e9" + "x" * (size - 2)
    stream = made.typedstream(text)
    if size > 0xFFFF:
        length = b"\x82" + size.to_bytes(4, "little")
        stream = stream.replace(b"\x81" + (size & 0xFFFF).to_bytes(2, "little"), length, 1)
    assert archived(stream) == text


def test_what_was_done_in_gemini_is_not_what_was_said(read, write):
    done = {
        "header": "Gemini Apps",
        "title": "Used an Assistant feature",
        "time": "2024-07-01T14:00:00Z",
    }
    asked = {**done, "title": "Prompted Where?", "safeHtmlItem": [{"html": "<p>Faro.</p>"}]}
    assert read(write("MyActivity.json", [done, asked])).texts == ["Where?", "Faro."]


def test_notices_of_kakaotalk_are_no_words(read, write):
    text = made.KAKAO_PC.replace("Already?", "Already?\r\nCy님이 나갔습니다.")
    assert read(write("KakaoTalk.txt", text)).texts[-1] == "Already?"


def test_days_and_months_of_a_table_that_nothing_tells_apart_are_a_problem(read, write):
    rows = "Date,User,Message\n02/03/2024 21:05,Ana,hi\n02/03/2024 21:06,Bo,ok\n"
    reading = read(write("chat.csv", rows))
    assert reading.texts == ["hi", "ok"]
    assert "days from months" in reading.problems[0].reason
    assert all(item.is_doubtful for item in reading.items)


def test_a_table_of_messages_in_words_of_no_language_is_refused(read, write):
    rows = "Date;User;Message\n1 zork 2024 21:05;Ana;hi\n2 zork 2024 21:06;Bo;ok\n"
    reading = read(write("chat.csv", rows))
    assert reading.records == []
    assert "no language" in reading.problems[0].reason


def test_a_log_of_a_program_is_no_chat(read, write):
    log = "2024-07-01 21:05:00 INFO started\nall fine\n\n2024-07-01 21:06:00 INFO stopped\nbye\n"
    assert read(write("server.txt", log)).format == "document"
