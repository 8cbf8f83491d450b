"""Words in unusual places of an export are read; codes and what an app writes are not."""

import io
import json

import pytest

from tests.unit.ingest import test_ingest_formats as formats

USERS = [{"id": "U1", "profile": {"display_name": "Ana", "real_name": "Ana"}}]
AT = "2024-07-01T14:00:00Z"


def squeezed(reading):
    return " ".join("\n".join(reading.texts).split())


SLACK = {
    "a table": (
        {"blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": "left"}, {}]]}]},
        "left",
    ),
    "a message that is shared": (
        {
            "attachments": [
                {
                    "message_blocks": [
                        {"message": {"blocks": [{"type": "header", "text": {"text": "Rent"}}]}}
                    ]
                }
            ]
        },
        "Rent",
    ),
    "a text file as it is shown": (
        {"files": [{"mode": "snippet", "preview": "rent 450"}]},
        "rent 450",
    ),
    "a film with its description": (
        {"blocks": [{"type": "video", "title": {"text": "Talk"}, "description": {"text": "rent"}}]},
        "Talk rent",
    ),
}


@pytest.mark.parametrize(("part", "words"), SLACK.values(), ids=list(SLACK))
def test_a_part_of_slack(read, write, part, words):
    write("s/users.json", USERS)
    write("s/channels.json", [{"id": "C1", "name": "general"}])
    message = {"type": "message", "user": "U1", "ts": "1719842400.0001", "text": ""}
    path = write("s/general/2024-07-01.json", [message | part]).parent.parent
    assert squeezed(read(path)) == words


TELEGRAM = {
    "tasks": (
        {"todo_list": {"title": "Shop", "answers": [{"id": 1, "text": "bread"}]}},
        "Shop - bread",
    ),
    "a bill": ({"invoice_information": {"title": "Ticket", "description": "boat"}}, "Ticket boat"),
}


@pytest.mark.parametrize(("part", "words"), TELEGRAM.values(), ids=list(TELEGRAM))
def test_a_part_of_telegram(read, write, part, words):
    message = {
        "id": 1,
        "type": "message",
        "date": "2024-07-01T14:00:00",
        "date_unixtime": "1719842400",
        "from": "Ana",
        "text": "",
    }
    chat = {"name": "Ana", "type": "personal_chat", "id": 7, "messages": [message | part]}
    assert squeezed(read(write("result.json", chat))) == words


def test_all_words_of_a_block_in_discord(read, write):
    embed = {
        "title": "Menu",
        "url": "https://cafe.example/m",
        "author": {"name": "Café"},
        "description": "soup",
        "footer": {"text": "closed on Monday"},
        "fields": [],
    }
    words = squeezed(read(write("a.json", formats.discord(content="", embeds=[embed]))))
    assert words == "Café Menu (https://cafe.example/m) soup closed on Monday"


def test_a_message_that_is_forwarded_in_discord(read, write):
    data = formats.discord(content="", forwardedMessage={"content": "old words", "embeds": []})
    assert read(write("a.json", data)).texts == ["old words"]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("hi <@6> and <@!6>", "hi @Bo and @Bo"),
        ("hi <@7>", "hi @7"),
        ("look <:kappa:123> <a:party:5>", "look :kappa: :party:"),
        ("at <t:1719842400:R>", "at 2024-07-01 14:00 UTC"),
        ("<https://cafe.example/m> now", "https://cafe.example/m now"),
        ("</play:12> a < b <3", "/play a < b <3"),
    ],
)
def test_codes_of_discord_are_what_was_seen(read, write, written, seen):
    mentions = [{"id": "6", "name": "bo", "nickname": "Bo"}]
    data = formats.discord(content=written, mentions=mentions)
    assert read(write("a.json", data)).texts == [seen]


def signal(**item):
    return formats.lines(
        {"recipient": {"id": "2", "contact": {"profileGivenName": "Ana", "aci": "x2"}}},
        {"chatItem": {"chatId": "1", "authorId": "2", "dateSent": str(formats.MS), **item}},
    )


def test_a_contact_and_a_poll_of_signal(read, write):
    contact = {"name": {"givenName": "Cy"}, "number": [{"value": "+351"}]}
    assert read(write("a/main.jsonl", signal(contactMessage={"contact": contact}))).texts == [
        "Cy +351"
    ]
    poll = {"question": "Where?", "options": [{"option": "Faro"}, {"option": "Porto"}]}
    assert read(write("b/main.jsonl", signal(poll=poll))).texts == ["Where?\n- Faro\n- Porto"]


def test_who_is_mentioned_in_signal_has_a_name(read, write):
    body = {
        "body": "hi \ufffc and \ufffc",
        "bodyRanges": [
            {"start": 3, "length": 1, "mentionAci": "x2"},
            {"start": 9, "length": 1, "mentionAci": "unknown"},
        ],
    }
    reading = read(write("main.jsonl", signal(standardMessage={"text": body})))
    assert squeezed(reading) == "hi @Ana and"


def test_words_of_a_field_in_word(read, write):
    docx = pytest.importorskip("docx")
    oxml = pytest.importorskip("docx.oxml")
    document = docx.Document()
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    field = f'<w:fldSimple xmlns:w="{name}" w:instr="DATE"><w:r><w:t>May</w:t></w:r></w:fldSimple>'
    document.add_paragraph("until ")._p.append(oxml.parse_xml(field))
    stream = io.BytesIO()
    document.save(stream)
    assert "until May" in read(write("a.docx", stream.getvalue())).texts[-1]


HEAD = "From: Ana <a@x.example>\nDate: Mon, 1 Jul 2024 16:00:00 +0200\nMessage-ID: <1@x>\n"
PARTS = f"{HEAD}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n"
PLAIN = "--B\nContent-Type: text/plain; charset=utf-8\n\n"


def test_all_texts_of_a_mail_are_read_but_not_those_attached(read, write):
    attached = PLAIN.replace("\n\n", "\nContent-Disposition: attachment\n\n")
    mail = f"{PARTS}{PLAIN}first\n{attached}file\n{PLAIN}second\n--B--\n"
    assert read(write("a.eml", mail)).texts == ["first\nsecond"]


def test_a_mail_that_is_forwarded_is_said_by_who_wrote_it(read, write):
    inner = "From: Bo <b@x.example>\nDate: Mon, 1 Jul 2024 15:00:00 +0200\n\nold words\n"
    mail = f"{PARTS}{PLAIN}see\n--B\nContent-Type: message/rfc822\n\n{inner}--B--\n"
    records = read(write("a.eml", mail)).records
    assert [(record.speaker, record.text) for record in records] == [
        ("Ana", "see"),
        ("Bo", "old words"),
    ]
    assert records[1].said_at < records[0].said_at


def test_a_mail_may_say_all_in_its_subject(read, write):
    assert read(write("a.eml", f"{HEAD}Subject: dinner at eight?\n\n\n")).texts == [
        "dinner at eight?"
    ]


def test_styles_and_scripts_of_a_mail_are_no_words(read, write):
    page = "<head><style>p{}</style><title>x</title></head><p>hi &amp; bye</p><script>x()</script>"
    mail = f"{HEAD}Content-Type: text/html\n\n<html>{page}</html>\n"
    assert read(write("a.eml", mail)).texts == ["hi & bye"]


def test_a_refusal_of_a_model_is_its_answer(read, write):
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "refusal": "I cannot"}]
    messages[1]["content"] = None
    assert read(write("m.json", messages)).texts == ["q", "I cannot"]


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("Bo sent a photo.", {"photos": []}),
        ("Bo hat ein Foto gesendet.", {"photos": [{}]}),
        ("Bo set your nickname to B.", {}),
        ("Bo added Cy to the group.", {}),
        ("Bo created a poll: where?", {}),
        ("Bo voted for Faro in the poll.", {}),
        ("The video call ended.", {}),
        ("You missed a video call with Bo.", {}),
        ("Say hi to your new Facebook friend, Bo.", {}),
        ("Reacted \u2764 to your message ", {}),
    ],
)
def test_notices_of_messenger_are_no_words(read, write, words, more):
    words = words.encode().decode("latin-1")  # as the export has them
    message = {"sender_name": "Bo Roe", "timestamp_ms": formats.MS, "content": words, **more}
    data = {"participants": [{"name": "Bo Roe"}], "messages": [message]}
    assert read(write("message_1.json", data)).texts == []


@pytest.mark.parametrize(
    "words",
    ["Bo here, running late", "Cy sent a photo of the boat", "the call ended badly", "added milk"],
)
def test_what_only_looks_like_a_notice_is_said(read, write, words):
    message = {"sender_name": "Bo Roe", "timestamp_ms": formats.MS, "content": words}
    data = {"participants": [{"name": "Bo Roe"}], "messages": [message]}
    assert read(write("message_1.json", data)).texts == [words]


@pytest.mark.parametrize("words", ["\u260e Missed call", "\u260e Call time 5:04", "[Album] Trip"])
def test_calls_and_albums_of_line_are_no_words(read, write, words):
    text = formats.LINE.replace("[Photo]", words)
    assert len(read(write("[LINE] Ana.txt", text)).texts) == 1


def test_a_text_in_seven_bits_of_japanese(read, write):
    words = "\u9375\u306f\u690d\u6728\u9262\u306e\u4e0b\u306b\u3042\u308a\u307e\u3059"
    reading = read(write("a.txt", words.encode("iso2022_jp")))
    assert reading.texts == [words]
    assert json.dumps([str(each) for each in reading.problems]) == "[]"
