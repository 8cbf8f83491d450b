"""Milvus's errors in our words, and which of them to try again after a while."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

from store.errors import (
    CorruptStore,
    InvalidInput,
    RememError,
    StoreFull,
    StoreReadOnly,
    UpstreamError,
)
from store.milvus.driver import MilvusException, grpc

__all__ = ["CollectionGone", "calling"]

T = TypeVar("T")

_ATTEMPTS = 7
_FIRST_PAUSE = 0.05  # seconds; doubled each time, so that the last waits for about two

_NOT_FOUND = 100  # numbers of Milvus's own errors
_NO_DATABASE = 800
_RATE_LIMIT = 8
_FORCE_DENY = 9
_DISK = (1000, 1001, 1002)


class CollectionGone(RememError):
    """A collection was dropped: another process re-encoded the store just now."""


def calling(url: str, request: Callable[[], T]) -> T:
    """What a request to the engine returns; made again as long as the client says that this may
    help. All our requests are idempotent, so that one whose answer was lost may be repeated.

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
    lower = reason.lower()
    if error.code == _NOT_FOUND:
        return CollectionGone(f"{url} lost a collection ({reason}); try again")
    if error.code == _NO_DATABASE or re.search("database .*(not found|not exist)", lower):
        return InvalidInput(f"there is no such database at {url}: create it, or correct the URL")
    if "auth check failure" in lower or "unauthenticated" in lower:
        return _refused(url)
    if "connecting to server" in lower or "connect failed" in lower:
        return _no_answer(url)
    if error.code == _FORCE_DENY or "force deny" in lower or "deny to write" in lower:
        return StoreReadOnly(
            f"{url} takes no writes at the moment ({reason}): its memory or disk quota is used "
            "up, so add nodes or space"
        )
    if error.code in _DISK or "no space left" in lower or "errno 28" in lower:
        return StoreFull(f"the disk of {url} is full: make space there and try again")
    if "permission deny" in lower or "privilege" in lower:
        return StoreReadOnly(f"the user of {url} lacks a right ({reason}): have it granted")
    if "maximum vector field" in lower or "vector fields" in lower:
        return InvalidInput(
            f"{url} allows fewer vector fields than the views need ({reason}): raise "
            "proxy.maxVectorFieldNum there"
        )
    if "checksum" in lower or "corrupt" in lower:
        return CorruptStore(f"{url} is damaged ({reason}): restore a backup or an export")
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
    return UpstreamError(f"{url} refused the user or token: put the right one into the URL")


def _no_answer(url: str) -> UpstreamError:
    return UpstreamError(f"no Milvus answers at {url}: start it, or correct the URL")
