"""What an engine talks through: a client of a Milvus server, or of Milvus Lite in this process."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from store.errors import StoreClosed, UpstreamError
from store.forks import Owner
from store.milvus import lite
from store.milvus.address import Address
from store.milvus.driver import MilvusClient
from store.milvus.failures import calling
from store.milvus.lite import Lite

__all__ = ["ANSWER", "Connection"]

T = TypeVar("T")

ANSWER = 30.0
"""Seconds until the client stops trying to reach the server."""

_OLDEST = (2, 4)


class Connection:
    """Open until ``close``; any number of threads may use it.

    Raises:
        UpstreamError: no server answers, it refuses the user or token, or it is too old.
        StoreLocked, MissingDependency, ...: see ``store.milvus.lite.start``.
    """

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self._owner = Owner(address.url)
        self.lite: Lite | None = lite.start(address.file) if address.file else None
        self._client: Any = None
        try:
            uri = self.lite.uri if self.lite else address.uri
            self._client = calling(
                self.url,
                lambda: MilvusClient(
                    uri=uri,
                    token=address.token,
                    db_name=address.database,
                    timeout=ANSWER / 3,
                    dedicated=True,
                ),
            )
            version = str(self.ask(lambda: self.client.get_server_version(timeout=ANSWER)))
            _check_version(version, self.url)
        except BaseException:
            self.close()
            raise
        self.is_lite = version.startswith("milvus_lite")

    @property
    def client(self) -> Any:
        """The client; after ``close`` there is none, and ``StoreClosed`` is raised."""
        self.check_open()
        return self._client

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``, and after a fork."""
        self._owner.check()
        if self._client is None:
            raise StoreClosed(f"the store {self.url} is closed; open it again")

    def ask(self, request: Callable[[], T]) -> T:
        """See ``failures.calling``."""
        try:
            return calling(self.url, request)
        except Exception:
            self.check_open()  # if another thread closed it meanwhile, that is what went wrong
            raise

    def close(self) -> None:
        """Let go of the server; may be called twice."""
        if self._owner.is_elsewhere:
            return
        client, self._client = self._client, None
        if client is not None:
            client.close()
        engine, self.lite = self.lite, None
        if engine is not None:
            lite.release(engine)


def _check_version(version: str, url: str) -> None:
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise UpstreamError(f"{url} is Milvus {version}; remem needs 2.4 or later, so upgrade it")
