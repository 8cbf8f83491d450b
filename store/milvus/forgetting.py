"""Taking rows out of the engine that are not there any more, and their traces out of its files."""

from __future__ import annotations

import time
from dataclasses import replace

from store.milvus.claims import Claims, Held
from store.milvus.engine import Engine
from store.milvus.notes import all_moments, collect, read_moment
from store.milvus.rebuilding import renew
from store.milvus.schema import PREFIX
from store.milvus.state import STORE, Moment, state_note

__all__ = ["QUICK", "finish_purges", "tidy"]

QUICK = 5.0
"""Seconds that a read may take without looking whether there was a write meanwhile: rows that died
stay in a server for longer than that, for readers that began before."""

_KEPT = 30.0
"""Seconds for which they stay, at least, by the clocks of all writers."""

_MOST_KEPT = 10_000
"""Rows that may stay until the next write; every read has to name them."""


def tidy(engine: Engine, before: Moment, died: int) -> None:
    """Remove rows that died, as soon as nobody can be reading them.

    Args:
        before: What was true before a write in which ``died`` rows did.
    """
    if engine.alone:  # and locked by the caller
        if died:
            collect(engine, read_moment(engine, before.namespace), 0)
    elif died + len(before.hidden) > _MOST_KEPT:
        time.sleep(2 * QUICK)
        collect(engine, read_moment(engine, before.namespace), 0)
    else:
        collect(engine, before, _KEPT)


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
            _finish(held)
    if purging:
        engine.settle(moments[STORE].root.records_name)
        engine.settle(PREFIX)


def _finish(held: Held) -> None:
    engine, moment = held.engine, held.moment
    collect(engine, moment, 0)
    done = state_note(moment.namespace, replace(moment.state, purging=False))
    if moment.state.records:
        held.commit([done])
    else:  # its name may be a person's
        engine.remove(PREFIX, [done["pk"]])
