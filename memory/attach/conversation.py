"""A chat in the form of OpenAI messages: who said what, what is asked, where memories go. Pure."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from memory.attach.placement import placed
from memory.attach.utterances import role_of, utterances
from memory.messages import records_of
from store import Record

__all__ = [
    "keyed",
    "last_of",
    "session_of",
    "turns_at",
    "turns_of",
    "unanswered",
    "with_block",
]

Messages = Sequence[Mapping[str, Any]]

_KEY_CHARACTERS = 8
"""Of base 32: among 10,000 turns of a session, two have the same key once in 20,000 sessions."""


def turns_of(messages: Messages, session: str) -> list[Record]:
    """All that was said, in order, as records of a session; see ``utterances`` for what counts.

    A turn's key is a digest of it and of all turns before it. So a request that is sent again is
    recognised, even by another process, while "yes" said twice is two turns. An answer's key is one
    of what it answers, whatever it says: another answer to the same is another version of it. What
    follows an answer follows its words.
    """
    return list(turns_at(messages, session).values())


def turns_at(messages: Messages, session: str) -> dict[int, Record]:
    """The turns by the places of their messages."""
    said = dict(_said(messages, session))
    return dict(zip(said, keyed(said.values()), strict=True))


def keyed(turns: Iterable[Record]) -> list[Record]:
    """All turns of a session, in order, with the keys and positions that this gives them."""
    named: list[Record] = []
    chain = hashlib.sha256()
    for turn in turns:
        before = chain.copy()
        before.update(b"assistant")
        chain.update(_digested(turn))
        digest = (before if turn.role == "assistant" else chain).digest()
        named.append(replace(turn, key=f"{turn.source}#{_short(digest)}", position=len(named)))
    return named


def unanswered(turns: Sequence[Record]) -> list[Record]:
    """What the user said since the last answer: the turns that the next answer is for."""
    answered = max((n for n, turn in enumerate(turns, 1) if turn.role == "assistant"), default=0)
    return list(turns[answered:])


def session_of(messages: Messages) -> str:
    """A name for a conversation that has none: made from how it begins, so that all its requests
    get the same one. Conversations that begin with the same words share it."""
    for _, first in _said(messages, "chat"):
        return f"chat-{_short(hashlib.sha256(_digested(first)).digest())}"
    return "chat"


def last_of(role: str, messages: Messages) -> int:
    """The place of the last message with a role; -1: there is none."""
    return max((n for n, each in enumerate(messages) if role_of(each) == role), default=-1)


def with_block(messages: Messages, block: str) -> list[Mapping[str, Any]]:
    """The messages with a block of memories in front of the last thing that the user said.

    Not in the system message: what was remembered must not carry the authority of instructions,
    and a conversation that only grows at its end can be cached by the model's server. What was
    given is not changed.
    """
    return placed(messages, {last_of("user", messages): block}, "message")


def _said(messages: Messages, session: str) -> Iterator[tuple[int, Record]]:
    for place, utterance in utterances(messages):
        for record in records_of([utterance], session):
            yield place, record


def _digested(turn: Record) -> bytes:
    # With its length, so that no text can say what several turns say.
    return f"{turn.role} {len(turn.text)} {turn.text}".encode("utf-8", "surrogatepass")


def _short(digest: bytes) -> str:
    return b32encode(digest).decode("ascii")[:_KEY_CHARACTERS].lower()
