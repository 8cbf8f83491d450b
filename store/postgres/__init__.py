"""The store for a team's service: PostgreSQL + pgvector, everything in one transaction."""

from remem.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
