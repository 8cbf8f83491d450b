"""Exports of programs beside the large ones: who said what, and when."""

import json
from datetime import datetime, timezone

import pytest

AT = "2024-07-01T14:00:00"
MOMENT = datetime(2024, 7, 1, 14, tzinfo=timezone.utc)
MS = 1719842400000


def lines(*values):
    return "\n".join(map(json.dumps, values)) + "\n"


def discord(**changes):
    message = {
        "id": "9",
        "type": "Default",
        "timestamp": f"{AT}+00:00",
        "content": "I moved to Faro",
        "author": {"id": "5", "name": "ana", "nickname": "Ana", "isBot": False},
    }
    guild, channel = {"id": "1", "name": "Home"}, {"id": "2", "name": "general"}
    return {"guild": guild, "channel": channel, "messages": [message | changes]}


MESSENGER = {
    "participants": [{"name": "Jos\u00c3\u00a9"}],
    "messages": [
        {"sender_name": "Bo", "timestamp_ms": MS + 1000, "content": "Bo sent an attachment."},
        {"sender_name": "Bo", "timestamp_ms": MS + 500, "content": "sim"},
        {"sender_name": "Jos\u00c3\u00a9", "timestamp_ms": MS, "content": "ol\u00c3\u00a1"},
    ],
}
GOOGLE_CHAT = {
    "messages": [
        {
            "creator": {"name": "Ana", "user_type": "Human"},
            "created_date": "Monday, July 1, 2024 at 2:00:00\u202fPM UTC",
            "text": "I moved to Faro",
        }
    ]
}
SIGNAL = lines(
    {"version": "1", "backupTimeMs": "1"},
    {"recipient": {"id": "2", "contact": {"profileGivenName": "Ana"}}},
    {
        "chatItem": {
            "chatId": "1",
            "authorId": "2",
            "dateSent": str(MS),
            "standardMessage": {"text": {"body": "I moved to Faro"}},
        }
    },
)
OPEN_WEBUI = [
    {
        "id": "o1",
        "title": "Trip",
        "chat": {
            "history": {
                "messages": {
                    "a": {"id": "a", "role": "user", "content": "Where?", "timestamp": MS},
                    "b": {"id": "b", "parentId": "a", "role": "assistant", "content": "no"},
                    "c": {
                        "id": "c",
                        "parentId": "a",
                        "role": "assistant",
                        "content": "<think>hm</think>Faro.",
                    },
                },
                "currentId": "c",
            }
        },
    }
]
LM_STUDIO = {
    "name": "Trip",
    "createdAt": MS,
    "messages": [
        {
            "versions": [
                {"role": "user", "content": [{"type": "text", "text": "When?"}]},
                {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
            ],
            "currentlySelected": 1,
        },
        {
            "versions": [
                {
                    "role": "assistant",
                    "steps": [
                        {
                            "type": "contentBlock",
                            "style": {"type": "thinking"},
                            "content": [{"type": "text", "text": "hm"}],
                        },
                        {"type": "contentBlock", "content": [{"type": "text", "text": "Faro."}]},
                    ],
                }
            ],
            "currentlySelected": 0,
        },
    ],
}
SHAREGPT = [
    {
        "id": "s1",
        "conversations": [
            {"from": "system", "value": "be kind"},
            {"from": "human", "value": "Where?"},
            {"from": "gpt", "value": "Faro."},
        ],
    }
]
GEMINI = [
    {
        "header": "Gemini Apps",
        "title": "Prompted Where?",
        "time": f"{AT}.000Z",
        "safeHtmlItem": [{"html": "<p>Faro &amp; Olh\u00e3o.</p>"}],
    }
]
SILLYTAVERN = lines(
    {"user_name": "Bo", "character_name": "Ana", "chat_metadata": {}},
    {"name": "Bo", "is_user": True, "send_date": "July 1, 2024 2:00pm", "mes": "Where?"},
    {"name": "Ana", "is_user": False, "send_date": "2024-7-1 @14h 00m 10s", "mes": "Faro."},
)
CLAUDE_CODE = lines(
    {"type": "summary", "summary": "Trip", "leafUuid": "z"},
    *(
        {"sessionId": "s1", "uuid": str(number), "timestamp": f"{AT}Z", "cwd": "/home/x"} | each
        for number, each in enumerate(
            [
                {"type": "user", "message": {"role": "user", "content": "Where?"}},
                {"type": "user", "isMeta": True, "message": {"content": "Caveat"}},
                {"type": "user", "message": {"content": "<command-name>/clear</command-name>"}},
                {
                    "type": "assistant",
                    "message": {
                        "content": [
                            {"type": "thinking", "thinking": "hm"},
                            {"type": "text", "text": "Faro."},
                            {"type": "tool_use", "name": "Bash", "input": {}},
                        ]
                    },
                },
            ]
        )
    ),
)
LINE = (
    "[LINE] Chat history with Ana\nSaved on: 2024/07/02 10:00\n\n2024/07/01(Mon)\n"
    "14:00\tAna\tI moved to Faro\nby the station\n14:01\tBo\t[Photo]\n14:02\tBo joined the chat\n"
)
LINE_JA = "2024/07/01(月)\n午後2:00\tAna\tI moved to Faro\nby the station\n14:01\tBo\t[写真]\n"
IMESSAGE = (
    "Jul 01, 2024  2:00:00 PM (Read by you after 5 seconds)\nAna\nI moved to Faro\n"
    "by the station\nTapbacks:\n\nJul 01, 2024  2:01:00 PM\nMe\n\n"
)
MAIL = (
    "From: Ana Lima <a@x.example>\nTo: b@x.example\nDate: Mon, 1 Jul 2024 16:00:00 +0200\n"
    "Subject: =?utf-8?q?mudan=C3=A7a?=\nMessage-ID: <1@x>\n\nI moved to Faro\n"
)


@pytest.mark.parametrize(
    ("name", "content", "format", "said"),
    [
        ("general.json", discord(), "Discord export", [("Ana", "I moved to Faro")]),
        ("message_1.json", MESSENGER, "Messenger export", [("José", "olá"), ("Bo", "sim")]),
        ("messages.json", GOOGLE_CHAT, "Google Chat export", [("Ana", "I moved to Faro")]),
        ("main.jsonl", SIGNAL, "Signal export", [("Ana", "I moved to Faro")]),
        (
            "chats.json",
            OPEN_WEBUI,
            "Open WebUI export",
            [("user", "Where?"), ("assistant", "Faro.")],
        ),
        ("1.conversation.json", LM_STUDIO, "LM Studio conversation", None),
        ("s.json", SHAREGPT, "ShareGPT conversations", None),
        ("Ana - 2024.jsonl", SILLYTAVERN, "SillyTavern chat", [("Bo", "Where?"), ("Ana", "Faro.")]),
        ("sess.jsonl", CLAUDE_CODE, "Claude Code session", None),
        ("[LINE] Ana.txt", LINE, "LINE export", [("Ana", "I moved to Faro\nby the station")]),
        ("chat.txt", LINE_JA, "LINE export", [("Ana", "I moved to Faro\nby the station")]),
        ("+351.txt", IMESSAGE, "iMessage export", [("Ana", "I moved to Faro\nby the station")]),
        ("a.eml", MAIL, "mail", [("Ana Lima", "I moved to Faro")]),
    ],
)
def test_people_words_and_times_are_read(read, write, name, content, format, said):
    reading = read(write(name, content))
    assert reading.format == format
    records = sorted(reading.records, key=lambda record: record.position)
    found = [(record.speaker or record.role, record.text) for record in records]
    assert found == (said or [("user", "Where?"), ("assistant", "Faro.")])
    assert reading.problems == []
    if records[0].said_at:
        assert records[0].said_at.astimezone(timezone.utc).replace(second=0) in (
            MOMENT,
            MOMENT.replace(tzinfo=None).astimezone().astimezone(timezone.utc),
        )


def test_an_answer_of_gemini_comes_after_its_question(read, write):
    path = write("Takeout/MyActivity.json", GEMINI)
    records = sorted(read(path).records, key=lambda record: record.position)
    assert [(record.role, record.text[:4]) for record in records] == [
        ("user", "Wher"),
        ("assistant", "Faro"),
    ]


@pytest.mark.parametrize("kind", ["GuildMemberJoin", "ChannelPinnedMessage", "RecipientAdd"])
def test_notices_of_discord_are_left_out(read, write, kind):
    assert read(write("general.json", discord(type=kind))).records == []


def test_embeds_of_discord_are_words(read, write):
    embeds = [{"title": "Rent", "description": "up in May", "fields": []}]
    assert read(write("a.json", discord(content="", embeds=embeds))).texts == ["Rent\nup in May"]


def test_a_broken_message_costs_no_other(read, write):
    data = discord()
    data["messages"] += [7, {"id": "1", "timestamp": "soon", "author": {}, "content": "x"}]
    reading = read(write("general.json", data))
    assert reading.texts == ["I moved to Faro"]
    assert len(reading.problems) == 2


def test_a_box_of_mail_is_read_message_by_message(read, write):
    html = (
        "Date: Mon, 1 Jul 2024 16:00:00 +0200\nFrom: b@x.example\nIn-Reply-To: <1@x>\n"
        "Content-Type: text/html; charset=iso-8859-1\n\n<p>que bom &amp; feliz</p>\n"
    )
    box = f"From a@x Mon Jul  1\n{MAIL}>From here on\n\nFrom b@x Mon Jul  1\n{html}"
    reading = read(write("box.mbox", box))
    assert [(r.speaker, r.text) for r in reading.records] == [
        ("Ana Lima", "I moved to Faro\nFrom here on"),
        ("b@x.example", "que bom & feliz"),
    ]
    assert {record.source for record in reading.records} == {"mail/1@x"}


TELEGRAM = """<!DOCTYPE html><html><body><div class="page_header"><div class="text bold">
Trip</div></div><div class="page_body chat_page"><div class="history">
<div class="message service" id="message-1"><div class="body details">1 July 2024</div></div>
<div class="message default clearfix" id="message2"><div class="body">
<div class="pull_right date details" title="01.07.2024 15:00:00 UTC+01:00">15:00</div>
<div class="from_name">Ana </div><div class="text">The <a href="https://cafe.example/menu">menu</a>
is<br>here &amp; now</div></div></div>
<div class="message default clearfix joined" id="message3"><div class="body">
<div class="pull_right date details" title="01.07.2024 15:01:00 UTC+01:00">15:01</div>
<div class="media_wrap"><div class="title bold">Photo</div></div></div></div>
<div class="message default clearfix joined" id="message4"><div class="body">
<div class="pull_right date details" title="01.07.2024 15:02:00 UTC+01:00">15:02</div>
<div class="text">bye</div></div></div>
</div></div></body></html>"""


def test_a_page_of_telegram_is_a_chat(read, write):
    reading = read(write("messages.html", TELEGRAM))
    assert reading.format == "Telegram HTML export"
    first, last = reading.records
    assert (first.speaker, last.speaker) == ("Ana", "Ana")
    assert first.text.split() == "The menu (https://cafe.example/menu) is here & now".split()
    assert (first.said_at, first.source) == (MOMENT, "telegram/Trip")
    assert last.text == "bye"
    assert reading.problems == []
