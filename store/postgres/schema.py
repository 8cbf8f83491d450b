"""The tables, as numbered migrations. This docstring is their description.

Everything lives in the schema ``remem``. The first column of every table with content is the
namespace, so that no query can see two, and a database can be sharded by it.

``meta``        facts about the store: ``migration``; once adopted, ``space`` (JSON) and the
                ``generation`` of vectors in use; during a reindex, ``next_space``, which
                generation + 1 is filled with.
``namespaces``  the number of each namespace. Writers of a namespace queue at its row.
``records``     the truth. Times are microseconds since 1970 UTC; ``metadata`` is the JSON that was
                given; ``facets`` is what filters see of it: {field: [value, ...]}.
``digest``      of records, texts and vectors: what tells damage; see ``remem.store.digests``.
``texts``       the text of each view of a record, by place of the view in the space, and its number
                of tokens.
``vectors_G_V`` generation G, view V: a unit vector in half precision for each record; ``live``
                unless the record is superseded.
``postings``    the full-text index; see ``remem.store.postgres.postings``.
``totals``      of each view of a namespace: current records, and tokens in them.
``writers``     what each writer wrote last; see ``remem.store.postgres.database``.

PostgreSQL's text cannot hold NUL; see ``remem.store.postgres.driver`` for how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from remem.store import digests, rows
from remem.store.errors import CorruptStore, InvalidInput, UpstreamError
from remem.store.postgres import postings
from remem.store.postgres.database import Database
from remem.store.postgres.driver import (
    Connection,
    digest_of_halves,
    errors,
    namespaces,
    unescape,
    unescape_all,
)
from remem.store.types import origin_of

_OLDEST_SERVER = 16
_OLDEST_PGVECTOR = (0, 8)

_Step = str | Callable[[Connection[Any]], None]


def _tell_origins(connection: Connection[Any]) -> None:
    """Give what was stored without an origin the one that the rule says."""
    told = connection.execute("SELECT DISTINCT kind, role FROM remem.records").fetchall()
    for kind, role in told:
        connection.execute(
            """UPDATE remem.records SET origin = %s
                WHERE kind = %s AND role IS NOT DISTINCT FROM %s""",
            [origin_of(kind, role), kind, role],
        )


def _remake_postings(connection: Connection[Any]) -> None:
    """Index all texts by the tokens of this version; see ``remem.store.fulltext.tokens``."""
    for _, namespace in namespaces(connection):
        postings.remake(connection, namespace)


# Digests of what a database held before records had them.

_PAGE = 1000
"""Rows whose digests are written at a time: memory does not grow with the database."""


def add_digests(connection: Connection[Any]) -> None:
    """Compute the digests of all records, texts and vectors, as they are by now."""
    columns = rows.COLUMNS.replace("metadata", "metadata::text")
    name = "(SELECT name FROM remem.namespaces n WHERE n.id = namespace)"
    _fill(
        connection,
        "remem.records",
        "id",
        f"{name}, {columns}",
        lambda row: rows.digest(unescape(row[2]), unescape_all(row[3:])),
    )
    _fill(
        connection,
        "remem.texts",
        "record, view",
        "text",
        lambda row: digests.of_values(row[1], row[2], unescape(row[3])),
    )
    tables = connection.execute(
        """SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'
            AND relnamespace = 'remem'::regnamespace AND starts_with(relname, 'vectors_')"""
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN digest bytea")
        _fill(
            connection,
            table,
            "record",
            "halfvec_send(vector)",
            lambda row: digest_of_halves(row[1], row[2]),
        )


def _fill(
    connection: Connection[Any],
    table: str,
    keys: str,
    columns: str,
    digest: Callable[[Sequence[Any]], bytes],
) -> None:
    keys = f"namespace, {keys}"
    width = len(keys.split(","))
    after: tuple[int, ...] = (-1,) * width
    marks = ", ".join(["%s"] * width)
    while page := connection.execute(
        f"SELECT {keys}, {columns} FROM {table} WHERE ({keys}) > ({marks}) "
        f"ORDER BY {keys} LIMIT {_PAGE}",
        after,
    ).fetchall():
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET digest = %s WHERE ({keys}) = ({marks})",
                [(digest(row), *row[:width]) for row in page],
            )
        after = page[-1][:width]


_MIGRATIONS: tuple[tuple[_Step, ...], ...] = (
    (
        "CREATE SCHEMA remem",
        "CREATE TABLE remem.meta (name text PRIMARY KEY, value text NOT NULL)",
        """CREATE TABLE remem.namespaces (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL UNIQUE)""",
        "CREATE SEQUENCE remem.record_ids",
        # "C" compares by code point, as Python and all other stores do.
        """CREATE TABLE remem.records (
            namespace integer NOT NULL, id bigint NOT NULL, key text COLLATE "C" NOT NULL,
            source text COLLATE "C" NOT NULL, position bigint NOT NULL,
            kind text COLLATE "C" NOT NULL, role text COLLATE "C", speaker text COLLATE "C",
            said_at bigint, said_offset integer, stored_at bigint NOT NULL, expires_at bigint,
            superseded_by text COLLATE "C", valid_to bigint, metadata json, text text NOT NULL,
            facets jsonb, PRIMARY KEY (namespace, id))""",
        "CREATE UNIQUE INDEX records_by_key ON remem.records (namespace, key)",
        "CREATE INDEX records_by_place ON remem.records (namespace, source, position, key)",
        "CREATE INDEX records_by_time ON remem.records (namespace, said_at)",
        """CREATE INDEX records_expiring ON remem.records (namespace, expires_at)
            WHERE expires_at IS NOT NULL AND superseded_by IS NULL""",
        """CREATE INDEX records_by_facet ON remem.records USING gin (facets jsonb_path_ops)
            WHERE facets IS NOT NULL""",
        """CREATE TABLE remem.texts (
            namespace integer NOT NULL, record bigint NOT NULL, view smallint NOT NULL,
            length integer NOT NULL, text text NOT NULL, PRIMARY KEY (namespace, record, view))""",
        """CREATE TABLE remem.postings (
            namespace integer NOT NULL, view smallint NOT NULL, token text COLLATE "C" NOT NULL,
            first bigint NOT NULL, last bigint NOT NULL, entries bytea NOT NULL)""",
        "CREATE INDEX postings_by_token ON remem.postings (namespace, view, token)",
        # They are read whole and often; a compressed one would have to be unpacked each time.
        "ALTER TABLE remem.postings ALTER COLUMN entries SET STORAGE EXTERNAL",
        """CREATE TABLE remem.totals (
            namespace integer NOT NULL, view smallint NOT NULL, records bigint NOT NULL,
            tokens bigint NOT NULL, PRIMARY KEY (namespace, view))""",
    ),
    (
        # Graphs, which missed a quarter of what they were asked for (remem.store.postgres.indexes).
        # A search is exact until the index is there that takes their place.
        """DO $$ DECLARE graph text; BEGIN
            FOR graph IN SELECT relname FROM pg_class WHERE relkind = 'i'
                AND relnamespace = 'remem'::regnamespace AND starts_with(relname, 'hnsw_')
            LOOP EXECUTE format('DROP INDEX remem.%I', graph); END LOOP; END $$""",
    ),
    (
        """CREATE TABLE remem.writers (id uuid PRIMARY KEY, writes bigint NOT NULL,
            at timestamptz NOT NULL DEFAULT now())""",
    ),
    (
        """CREATE INDEX records_by_successor ON remem.records (namespace, superseded_by)
            WHERE superseded_by IS NOT NULL""",
    ),
    ("""ALTER TABLE remem.records ADD COLUMN origin text COLLATE "C\"""", _tell_origins),
    (
        "ALTER TABLE remem.records ADD COLUMN digest bytea",
        "ALTER TABLE remem.texts ADD COLUMN digest bytea",
        add_digests,
    ),
    (_remake_postings,),
)


def check_versions(server: int, pgvector: str | None) -> None:
    """Refuse what is too old.

    Args:
        server: As PostgreSQL counts: 180004 is 18.4.
        pgvector: Such as ``"0.8.5"``; None when the database has not got it yet.

    Raises:
        UpstreamError: the server or the extension is too old.
    """
    if server < _OLDEST_SERVER * 10_000:
        raise UpstreamError(
            f"the server is PostgreSQL {server // 10_000} and remem needs {_OLDEST_SERVER}: "
            "upgrade it"
        )
    if pgvector is not None and _numbers(pgvector) < _OLDEST_PGVECTOR:
        raise UpstreamError(
            f"the database has pgvector {pgvector} and remem needs "
            f"{'.'.join(map(str, _OLDEST_PGVECTOR))}: upgrade it on the server, then run "
            "ALTER EXTENSION vector UPDATE"
        )


def migrate(database: Database) -> None:
    """Bring the tables to this version; reads only when they are there already.

    Raises:
        CorruptStore: the tables are those of a later version.
        UpstreamError: the server is too old, or pgvector is missing or too old.
        InvalidInput: the database is not encoded in UTF-8.
    """
    if database.read(_missing):
        database.define(_apply)


def _missing(connection: Connection[Any]) -> tuple[tuple[_Step, ...], ...]:
    """The migrations that have not been carried out."""
    row = connection.execute(
        """SELECT current_setting('server_version_num')::integer, to_regclass('remem.meta')::text,
            (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
            current_setting('server_encoding'), current_database()"""
    ).fetchone()
    assert row is not None
    server, meta, pgvector, encoding, name = row
    check_versions(server, pgvector)
    if encoding != "UTF8":
        raise InvalidInput(
            f"the database {name!r} is encoded in {encoding} and cannot hold every text: create "
            "one with createdb --encoding=UTF8 --template=template0"
        )
    if meta is None:
        return _MIGRATIONS
    done = connection.execute("SELECT value FROM remem.meta WHERE name = 'migration'").fetchone()
    number = int(done[0]) if done else 0
    if number > len(_MIGRATIONS):
        raise CorruptStore(
            f"the database has format {number} and this remem knows up to {len(_MIGRATIONS)}: "
            "upgrade with pip install --upgrade remem"
        )
    return _MIGRATIONS[number:]


def _apply(connection: Connection[Any]) -> None:
    missing = _missing(connection)  # another process may just have done it
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except (errors.FeatureNotSupported, errors.UndefinedFile):
        raise UpstreamError(
            "the server has no pgvector: install it there (the package postgresql-18-pgvector, or "
            "its like)"
        ) from None
    except errors.InsufficientPrivilege:
        raise UpstreamError(
            "the database has no pgvector and this user may not add it: have an administrator "
            "run CREATE EXTENSION vector in it"
        ) from None
    for step in (step for migration in missing for step in migration):
        if isinstance(step, str):
            connection.execute(step)
        else:
            step(connection)
    if missing:
        connection.execute(
            """INSERT INTO remem.meta VALUES ('migration', %s)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
            [str(len(_MIGRATIONS))],
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
