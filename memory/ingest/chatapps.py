"""Exports of programs in which people chat: Discord, Messenger, Instagram, Google Chat, Signal.

A program more is a function from its message to turns, and a row in ``CHAT_APPS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn
from remem.store.types import TOOL

_DISCORD_SAID = ("Default", "Reply", "ThreadStarterMessage", "ChatInputCommand")
_MESSENGER_NOTICE = re.compile(
    r".{1,80} (?:sent an attachment|unsent a message|(?:joined|left|started) (?:the|a) "
    r"(?:video |audio |voice )?(?:call|chat|group)|missed (?:a|your) (?:video |voice )?call"
    r"|created the group|named the group .*|changed the .*|set the nickname .*)\.?"
    r"|(?:You (?:sent an attachment|unsent a message|missed .*call)\.?)"
    r"|(?:Liked a message|Reacted .{1,8} to your message)\s?"
)


def _discord(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    author = as_object(message.get("author") or {}, "its author")
    channel = as_object(chat.facts.get("channel") or {}, "the channel")
    guild = as_object(chat.facts.get("guild") or {}, "the server")
    texts = [as_text(message.get("content"), "its content")]
    for embed in as_list(message.get("embeds"), "its embeds"):
        texts += [str(embed.get(name) or "") for name in ("title", "description")]
        texts += [f"{one.get('name')}: {one.get('value')}" for one in embed.get("fields") or ()]
    is_said = message.get("type", "Default") in _DISCORD_SAID
    yield Turn(
        text="\n".join(filter(str.strip, texts)) if is_said else "",
        speaker=str(author.get("nickname") or author.get("name") or ""),
        said_at=as_time(message.get("timestamp")),
        identity=as_text(message.get("id"), "its id"),
        session=str(channel.get("id") or ""),
        origin=TOOL if author.get("isBot") else None,
        metadata={
            "title": channel.get("name"),
            "server": guild.get("name"),
            "reply_to": (message.get("reference") or {}).get("messageId"),
        },
    )


def _messenger(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    text = _unbroken(as_text(message.get("content"), "its content"))
    share = message.get("share")
    if isinstance(share, dict):
        links = (share.get("share_text"), share.get("link"))
        parts = [_unbroken(each) for each in links if isinstance(each, str)]
        text = "\n".join(dict.fromkeys(filter(str.strip, (text, *parts))))
    is_said = not message.get("is_unsent") and not _MESSENGER_NOTICE.fullmatch(text)
    thread = as_text(chat.facts.get("thread_path"), "the thread") or chat.name
    yield Turn(
        text=text if is_said else "",
        speaker=_unbroken(as_text(message.get("sender_name"), "its sender")),
        said_at=as_time(message.get("timestamp_ms")),
        identity=_messenger_key(message),
        session=thread,
        metadata={"title": _unbroken(str(chat.facts.get("title") or ""))},
    )


def _messenger_key(message: Mapping[str, Any]) -> str:
    """Time and sender: the export names messages by nothing else, and grows at its beginning."""
    return f"{message.get('timestamp_ms')}-{_unbroken(str(message.get('sender_name')))}"


def _unbroken(text: str) -> str:
    """The text as it was written; the export has each byte of its UTF-8 as a character."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _google_chat(message: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    creator = as_object(message.get("creator") or {}, "its creator")
    yield Turn(
        text=as_text(message.get("text"), "its text"),
        speaker=as_text(creator.get("name") or creator.get("email"), "its creator's name"),
        said_at=as_time(as_text(message.get("created_date"), "its date").replace("\u202f", " ")),
        identity=as_text(message.get("message_id"), "its id"),
        origin=TOOL if creator.get("user_type") == "Bot" else None,
        metadata={"thread": message.get("topic_id")},
    )


def _signal(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """A message, or who somebody is, whose messages come after that."""
    if isinstance(recipient := line.get("recipient"), dict):
        chat.facts[f"person {recipient.get('id')}"] = _signal_name(recipient)
    if isinstance(conversation := line.get("chat"), dict):
        chat.facts[f"chat {conversation.get('id')}"] = str(conversation.get("recipientId") or "")
    if not isinstance(item := line.get("chatItem"), dict):
        return
    message = as_object(item.get("standardMessage") or {}, "its message")
    body = as_object(message.get("text") or {}, "its text")
    author, session = str(item.get("authorId") or ""), str(item.get("chatId") or "")
    other = chat.facts.get(f"chat {session}")
    yield Turn(
        text=as_text(body.get("body"), "its words"),
        speaker=chat.facts.get(f"person {author}") or author,
        said_at=as_time(item.get("dateSent")),
        identity=f"{item.get('dateSent')}-{author}",
        session=session,
        metadata={"title": chat.facts.get(f"person {other}")},
    )


def _signal_name(recipient: Mapping[str, Any]) -> str:
    if "self" in recipient:
        return "Me"
    contact = recipient.get("contact") or {}
    group = ((recipient.get("group") or {}).get("snapshot") or {}).get("title") or {}
    given = contact.get("systemGivenName") or contact.get("profileGivenName")
    family = contact.get("systemFamilyName") or contact.get("profileFamilyName")
    names = " ".join(str(name) for name in (given, family) if name)
    return names or str(group.get("title") or contact.get("e164") or "")


CHAT_APPS = (
    Format(
        "Discord export",
        "discord",
        _discord,
        frozenset({"messages.item.author.name", "messages.item.timestamp", "channel.id"}),
        "messages.item",
    ),
    Format(
        "Messenger export",
        "messenger",
        _messenger,
        frozenset({"messages.item.sender_name", "messages.item.timestamp_ms"}),
        "messages.item",
        is_newest_first=True,
    ),
    Format(
        "Google Chat export",
        "google-chat",
        _google_chat,
        frozenset({"messages.item.creator", "messages.item.created_date"}),
        "messages.item",
    ),
    Format(
        "Signal export",
        "signal",
        _signal,
        knows_line=lambda line: "chatItem" in line or "backupTimeMs" in line,
    ),
)
"""Each is one file of JSON, or of JSON Lines, for a conversation; Signal's holds all."""
