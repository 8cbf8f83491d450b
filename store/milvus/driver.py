"""The one place that imports pymilvus, which is an optional package."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from remem.store.errors import (
    CorruptStore,
    InvalidInput,
    MissingDependency,
    RememError,
    StoreFull,
    StoreReadOnly,
    UpstreamError,
)

__all__ = ["CollectionSchema", "DataType", "IndexParams", "MilvusClient", "MilvusException", "grpc"]


try:
    import grpc
    from pymilvus import CollectionSchema, DataType, MilvusClient, MilvusException
    from pymilvus.milvus_client.index import IndexParams
except ImportError as missing:
    raise MissingDependency("a store in Milvus", "'remem[milvus]'") from missing

# It logs every refused request with the request itself, which holds what people said. The errors
# reach the caller as exceptions, in our words.
logging.getLogger("pymilvus.decorators").setLevel(logging.CRITICAL)


# Milvus's errors in our words, and which of them to try again after a while.
T = TypeVar("T")

_ATTEMPTS = 7
_FIRST_PAUSE = 0.05  # seconds; doubled each time, so that the last waits for about two

_RATE_LIMIT = 8  # a number of Milvus's own, as those below


class CollectionGone(RememError):
    """A collection was dropped: another process re-encoded the store just now."""


def calling(url: str, request: Callable[[], T]) -> T:
    """Result of a request to the engine, made again as long as the client says that this may help.

    All our requests are idempotent, so that one whose answer was lost may be repeated.

    Args:
        url: Of the store, without password, for messages.

    Raises:
        RememError: one of ours for what went wrong.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return request()
        except MilvusException as error:
            if attempt == _ATTEMPTS - 1 or not error.retriable:
                raise _translated(error, url) from error
        except grpc.RpcError as error:
            raise _of_grpc(error, url) from error
        time.sleep(_FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1))
    raise AssertionError("the last attempt returns or raises")


def _translated(error: MilvusException, url: str) -> RememError:
    if isinstance(error.__cause__, grpc.RpcError):
        return _of_grpc(error.__cause__, url)
    reason = str(error.message).strip().replace("\n", " ")[:300]
    for kind in _KINDS:
        if error.code in kind.codes or re.search(kind.words, reason.lower()):
            return kind.ours(kind.message.format(url=url, reason=reason))
    if error.retriable or error.code == _RATE_LIMIT:
        return UpstreamError(f"{url} is overloaded or starting ({reason}): try again later")
    return UpstreamError(f"{url}: Milvus refused the request ({reason})")


def _of_grpc(error: grpc.RpcError, url: str) -> RememError:
    code = error.code() if hasattr(error, "code") else None
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return _refused(url)
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return UpstreamError(
            f"{url} refused a message as too large: raise proxy.grpc.serverMaxRecvSize to the "
            "64 MiB that are Milvus's default"
        )
    if code == grpc.StatusCode.UNIMPLEMENTED:
        return UpstreamError(f"what answers at {url} is no Milvus, or a version before 2.4")
    return _no_answer(url)


def _refused(url: str) -> UpstreamError:
    return UpstreamError(_REFUSED.format(url=url))


def _no_answer(url: str) -> UpstreamError:
    return UpstreamError(_NO_ANSWER.format(url=url))


_REFUSED = "{url} refused the user or token: put the right one into the URL"
_NO_ANSWER = "no Milvus answers at {url}: start it, or correct the URL"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of error that the engine tells by a number or in words.

    Attributes:
        ours: The error that it is to us.
        message: With places for the url and for the engine's ``reason``.
        codes: Milvus's numbers of it.
        words: A pattern for what is said in lower case.
    """

    ours: type[RememError]
    message: str
    codes: tuple[int, ...]
    words: str


_NEVER = r"(?!)"

_KINDS = (
    _Kind(CollectionGone, "{url} lost a collection ({reason}); try again", (100,), _NEVER),
    _Kind(
        InvalidInput,
        "there is no such database at {url}: create it, or correct the URL",
        (800,),
        "database .*(not found|not exist)",
    ),
    _Kind(UpstreamError, _REFUSED, (), "auth check failure|unauthenticated"),
    _Kind(UpstreamError, _NO_ANSWER, (), "connecting to server|connect failed"),
    _Kind(
        StoreReadOnly,
        "{url} takes no writes at the moment ({reason}): its memory or disk quota is used up, so "
        "add nodes or space",
        (9,),
        "force deny|deny to write",
    ),
    _Kind(
        StoreFull,
        "the disk of {url} is full: make space there and try again",
        (1000, 1001, 1002),
        "no space left|errno 28",
    ),
    _Kind(
        StoreReadOnly,
        "the user of {url} lacks a right ({reason}): have it granted",
        (),
        "permission deny|privilege",
    ),
    _Kind(
        InvalidInput,
        "{url} allows fewer vector fields than the views need ({reason}): raise "
        "proxy.maxVectorFieldNum there",
        (),
        "maximum vector field|vector fields",
    ),
    _Kind(
        CorruptStore,
        "{url} is damaged ({reason}): restore a backup or an export",
        (),
        "checksum|corrupt",
    ),
)
"""The first that fits is it."""


# What a url of a Milvus store says: which server or file, and who asks.
_SCHEMES = {"milvus": "http", "milvus+https": "https"}
_PORT = 19530


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a store's URL.

    Attributes:
        url: To be shown; without password or token.
        uri: For the client; None for a local file.
        token: ``user:password`` or an API key; empty for a server without authentication.
        database: Name of the database on the server; empty for its default one.
        file: The ``.db`` of Milvus Lite; None for a server.
        partitions: Into how many parts new collections are divided by namespace; None: as many
            as the server thinks right.
    """

    url: str
    uri: str | None = None
    token: str = field(default="", repr=False)
    database: str = ""
    file: Path | None = None
    partitions: int | None = None


def parse(url: str) -> Address:
    """``milvus://[user:password@]host[:port][/database][?partitions=N]``, with ``milvus+https`` for
    TLS and a lone user name taken for a token; or the path of a file that ends in ``.db``.

    Raises:
        InvalidInput: it names no host, or a port or number of partitions that is none.
    """
    if "://" not in url:
        return Address(url, file=Path(url).expanduser().absolute())
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    scheme = _SCHEMES.get(parts.scheme)
    database = parts.path.strip("/")
    options = re.fullmatch(r"(?:partitions=([1-9]\d{0,3}))?", parts.query)
    if scheme is None or not parts.hostname or port == 0 or "/" in database or options is None:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        raise InvalidInput(
            f"{shown!r} is no address of Milvus; write milvus://host:{_PORT}, milvus+https://"
            f"user:password@host:{_PORT}/database?partitions=64, or the path of a file.db"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port or (443 if scheme == 'https' else _PORT)}"
    token = ":".join(unquote(part) for part in (parts.username, parts.password) if part)
    return Address(
        url=f"{parts.scheme}://{place}" + (f"/{database}" if database else ""),
        uri=f"{scheme}://{place}",
        token=token,
        database=unquote(database),
        partitions=int(options[1]) if options[1] else None,
    )


# The two kinds of collections, and the columns of their rows.
#
# ``PREFIX_records_N`` has a row for each version of a record: everything that a search or filter
# needs, and the record itself as JSON in ``body``. ``PREFIX_notes_N`` has the metadata, which are
# not searched: the state of the store and of each namespace, leases, and the rest of long bodies.
# The alias ``PREFIX`` says which metadata are in use, and these say which records are.

PREFIX = "remem"

LONGEST_BODY = 60_000
"""Most bytes of a body in one row; Milvus's VARCHAR holds 65,535."""

MOST_ITEMS = 4096
"""Most items of an array; Milvus allows no more."""

_NAME = 4096  # bytes: 1,024 characters of UTF-8
_PLACE = 3 * _NAME  # a key and a source with separators


def metadata_name(number: int) -> str:
    """The collection of metadata with this number."""
    return f"{PREFIX}_notes_{number}"


def records_name(number: int) -> str:
    """The collection of records with this number."""
    return f"{PREFIX}_records_{number}"


def dense(view: int) -> str:
    """The column with the vector of a view."""
    return f"dense_{view}"


def sparse(view: int) -> str:
    """The column with the weighed words of a view."""
    return f"sparse_{view}"


def terms(view: int) -> str:
    """The column with the words of a view, to count who holds one."""
    return f"terms_{view}"


def long(view: int) -> str:
    """The column that says that ``terms`` holds only some of the words."""
    return f"long_{view}"


def length(view: int) -> str:
    """The column with the number of tokens of a view."""
    return f"length_{view}"


def metadata_schema() -> CollectionSchema:
    """Columns of metadata. Every collection needs a vector, so they have one that means nothing."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("pk", DataType.VARCHAR, max_length=2 * _PLACE, is_primary=True)
    schema.add_field("scope", DataType.VARCHAR, max_length=_NAME, is_partition_key=True)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    schema.add_field("number", DataType.INT64)
    schema.add_field("body", DataType.VARCHAR, max_length=65_535)
    schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)
    return schema


def metadata_indexes() -> IndexParams:
    """Indexes of metadata."""
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("nothing", index_type="FLAT", metric_type="IP")
    indexes.add_index("scope", index_type="INVERTED")
    return indexes


def metadata_row(pk: str, scope: str, kind: str, body: str, number: int) -> dict[str, object]:
    """A metadata row."""
    values = {"pk": pk, "scope": scope, "kind": kind, "number": number, "body": body}
    return {**values, "nothing": [1.0, 0.0]}


def records_schema(views: int, dim: int) -> CollectionSchema:
    """Columns of records with so many views of so many dimensions.

    No column can be null, so that a condition and its negation have no third outcome.
    """
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("pk", DataType.VARCHAR, max_length=_PLACE, is_primary=True)
    schema.add_field("namespace", DataType.VARCHAR, max_length=_NAME, is_partition_key=True)
    for name in ("key", "source", "kind", "role", "speaker", "origin"):
        schema.add_field(name, DataType.VARCHAR, max_length=_NAME + 1)
    for name in ("position", "said_at", "stored_at", "expires_at", "born", "parts", "size"):
        schema.add_field(name, DataType.INT64)
    schema.add_field("superseded", DataType.BOOL)
    schema.add_field("digest", DataType.VARCHAR, max_length=64)
    schema.add_field("body", DataType.VARCHAR, max_length=65_535)
    schema.add_field("facets", DataType.ARRAY, element_type=DataType.INT64, max_capacity=MOST_ITEMS)
    schema.add_field("ranges", DataType.JSON)
    for view in range(views):
        schema.add_field(dense(view), DataType.FLOAT_VECTOR, dim=dim)
        schema.add_field(sparse(view), DataType.SPARSE_FLOAT_VECTOR)
        schema.add_field(
            terms(view), DataType.ARRAY, element_type=DataType.INT64, max_capacity=MOST_ITEMS
        )
        schema.add_field(long(view), DataType.BOOL)
        schema.add_field(length(view), DataType.INT64)
    return schema


def records_indexes(views: int, arrays: bool) -> IndexParams:
    """Indexes of records.

    Args:
        arrays: Whether the engine can index those, too.
    """
    indexes = MilvusClient.prepare_index_params()
    for view in range(views):
        # Unit vectors: the inner product is the cosine. The engine chooses the kind of index.
        indexes.add_index(dense(view), index_type="AUTOINDEX", metric_type="IP")
        indexes.add_index(sparse(view), index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    names = ["namespace", "key", "source", "born", "superseded"]
    if arrays:
        names += ["facets", *map(terms, range(views))]
    for name in names:
        indexes.add_index(name, index_type="INVERTED")
    return indexes
