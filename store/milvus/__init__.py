"""Milvus: for those who outgrow one machine; sharding and replication are the engine's."""

from remem.store.milvus.store import MilvusStore

__all__ = ["MilvusStore"]
