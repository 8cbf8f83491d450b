"""Metadata rows: what the store and each namespace say about themselves, and who is writing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from remem.store.errors import CorruptStore
from remem.store.milvus.driver import (
    LONGEST_BODY,
    PREFIX,
    metadata_name,
    metadata_row,
    records_name,
)
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.filters import all_of, one_of, quoted
from remem.store.milvus.packing import part_keys
from remem.store.spaces import Meta, meta_of, to_json
from remem.store.types import Space

_FIELDS = ("scope", "kind", "number", "body")


def read_snapshot(engine: Engine, namespace: str, extra: Iterable[Row] = ()) -> Snapshot:
    """The present snapshot of a namespace; with ``STORE``, that of the store alone."""
    where = all_of([one_of("scope", [STORE, namespace]), 'kind != "part"'])
    return snapshot_of(namespace, [*engine.select(PREFIX, where, _FIELDS), *extra])


def all_snapshots(engine: Engine) -> dict[str, Snapshot]:
    """The present snapshots of all namespaces, by name, sorted; that of ``STORE`` is the first."""
    by_scope: dict[str, list[Row]] = {STORE: []}
    for row in engine.select(PREFIX, 'kind != "part"', _FIELDS):
        by_scope.setdefault(row["scope"], []).append(row)
    store = by_scope[STORE]
    return {
        scope: snapshot_of(scope, store if scope == STORE else store + rows)
        for scope, rows in sorted(by_scope.items())
    }


def pieces_of(engine: Engine, rows: Iterable[Row]) -> dict[str, str]:
    """Pieces that the bodies of some rows go on in, by primary key."""
    keys = [key for row in rows for key in part_keys(row["pk"], row["parts"])]
    return {row["pk"]: row["body"] for row in engine.fetch(PREFIX, keys, ["body"], LONGEST_BODY)}


def remove_rows(engine: Engine, root: Root, rows: Mapping[str, int]) -> None:
    """Delete rows, given with their number of parts, from the records and, where a reindex has
    copied them, from those to come."""
    engine.remove(root.records_name, list(rows))
    if root.filling:
        engine.remove(root.filling_name, list(rows))
    engine.remove(PREFIX, [key for pk, parts in rows.items() for key in part_keys(pk, parts)])


# A write puts rows inserted with the next version of its namespace, which nobody sees yet, then the
# tombstones of the rows that this version removes, and then the state with the version: this last
# request alone is the acknowledgement. Every read looks at the state first and asks for the rows of
# its version.
#
# Names on disk are older than those in Python: the column "born" has the version that inserted a
# row; of the kinds, "claim" is a lease, "dead" are tombstones; the root calls its metadata "notes".

FORMAT = 2
"""Raised by a change that older versions cannot read, or would not keep up. 2: origins."""

_ROOT = ("records", "filling", "last", "owner", "format")
"""Attributes of ``Root`` that are stored as they are."""

STORE = ""
"""The scope of rows about the whole store; no namespace has this name."""

_TOMBSTONE_BYTES = 50_000  # of the tombstones in one row; VARCHAR holds 65,535


@dataclass(frozen=True, slots=True)
class Root:
    """Facts that the store keeps about itself.

    Attributes:
        meta: Of its vectors.
        metadata, records: Numbers of the collections in use; 0: none yet.
        filling: Number of the collection that a reindex is filling; 0: none.
        last: The highest number ever given to a collection.
        owner: The opened store that wrote this.
        format: Version of the store's format; see ``FORMAT``.
    """

    meta: Meta
    metadata: int
    records: int = 0
    filling: int = 0
    last: int = 0
    owner: str = ""
    format: int = FORMAT

    @property
    def space(self) -> Space:
        """The space in use; there is one where there are records."""
        return self.meta.space

    @property
    def metadata_name(self) -> str:
        """The collection with the metadata."""
        return metadata_name(self.metadata)

    @property
    def records_name(self) -> str:
        """The collection with the records."""
        return records_name(self.records)

    @property
    def filling_name(self) -> str:
        """The collection that a reindex is filling."""
        return records_name(self.filling)


@dataclass(frozen=True, slots=True)
class State:
    """A namespace as of its last write.

    Attributes:
        life: Tells it from one of the same name that was purged.
        version: Rows inserted later are not there yet.
        records: How many there are.
        current: How many of them are not superseded, expired ones included.
        lengths: Tokens in each view of the current ones.
        expiring: How many of the current ones will expire, or have.
        long: How many rows hold more words than their list of them.
        odd: Some record has, or had, metadata of which the engine cannot judge every condition.
        usual: Lengths at which words are weighed; see ``remem.store.milvus.packing``.
        size: Bytes of what was written, about: the engine compresses it and keeps copies.
        owner: Opened store that inserted the last rows: a search in its session sees all rows.
            Tombstones need no session, since every snapshot reads them.
        purging: Traces of what was deleted are still to be removed.
    """

    life: str = ""
    version: int = 0
    records: int = 0
    current: int = 0
    lengths: Sequence[int] = ()
    expiring: int = 0
    long: int = 0
    odd: bool = False
    usual: Sequence[float] = ()
    size: int = 0
    owner: str = ""
    purging: bool = False


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Rows that a version removed and that are still in the engine.

    Attributes:
        rows: Primary key of each -> number of metadata rows that hold parts of its body.
        at: Time of the removal, in seconds since 1970.
    """

    pk: str
    version: int
    at: float
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lease:
    """Right of an opened store to write, until a time in seconds since 1970; 0: it has finished."""

    pk: str
    owner: str
    until: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of a namespace and of its store at one moment."""

    namespace: str
    root: Root
    state: State
    tombstoned: Sequence[Tombstones] = ()
    leases: Sequence[Lease] = ()
    hidden: frozenset[str] = field(default_factory=frozenset)

    @property
    def visible(self) -> str:
        """True of the rows that are there."""
        parts = [f"namespace == {quoted(self.namespace)}", f"born <= {self.state.version}"]
        if self.hidden:
            parts.append(f"not ({one_of('pk', sorted(self.hidden))})")
        return all_of(parts)

    def current(self, now: int) -> str:
        """True of those that are neither superseded nor expired at a time in microseconds."""
        return all_of([self.visible, "superseded == false", f"expires_at > {now}"])


def _row(scope: str, kind: str, body: object, number: int = 0, name: str = "") -> Row:
    """A metadata row. Its primary key is made of scope, kind and name."""
    pk = "\x01".join((scope, kind, name))
    return metadata_row(pk, scope, kind, json.dumps(body, ensure_ascii=False), number)


def root_row(root: Root) -> Row:
    """The row with the facts of a store."""
    return _row(STORE, "root", _of_root(root))


def new_root_row() -> Row:
    """The row of an empty store. The root row overrules it, so that a process may put it that does
    not know how far another one is."""
    return _row(STORE, "new", _of_root(Root(Meta(0, None, None), metadata=1, last=1)))


def _of_root(root: Root) -> dict[str, Any]:
    meta = root.meta
    facts = {"generation": str(meta.generation)}
    if meta.adopted:
        facts["space"] = to_json(meta.adopted)
    if meta.next_space:
        facts["next_space"] = to_json(meta.next_space)
    values = {name: getattr(root, name) for name in _ROOT}
    return {"facts": facts, "notes": root.metadata, **values}


def state_row(namespace: str, state: State) -> Row:
    """The row that makes a version of a namespace the present one."""
    return _row(namespace, "state", asdict(state), state.version)


def lease_row(scope: str, owner: str, until: float) -> Row:
    """The row of a lease on a namespace, or on the store."""
    return _row(scope, "claim", {"owner": owner, "until": until}, name=owner)


def tombstone_rows(namespace: str, version: int, rows: Mapping[str, int], at: float) -> list[Row]:
    """The rows that name what a version removes."""
    portions, portion, size = [], dict[str, int](), 0
    for pk, parts in rows.items():
        if size > _TOMBSTONE_BYTES - 4 * len(pk):
            portions.append(portion)
            portion, size = {}, 0
        portion[pk] = parts
        size += len(json.dumps(pk, ensure_ascii=False).encode()) + 12
    portions.append(portion)
    return [
        _row(namespace, "dead", {"at": at, "rows": rows}, version, f"{version:x}.{index}")
        for index, rows in enumerate(portions)
        if rows
    ]


def snapshot_of(namespace: str, rows: Iterable[Row]) -> Snapshot:
    """The snapshot of a namespace, from its rows and those of the store.

    Raises:
        CorruptStore: the store does not say what it is, or is of a later format.
    """
    root: Root | None = None
    new: Root | None = None
    state, tombstoned, leases = State(), list[Tombstones](), list[Lease]()
    for row in rows:
        body = json.loads(row["body"])
        if row["kind"] == "root":
            root = _root(body)
        elif row["kind"] == "new":
            new = _root(body)
        elif row["kind"] == "state":
            state = State(**body)
        elif row["kind"] == "dead":
            tombstoned.append(Tombstones(row["pk"], row["number"], body["at"], body["rows"]))
        elif row["kind"] == "claim":
            leases.append(Lease(row["pk"], body["owner"], body["until"]))
    root = root or new
    if root is None:
        raise CorruptStore("the store has lost its root note: restore a backup or an export")
    hidden = frozenset(pk for one in tombstoned if one.version <= state.version for pk in one.rows)
    return Snapshot(namespace, root, state, tombstoned, leases, hidden)


def _root(body: dict[str, Any]) -> Root:
    if body["format"] > FORMAT:
        raise CorruptStore(
            f"the store is of format {body['format']}, made by a later version of remem; upgrade"
        )
    values = {name: body[name] for name in _ROOT}
    return Root(meta_of(body["facts"]), metadata=body["notes"], **values)
