"""The store for a team's service: PostgreSQL + pgvector, everything in one transaction."""

from store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
