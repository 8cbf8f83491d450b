"""LangGraph: a memory as the store of a graph.

::

    graph = builder.compile(store=RememStore(memory))

An item is a note. Its namespace is the source, and what of it is indexed is the text, so that it is
recalled on every other way to the memory too. An item that is not indexed is never recalled.
"""

from __future__ import annotations

import asyncio
import math
import operator
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any
from urllib.parse import unquote

from remem.attach.frameworks.transcript import NEVER_FOUND
from remem.memory import Memory
from remem.store import F, Filter, InvalidInput, Record
from remem.store.errors import MissingDependency
from remem.store.types import ASSISTANT

try:
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        Item,
        ListNamespacesOp,
        MatchCondition,
        Op,
        PutOp,
        Result,
        SearchItem,
        SearchOp,
        TTLConfig,
        get_text_at_path,
    )
except ImportError as error:
    raise MissingDependency("memory in LangGraph", "'remem[langgraph]'") from error

Namespace = tuple[str, ...]

_FIELD = "langgraph"
"""Of the metadata: ``value``, ``created_at``, and of an item that expires ``ttl`` (minutes) and
``expires_at`` (seconds since 1970)."""

_ROOT = "langgraph/"
_BEHIND_ROOT = "langgraph0"  # 0 is the sign after /, as / is the one after .
_ESCAPED = re.compile(r"[%./#\x00-\x1f\x7f-\x9f]")


class RememStore(BaseStore):
    """LangGraph's long-term store over a memory: items by namespace and key, filters, listings,
    and search by meaning and by words, with the relevance in [0, 1] as score.

    Args:
        memory: Where items are kept, each namespace as a source of its own.
        index: Paths of the fields that are indexed where ``put`` names none; ``"$"`` is all of an
            item. As in other stores, what has none of them is only found by a search without query.
        ttl: How long items live; see LangGraph's ``TTLConfig``. Expired items are not returned;
            ``sweep_ttl`` deletes them.
    """

    supports_ttl = True

    def __init__(
        self, memory: Memory, *, index: Sequence[str] = ("$",), ttl: TTLConfig | None = None
    ) -> None:
        self.memory = memory
        self.ttl_config = ttl
        self._index = tuple(index)
        self._writing = threading.Lock()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """The results of operations, in their order. Reads see what was there before the batch;
        of several writes to one item the last counts, and all values are stored at once.

        Raises:
            InvalidInput: a value is not JSON, a filter has an unknown operator, ...
        """
        results: list[Result] = []
        puts: dict[str, PutOp] = {}
        for op in ops:
            match op:
                case GetOp():
                    results.append(self._get(op))
                case SearchOp():
                    results.append(self._search(op))
                case ListNamespacesOp():
                    results.append(self._list_namespaces(op))
                case PutOp():
                    puts[_key(op.namespace, op.key)] = op
                    results.append(None)
                case _:
                    raise InvalidInput(f"a store cannot carry out a {type(op).__name__}")
        self._put(puts)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """The same for asyncio, in a worker thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def sweep_ttl(self) -> int:
        """Delete items that expired; returns how many."""
        expired = F(f"metadata.{_FIELD}.expires_at") <= _now().timestamp()
        if not self.memory.count(expired):  # which an index tells, while a scan reads all items
            return 0
        return self.memory.delete(*(record.key for record in self.memory.scan(expired)))

    def _get(self, op: GetOp) -> Item | None:
        record = self.memory.get(_key(op.namespace, op.key))
        if record is None or not _is_live(record):
            return None
        self._refresh([record], op.refresh_ttl)
        return Item(**_parts(record))

    def _search(self, op: SearchOp) -> list[SearchItem]:
        query = (op.query or "").strip()
        last = op.offset + op.limit
        found = self._ranked(op, query, last) if query else ((r, None) for r in self._scan(op))
        page = list(islice(found, op.offset, last))
        self._refresh([record for record, _ in page], op.refresh_ttl)
        return [SearchItem(**_parts(record), score=score) for record, score in page]

    def _scan(self, op: SearchOp) -> Iterator[Record]:
        wanted = op.filter or {}
        for record in self.memory.scan(_where(op)):
            if _is_live(record) and matches(_value(record), wanted):
                yield record

    def _ranked(self, op: SearchOp, query: str, count: int) -> list[tuple[Record, float | None]]:
        """At least ``count`` items if there are so many: as the memory looks up only a part of the
        filter, it is asked for more until enough are left."""
        wanted = op.filter or {}
        k = max(count, 1)
        while True:
            found = self.memory.search(query, k, where=_where(op))
            kept: list[tuple[Record, float | None]] = [
                (one.record, one.relevance)
                for one in found
                if _is_live(one.record) and matches(_value(one.record), wanted)
            ]
            if len(kept) >= count or len(found) < k:
                return kept
            k *= 4

    def _list_namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        self.sweep_ttl()
        names = (each.source for each in self.memory.sources() if each.source.startswith(_ROOT))
        found = {
            namespace[: op.max_depth]
            for namespace in map(_namespace, names)
            if all(_fits(namespace, condition) for condition in op.match_conditions or ())
        }
        return sorted(found)[op.offset : op.offset + op.limit]

    def _put(self, puts: Mapping[str, PutOp]) -> None:
        gone = [key for key, op in puts.items() if op.value is None]
        kept = {key: op for key, op in puts.items() if op.value is not None}
        with self._writing:
            if kept:
                self.memory.put_records([self._record(key, op) for key, op in kept.items()])
            if gone:
                self.memory.delete(*gone)

    def _record(self, key: str, op: PutOp) -> Record:
        value = dict(op.value or {})
        stored = self.memory.get(key)
        now = _now()
        known = stored is not None and _is_live(stored)
        created_at = stored.metadata[_FIELD]["created_at"] if stored and known else now.isoformat()
        paths = self._index if op.index is None else op.index or ()
        text = "\n".join(text for path in paths for text in _texts(value, path))
        found = bool(text.strip())
        record = Record(
            key=key,
            source=_source(op.namespace),
            position=0,
            text=text if found else f"item {op.key}",
            kind="note",
            said_at=now,
            expires_at=None if found else NEVER_FOUND,
            metadata={_FIELD: {"value": value, "created_at": created_at}},
            origin=ASSISTANT,  # an agent keeps it for itself
        )
        return record if op.ttl is None else _living(record, op.ttl)

    def _refresh(self, records: Iterable[Record], refresh: bool) -> None:
        """Let items that expire live on from now, because they were read; not those that somebody
        changed or deleted meanwhile."""
        expiring = [record for record in records if refresh and "ttl" in record.metadata[_FIELD]]
        if not expiring:
            return
        with self._writing:
            present = [record for record in expiring if self.memory.get(record.key) == record]
            self.memory.put_records(
                [_living(record, record.metadata[_FIELD]["ttl"]) for record in present]
            )


def _source(namespace: Iterable[str]) -> str:
    return _ROOT + ".".join(map(_escaped, namespace))


def _namespace(source: str) -> Namespace:
    return tuple(map(unquote, source.removeprefix(_ROOT).split(".")))


def _key(namespace: Iterable[str], key: str) -> str:
    return f"{_source(namespace)}#{_escaped(key)}"


def _escaped(name: str) -> str:
    """Without the signs that part names, and those that a store refuses in them."""
    return _ESCAPED.sub(lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode()), name)


def _where(op: SearchOp) -> Filter:
    """In a namespace or below it, and what can be looked up of the filter."""
    source = _source(op.namespace_prefix)
    below = F("source").between(f"{source}.", f"{source}/")
    where = (
        F("source").between(source, f"{source}/") & ((F("source") == source) | below)
        if op.namespace_prefix
        else F("source").between(_ROOT, _BEHIND_ROOT)
    )
    for condition in necessary(f"metadata.{_FIELD}.value", op.filter or {}):
        where &= condition
    return where


def _parts(record: Record) -> dict[str, Any]:
    return {
        "namespace": _namespace(record.source),
        "key": unquote(record.key.removeprefix(f"{record.source}#")),
        "value": _value(record),
        "created_at": datetime.fromisoformat(record.metadata[_FIELD]["created_at"]),
        "updated_at": record.said_at,
    }


def _value(record: Record) -> Any:
    return record.metadata[_FIELD]["value"]


def _texts(value: Mapping[str, Any], path: str) -> list[str]:
    return list(_lines(value)) if path == "$" else get_text_at_path(value, path)


def _lines(value: Any, name: str = "") -> Iterator[str]:
    """A line for each thing that a value says, with the name of its field."""
    if isinstance(value, Mapping):
        for field, inner in value.items():
            yield from _lines(inner, f"{name}.{field}" if name else field)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _lines(inner, name)
    elif value is not None and str(value).strip():
        yield f"{name}: {value}"


def _living(record: Record, minutes: float) -> Record:
    """The record, to expire so many minutes from now."""
    end = _now() + timedelta(minutes=minutes)
    fields = record.metadata[_FIELD] | {"ttl": minutes, "expires_at": end.timestamp()}
    found = record.expires_at != NEVER_FOUND
    return replace(
        record,
        expires_at=end if found else NEVER_FOUND,
        metadata={**record.metadata, _FIELD: fields},
    )


def _is_live(record: Record) -> bool:
    """True for an item that has not expired."""
    fields = record.metadata.get(_FIELD)
    return fields is not None and fields.get("expires_at", math.inf) > _now().timestamp()


def _fits(namespace: Namespace, condition: MatchCondition) -> bool:
    path = tuple(condition.path)
    if len(namespace) < len(path):
        return False
    end = condition.match_type == "suffix"
    part = namespace[len(namespace) - len(path) :] if end else namespace[: len(path)]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))


def _now() -> datetime:
    return datetime.now(timezone.utc)


# Filters of LangGraph's stores: what they mean, and what of them a memory can look up. Pure.

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(value: Any, wanted: Any) -> bool:
    """True if a value is what a filter asks for.

    Objects have at least the wanted fields, lists all the wanted items in their order, anything
    else is equal. An object of operators (``$eq``, ``$ne``, ``$gt``, ``$gte``, ``$lt``, ``$lte``)
    compares; numbers are ordered among numbers and strings among strings, nothing else is.

    Raises:
        InvalidInput: an unknown operator.
    """
    if isinstance(wanted, Mapping):
        if _compares(wanted):
            return all(_holds(value, name, operand) for name, operand in wanted.items())
        return isinstance(value, Mapping) and all(
            matches(value.get(name), part) for name, part in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(wanted)
            and all(map(matches, value, wanted))
        )
    return bool(value == wanted)


def necessary(field: str, wanted: Mapping[str, Any]) -> Iterator[Filter]:
    """Conditions on metadata that every match fulfils; others may fulfil them too.

    Args:
        field: Where in a record the values are.
        wanted: Of their fields.
    """
    for name, condition in wanted.items():
        yield from _necessary(F(f"{field}.{name}"), condition)


def _necessary(field: F, wanted: Any) -> Iterator[Filter]:
    if _is_scalar(wanted):
        yield field == wanted
    elif isinstance(wanted, Mapping) and not _compares(wanted):
        yield from necessary(field.name, wanted)
    elif isinstance(wanted, Mapping):
        for name, operand in wanted.items():
            if name == "$eq":
                yield from _necessary(field, operand)
            elif name in ("$gt", "$gte") and _is_scalar(operand):
                yield field >= operand
            elif name in ("$lt", "$lte") and _is_scalar(operand):
                yield field <= operand


def _holds(value: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return bool(value == operand)
    if name == "$ne":
        return bool(value != operand)
    if name not in _ORDER:
        known = ", ".join(["$eq", "$ne", *_ORDER])
        raise InvalidInput(f"a filter cannot compare with {name!r}; use {known}")
    comparable = all(isinstance(each, str) for each in (value, operand)) or all(
        isinstance(each, (int, float)) for each in (value, operand)
    )
    return comparable and _ORDER[name](value, operand)


def _compares(wanted: Mapping[str, Any]) -> bool:
    return any(name.startswith("$") for name in wanted)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (int, float)) and math.isfinite(value))
