"""Memories that were given out lately, so that what is made from them can say so.

A chat that remembers knows what its model was given. An agent that calls ``recall`` and later
``remember``, a framework with a retriever and a history, a program that asks for a context and
stores the messages do not tell. They share a ``Memory``, and it has a short recollection of its
own: an assistant's turn that repeats what was given out before it was said keeps the keys.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from remem.recall.order.echoes import RECALLED, made_from
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.fulltext.tokens import content_words
from remem.store.types import ASSISTANT

_MOST = 30
_NAMESPACES = 1000


class Given:
    """The memories that were given out last in each namespace; thread-safe. It is the process's
    own: after a restart, or in another process, answers come without keys."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, OrderedDict[str, tuple[Record, datetime]]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, namespace: str, found: Iterable[Recollection], at: datetime) -> None:
        """Note what is given out, best first."""
        best = [one.record for one in found][:_MOST]
        with self._lock:
            given = self._given.setdefault(namespace, OrderedDict())
            for record in reversed(best):
                given[record.key] = (record, at)
                given.move_to_end(record.key)
            while len(given) > _MOST:
                given.popitem(last=False)
            self._given.move_to_end(namespace)
            while len(self._given) > _NAMESPACES:
                self._given.popitem(last=False)

    def linked(self, namespace: str, record: Record) -> Record:
        """The record; if an assistant made it from what was given out before, with the keys."""
        said, answers = record.said_at, record.role == ASSISTANT
        notes = record.role is None and record.origin == ASSISTANT
        if not (answers or notes) or said is None or RECALLED in record.metadata:
            return record
        with self._lock:
            given = list(self._given.get(namespace, {}).values())
        before = {memory.key: memory for memory, at in given if at <= said}
        sources = sorted(made_from(record, list(before.values()))) if before else []
        if not sources or (notes and _says_news(record, [before[key] for key in sources])):
            return record
        return replace(record, metadata={**record.metadata, RECALLED: sources})


def _says_news(note: Record, sources: Iterable[Record]) -> bool:
    known = {token for each in sources for token in content_words(each.text)}
    return not content_words(note.text).keys() <= known | content_words(_OWNER).keys()


_OWNER = "user users"
"""Words by which a note names whose memory it is in."""
