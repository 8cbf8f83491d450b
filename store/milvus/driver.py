"""The one place that imports pymilvus, which is an optional package."""

from __future__ import annotations

import logging

from store.errors import MissingDependency

try:
    import grpc
    from pymilvus import CollectionSchema, DataType, MilvusClient, MilvusException
    from pymilvus.milvus_client.index import IndexParams
except ImportError as missing:
    raise MissingDependency("a store in Milvus", "'remem[milvus]'") from missing

__all__ = [
    "CollectionSchema",
    "DataType",
    "IndexParams",
    "MilvusClient",
    "MilvusException",
    "grpc",
]

# It logs every refused request with the request itself, which holds what people said. The errors
# reach the caller as exceptions, in our words.
logging.getLogger("pymilvus.decorators").setLevel(logging.CRITICAL)
