"""Messages of the Mac: ``chat.db``, a database of chats, and of messages that belong to them.

Newer versions leave ``text`` empty and keep the words in ``attributedBody``, an archived string.
Names are in another program's address book: people are known here by number or address.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from remem.ingest.chatapps import ME
from remem.ingest.databases import Sessions, has_tables, opened
from remem.ingest.parsing import from_unix
from remem.ingest.turns import Turn

_APPLE_EPOCH = 978_307_200  # 2001 in seconds since 1970
_NANOSECONDS_FROM = 10**11
_STRING = b"NSString"
_HEADER = 12  # bytes of a class between its name and the text
_ATTACHED = "\ufffc"
_OPTIONAL = ("attributedBody", "subject", "item_type", "associated_message_type", "date_retracted")


class IMessageDatabaseReader(Sessions):
    """A source is a chat, a record a message with words.

    Left out: reactions, notices of who joined or left, and messages that were taken back.
    """

    name = "iMessage database"
    prefix = "imessage"

    def detect(self, path: Path) -> bool:
        """True if the file is the program's database."""
        return path.is_file() and has_tables(path, "message", "handle", "chat", "chat_message_join")

    def sessions(self, path: Path) -> Sequence[str]:
        """Numbers of the chats."""
        with opened(path) as connection:
            return [str(row) for (row,) in connection.execute("SELECT ROWID FROM chat ORDER BY 1")]

    def turns(self, path: Path, session: str) -> Iterator[Turn]:
        """The messages of a chat, in the order of their times."""
        with opened(path) as connection:
            connection.row_factory = sqlite3.Row
            chat = connection.execute(
                "SELECT guid, chat_identifier, display_name FROM chat WHERE ROWID = ?", (session,)
            ).fetchone()
            columns = {row["name"] for row in connection.execute("PRAGMA table_info(message)")}
            more = "".join(f", m.{name}" for name in _OPTIONAL if name in columns)
            rows = connection.execute(
                f"SELECT m.guid, m.text, m.date, m.is_from_me, h.id AS sender{more} FROM message m "
                "JOIN chat_message_join j ON j.message_id = m.ROWID "
                "LEFT JOIN handle h ON h.ROWID = m.handle_id "
                "WHERE j.chat_id = ? ORDER BY m.date, m.ROWID",
                (session,),
            )
            for row in rows:
                yield _turn(row, chat)


def _turn(row: sqlite3.Row, chat: sqlite3.Row) -> Turn:
    known = dict(row)
    is_notice = any(
        known.get(name) for name in ("item_type", "associated_message_type", "date_retracted")
    )
    texts = (known.get("subject"), known["text"] or archived(known.get("attributedBody")))
    words = "\n".join(each for each in texts if isinstance(each, str) and each.strip())
    return Turn(
        text="" if is_notice else words.replace(_ATTACHED, "").strip(),
        speaker=ME if known["is_from_me"] else str(known["sender"] or ""),
        said_at=_moment(known["date"]),
        identity=str(known["guid"] or ""),
        session=str(chat["chat_identifier"] or chat["guid"]),
        metadata={"title": chat["display_name"]},
    )


def _moment(date: object) -> datetime | None:
    """The time of Apple's clock, which counts nanoseconds, or before 2017 seconds."""
    if not isinstance(date, (int, float)) or not date:
        return None
    return from_unix(_APPLE_EPOCH + (date / 10**9 if abs(date) >= _NANOSECONDS_FROM else date))


def archived(data: object) -> str:
    """The text of an archived string; empty if there is none.

    Its length is a byte, or two after 0x81, or four after 0x82.

    Raises:
        ValueError: the bytes end before the text does, or are no text.
    """
    if not isinstance(data, bytes) or _STRING not in data:
        return ""
    begin = data.index(_STRING) + len(_STRING)
    plus = data.find(b"+", begin, begin + _HEADER)
    if plus < 0 or plus + 1 >= len(data):
        return ""
    width = {0x81: 2, 0x82: 4}.get(data[plus + 1], 0)
    start = plus + 2 + width
    size = int.from_bytes(data[plus + 2 : start], "little") if width else data[plus + 1]
    if start + size > len(data):
        raise ValueError("its archived text is cut short")
    return data[start : start + size].decode()
