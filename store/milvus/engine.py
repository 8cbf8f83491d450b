"""Requests to Milvus, in portions that it takes, tried again where that may help."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from remem.store.errors import RememError
from remem.store.milvus import connection
from remem.store.milvus.connection import ANSWER, Connection
from remem.store.milvus.driver import Address, CollectionSchema, IndexParams
from remem.store.milvus.filters import escaped, one_of, quoted

T = TypeVar("T")

Row = dict[str, Any]

MOST_HITS = 16_384
"""Most rows that Milvus returns for one search or query."""

_PAGE = 2000  # rows of a page with small columns
_MESSAGE = 4 << 20
"""About how many bytes one request takes: far below the 64 MB that a server refuses."""

_UNSEALED = 256  # rows that Milvus Lite may search without an index

_LONGEST = 3
"""Factor by which the client may take longer than it was told, besides a pause of three seconds: it
looks up the columns of a collection, and repeats a request by itself for as long as it was told,
with as much time for the last one again."""


class Engine:
    """A Milvus server, or a ``.db`` file through Milvus Lite.

    Raises:
        UpstreamError, StoreLocked, ...: see ``Connection``.
    """

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self._partitions = address.partitions
        self._connection = Connection(address)
        self._left: Callable[[], float] = lambda: math.inf

    def within(self, left: Callable[[], float]) -> Engine:
        """The same engine, but no request is sent, or sent again, when time is over.

        Args:
            left: How many seconds are left; raises when there are none.
        """
        if self.alone:  # nobody else can have changed anything meanwhile
            return self
        hurried = copy.copy(self)
        hurried._left = left
        return hurried

    @property
    def alone(self) -> bool:
        """True if no other process can reach what this one has open."""
        return self._connection.lite is not None

    @property
    def lock(self) -> contextlib.AbstractContextManager[object]:
        """To be held around reads and writes, where the engine needs that."""
        running = self._connection.lite
        return running.lock if running else contextlib.nullcontext()

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``."""
        self._connection.check_open()

    def close(self) -> None:
        """Let go of the server; may be called twice."""
        self._connection.close()

    @property
    def indexes_arrays(self) -> bool:
        """True if the engine can index columns that hold arrays."""
        return not self._connection.is_lite

    def create(self, name: str, schema: CollectionSchema, indexes: IndexParams) -> None:
        """Make a collection, unless it is there, and load it."""
        self._make(
            lambda: self._ask(self._client.has_collection, name),
            self._client.create_collection,
            name,
            schema=schema,
            consistency_level="Strong",
            num_partitions=self._partitions,
        )
        if not self.alone:  # within this process, the engine looks at every row anyway
            self._make(
                lambda: self._ask(self._client.list_indexes, name),
                self._client.create_index,
                name,
                indexes,
                sync=False,
            )
            self._ask(self._client.load_collection, name)

    def drop(self, name: str) -> None:
        """Remove a collection, if it is there."""
        self._change(self._client.drop_collection, name)

    def collections(self) -> list[str]:
        """Names of all collections."""
        return list(self._ask(self._client.list_collections))

    def introduce(self, alias: str, collection: str) -> None:
        """Let an alias name a collection, unless it names any."""
        self._make(lambda: self.pointed(alias), self._client.create_alias, collection, alias)

    def point(self, alias: str, collection: str) -> None:
        """Let an alias name another collection from now on, at once for everybody."""
        self._change(self._client.alter_alias, collection, alias)

    def pointed(self, alias: str) -> str | None:
        """The collection that an alias names."""
        if alias not in self._ask(self._client.list_aliases)["aliases"]:
            return None
        return str(self._ask(self._client.describe_alias, alias)["collection_name"])

    def put(self, name: str, rows: Iterable[Row]) -> None:
        """Store rows; one with the same primary key is replaced, so that it may be repeated."""
        for portion in _portions(rows):
            self._change(self._client.upsert, name, portion)
            if running := self._connection.lite:
                running.unsealed[name] += len(portion)

    def remove(self, name: str, keys: Sequence[str]) -> None:
        """Delete rows by primary key; unknown ones are ignored."""
        for portion in _slices(keys, _PAGE):
            # Not by "ids": the client makes an expression of them in which nothing is escaped.
            self._change(self._client.delete, name, filter=self._told(one_of("pk", portion)))

    def select(
        self, name: str, where: str, fields: Sequence[str], page: int = _PAGE, after: str = ""
    ) -> Iterator[Row]:
        """All rows that match, in the order of their primary keys, behind ``after``."""
        while True:
            found = self.page(name, where, fields, page, after)
            yield from found
            if len(found) < page:
                return
            after = found[-1]["pk"]

    def page(
        self, name: str, where: str, fields: Sequence[str], size: int, after: str
    ) -> list[Row]:
        """The first rows that match behind ``after``, in the order of their primary keys."""
        # With "iterator" the engine returns rows by primary key, and all reads of it are strong:
        # it takes the level that the collection was made with.
        behind = f"pk > {quoted(after)}"
        return self._rows(
            name,
            f"({where}) and {behind}" if where else behind,
            output_fields=["pk", *fields],
            limit=size,
            iterator="True",
            reduce_stop_for_best="True",
        )

    def fetch(
        self, name: str, keys: Sequence[str], fields: Sequence[str], size: int
    ) -> Iterator[Row]:
        """Rows by primary key, in no order; unknown ones are left out.

        Args:
            size: Most bytes that one of these rows may have.
        """
        for portion in _slices(keys, max(1, min(_PAGE, _MESSAGE * 4 // size))):
            yield from self._rows(
                name,
                one_of("pk", portion),
                output_fields=["pk", *fields],
                limit=len(portion),
                consistency_level="Strong",
            )

    def count(self, name: str, where: str) -> int:
        """Number of rows that match."""
        [row] = self._rows(name, where, output_fields=["count(*)"], consistency_level="Strong")
        return int(row["count(*)"])

    def nearest(
        self,
        name: str,
        field: str,
        question: Sequence[float] | Mapping[int, float],
        where: str,
        limit: int,
        fields: Sequence[str],
        consistency: str,
    ) -> list[tuple[str, float, Row]]:
        """Primary key, inner product and columns of the best rows that match, best first."""
        running = self._connection.lite
        if running and running.unsealed[name] >= _UNSEALED:
            # It indexes rows that are not flushed yet anew for every search.
            self._ask(self._client.flush, name)
            running.unsealed[name] = 0
        [hits] = self._ask(
            self._client.search,
            name,
            data=[question],
            anns_field=field,
            filter=self._told(where),
            limit=limit,
            output_fields=list(fields),
            search_params={"metric_type": "IP"},
            consistency_level=consistency,
        )
        return [(hit["pk"], float(hit["distance"]), hit["entity"]) for hit in hits]

    def settle(self, name: str) -> None:
        """Ask for what was deleted to be taken out of the files."""
        self._ask(self._client.flush, name)
        self._ask(self._client.compact, name)

    def bytes_on_disk(self) -> int:
        """Size of the ``.db``; 0 for a server, which does not tell."""
        running = self._connection.lite
        return connection.bytes_of(running) if running else 0

    def _rows(self, name: str, where: str, **query: Any) -> list[Row]:
        return list(self._ask(self._client.query, name, filter=self._told(where), **query))

    def _told(self, expression: str) -> str:
        """An expression as this engine reads it: Milvus Lite knows no escapes by number."""
        return expression if self._connection.is_lite else escaped(expression)

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _ask(self, method: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Request what does no harm if it is carried out late."""
        return self._connection.ask(
            lambda: method(*arguments, timeout=min(ANSWER, self._left()), **named)
        )

    def _make(
        self, there: Callable[[], object], method: Callable[..., object], *made: Any, **named: Any
    ) -> None:
        """Request what another process may be making at the same time, unless it is there."""
        if there():
            return
        try:
            self._change(method, *made, **named)
        except RememError:
            if not there():
                raise

    def _change(self, method: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Request what does harm if it is carried out when time is over."""
        return self._connection.ask(
            lambda: method(*arguments, timeout=min(ANSWER, self._left() / _LONGEST), **named)
        )


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    portion: list[Row] = []
    room = _MESSAGE
    for row in rows:
        size = sum(map(_size, row.values()))
        if portion and size > room:
            yield portion
            portion, room = [], _MESSAGE
        portion.append(row)
        room -= size
    if portion:
        yield portion


def _size(value: object) -> int:
    if isinstance(value, str):
        return 4 * len(value)
    return 8 * len(value) if isinstance(value, (list, dict)) else 8  # a dict: index and weight


def _slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
