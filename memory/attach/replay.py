"""The same blocks with the same turns, so that what a model's server has cached stays of use.

A front end sends its messages again without the blocks that were put among them. Servers cache
prompts by how they begin, so that all behind the first missing block would be read anew. Therefore
a block that went to the model goes with its message from then on.

It is made again each time, from notes without words and from the memories as they are: what was
forgotten or corrected, has expired or is damaged is gone from it. The notes are the process's own.
After a restart messages go as bare as they come, and what is sent from then on is repeated.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

from remem.attach.conversation import REPLAY_BUDGET
from remem.memory import Memory
from remem.messages import texts_in
from remem.recall.prompt import Context, whole_context
from remem.recall.reading.excerpts import Span, part_of
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.versions import despite_damage, is_current


@dataclass(frozen=True, slots=True)
class Replay:
    """The part of a conversation that was sent before.

    Attributes:
        contexts: The blocks that are sent again, by the places of their messages; empty ones where
            there was, or is, nothing.
        texts: What the model reads in them.
    """

    contexts: Mapping[int, Context] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()


class Replays:
    """Sends blocks again; thread-safe. One for all conversations with one server.

    Args:
        budget: Most tokens of blocks that are sent again with one conversation. What is too much
            stands in front of its own question only, and is recalled again where it matters.
        notes: Of what was sent.
    """

    def __init__(self, budget: int = REPLAY_BUDGET, notes: Notes | None = None) -> None:
        self._budget = budget
        self._notes = notes or Notes()
        self._prefixes = Prefixes()

    def of(self, memory: Memory, keys: Mapping[int, str], question: int, *, begun: bool) -> Replay:
        """The part of a conversation that was sent, and is sent again.

        Args:
            memory: Where the memories are.
            keys: Of the user's turns, by the places of their messages.
            question: The place of the message that is to be answered.
            begun: The model has begun to work on it, with tools: it keeps its block. Otherwise
                memories are recalled for it, even if it was asked before.
        """
        notes = self._notes.of(memory.namespace, keys)
        again = self._within_budget({n: note for n, note in notes.items() if n < question})
        if begun and question in notes:
            again[question] = notes[question]
        wanted = sorted({shown.key for note in again.values() for shown in note.shown})
        stored = despite_damage(wanted, memory.get_many, lambda _: []) if wanted else []
        records = {each.key: each for each in stored if each is not None and is_current(each)}
        contexts = {place: _again(note, records) for place, note in again.items()}
        read = {each.record.key for one in contexts.values() for each in one.recollections}
        return Replay(contexts, frozenset(records[key].text for key in read))

    def keep(self, memory: Memory, key: str, context: Context, at: datetime) -> None:
        """Note the block that is sent with a turn."""
        note = Note(at, shown_in(context), context.tokens, context.doubt)
        self._notes.keep(memory.namespace, key, note)

    def measure(self, memory: Memory, messages: Sequence[Mapping[str, Any]]) -> Measure:
        """Measure a request that is sent now."""
        return self._prefixes.measure(memory.namespace, messages)

    def _within_budget(self, notes: Mapping[int, Note]) -> dict[int, Note]:
        """From the beginning on what fits. As it depends only on what comes before whether a block
        is sent again, it stays so when the conversation grows."""
        fitting, room = {}, self._budget
        for place in sorted(notes):
            if notes[place].tokens <= room:
                fitting[place] = notes[place]
                room -= notes[place].tokens
        return fitting


def _again(note: Note, records: Mapping[str, Record]) -> Context:
    """The block of a note, without what is not remembered any more in the same words."""
    recollections = []
    for shown in note.shown:
        record = records.get(shown.key)
        text = record and shown.text_of(record)
        if record and text:
            again = replace(record, text=text)
            recollections.append(Recollection(again, 0.0, until=shown.until))
    return whole_context(recollections, note.at, note.tokens, note.doubt)


# Notes of what models were sent, turn by turn: which memories and how much, never their words.
_MOST_BYTES = 32 * 2**20
_BYTES_A_NOTE, _BYTES_A_MEMORY = 700, 300  # measured, besides the characters of keys


class Shown(NamedTuple):
    """A memory as it stood in a block: which part of it, a digest of what was shown, and until
    when it was said to be true."""

    key: str
    span: Span | None
    digest: bytes
    until: datetime | None = None

    def text_of(self, record: Record) -> str | None:
        """The same words, of the memory as it is now; None if it has other ones."""
        text = part_of(record.text, self.span)
        return text if _digest(text) == self.digest else None


@dataclass(frozen=True, slots=True)
class Note:
    """A note of what a model was sent with a turn of the user.

    Attributes:
        at: When.
        shown: The memories of the block; none where there was no block.
        tokens: Length of the block.
        doubt: That the block tells of.
    """

    at: datetime
    shown: tuple[Shown, ...]
    tokens: int
    doubt: str = ""


class Notes:
    """The notes that were made or read last, by namespace and key of the turn; thread-safe.

    Args:
        most_bytes: About how much memory they may take together.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._notes: OrderedDict[tuple[str, str], Note] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, namespace: str, key: str, note: Note) -> None:
        """Keep a note of a turn in place of the one there is."""
        with self._lock:
            self._drop((namespace, key))
            self._notes[namespace, key] = note
            self._bytes += _bytes(note)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._notes)))

    def of(self, namespace: str, keys: Mapping[int, str]) -> dict[int, Note]:
        """The notes that there are of turns, by the places of their messages."""
        found = {}
        with self._lock:
            for place, key in keys.items():
                if note := self._notes.get((namespace, key)):
                    self._notes.move_to_end((namespace, key))
                    found[place] = note
        return found

    def _drop(self, name: tuple[str, str]) -> None:
        if note := self._notes.pop(name, None):
            self._bytes -= _bytes(note)


def shown_in(context: Context) -> tuple[Shown, ...]:
    """The memories of a block."""
    return tuple(
        Shown(each.record.key, each.span, _digest(each.record.text), each.until)
        for each in context.recollections
    )


def _bytes(note: Note) -> int:
    return _BYTES_A_NOTE + sum(_BYTES_A_MEMORY + len(shown.key) for shown in note.shown)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


# The part of a request that was sent before, which a server with a cache need not read anew.

_MOST = 100_000
_BYTES_A_TOKEN = 4


class Measure(NamedTuple):
    """About how many tokens a request has (a quarter of the bytes of its words).

    Attributes:
        tokens: In all.
        repeated: Of the messages at its beginning that were sent before, byte for byte.
    """

    tokens: int = 0
    repeated: int = 0


class Prefixes:
    """Knows how the requests of each namespace began, by digests; thread-safe.

    Args:
        most: How many messages it knows; those that were sent longest ago go first.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._sent: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def measure(self, namespace: str, messages: Sequence[Mapping[str, Any]]) -> Measure:
        """Measure what is sent now, and know it from then on."""
        beginnings = list(_digests(namespace, messages))
        tokens, repeated = 0, 0
        with self._lock:
            for digest, message in zip(beginnings, messages, strict=True):
                tokens += _tokens(message)
                if digest in self._sent:
                    repeated = tokens
                self._sent[digest] = None
                self._sent.move_to_end(digest)
            while len(self._sent) > self._most:
                self._sent.popitem(last=False)
        return Measure(tokens, repeated)


def _digests(namespace: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """One of each message and all before it, such that nobody learns what others have sent."""
    chain = sha256(json.dumps(namespace).encode("ascii"))
    for message in messages:
        chain.update(json.dumps(message, default=str).encode("ascii"))
        yield chain.digest()[:16]


def _tokens(message: Mapping[str, Any]) -> int:
    """About how many: counting them would take a second for a megabyte."""
    texts = (text for _, text in texts_in(message.get("content")))
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return size // _BYTES_A_TOKEN
