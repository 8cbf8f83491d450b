"""Reading the notes, and removing rows with all that belongs to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from remem.store.errors import CorruptStore
from remem.store.milvus.driver import LONGEST_BODY, PREFIX, note_row, notes_name, records_name
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.filters import all_of, one_of, quoted
from remem.store.milvus.packing import part_keys
from remem.store.spaces import Meta, meta_of, to_json
from remem.store.types import Space

_FIELDS = ("scope", "kind", "number", "body")


def read_moment(engine: Engine, namespace: str, extra: Iterable[Row] = ()) -> Moment:
    """The present moment of a namespace; with ``STORE``, that of the store alone."""
    where = all_of([one_of("scope", [STORE, namespace]), 'kind != "part"'])
    return moment_of(namespace, [*engine.select(PREFIX, where, _FIELDS), *extra])


def all_moments(engine: Engine) -> dict[str, Moment]:
    """The present moments of all namespaces, by name, sorted; that of ``STORE`` is the first."""
    by_scope: dict[str, list[Row]] = {STORE: []}
    for row in engine.select(PREFIX, 'kind != "part"', _FIELDS):
        by_scope.setdefault(row["scope"], []).append(row)
    store = by_scope[STORE]
    return {
        scope: moment_of(scope, store if scope == STORE else store + rows)
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


# The notes that say what counts: the state of the store and of each namespace.
#
# A write puts rows that are born in the next version of its namespace, which nobody sees yet,
# then the list of the rows that die with it, and then the state with that version: this last
# request alone is the acknowledgement. Every read looks at the state first and asks for the rows
# of its version.

FORMAT = 3
"""Raised by a change that older versions cannot read, or would not keep up. 2: origins. 3: tokens
without accents."""

STORE = ""
"""The scope of notes about the whole store; no namespace has this name."""

_DEAD_ROWS = 50_000  # bytes of one list of dead rows; VARCHAR holds 65,535


@dataclass(frozen=True, slots=True)
class Root:
    """Facts that the store keeps about itself.

    Attributes:
        meta: Of its vectors.
        notes, records: Numbers of the collections in use; 0: none yet.
        filling: Number of the collection that a reindex is filling; 0: none.
        last: The highest number ever given to a collection.
        owner: The opened store that wrote this.
        format: Version of the store's format; see ``FORMAT``.
    """

    meta: Meta
    notes: int
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
    def notes_name(self) -> str:
        """The collection with the notes."""
        return notes_name(self.notes)

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
        version: Rows born later are not there yet.
        records: How many there are.
        current: How many of them are not superseded, expired ones included.
        lengths: Tokens in each view of the current ones.
        expiring: How many of the current ones will expire, or have.
        long: How many rows hold more words than their list of them.
        odd: Some record has, or had, metadata of which the engine cannot judge every condition.
        usual: Lengths at which words are weighed; see ``remem.store.milvus.packing``.
        size: Bytes of what was written, about: the engine compresses it and keeps copies.
        owner: Who wrote the rows that were born last: what he searches after them, in his own
            session, includes all others. What died is hidden by the notes, whoever wrote these.
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
class Dead:
    """Rows that died with a version and are still in the engine.

    Attributes:
        rows: Primary key of each -> in how many notes its body goes on.
        at: When that was, in seconds since 1970.
    """

    pk: str
    version: int
    at: float
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody writes to a namespace, until a time in seconds since 1970; 0: has finished."""

    pk: str
    owner: str
    until: float


@dataclass(frozen=True, slots=True)
class Moment:
    """State of a namespace and of its store when it is read."""

    namespace: str
    root: Root
    state: State
    dead: Sequence[Dead] = ()
    claims: Sequence[Claim] = ()
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


def note(scope: str, kind: str, body: object, number: int = 0, name: str = "") -> Row:
    """A row of the notes. Its primary key is made of scope, kind and name."""
    pk = "\x01".join((scope, kind, name))
    return note_row(pk, scope, kind, json.dumps(body, ensure_ascii=False), number)


def root_note(root: Root) -> Row:
    """The note that says what the store is."""
    return note(STORE, "root", _of_root(root))


def new_note() -> Row:
    """The note that makes an empty store. It counts for nothing beside a note of the root, so that
    a process may put it that does not know how far another is."""
    return note(STORE, "new", _of_root(Root(Meta(0, None, None), notes=1, last=1)))


def _of_root(root: Root) -> dict[str, Any]:
    meta = root.meta
    facts = {"generation": str(meta.generation)}
    if meta.adopted:
        facts["space"] = to_json(meta.adopted)
    if meta.next_space:
        facts["next_space"] = to_json(meta.next_space)
    numbers = {name: getattr(root, name) for name in ("notes", "records", "filling", "last")}
    return {"format": root.format, "facts": facts, "owner": root.owner, **numbers}


def state_note(namespace: str, state: State) -> Row:
    """The note that makes a version of a namespace the one that is there."""
    return note(namespace, "state", asdict(state), state.version)


def claim_note(scope: str, owner: str, until: float) -> Row:
    """The note with which a writer claims a namespace, or the store."""
    return note(scope, "claim", {"owner": owner, "until": until}, name=owner)


def dead_notes(namespace: str, version: int, rows: Mapping[str, int], at: float) -> list[Row]:
    """The notes that name rows which die with a version."""
    notes, portion, size = [], dict[str, int](), 0
    for pk, parts in rows.items():
        if size > _DEAD_ROWS - 4 * len(pk):
            notes.append(portion)
            portion, size = {}, 0
        portion[pk] = parts
        size += len(json.dumps(pk, ensure_ascii=False).encode()) + 12
    notes.append(portion)
    return [
        note(namespace, "dead", {"at": at, "rows": rows}, version, f"{version:x}.{index}")
        for index, rows in enumerate(notes)
        if rows
    ]


def moment_of(namespace: str, notes: Iterable[Row]) -> Moment:
    """The moment of a namespace, from its notes and those of the store.

    Raises:
        CorruptStore: the store does not say what it is, or is of a later format.
    """
    root: Root | None = None
    new: Root | None = None
    state, dead, claims = State(), list[Dead](), list[Claim]()
    for row in notes:
        body = json.loads(row["body"])
        if row["kind"] == "root":
            root = _root(body)
        elif row["kind"] == "new":
            new = _root(body)
        elif row["kind"] == "state":
            state = State(**body)
        elif row["kind"] == "dead":
            dead.append(Dead(row["pk"], row["number"], body["at"], body["rows"]))
        elif row["kind"] == "claim":
            claims.append(Claim(row["pk"], body["owner"], body["until"]))
    root = root or new
    if root is None:
        raise CorruptStore("the store has lost its root note: restore a backup or an export")
    hidden = frozenset(pk for one in dead if one.version <= state.version for pk in one.rows)
    return Moment(namespace, root, state, dead, claims, hidden)


def _root(body: dict[str, Any]) -> Root:
    if body["format"] > FORMAT:
        raise CorruptStore(
            f"the store is of format {body['format']}, made by a later version of remem; upgrade"
        )
    names = ("notes", "records", "filling", "last", "format")
    return Root(meta_of(body["facts"]), owner=body["owner"], **{name: body[name] for name in names})
