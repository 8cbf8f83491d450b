"""The same blocks with the same turns, so that what a model's server has cached stays of use.

A front end sends its messages again without the blocks that were put among them. Servers cache
prompts by how they begin, so that all behind the first missing block would be read anew. Therefore
a block that went to the model goes with its message from then on.

It is made again each time, from notes without words and from the memories as they are: what was
forgotten or corrected, has expired or is damaged is gone from it. The notes are the process's own.
After a restart messages go as bare as they come, and what is sent from then on is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from memory.attach.notes import Note, Notes, shown_in
from memory.attach.placement import REPLAY_BUDGET
from memory.attach.prefixes import Measure, Prefixes
from memory.damage import despite_damage
from memory.engine import Memory
from memory.planning import is_current
from memory.recall.prompt import Context, whole_context
from memory.recall.ranking import Recollection
from store import Record

__all__ = ["Replay", "Replays"]


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
        note = Note(at, shown_in(context), context.tokens)
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
            recollections.append(Recollection(replace(record, text=text), 0.0))
    return whole_context(recollections, note.at, note.tokens)
