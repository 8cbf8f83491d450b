"""Several namespaces of one store together: a search over them, and memories that move up.

Namespaces never see each other; here somebody asks for several by name, or copies one memory from
one to another on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from remem.lookup import with_stored_names
from remem.memory import Memory
from remem.recall.recollection import Recollection
from remem.store import InvalidInput, Record
from remem.store.filters import Filter

PROMOTED = "promoted_from"
"""Name in the metadata of where a memory was copied from: its namespace and its key."""


@dataclass(frozen=True, slots=True)
class Located:
    """A recollection, and the namespace that it is from."""

    namespace: str
    recollection: Recollection


def search_across(
    memory: Memory,
    query: str,
    k: int = 10,
    *,
    namespaces: Sequence[str] | None = None,
    where: Filter | None = None,
    now: datetime | None = None,
    explain: bool = False,
) -> list[Located]:
    """The k memories of several namespaces that answer a question best, the most relevant first.

    Scores mean something within one search only, so the relevance decides. A memory that was
    promoted stands for the one that it is a copy of.

    Args:
        namespaces: Which ones; None: all that hold something.
        where: As for ``Memory.search``; speakers and sources are found as each namespace spells
            them, and one that has none of them has nothing.

    Raises:
        InvalidInput: an empty question, k < 1, or a name that no namespace has.
    """
    found: list[Located] = []
    refusal: InvalidInput | None = None
    chosen = sorted(set(memory.namespaces() if namespaces is None else namespaces))
    for namespace in chosen:
        here = memory.in_namespace(namespace)
        try:
            spelt = with_stored_names(here, where)
        except InvalidInput as error:
            refusal = error
            continue
        hits = here.search(query, k, where=spelt, now=now, explain=explain)
        found += (Located(here.namespace, each) for each in hits)
    if refusal and not found:
        raise refusal
    found.sort(key=lambda each: (-each.recollection.relevance, -each.recollection.score))
    copied = {_origin(each.recollection.record) for each in found}
    return [each for each in found if (each.namespace, each.recollection.record.key) not in copied][
        :k
    ]


def promote(memory: Memory, key: str, to: str) -> Record:
    """Copy a memory to another namespace, such as one that several projects read.

    It keeps its words, speaker, time and origin, and says where it is from. Promoted again after
    it was changed, the copy gets a new version.

    Args:
        to: The namespace; it need not hold anything yet.

    Raises:
        InvalidInput: no such key, or it is there already.
    """
    versions = memory.history(key)
    if not versions:
        raise InvalidInput(f"no memory has the key {key!r}; 'remem search' shows the keys")
    target = memory.in_namespace(to)
    if target.namespace == memory.namespace:
        raise InvalidInput(f"the memory is in {to!r} already; name another namespace")
    first, last = versions[0], versions[-1]
    copy = replace(
        last,
        key=f"{memory.namespace}/{first.key}",
        source=f"{memory.namespace}/{last.source}",
        stored_at=None,
        superseded_by=None,
        valid_to=None,
        metadata={**last.metadata, PROMOTED: {"namespace": memory.namespace, "key": last.key}},
    )
    if known := target.history(copy.key):
        return target.update(
            known[-1].key,
            copy.text,
            said_at=copy.said_at,
            origin=copy.origin,
            metadata=copy.metadata,
        )
    target.add_records([copy])
    return target.history(copy.key)[-1]


def _origin(record: Record) -> tuple[Any, Any] | None:
    told = record.metadata.get(PROMOTED)
    return (told.get("namespace"), told.get("key")) if isinstance(told, dict) else None
