"""The handshake between hooks and a server of the same user on the same store.

The server notes its port and a token in a file that only its user can read. Each side shows the
other that it knows the token, so that nobody else on the machine can ask for memories there, or put
words into a session by listening at that port. Quick to import: hooks need it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remem.folders import data_folder

PATH = "/api/v1/briefing"


def proof(token: str, *words: str) -> str:
    """Shows that somebody knows the token, and says these words."""
    return hmac.new(token.encode(), "\n".join(words).encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, token: str, *words: str) -> bool:
    """True if whoever gives this knows the token and says these words."""
    return hmac.compare_digest(given.encode(), proof(token, *words).encode())


def noted(store: str) -> tuple[int, str] | None:
    """Port and token of the server of a store, None if none runs."""
    try:
        told = json.loads(_file(store).read_bytes())
        return int(told["port"]), str(told["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def announced(store: str, port: int, token: str) -> Iterator[None]:
    """Tell hooks where the server of a store is, as long as the block runs."""
    file = _file(store)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"port": port, "token": token}, stream)
    new.replace(file)
    try:
        yield
    finally:
        if noted(store) == (port, token):
            file.unlink(missing_ok=True)


def _file(store: str) -> Path:
    address = store if "://" in store else os.path.abspath(store)  # noqa: PTH100
    name = hashlib.sha256(address.encode()).hexdigest()[:32]
    return data_folder() / f"remem-serve-{name}.json"
