"""Milvus's errors in our words, and which of them to try again after a while."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
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

_RATE_LIMIT = 8  # a number of Milvus's own, as those below


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
