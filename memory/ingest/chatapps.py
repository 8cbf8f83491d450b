"""Exports of programs in which people chat: Discord, Messenger, Teams, Google Chat, Signal, ...

A program more is a function from its message to turns, and a row in ``CHAT_APPS``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from remem.ingest.assistants import plain_text
from remem.ingest.files import Files
from remem.ingest.parsing import as_list, as_object, as_text, as_time, from_unix, linked
from remem.ingest.turns import Chat, Format, Turn
from remem.store.types import TOOL

ME = "Me"
"""Name of who exported a chat, where the export has none."""

_PLACE = "\ufffc"
_TEAMS_PAGES = ("RichText", "RichText/Html")
_TEAMS_ID = re.compile(r"\d{1,3}:(?:live:|orgid:)?(?:\.cid\.)?")
_DISCORD_CODE = re.compile(
    r"<(?:@!?(\d{1,20})|a?(:\w{1,40}:)\d{1,20}|t:(\d{1,11})(?::[tTdDfFR])?|(/[\w -]{1,80}):\d{1,20}"
    r"|(https?://[^\s<>]{1,2000}))>"
)
_DISCORD_SAID = ("Default", "Reply", "ThreadStarterMessage", "ChatInputCommand")
_MESSENGER_DONE = re.compile(
    r" (?:sent (?:an? |\d)|unsent a message|missed (?:a|your|the) |(?:joined|left|started|ended) "
    r"(?:the|an?|sharing|this) ?|created (?:the|a) (?:group|poll|plan|event)"
    r"|named the (?:group|plan)"
    r"|(?:changed|set|cleared|removed|updated|turned) (?:the|your|their|his|her|an?|on|off) "
    r"|(?:added|removed|invited) .{1,160} (?:to|from) (?:the|this) (?:group|chat)|shared an? "
    r"|(?:pinned|unpinned) a message|(?:voted for|removed vote|changed their vote)|waved at "
    r"|reacted .{1,12} to )"
)
_MESSENGER_NOTICE = re.compile(
    r"(?:Liked a message|Reacted .{1,12} to your message)\s*"
    r"|(?:The |You missed an? |You started an? )?(?:video|audio|voice) (?:call|chat)"
    r"(?: ended| with .{1,80})?\.?"
    r"|You can now message and call each other.{0,200}"
    r"|Say (?:hi|hello) to your new Facebook (?:friend|connection).{0,120}",
    re.IGNORECASE,
)
_MESSENGER_MEDIA = ("photos", "videos", "audio_files", "files", "gifs", "sticker", "call_duration")


def _discord(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    author = as_object(message.get("author") or {}, "its author")
    channel = as_object(chat.facts.get("channel") or {}, "the channel")
    guild = as_object(chat.facts.get("guild") or {}, "the server")
    forwarded = as_object(message.get("forwardedMessage") or {}, "what it forwards")
    said = (message, forwarded)
    mentions = as_list(message.get("mentions"), "whom it mentions")
    names = {str(each.get("id")): each.get("nickname") or each.get("name") for each in mentions}
    texts = [without_codes(as_text(each.get("content"), "its content"), names) for each in said]
    for embed in (each for one in said for each in as_list(one.get("embeds"), "its embeds")):
        texts += _embedded(embed, texts[0])
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


def without_codes(text: str, names: Mapping[str, Any]) -> str:
    """Discord's text as it is seen: ``<@5>`` is ``@Ana``, ``<:wave:7>`` is ``:wave:``.

    Args:
        names: Of people, by their ids.
    """

    def seen(code: re.Match[str]) -> str:
        person, emoji, moment, command, link = code.groups()
        if person:
            return f"@{names.get(person) or person}"
        if moment:
            return f"{from_unix(int(moment)):%Y-%m-%d %H:%M} UTC"
        return emoji or command or link

    return _DISCORD_CODE.sub(seen, text)


def _embedded(embed: Mapping[str, Any], content: str) -> Iterator[str]:
    """The words of a block that a program made, and the link that the message lacks."""
    author, footer = (as_object(embed.get(name) or {}, name) for name in ("author", "footer"))
    title, url = str(embed.get("title") or ""), str(embed.get("url") or "")
    yield str(author.get("name") or "")
    yield linked(title, url) if url and url not in content else title
    yield str(embed.get("description") or "")
    for one in as_list(embed.get("fields"), "its fields"):
        yield f"{one.get('name')}: {one.get('value')}"
    yield str(footer.get("text") or "")


def _discord_package(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """A message of what Discord hands out itself, which is only what somebody wrote."""
    channel = _beside(chat, "channel.json")
    server = channel.get("guild")
    yield Turn(
        text=without_codes(as_text(message.get("Contents"), "its contents"), {}),
        speaker=ME,
        said_at=as_time(message.get("Timestamp")),
        identity=str(message.get("ID") or ""),
        session=str(channel.get("id") or _folder(chat).removeprefix("c")),
        metadata={
            "title": channel.get("name"),
            "server": server.get("name") if isinstance(server, dict) else None,
        },
    )


def _beside(chat: Chat, name: str) -> Mapping[str, Any]:
    """The object in a small file beside the chat's, read once; empty if there is none."""
    if name not in chat.facts:
        try:
            files = Files(chat.path.parent)
            value = json.loads(files.head(name)) if files.members(name) else {}
        except (ValueError, RecursionError):
            value = {}
        chat.facts[name] = value if isinstance(value, dict) else {}
    found: Mapping[str, Any] = chat.facts[name]
    return found


def _folder(chat: Chat) -> str:
    return chat.path.absolute().parent.name


def _messenger(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    text = _unbroken(as_text(message.get("content"), "its content"))
    share = message.get("share")
    if isinstance(share, dict):
        links = (share.get("share_text"), share.get("link"))
        parts = [_unbroken(each) for each in links if isinstance(each, str)]
        text = "\n".join(dict.fromkeys(filter(str.strip, (text, *parts))))
    name = _unbroken(as_text(message.get("sender_name"), "its sender"))
    is_notice = is_messenger_notice(text, name) or _tells_of_media(message, text, name)
    is_said = not message.get("is_unsent") and not is_notice
    thread = as_text(chat.facts.get("thread_path"), "the thread") or chat.name
    yield Turn(
        text=text if is_said else "",
        speaker=name,
        said_at=as_time(message.get("timestamp_ms")),
        identity=_messenger_key(message),
        session=thread,
        metadata={"title": _unbroken(str(chat.facts.get("title") or ""))},
    )


def is_messenger_notice(text: str, sender: str) -> bool:
    """True if the words are the app's: what the sender did, instead of what they said."""
    if _MESSENGER_NOTICE.fullmatch(text):
        return True
    names = (sender, sender.partition(" ")[0], "You")
    return any(
        text.startswith(name) and _MESSENGER_DONE.match(text, len(name)) for name in names if name
    )


def _tells_of_media(message: Mapping[str, Any], text: str, sender: str) -> bool:
    """True if the words, in any language, are about what was sent: "Bo hat ein Foto gesendet."."""
    first = sender.partition(" ")[0]
    return (
        bool(first)
        and text.startswith(f"{first} ")
        and any(message.get(name) is not None for name in _MESSENGER_MEDIA)
    )


def _messenger_secret(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """A message of a thread that is encrypted from end to end, in an export of its own."""
    thread = as_text(chat.facts.get("threadName"), "the thread") or chat.name
    name = as_text(message.get("senderName"), "its sender")
    text = as_text(message.get("text"), "its text")
    is_said = not message.get("isUnsent") and not is_messenger_notice(text, name)
    yield Turn(
        text=text if is_said else "",
        speaker=name,
        said_at=as_time(message.get("timestamp")),
        identity=f"{message.get('timestamp')}-{name}",
        session=thread,
        metadata={"title": thread.rpartition("_")[0] or thread},
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


def _google_chat(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    identity = as_text(message.get("message_id"), "its id")
    room = identity.partition("/")[0] if "/" in identity else ""
    is_named_alike = chat.path.stem == "messages" and _beside(chat, "group_info.json")
    creator = as_object(message.get("creator") or {}, "its creator")
    yield Turn(
        text=as_text(message.get("text"), "its text"),
        speaker=as_text(creator.get("name") or creator.get("email"), "its creator's name"),
        said_at=as_time(as_text(message.get("created_date"), "its date").replace("\u202f", " ")),
        identity=identity,
        session=room or (_folder(chat) if is_named_alike else ""),
        origin=TOOL if creator.get("user_type") == "Bot" else None,
        metadata={
            "thread": message.get("topic_id"),
            "title": _beside(chat, "group_info.json").get("name"),
        },
    )


def _teams(conversation: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    """All messages of a conversation, as Teams and Skype hand them out."""
    thread = as_object(conversation.get("threadProperties") or {}, "its properties")
    for number, message in enumerate(
        as_list(conversation.get("MessageList"), "its messages"), start=1
    ):
        is_page = message.get("messagetype") in _TEAMS_PAGES
        text = as_text(message.get("content"), "its content")
        said = plain_text(text) if is_page else text
        yield Turn(
            text=said if is_page or message.get("messagetype") == "Text" else "",
            speaker=str(
                message.get("displayName") or _TEAMS_ID.sub("", str(message.get("from") or ""))
            ),
            said_at=as_time(message.get("originalarrivaltime")),
            identity=str(message.get("id") or ""),
            place=-number,
            session=as_text(conversation.get("id"), "its id"),
            metadata={"title": thread.get("topic") or conversation.get("displayName")},
        )


def _teams_message(message: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    """A message as Microsoft Graph has it, which most tools for Teams write down."""
    body = as_object(message.get("body") or {}, "its body")
    author = as_object(message.get("from") or {}, "its author")
    person, program = author.get("user"), author.get("application")
    name = as_object(person or program or {}, "its author").get("displayName")
    room = as_object(message.get("channelIdentity") or {}, "its channel")
    text = as_text(body.get("content"), "its content")
    is_said = message.get("messageType", "message") == "message"
    yield Turn(
        text="" if not is_said else plain_text(text) if body.get("contentType") == "html" else text,
        speaker=str(name or ""),
        said_at=as_time(message.get("createdDateTime")),
        identity=str(message.get("id") or ""),
        session=str(message.get("chatId") or room.get("channelId") or ""),
        origin=TOOL if program and not person else None,
        metadata={"title": message.get("subject"), "reply_to": message.get("replyToId")},
    )


def _signal(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """A message, or who somebody is, whose messages come after that."""
    if isinstance(recipient := line.get("recipient"), dict):
        chat.facts[f"person {recipient.get('id')}"] = _signal_name(recipient)
        contact = as_object(recipient.get("contact") or {}, "the contact")
        chat.facts[f"account {contact.get('aci')}"] = _signal_name(recipient)
    if isinstance(conversation := line.get("chat"), dict):
        chat.facts[f"chat {conversation.get('id')}"] = str(conversation.get("recipientId") or "")
    if not isinstance(item := line.get("chatItem"), dict):
        return
    message = as_object(item.get("standardMessage") or {}, "its message")
    body = as_object(message.get("text") or {}, "its text")
    author, session = str(item.get("authorId") or ""), str(item.get("chatId") or "")
    other = chat.facts.get(f"chat {session}")
    yield Turn(
        text=_signal_words(body, chat) or _signal_contact(item) or _signal_poll(item),
        speaker=chat.facts.get(f"person {author}") or author,
        said_at=as_time(item.get("dateSent")),
        identity=f"{item.get('dateSent')}-{author}",
        session=session,
        metadata={"title": chat.facts.get(f"person {other}")},
    )


def _signal_words(body: Mapping[str, Any], chat: Chat) -> str:
    """The words, with names where the program keeps a place for each."""
    words = as_text(body.get("body"), "its words")
    ranges = as_list(body.get("bodyRanges"), "whom it mentions")
    for each in sorted(ranges, key=lambda one: -int(one.get("start") or 0)):
        name = chat.facts.get(f"account {each.get('mentionAci')}") if "mentionAci" in each else ""
        start = int(each.get("start") or 0)
        if words[start : start + 1] == _PLACE:
            words = f"{words[:start]}@{name}{words[start + 1 :]}" if name else words
    return words.replace(_PLACE, "")


def _signal_contact(item: Mapping[str, Any]) -> str:
    sent = as_object(item.get("contactMessage") or {}, "its contact")
    contact = sent.get("contact") or {}
    contact = as_object(contact[0] if isinstance(contact, list) else contact, "its contact")
    name = as_object(contact.get("name") or {}, "the name of a contact")
    numbers = as_list(contact.get("number"), "the numbers of a contact")
    parts = [name.get("givenName"), name.get("familyName"), *(one.get("value") for one in numbers)]
    return " ".join(str(part) for part in parts if part)


def _signal_poll(item: Mapping[str, Any]) -> str:
    poll = as_object(item.get("poll") or {}, "its poll")
    options = as_list(poll.get("options"), "the answers of its poll")
    lines = [str(poll.get("question") or ""), *(f"- {one.get('option')}" for one in options)]
    return "\n".join(filter(None, lines))


def _signal_name(recipient: Mapping[str, Any]) -> str:
    if "self" in recipient:
        return ME
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
        "Messenger export",
        "messenger",
        _messenger_secret,
        frozenset({"messages.item.senderName", "messages.item.timestamp", "threadName"}),
        "messages.item",
        is_newest_first=True,
    ),
    Format(
        "Discord data package",
        "discord",
        _discord_package,
        frozenset({"item.ID", "item.Timestamp", "item.Contents"}),
        "item",
        is_newest_first=True,
    ),
    Format(
        "Teams export",
        "teams",
        _teams,
        frozenset({"conversations.item.MessageList", "conversations.item.id"}),
        "conversations.item",
        is_newest_first=True,
    ),
    Format(
        "Teams messages",
        "teams",
        _teams_message,
        frozenset({"value.item.createdDateTime", "value.item.body.content"}),
        "value.item",
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
