"""A chat in the form of OpenAI messages: who said what, what is asked, where memories go. Pure."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from memory.attach.placement import placed
from memory.messages import records_of
from memory.recall.prompt import without_block
from store import Record

__all__ = ["last_of_user", "places_of", "session_of", "turns_of", "unanswered", "with_block"]

Messages = Sequence[Mapping[str, Any]]

_KEY_CHARACTERS = 8
"""Of base 32: among 10,000 turns of a session, two have the same key once in 20,000 sessions."""


def turns_of(messages: Messages, session: str) -> list[Record]:
    """What was said, in order, as records of a session.

    A turn's key is a digest of it and of all turns before it. So a request that is sent again is
    recognised, even by another process, while "yes" said twice is two turns. What a front end
    copied from a prompt, a block of memories, was not said: it is left out. So are calls of tools
    and their results.

    Raises:
        InvalidInput: a message is not of the form that ``memory.messages.records_of`` reads.
    """
    turns: list[Record] = []
    chain = hashlib.sha256()
    for record in records_of([each for each in messages if not _calls_tools(each)], session):
        text = without_block(record.text)
        if text.strip():
            # With its length, so that no text can say what several turns say.
            turn = f"{record.role} {len(text)} {text}"
            chain.update(turn.encode("utf-8", "surrogatepass"))
            key = f"{session}#{_short(chain.digest())}"
            turns.append(replace(record, key=key, text=text, position=len(turns)))
    return turns


def unanswered(turns: Sequence[Record]) -> list[Record]:
    """What the user said since the last answer: the turns that the next answer is for."""
    answered = max((n for n, turn in enumerate(turns, 1) if turn.role == "assistant"), default=0)
    return list(turns[answered:])


def session_of(messages: Messages) -> str:
    """A name for a conversation that has none: made from how it begins, so that all its requests
    get the same one. Conversations that begin with the same words share it."""
    turns = turns_of(messages, "chat")
    return turns[0].key.replace("#", "-") if turns else "chat"


def places_of(messages: Messages, session: str) -> dict[int, str]:
    """Keys of the user's turns, by the places of their messages; raises as ``turns_of``."""
    # Marked, because ``turns_of`` decides which of the messages are turns.
    marked = [
        {**message, "metadata": {"place": n}} if isinstance(message, Mapping) else message
        for n, message in enumerate(messages)
    ]
    turns = turns_of(marked, session)
    return {turn.metadata["place"]: turn.key for turn in turns if turn.role == "user"}


def last_of_user(messages: Messages) -> int:
    """The place of the user's last message, for which memories are recalled; -1: there is none."""
    return max((n for n, each in enumerate(messages) if _is_users(each)), default=-1)


def with_block(messages: Messages, block: str) -> list[Mapping[str, Any]]:
    """The messages with a block of memories in front of the last thing that the user said.

    Not in the system message: what was remembered must not carry the authority of instructions,
    and a conversation that only grows at its end can be cached by the model's server. What was
    given is not changed.
    """
    return placed(messages, {last_of_user(messages): block}, "message")


def _is_users(message: Any) -> bool:
    return isinstance(message, Mapping) and message.get("role") == "user"


def _calls_tools(message: Any) -> bool:
    return isinstance(message, Mapping) and bool(message.get("tool_calls"))


def _short(digest: bytes) -> str:
    return b32encode(digest).decode("ascii")[:_KEY_CHARACTERS].lower()
