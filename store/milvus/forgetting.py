"""Taking rows out of the engine that are not there any more, and their traces out of its files."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from store.errors import StoreLocked
from store.milvus.claims import Claims, Held
from store.milvus.engine import Engine
from store.milvus.notes import all_moments, remove_rows
from store.milvus.rebuilding import renew
from store.milvus.schema import PREFIX
from store.milvus.state import STORE, Moment, state_note

__all__ = ["QUICK", "collect_all", "collect_old", "finish_purges", "tidy"]

QUICK = 5.0
"""Seconds that a read may take without looking whether there was a write meanwhile: rows that died
stay in a server for longer than that, for readers that began before."""

_KEPT = 30.0
"""Seconds for which they stay, at least, by the clocks of all writers."""

_MOST_KEPT = 10_000
"""Rows that may stay until the next write; every read has to name them."""


def collect_old(held: Held) -> None:
    """Remove rows of a namespace that died so long ago that nobody can be reading them."""
    _collect(held, held.moment, _KEPT)


def collect_all(held: Held, moments: Collection[Moment]) -> None:
    """Remove all rows that died, as soon as nobody can be reading them.

    Args:
        held: Keeps others from writing to the namespaces of these moments.
    """
    if not held.engine.alone and any(moment.dead for moment in moments):
        time.sleep(2 * QUICK)
    for moment in moments:
        _collect(held, moment, 0)


def tidy(engine: Engine, claims: Claims, before: Moment, died: int) -> None:
    """Remove rows that died, if there are too many of them for each read to name.

    Args:
        before: What was true before a write in which ``died`` rows did.
    """
    if died + len(before.hidden) > (0 if engine.alone else _MOST_KEPT):
        with suppress(StoreLocked), claims.held(before.namespace) as held:  # else the next one does
            collect_all(held, [held.moment])


def finish_purges(engine: Engine, claims: Claims) -> None:
    """Remove what purges deleted from all files; also one that a crash interrupted.

    The files of Milvus Lite are written again. A server is asked to compact its own, and drops the
    old ones in its own time.
    """
    moments = all_moments(engine)
    purging = [name for name, moment in moments.items() if moment.state.purging]
    if purging and engine.alone:
        with claims.held(STORE) as held:
            renew(held)
        return
    for name in purging:
        with claims.held(name) as held:
            if held.moment.state.purging:  # nobody else has finished it meanwhile
                _finish(held)
    if purging:
        engine.settle(moments[STORE].root.records_name)
        engine.settle(PREFIX)


def _finish(held: Held) -> None:
    moment = held.moment
    collect_all(held, [moment])
    done = state_note(moment.namespace, replace(moment.state, purging=False))
    if moment.state.records:
        held.commit([done])
    else:  # its name may be a person's
        held.engine.remove(PREFIX, [done["pk"]])


def _collect(held: Held, moment: Moment, age: float) -> None:
    """Remove rows that died at least so many seconds ago."""
    before = time.time() - age
    for dead in moment.dead:
        if dead.version <= moment.state.version and dead.at <= before:
            held.extend()
            remove_rows(held.engine, moment.root, dead.rows)
            held.engine.remove(PREFIX, [dead.pk])
