"""The handshake between hooks and a server of the same user on the same store.

Each server notes its port and a token in a file that only its user can read. Each side shows the
other that it knows the token, so that nobody else on the machine can ask for memories there, or put
words into a session by listening at that port. Quick to import: hooks need it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remem.folders import data_folder

PATH = "/api/v1/briefing"

_CONNECT_SECONDS = 0.5


def proof(token: str, *words: str) -> str:
    """Shows that somebody knows the token, and says these words."""
    return hmac.new(token.encode(), "\n".join(words).encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, token: str, *words: str) -> bool:
    """True if whoever gives this knows the token and says these words."""
    return hmac.compare_digest(given.encode(), proof(token, *words).encode())


def noted(store: str) -> list[tuple[int, str]]:
    """Ports and tokens of the servers of a store, the last one that was started first; of one that
    was killed, its note may still be there."""
    found = [(file, each) for file in _files(store) if (each := _read(file))]
    return [each for _, each in sorted(found, key=lambda pair: -_time(pair[0]))]


def listening(store: str) -> list[int]:
    """Ports of the servers of a store at which somebody listens."""
    return sorted(port for port, _ in noted(store) if _is_taken(port))


@contextmanager
def announced(store: str, port: int, token: str) -> Iterator[None]:
    """Tell hooks where the server of a store is, as long as the block runs."""
    for other in _files(store):
        known = _read(other)
        if known is None or not _is_taken(known[0]):  # it was killed
            other.unlink(missing_ok=True)
    file = data_folder() / f"{_name(store)}-{port}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"port": port, "token": token}, stream)
    new.replace(file)
    try:
        yield
    finally:
        if _read(file) == (port, token):
            file.unlink(missing_ok=True)


def _read(file: Path) -> tuple[int, str] | None:
    try:
        told = json.loads(file.read_bytes())
        return int(told["port"]), str(told["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _time(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # it was stopped a moment ago
        return 0


def _is_taken(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(_CONNECT_SECONDS)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _files(store: str) -> list[Path]:
    return sorted(data_folder().glob(f"{_name(store)}*.json"))


def _name(store: str) -> str:
    address = store if "://" in store else os.path.abspath(store)  # noqa: PTH100
    name = hashlib.sha256(address.encode()).hexdigest()[:32]
    return f"remem-serve-{name}"
