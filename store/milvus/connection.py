"""Connection of an engine: a client of a Milvus server, or of Milvus Lite in this process."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from remem.store.base import Owner
from remem.store.errors import (
    CorruptStore,
    InvalidInput,
    MissingDependency,
    StoreClosed,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    UpstreamError,
)
from remem.store.milvus.driver import Address, MilvusClient, calling

T = TypeVar("T")

ANSWER = 30.0
"""Seconds until the client stops trying to reach the server."""

_OLDEST = (2, 4)


class Connection:
    """Open until ``close``; any number of threads may use it.

    Raises:
        UpstreamError: no server answers, it refuses the user or token, or it is too old.
        StoreLocked, MissingDependency, ...: see ``remem.store.milvus.connection.start``.
    """

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self._owner = Owner(address.url)
        self.lite: Lite | None = start(address.file) if address.file else None
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
        """See ``remem.store.milvus.driver.calling``."""
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
            release(engine)


def _check_version(version: str, url: str) -> None:
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise UpstreamError(f"{url} is Milvus {version}; remem needs 2.4 or later, so upgrade it")


# Milvus Lite: an engine in this process for each ``.db`` that is open, shared by its stores.
#
# pymilvus would start one by itself, but it never stops one before the process ends, and says no
# more than "failed" when it cannot.

_OLD_FORMAT = (
    "{path} was made by milvus-lite 2 or is no database at all: export it with the version of "
    "remem that made it, and import that here"
)


@dataclass(slots=True)
class Lite:
    """A running engine.

    Attributes:
        uri: For the client; only this machine can connect.
        unsealed: Rows that were written to each collection since it was last flushed.
        lock: Held around every request: the engine takes one writer at a time.
    """

    path: Path
    uri: str
    server: Any
    database: Any
    users: int = 0
    unsealed: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)


_running: dict[Path, Lite] = {}
_starting = threading.Lock()


def start(path: Path) -> Lite:
    """The engine of a file, started if this process has none yet; give it back with ``release``.

    Raises:
        MissingDependency: milvus-lite is not installed.
        StoreLocked: another process has the file open.
        CorruptStore, StoreReadOnly, StoreFull, InvalidInput: the file cannot be used.
    """
    with _starting:
        if path not in _running:
            _running[path] = _started(path)
        _running[path].users += 1
        return _running[path]


def release(lite: Lite) -> None:
    """Stop the engine if no other store of this process uses it."""
    with _starting:
        lite.users -= 1
        if not lite.users:
            del _running[lite.path]
            lite.server.stop(grace=None).wait()
            lite.database.close()


def bytes_of(lite: Lite) -> int:
    """Size of all files."""
    total = 0
    for path in lite.path.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # the engine has just replaced it
            total += path.stat().st_size if path.is_file() else 0
    return total


def _started(path: Path) -> Lite:
    try:
        from milvus_lite.adapter.grpc.server import start_server_in_thread
        from milvus_lite.exceptions import DataDirLockedError
    except ImportError as missing:
        raise MissingDependency("a .db file", "'remem[milvus]'") from missing
    if path.is_file():
        raise CorruptStore(_OLD_FORMAT.format(path=path))
    if not path.parent.is_dir():
        raise InvalidInput(f"there is no folder {path.parent}; make it first")
    try:
        server, database, port = start_server_in_thread(str(path))
    except DataDirLockedError:
        raise StoreLocked(
            f"another process has {path} open, and Milvus Lite serves one at a time: close it "
            "there, or run a Milvus server for several"
        ) from None
    except PermissionError:
        raise StoreReadOnly(f"{path} may not be written; change its permissions") from None
    except OSError as error:
        if error.errno == 28:
            raise StoreFull(f"no space left for {path}; make some") from None
        raise StoreReadOnly(f"{path} cannot be opened: {error.strerror or error}") from None
    _remove_unfinished(path)
    return Lite(path, f"http://127.0.0.1:{port}", server, database)


def _remove_unfinished(path: Path) -> None:
    """Drop the folders of collections that a killed process had not finished making or dropping.

    The engine, which by now has the lock on the file, does not list a folder without a schema, and
    yet refuses to make the collection where the folder is.
    """
    for folder in (path / "collections").iterdir():
        if folder.is_dir() and not (folder / "schema.json").exists():
            shutil.rmtree(folder)
