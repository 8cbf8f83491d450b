"""The one place that imports psycopg, which is an optional package."""

from __future__ import annotations

from store.errors import MissingDependency

try:
    import psycopg
    import psycopg_pool
    from psycopg import Connection, Cursor, conninfo, errors
except ImportError as missing:
    raise MissingDependency("a store in PostgreSQL", "'remem[postgres]'") from missing

__all__ = ["Connection", "Cursor", "conninfo", "errors", "psycopg", "psycopg_pool"]
