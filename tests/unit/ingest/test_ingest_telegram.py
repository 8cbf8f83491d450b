from datetime import datetime, timedelta, timezone

import pytest

from remem.ingest import TelegramReader


def message(number, text, **more):
    return {
        "id": number,
        "type": "message",
        "date": "2024-07-01T14:00:00",
        "date_unixtime": "1719835200",  # 12:00 UTC
        "from": "Ana",
        "from_id": "user1",
        "text": text,
    } | more


def chat(*messages, name="Trip", identity=77):
    return {"name": name, "type": "personal_chat", "id": identity, "messages": list(messages)}


def test_one_chat_keeps_words_sender_number_and_the_offset_of_the_exporter(read, write):
    reading = read(write("result.json", chat(message(5, "Hi"))))
    assert reading.format == "Telegram export"
    (record,) = reading.records
    assert (record.key, record.source, record.position) == ("telegram/77#5", "telegram/77", 5)
    assert (record.speaker, record.text) == ("Ana", "Hi")
    assert record.said_at == datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    assert record.said_at.utcoffset() == timedelta(hours=2)
    assert record.metadata == {"title": "Trip"}


def test_text_in_pieces_is_joined(read, write):
    pieces = ["see ", {"type": "link", "text": "https://x.org"}, " and ", {"text": "me"}]
    assert read(write("result.json", chat(message(1, pieces)))).texts == [
        "see https://x.org and me"
    ]


def test_the_export_of_an_account_gives_a_source_for_each_chat(read, write):
    account = {
        "about": "...",
        "contacts": {"list": [{"first_name": "Bo"}]},
        "chats": {
            "about": "...",
            "list": [
                chat(message(1, "a"), name="One", identity=1),
                chat(name="Empty", identity=2),
                {"type": "saved_messages", "id": 3, "messages": [message(1, "note to self")]},
            ],
        },
        "left_chats": {"list": [chat(message(9, "bye"), name="Old", identity=4)]},
    }
    reading = read(write("export/result.json", account).parent)
    assert [(r.source, r.text, r.metadata.get("title")) for r in reading.records] == [
        ("telegram/1", "a", "One"),
        ("telegram/3", "note to self", None),
        ("telegram/4", "bye", "Old"),
    ]


def test_service_messages_and_bare_media_are_left_out_quietly(read, write):
    reading = read(
        write(
            "result.json",
            chat(
                message(1, "", type="service", action="create_group"),
                message(2, "", photo="photos/1.jpg"),
                message(3, "a caption", photo="photos/2.jpg"),
            ),
        )
    )
    assert reading.texts == ["a caption"]
    assert reading.problems == []


def test_a_poll_and_a_broken_message_are_reported(read, write):
    reading = read(
        write(
            "result.json",
            chat(
                message(1, "fine"),
                message(2, "", poll={"question": "Where?"}),
                message(3, 3),
                message(4, "x", date_unixtime="soon"),
                None,
            ),
        )
    )
    assert reading.texts == ["fine"]
    assert len(reading.problems) == 4
    assert "message 2 of chat 'Trip'" in reading.problems[0].reason


def test_an_old_export_without_utc_times_is_read_in_the_given_zone(read, write):
    old = message(1, "Hi")
    del old["date_unixtime"]
    zone = timezone(timedelta(hours=-3))
    (record,) = read(write("result.json", chat(old)), TelegramReader(zone=zone)).records
    assert record.said_at == datetime(2024, 7, 1, 14, tzinfo=zone)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            {"text": ["see ", {"type": "text_link", "text": "menu", "href": "https://x.y/menu"}]},
            "see menu (https://x.y/menu)",
        ),
        ({"text": [{"type": "link", "text": "https://x.y/"}]}, "https://x.y/"),
        (
            {"text": [{"type": "text_link", "text": "x.y", "href": "https://x.y/"}]},
            "https://x.y/",
        ),
        ({"poll": {"question": "When?", "answers": [{"text": "now"}]}}, "When?\n- now"),
        ({"poll": {"question": {"text": "Q"}, "answers": [{"text": ["a"]}]}}, "Q\n- a"),
        (
            {"contact_information": {"first_name": "Bo", "last_name": "", "phone_number": "+351"}},
            "Bo +351",
        ),
        ({"location_information": {"latitude": 37.0, "longitude": -7.9}}, "37.0, -7.9"),
        (
            {
                "place_name": "Café",
                "address": "Rua 1",
                "location_information": {"latitude": 1, "longitude": 2},
            },
            "Café\nRua 1\n1, 2",
        ),
    ],
)
def test_links_polls_contacts_and_places_are_words(read, write, sent, words):
    text = sent.pop("text", "")
    reading = read(write("result.json", chat(message(1, text, **sent))))
    assert reading.texts == [words]
    assert reading.problems == []
