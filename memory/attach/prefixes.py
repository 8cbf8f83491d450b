"""The part of a request that was sent before, which a server with a cache need not read anew."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

__all__ = ["Measure", "Prefixes"]

_MOST = 100_000
_BYTES_A_TOKEN = 4


class Measure(NamedTuple):
    """About how many tokens a request has (a quarter of the bytes of its words).

    Attributes:
        tokens: In all.
        repeated: Of the messages at its beginning that were sent before, byte for byte.
    """

    tokens: int = 0
    repeated: int = 0


class Prefixes:
    """Knows how the requests of each namespace began, by digests; thread-safe.

    Args:
        most: How many messages it knows; those that were sent longest ago go first.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._sent: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def measure(self, namespace: str, messages: Sequence[Mapping[str, Any]]) -> Measure:
        """Measure what is sent now, and know it from then on."""
        beginnings = list(_digests(namespace, messages))
        tokens, repeated = 0, 0
        with self._lock:
            for digest, message in zip(beginnings, messages, strict=True):
                tokens += _tokens(message)
                if digest in self._sent:
                    repeated = tokens
                self._sent[digest] = None
                self._sent.move_to_end(digest)
            while len(self._sent) > self._most:
                self._sent.popitem(last=False)
        return Measure(tokens, repeated)


def _digests(namespace: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """One of each message and all before it, such that nobody learns what others have sent."""
    chain = sha256(json.dumps(namespace).encode("ascii"))
    for message in messages:
        chain.update(json.dumps(message, default=str).encode("ascii"))
        yield chain.digest()[:16]


def _tokens(message: Mapping[str, Any]) -> int:
    """About how many: counting them would take a second for a megabyte."""
    content = message.get("content")
    parts = content if isinstance(content, (list, tuple)) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    size = sum(len(text.encode("utf-8", "replace")) for text in texts if isinstance(text, str))
    return size // _BYTES_A_TOKEN
