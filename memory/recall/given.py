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

from remem.recall.echoes import RECALLED, made_from
from remem.recall.ranking import Recollection
from remem.store import Record

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
        """The record; if it is an assistant's turn, with the keys of the memories that it repeats
        of those that were given out before it was said."""
        said = record.said_at
        if record.role != "assistant" or said is None or RECALLED in record.metadata:
            return record
        with self._lock:
            given = list(self._given.get(namespace, {}).values())
        before = [memory for memory, at in given if at <= said]
        sources = sorted(made_from(record, before)) if before else []
        if not sources:
            return record
        return replace(record, metadata={**record.metadata, RECALLED: sources})
