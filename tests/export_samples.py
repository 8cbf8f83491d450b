"""Small exports in the structure of the programs that write them, and what they say.

Names, words and times are the same in most: Ana moved to Faro on the first of July 2024.
"""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ASKED = "2024-07-01T14:00:00+00:00"
ANSWERED = "2024-07-01T14:00:10+00:00"
SECONDS = 1719842400
MS = SECONDS * 1000

Row = tuple[str, str | None, str]
"""A turn: its speaker (a name or a role), its time ("local ..." at the clock of this machine), and
its words."""

NIGHT = "local 2024-07-01T21:05:00"
LATER = "local 2024-07-01T21:06:00"
ANA, BO = "I moved to Faro\nby the station", "Already?"


@dataclass(frozen=True)
class Sample:
    """An export: the name of its format, of its file, its bytes, and the rows in order of time."""

    format: str
    file: str
    content: bytes
    rows: tuple[Row, ...]

    def write(self, folder: Path) -> Path:
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def moment(when: str | None) -> datetime | None:
    """The time of a row."""
    if when is None:
        return None
    if when.startswith("local "):
        return datetime.fromisoformat(when.removeprefix("local ")).astimezone(timezone.utc)
    return datetime.fromisoformat(when)


# Talks with models.


def librechat_message(identity: str, parent: str, **changes: Any) -> dict[str, Any]:
    is_person = changes.pop("is_person", True)
    return {
        "messageId": identity,
        "conversationId": "l1",
        "parentMessageId": parent,
        "sender": "User" if is_person else "GPT-4o",
        "isCreatedByUser": is_person,
        "text": "",
        "createdAt": "2024-07-01T14:00:00.000Z",
        "updatedAt": "2024-07-01T14:00:01.000Z",
        "error": False,
        **changes,
    }


ROOT = "00000000-0000-0000-0000-000000000000"
_QUESTION = librechat_message("m1", ROOT, text="Where is Faro?")
_ANSWER = librechat_message(
    "m2",
    "m1",
    is_person=False,
    createdAt="2024-07-01T14:00:10.000Z",
    content=[
        {"type": "think", "think": "They ask about Portugal."},
        {"type": "text", "text": {"value": "In the"}},
        {"type": "tool_call", "tool_call": {"name": "search", "args": "{}", "output": "x"}},
        {"type": "text", "text": "Algarve."},
    ],
)
_OTHER_ANSWER = librechat_message("m0", "m1", is_person=False, text="In Spain.", error=True)
_LIBRECHAT = {
    "conversationId": "l1",
    "endpoint": "openAI",
    "title": "Trip",
    "exportAt": "14:35:10 GMT+0000 (Coordinated Universal Time)",
    "branches": True,
    "options": {"model": "gpt-4o"},
}
LIBRECHAT_TREE = {
    **_LIBRECHAT,
    "recursive": True,
    "messagesTree": [
        {
            **_QUESTION,
            "children": [{**_OTHER_ANSWER, "children": []}, {**_ANSWER, "children": []}],
        }
    ],
}
LIBRECHAT_FLAT = {**_LIBRECHAT, "recursive": False, "messages": [_QUESTION, _ANSWER]}
TALK: tuple[Row, ...] = (
    ("user", ASKED, "Where is Faro?"),
    ("assistant", ANSWERED, "In the\nAlgarve."),
)
GROK = {
    "conversations": [
        {
            "conversation": {
                "id": "g1",
                "user_id": "u",
                "title": "Trip",
                "create_time": "2024-07-01T13:59:59.123456Z",
            },
            "responses": [
                {
                    "response": {
                        "_id": "r1",
                        "conversation_id": "g1",
                        "message": "Where is Faro?",
                        "sender": "human",
                        "create_time": {"$date": {"$numberLong": str(MS)}},
                        "parent_response_id": None,
                    }
                },
                {
                    "response": {
                        "_id": "r2",
                        "conversation_id": "g1",
                        "message": "In the\nAlgarve.",
                        "sender": "ASSISTANT",
                        "create_time": {"$date": {"$numberLong": str(MS + 10_000)}},
                        "agent_thinking_traces": [{"thinking_trace": "hm"}],
                        "model": "grok-3",
                        "parent_response_id": "r1",
                    }
                },
            ],
        }
    ],
    "projects": [],
    "tasks": [],
    "media_posts": [],
}
LE_CHAT = [
    {
        "id": "m1",
        "version": 0,
        "chatId": "c1",
        "content": "Where is Faro?",
        "contentChunks": None,
        "role": "user",
        "createdAt": "2024-07-01T14:00:00.000Z",
        "reaction": "neutral",
        "files": [],
    },
    {
        "id": "m2",
        "version": 0,
        "chatId": "c1",
        "content": "",
        "contentChunks": [
            {"type": "tool_call", "publicResult": None},
            {"type": "text", "text": "In the\nAlgarve."},
        ],
        "role": "assistant",
        "createdAt": "2024-07-01T14:00:10.000Z",
    },
]
_CELL = "content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1"


def activity(product: str, cell: str) -> str:
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        '<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">'
        f'{product}<br></p></div><div class="{_CELL}">{cell}</div>'
        f'<div class="{_CELL} mdl-typography--text-right"></div>'
        '<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption">'
        f"<b>Products:</b><br>&emsp;{product}<br></div></div></div>"
    )


GEMINI_PAGE = (
    "<html><head><title>My Activity History</title><style>.mdl-cell{margin:0}</style></head>"
    '<body><div class="mdl-grid">'
    + activity(
        "Gemini Apps",
        "Created Gemini Canvas titled Plan<br>Jul 1, 2024, 3:00:00\u202fPM UTC<br>",
    )
    + activity(
        "Gemini Apps",
        "Prompted\xa0Where is Faro?<br>Jul 1, 2024, 2:00:00\u202fPM UTC<br>"
        "<p>In the</p>\n<p>Algarve.</p>",
    )
    + activity(
        "YouTube",
        'Watched\xa0<a href="https://y.example">A film</a><br>Jul 1, 2024, 1:00:00\u202fPM UTC<br>',
    )
    + "</div></body></html>"
)

# Talks with people.

DISCORD_PAGE = """<!DOCTYPE html><html lang=en><head><title>Home - general</title><style>
.chatlog__message{padding:1px}</style></head><body><div class=preamble><div
class=preamble__entries-container><div class=preamble__entry>Home</div><div
class=preamble__entry>Text / general</div></div></div><div class=chatlog>
<div class=chatlog__message-group><div id=chatlog__message-container-11
class=chatlog__message-container data-message-id=11><div class=chatlog__message><div
class=chatlog__message-aside><img class=chatlog__avatar src=a.png alt=Avatar></div><div
class=chatlog__message-primary><div class=chatlog__reply><div class=chatlog__reply-author
title=bo>Bo</div><div class=chatlog__reply-content><span class=chatlog__reply-link>Where
are you?</span></div></div><div class=chatlog__header><span class=chatlog__author title=ana
data-user-id=5>Ana</span> <span class=chatlog__timestamp title="Monday, July 1, 2024 9:05 PM"><a
href=#chatlog__message-container-11>07/01/2024 9:05 PM</a></span></div><div
class="chatlog__content chatlog__markdown"><span class=chatlog__markdown-preserve>I moved to
<strong>Faro</strong>
by the station</span> <span class=chatlog__edited-timestamp
title="Monday, July 1, 2024 9:06 PM">(edited)</span></div><div class=chatlog__reactions><div
class=chatlog__reaction title=yes><span class=chatlog__reaction-count>2</span></div></div></div>
</div></div></div>
<div class=chatlog__message-group><div id=chatlog__message-container-12
class=chatlog__message-container data-message-id=12><div class=chatlog__message><div
class=chatlog__message-primary><div class=chatlog__header><span
class=chatlog__system-notification-author title=cy data-user-id=7>Cy</span><span
class=chatlog__system-notification-content> joined the server.</span><span
class=chatlog__system-notification-timestamp title="Monday, July 1, 2024 9:05 PM"><a
href=#x>07/01/2024 9:05 PM</a></span></div></div></div></div></div>
<div class=chatlog__message-group><div id=chatlog__message-container-13
class=chatlog__message-container data-message-id=13><div class=chatlog__message><div
class=chatlog__message-primary><div class=chatlog__header><span class=chatlog__author title=bo
data-user-id=6>Bo</span> <span class=chatlog__timestamp title="Monday, July 1, 2024 9:06 PM"><a
href=#y>07/01/2024 9:06 PM</a></span></div><div class="chatlog__content chatlog__markdown"><span
class=chatlog__markdown-preserve>Already?</span></div></div></div></div>
<div id=chatlog__message-container-14 class=chatlog__message-container data-message-id=14><div
class=chatlog__message><div class=chatlog__message-aside><div class=chatlog__short-timestamp
title="Monday, July 1, 2024 9:07 PM">9:07 PM</div></div><div class=chatlog__message-primary><div
class="chatlog__content chatlog__markdown"><span class=chatlog__markdown-preserve>Sim &lt;3</span>
</div><div class=chatlog__embed><div class=chatlog__embed-title><a
class=chatlog__embed-title-link href=https://cafe.example/menu><div
class="chatlog__markdown chatlog__embed-title">The menu</div></a></div><div
class=chatlog__embed-description><div class="chatlog__markdown chatlog__embed-description">Soup and
bread</div></div></div></div></div></div></div></div><div class=postamble><div
class=postamble__entry>Exported 3 message(s)</div></div></body></html>"""
DISCORD_TABLE = (
    "AuthorID,Author,Date,Content,Attachments,Reactions\r\n"
    '"5","ana","2024-07-01T14:00:00.0000000+00:00","I moved to Faro\nby the station","",""\r\n'
    '"6","bo","2024-07-01T14:00:10.0000000+00:00","Already?","","yes (1)"\r\n'
)
DISCORD_PACKAGE = [
    {"ID": 12, "Timestamp": "2024-07-01 14:00:10", "Contents": "Already?", "Attachments": ""},
    {"ID": 11, "Timestamp": "2024-07-01 14:00:00", "Contents": ANA, "Attachments": ""},
]
MESSENGER_NEW = {
    "participants": ["Ana Lima", "Bo"],
    "threadName": "Ana Lima_7",
    "messages": [
        {
            "isUnsent": False,
            "media": [],
            "reactions": [],
            "senderName": "Bo",
            "text": "Already?",
            "timestamp": MS + 10_000,
            "type": "text",
        },
        {
            "isUnsent": False,
            "media": [{"uri": "./media/a.jpg"}],
            "reactions": [],
            "senderName": "Bo",
            "text": "",
            "timestamp": MS + 5000,
            "type": "media",
        },
        {
            "isUnsent": False,
            "media": [],
            "reactions": [],
            "senderName": "Ana Lima",
            "text": ANA,
            "timestamp": MS,
            "type": "text",
        },
    ],
}


def messenger_message(name: str, text: str, when: str) -> str:
    return (
        f'<div class="_3-95 _a6-g"><div class="_2ph_ _a6-h _a6-i">{name}</div>'
        f'<div class="_2ph_ _a6-p"><div><div></div><div>{text}</div><div></div><div></div></div>'
        '<ul class="_a6-q"><li><span>\u2764Bo</span></li></ul></div>'
        f'<div class="_3-94 _a6-o"><div class="_a72d">{when}</div></div></div>'
    )


MESSENGER_PAGE = (
    "<html><head><title>Ana Lima</title></head><body><div class='_a706' role='main'>"
    '<div class="_a6-g"><div class="_2ph_ _a6-h">Participants: Ana Lima and Bo</div></div>'
    + messenger_message("Bo", "Already?", "Jul 01, 2024 9:06:00pm")
    + messenger_message("Bo", "Bo sent an attachment.", "Jul 01, 2024 9:05:30pm")
    + messenger_message("Ana Lima", "I moved to Faro<br />by the station", "Jul 01, 2024 9:05:00pm")
    + "</div></body></html>"
)
TEAMS = {
    "userId": "8:live:bo",
    "exportDate": "2024-07-02T10:00:00",
    "conversations": [
        {
            "id": "19:abc@thread.v2",
            "displayName": "Trip",
            "version": 1,
            "properties": {"conversationblocked": False},
            "threadProperties": {"membercount": 2, "topic": "Trip"},
            "MessageList": [
                {
                    "id": str(MS + 10_000),
                    "displayName": None,
                    "originalarrivaltime": "2024-07-01T14:00:10.000Z",
                    "messagetype": "Text",
                    "content": "Already?",
                    "conversationid": "19:abc@thread.v2",
                    "from": "8:live:bo",
                },
                {
                    "id": str(MS + 5000),
                    "displayName": None,
                    "originalarrivaltime": "2024-07-01T14:00:05.000Z",
                    "messagetype": "ThreadActivity/AddMember",
                    "content": "<addmember><target>8:live:bo</target></addmember>",
                    "conversationid": "19:abc@thread.v2",
                    "from": "19:abc@thread.v2",
                },
                {
                    "id": str(MS),
                    "displayName": "Ana Lima",
                    "originalarrivaltime": "2024-07-01T14:00:00.000Z",
                    "messagetype": "RichText/Html",
                    "content": "<p>I moved to <b>Faro</b></p><p>by the station</p>",
                    "conversationid": "19:abc@thread.v2",
                    "from": "8:live:ana",
                },
            ],
        }
    ],
}
TEAMS_GRAPH = {
    "@odata.context": "https://graph.example/$metadata#chats('19')/messages",
    "@odata.count": 3,
    "value": [
        {
            "id": str(MS + 10_000),
            "messageType": "message",
            "createdDateTime": "2024-07-01T14:00:10.00Z",
            "chatId": "19:abc@thread.v2",
            "from": {"application": None, "user": {"id": "2", "displayName": "Bo"}},
            "body": {"contentType": "text", "content": "Already?"},
        },
        {
            "id": str(MS + 5000),
            "messageType": "systemEventMessage",
            "createdDateTime": "2024-07-01T14:00:05.00Z",
            "chatId": "19:abc@thread.v2",
            "from": None,
            "body": {"contentType": "html", "content": "<systemEventMessage/>"},
        },
        {
            "id": str(MS),
            "messageType": "message",
            "createdDateTime": "2024-07-01T14:00:00.00Z",
            "chatId": "19:abc@thread.v2",
            "from": {"user": {"id": "1", "displayName": "Ana Lima"}},
            "body": {
                "contentType": "html",
                "content": "<p>I moved to Faro</p><p>by the station</p>",
            },
        },
    ],
}


def typedstream(text: str) -> bytes:
    """The words as an archived NSAttributedString has them."""
    data = text.encode()
    size = len(data)
    length = bytes([size]) if size < 0x80 else b"\x81" + (size & 0xFFFF).to_bytes(2, "little")
    return (
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08"
        b"NSObject\x00\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+"
        + length
        + data
        + b"\x86\x84\x02iI\x01\x04\x92\x84\x84\x84\x0cNSDictionary\x00\x95\x84\x01i\x01\x92\x84\x96"
    )


_APPLE = 978_307_200


def imessage_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chat.db")
        write_imessages(path)
        return path.read_bytes()


def write_imessages(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT, service TEXT);
        CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT,
            display_name TEXT);
        CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, attributedBody BLOB,
            handle_id INTEGER, date INTEGER, is_from_me INTEGER, item_type INTEGER,
            associated_message_type INTEGER, subject TEXT);
        CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
        INSERT INTO handle VALUES (1, '+351900000001', 'iMessage');
        INSERT INTO chat VALUES (1, 'iMessage;-;+351900000001', '+351900000001', '');
        """
    )
    nanoseconds = (SECONDS - _APPLE) * 10**9
    rows = [
        (1, "G1", None, typedstream(f"{ANA}\ufffc"), 1, nanoseconds, 0, 0, 0),
        (2, "G2", "Loved \u201cI moved to Faro\u201d", None, 0, nanoseconds + 10**9, 1, 0, 2000),
        (3, "G3", "Already?", None, 0, nanoseconds + 10 * 10**9, 1, 0, 0),
        (4, "G4", None, None, 0, nanoseconds + 11 * 10**9, 1, 2, 0),
    ]
    connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", rows)
    connection.executemany(
        "INSERT INTO chat_message_join VALUES (1, ?)", [(row[0],) for row in rows]
    )
    connection.commit()
    connection.close()


KAKAO_PC = (
    "\ufeffAna 님과 카카오톡 대화\r\n저장한 날짜 : 2024-07-02 10:00:00\r\n\r\n"
    "--------------- 2024년 7월 1일 월요일 ---------------\r\n"
    "Cy님이 들어왔습니다.\r\n"
    "[Ana Lima] [오후 9:05] I moved to Faro\r\nby the station\r\n[Bo] [오후 9:05] 사진\r\n"
    "[Bo] [오후 9:06] Already?\r\n"
)
KAKAO_ANDROID = (
    "Ana 님과 카카오톡 대화\n저장한 날짜 : 2024년 7월 2일 오전 10:00\n\n\n"
    "2024년 7월 1일 오후 9:05\n"
    "2024년 7월 1일 오후 9:05, Ana Lima : I moved to Faro\nby the station\n"
    "2024년 7월 1일 오후 9:05, Cy님이 나갔습니다.\n"
    "2024년 7월 1일 오후 9:06, Bo : Already?\n"
)
KAKAO_IPHONE = (
    "Ana 님과 카카오톡 대화\n저장한 날짜 : 2024. 7. 2. 오전 10:00\n\n2024년 7월 1일 월요일\n"
    "2024. 7. 1. 오후 9:05, Ana Lima : I moved to Faro\nby the station\n"
    "2024. 7. 1. 오후 9:06, Bo : Already?\n"
)
KAKAO_ENGLISH = (
    "KakaoTalk Chats with Ana\nDate Saved : Jul 2, 2024 at 10:00\n\n"
    "Jul 1, 2024 at 21:05\nJul 1, 2024 at 21:05, Ana Lima : I moved to Faro\nby the station\n"
    "Jul 1, 2024 at 21:06, Bo : Already?\n"
)
KAKAO_TABLE = (
    "\ufeffDate,User,Message\n"
    '2024-07-01 21:05:00,"Ana Lima","I moved to Faro\nby the station"\n'
    '2024-07-01 21:06:00,"Bo","Already?"\n'
)
WECHAT_MAIL = (
    "Ana Lima 和 Bo 在微信上的聊天记录如下，请查收。\n\n—————  2024-07-01  —————\n\n\n"
    "Ana Lima  21:05\n\nI moved to Faro\nby the station\n\n"
    "Bo  21:05\n\n[图片: 8b0a.jpg(请在附件中查看)]\n\nBo  21:06\n\nAlready?\n\n"
)
WECHAT_LINES = (
    "Ana Lima(2024-07-01 21:05:00):I moved to Faro\nby the station\n"
    "Bo(2024-07-01 21:06:00):Already?\n"
)
QQ = (
    "消息记录（此消息记录为文本格式，不支持重新导入）\n\n"
    "================================================================\n消息分组:我的好友\n"
    "================================================================\n消息对象:Ana\n"
    "================================================================\n\n"
    "2024-07-01 21:05:00 Ana Lima(10001)\nI moved to Faro\nby the station\n\n"
    "2024-07-01 21:06:00 Bo(10002)\nAlready?\n\n"
)
WECHAT_TABLE = (
    "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,"
    "Sender\n"
    f'1,9,1,0,0,{SECONDS},,"I moved to Faro\nby the station",2024-07-01 21:05:00,,Ana Lima,wx1\n'
    f"2,9,3,0,0,{SECONDS + 5},,<msg><img/></msg>,2024-07-01 21:05:30,,Ana Lima,wx1\n"
    f"3,9,1,0,1,{SECONDS + 10},,Already?,2024-07-01 21:06:00,,Bo,wx2\n"
)
SPOKEN: tuple[Row, ...] = (("Ana Lima", NIGHT, ANA), ("Bo", LATER, BO))
PARAGRAPHS: Row = ("Ana Lima", ASKED, "I moved to Faro\n\nby the station")
WRITTEN: tuple[Row, ...] = (("Ana Lima", ASKED, ANA), ("Bo", ANSWERED, BO))

SAMPLES: tuple[Sample, ...] = (
    Sample("LibreChat export", "Trip.json", as_json(LIBRECHAT_TREE), TALK),
    Sample("LibreChat export", "Flat.json", as_json(LIBRECHAT_FLAT), TALK),
    Sample("Grok export", "prod-grok-backend.json", as_json(GROK), TALK),
    Sample("Le Chat export", "chat-c1.json", as_json(LE_CHAT), TALK),
    Sample(
        "Gemini activity page",
        "MyActivity.html",
        GEMINI_PAGE.encode(),
        (("user", ASKED, "Where is Faro?"), ("assistant", ASKED, "In the\n\nAlgarve.")),
    ),
    Sample(
        "Discord HTML export",
        "Home - general [2].html",
        DISCORD_PAGE.encode(),
        (
            ("Ana", NIGHT, "I moved to\nFaro\nby the station"),
            ("Bo", LATER, BO),
            (
                "Bo",
                "local 2024-07-01T21:07:00",
                "Sim <3\nThe menu (https://cafe.example/menu)\nSoup and\nbread",
            ),
        ),
    ),
    Sample(
        "table of messages",
        "Home - general [2].csv",
        DISCORD_TABLE.encode(),
        (("ana", ASKED, ANA), ("bo", ANSWERED, BO)),
    ),
    Sample(
        "Discord data package",
        "messages/c2/messages.json",
        as_json(DISCORD_PACKAGE),
        (("Me", ASKED, ANA), ("Me", ANSWERED, BO)),
    ),
    Sample("Messenger export", "Ana Lima_7.json", as_json(MESSENGER_NEW), WRITTEN),
    Sample("Messenger HTML export", "message_1.html", MESSENGER_PAGE.encode(), SPOKEN),
    Sample("Teams export", "messages.json", as_json(TEAMS), (PARAGRAPHS, ("bo", ANSWERED, BO))),
    Sample("Teams messages", "teams.json", as_json(TEAMS_GRAPH), (PARAGRAPHS, WRITTEN[1])),
    Sample(
        "iMessage database",
        "chat.db",
        imessage_database(),
        (("+351900000001", ASKED, ANA), ("Me", ANSWERED, BO)),
    ),
    Sample("KakaoTalk export", "KakaoTalk_20240702.txt", KAKAO_PC.encode(), SPOKEN),
    Sample("KakaoTalk export", "KakaoTalkChats.txt", KAKAO_ANDROID.encode(), SPOKEN),
    Sample("KakaoTalk export", "Talk_2024.7.2.txt", KAKAO_IPHONE.encode(), SPOKEN),
    Sample("KakaoTalk export", "KakaoTalkChats-1.txt", KAKAO_ENGLISH.encode(), SPOKEN),
    Sample("table of messages", "KakaoTalk_Chat.csv", KAKAO_TABLE.encode(), SPOKEN),
    Sample("WeChat export", "wechat.txt", WECHAT_MAIL.encode(), SPOKEN),
    Sample("WeChat export", "Ana.txt", WECHAT_LINES.encode(), SPOKEN),
    Sample("WeChat export", "QQ.txt", QQ.encode(), SPOKEN),
    Sample("table of messages", "messages.csv", WECHAT_TABLE.encode(), SPOKEN),
)
"""One export of each layout that holds turns."""
