"""The two kinds of collections, and the columns of their rows.

``PREFIX_records_N`` has a row for each version of a record: everything that a search or filter
needs, and the record itself as JSON in ``body``. ``PREFIX_notes_N`` has what is not searched: the
state of the store and of each namespace, who writes at the moment, and the rest of long bodies. The
alias ``PREFIX`` says which notes are in use, and these say which records are.
"""

from __future__ import annotations

from store.milvus.driver import CollectionSchema, DataType, IndexParams, MilvusClient

__all__ = [
    "LONGEST_BODY",
    "MOST_ITEMS",
    "PREFIX",
    "dense",
    "length",
    "long",
    "note_row",
    "notes_indexes",
    "notes_name",
    "notes_schema",
    "records_indexes",
    "records_name",
    "records_schema",
    "sparse",
    "terms",
]

PREFIX = "remem"

LONGEST_BODY = 60_000
"""Most bytes of a body in one row; Milvus's VARCHAR holds 65,535."""

MOST_ITEMS = 4096
"""Most items of an array; Milvus allows no more."""

_NAME = 4096  # bytes: 1,024 characters of UTF-8
_PLACE = 3 * _NAME  # a key and a source with separators


def notes_name(number: int) -> str:
    """The collection of notes with this number."""
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


def notes_schema() -> CollectionSchema:
    """Columns of notes. Every collection needs a vector, so they have one that means nothing."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("pk", DataType.VARCHAR, max_length=2 * _PLACE, is_primary=True)
    schema.add_field("scope", DataType.VARCHAR, max_length=_NAME, is_partition_key=True)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    schema.add_field("number", DataType.INT64)
    schema.add_field("body", DataType.VARCHAR, max_length=65_535)
    schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)
    return schema


def notes_indexes() -> IndexParams:
    """Indexes of notes."""
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("nothing", index_type="FLAT", metric_type="IP")
    indexes.add_index("scope", index_type="INVERTED")
    return indexes


def note_row(pk: str, scope: str, kind: str, body: str, number: int) -> dict[str, object]:
    """A row of the notes."""
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
